"""Each ref as a number of the formula: answers, computed values and scores.

The arithmetic itself, exact and as linear as it can be kept, is in `engine.prove.numeric`.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Literal

from engine.definition import Count, Div, If, Max, Mean, Min, Mul, Operand, Score, Sub, Sum
from engine.numbers import exact
from engine.prove.answers import Answers
from engine.prove.domains import Finite, Line, State
from engine.prove.formula import FALSE, TRUE, ZERO, Linear, Node, Range, negate
from engine.prove.lattice import UNIT
from engine.prove.numeric import (
    Cases,
    Clamped,
    Extreme,
    Inverse,
    Numeric,
    Ratio,
    Term,
    clamped_sums,
    constant,
    hull,
    indicator,
    mean_values,
    sum_limits,
)
from engine.prove.plan import Grid, Multi
from engine.ruletree import Rule

Pick = Literal["low", "high"]


class Numbers:
    """The numbers of a document, each written once.

    Args:
        answers: whose variables the numbers are made of.
        rule: where the rule at a pointer is true.
    """

    def __init__(self, answers: Answers, rule: Callable[[str, Rule], Node]) -> None:
        self.plan = answers.plan
        self.script = answers.script
        self.answers = answers
        self.rule = rule
        self._made: dict[tuple[str, Pick | None], Numeric] = {}

    def number(self, name: str, pick: Pick | None = None) -> Numeric:
        """A ref as a number. `pick` takes, of points that no rule tells apart, the lowest or
        highest: enough for the bounds of scores, which grow with every member's points."""
        key = (name, pick if name.startswith("score.") else None)
        if key not in self._made:
            self._made[key] = self._make_number(name, pick)
        return self._made[key]

    def _make_number(self, name: str, pick: Pick | None) -> Numeric:
        ref = self.plan.scope.refs[name]
        match ref.source:
            case "score":
                return self._score(self.plan.scope.scores[ref.id], pick)
            case "computed":
                return self._computed(ref.id)
            case _:
                return self._answer_number(name)

    def _answer_number(self, name: str) -> Numeric:
        script = self.script
        domain = self.plan.domain(name)
        if isinstance(domain, Finite):
            given = {s.node: Fraction(s.seen) for s in domain.states if s.seen is not None}
            term = Linear(bools=given)
            values = list(term.bools.values()) or [ZERO]
            limits = Range(min(values), max(values))
            return Term(script, self.answers.known(domain), term, limits=limits)
        if isinstance(domain, Line):
            known = TRUE if name == "today" else script.either(p.node for p in domain.pieces)
            assert domain.variable is not None
            factor = Fraction(1, UNIT) if domain.kind == "number" else Fraction(1)
            ends = [p.low for p in domain.pieces[:1]] + [p.high for p in domain.pieces[-1:]]
            low, high = (ends[0], ends[1]) if ends else (0, 0)
            limits = Range(low * factor, high * factor)
            term = Linear(variables={domain.variable: factor})
            return Term(script, known, term, limits=limits)
        ref = self.plan.scope.refs[name]
        whole = self.plan.of[ref.id]
        assert isinstance(whole, Multi)
        nodes = [self.answers.option(whole, o) for o in whole.nodes]
        total = Linear()
        for node in nodes:
            total = total.plus(indicator(node))
        return Term(script, self.answers.answered[ref.id], total)

    def _operand(self, operand: Operand) -> Numeric:
        if isinstance(operand, str):
            return self.number(operand)
        return constant(self.script, exact(operand))

    def _computed(self, name: str) -> Numeric:
        script = self.script
        value = self.plan.scope.computed[name].value
        if isinstance(value, If):
            index = list(self.plan.scope.computed).index(name)
            holds = self.rule(f"/computed/{index}/value/when", value.when)
            cases = [
                (holds, self._operand(value.then)),
                (negate(holds), self._operand(value.else_)),
            ]
            return Cases(script, cases)
        parts = [self._operand(operand) for operand in value.of]
        known = script.either(part.known for part in parts)
        match value:
            case Count():
                total = Linear()
                for part in parts:
                    total = total.plus(indicator(part.known))
                return Term(script, TRUE, total)
            case Sum():
                limits = sum_limits(parts, [Fraction(1)] * len(parts))
                return Term(script, known, _total(parts), limits=limits)
            case Mean():
                weights = [(part.known, Fraction(1)) for part in parts]
                return Ratio(script, known, _total(parts), weights, hull(parts))
            case Min():
                return Extreme(script, "min", parts, known)
            case Max():
                return Extreme(script, "max", parts, known)
            case Sub() | Mul() | Div():
                return self._binary(value, parts)

    def _binary(self, value: Sub | Mul | Div, parts: list[Numeric]) -> Numeric:
        script = self.script
        known = script.both(part.known for part in parts)
        left, right = parts
        match value:
            case Sub():
                term = left.linear().plus(right.linear(), Fraction(-1))
                return Term(script, known, term, gated=True)
            case Mul():
                literal, number = (left, right) if isinstance(value.of[1], str) else (right, left)
                return Term(script, known, number.linear().times(literal.linear().const))
            case Div() if isinstance(value.of[1], str):
                return self._inverse(left.linear().const, value.of[1], right)
            case Div() if not right.linear().const:
                return Term(script, FALSE, Linear())
            case Div():
                return Term(script, known, left.linear().times(1 / right.linear().const))

    def _inverse(self, literal: Fraction, name: str, number: Numeric) -> Numeric:
        domain = self.plan.domain(name)
        if not isinstance(domain, Finite):
            return Inverse(self.script, literal, number)
        shares = {s.node: literal / Fraction(s.seen) for s in domain.states if s.seen}
        return Term(self.script, self.script.either(shares), Linear(bools=shares))

    def _score(self, score: Score, pick: Pick | None) -> Numeric:
        script = self.script
        members = [self._points(member, pick) for member in score.of]
        weights = [exact(score.weights.get(member, 1)) for member in score.of]
        least = score.min_answered or 1
        known = script.at_least(least, [member.known for member in members])
        match score.method:
            case "sum":
                limits = sum_limits(members, weights)
                total = _total(members, weights)
                return Term(script, known, total, gated=least > 1, limits=limits)
            case "mean":
                pairs = [(m.known, w) for m, w in zip(members, weights, strict=True)]
                return Ratio(script, known, _total(members, weights), pairs, hull(members))
            case "min" | "max":
                return Extreme(script, score.method, members, known)

    def _points(self, member: str, pick: Pick | None) -> Numeric:
        if member.startswith("score."):
            return self.number(member, pick)
        domain = self.plan.of[member]
        match domain:
            case Finite():
                return self._finite_points(domain.states, pick)
            case Grid():
                rows = [self._finite_points(row.states, pick) for row in domain.rows.values()]
                known = self.script.either(row.known for row in rows)
                weights = [(row.known, Fraction(1)) for row in rows]
                means = mean_values([list(row.linear().bools.values()) for row in rows])
                return Ratio(self.script, known, _total(rows), weights, hull(rows), means)
            case Multi():
                return self._multi_points(domain)
            case _:
                return Term(self.script, FALSE, Linear())

    def _finite_points(self, states: Iterable[State], pick: Pick | None) -> Term:
        chosen = max if pick == "high" else min
        given = {
            state.node: chosen(c.points for c in state.choices if c.points is not None)
            for state in states
            if state.points is not None
        }
        values = list(given.values()) or [ZERO]
        limits = Range(min(values), max(values))
        return Term(self.script, self.script.either(given), Linear(bools=given), limits=limits)

    def _multi_points(self, domain: Multi) -> Numeric:
        scored = {
            domain.nodes[o.id]: exact(o.points)
            for o in domain.question.options
            if o.points is not None
        }
        known = self.answers.answered[domain.question.id] if scored else FALSE
        term = Linear(bools=scored)
        limits = self.script.range_of(term)
        inside = limits.low is not None and limits.low >= 0 and (limits.high or ZERO) <= 100
        if inside:
            return Term(self.script, known, term)
        return Clamped(self.script, known, term, clamped_sums(list(scored.values())))


def _total(parts: Sequence[Numeric], weights: Sequence[Fraction] | None = None) -> Linear:
    total = Linear()
    for i, part in enumerate(parts):
        total = total.plus(part.linear(), weights[i] if weights else Fraction(1))
    return total
