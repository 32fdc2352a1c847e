"""Two versions of a document in one formula, given the same answers."""

from fractions import Fraction
from typing import Any

from engine.prove.domains import Finite, Line
from engine.prove.encode import Encoder
from engine.prove.formula import FALSE, Linear, Node, Script, negate
from engine.prove.plan import Domain, Flag, Grid, Multi, Plan

_ONE = Fraction(1)


class Link:
    """Says in the formula that both versions are given the same answers.

    Allows a little more than that where an option can be hidden in one version alone.
    """

    def __init__(self, old: Encoder, new: Encoder, script: Script) -> None:
        self.old = old
        self.new = new
        self.script = script

    def write(self, shared: list[str]) -> None:
        """Links context, today and the questions that both have."""
        self._link(self.old.plan.today, self.new.plan.today, [], loose=False)
        for name, domain in self.old.plan.context.items():
            if name in self.new.plan.context:
                self._link(domain, self.new.plan.context[name], [], loose=False)
        for question in shared:
            asked = [self.old.asked[question], self.new.asked[question]]
            questions = [e.plan.scope.questions[question] for e in (self.old, self.new)]
            loose = any(c.show_if is not None for q in questions for c in q.choices())
            one, two = self.old.plan.of[question], self.new.plan.of[question]
            self._link(one, two, asked, loose=loose)

    def _link(self, one: Domain, two: Domain, asked: list[Node], *, loose: bool) -> None:
        match one, two:
            case Finite(), Finite():
                self._finite(one, two, asked, loose)
            case Line(), Line():
                self._line(one, two, asked)
            case Multi(), Multi():
                for option, node in one.nodes.items():
                    if not loose:
                        self._same(asked, node, two.nodes.get(option, FALSE))
            case Grid(), Grid():
                for row, cell in one.rows.items():
                    if row in two.rows:
                        self._finite(cell, two.rows[row], asked, loose)
            case Flag(), Flag() if not loose:
                self._same(asked, one.node, two.node)
            case _:
                pass

    def _same(self, asked: list[Node], one: Node, two: Node) -> None:
        both = self.script.both(asked)
        self.script.imply(both, self.script.either((negate(one), two)))
        self.script.imply(both, self.script.either((one, negate(two))))

    def _finite(self, one: Finite, two: Finite, asked: list[Node], loose: bool) -> None:
        script = self.script
        ones = script.either(state.node for state in one.states)
        twos = script.either(state.node for state in two.states)
        if not loose:
            self._same(asked, ones, twos)
        if not (one.is_certain and two.is_certain) or _has_unknown(one) or _has_unknown(two):
            return
        if self.old.plan.scope.refs[one.name].facet.kind == "text":
            self._open_texts(one, two, asked)
            return
        for state in one.states:
            answers = [choice.answer for choice in state.choices]
            fitting = [s.node for s in two.states if any(c.answer in answers for c in s.choices)]
            condition = script.both((*asked, state.node, twos))
            script.imply(condition, script.either(fitting))

    def _open_texts(self, one: Finite, two: Finite, asked: list[Node]) -> None:
        """Texts beyond the constants stand for each other; only equal constants are linked."""
        script = self.script
        constants = _constants(self.old.plan, one.name) | _constants(self.new.plan, two.name)
        for state in one.states:
            for twin in two.states:
                mine = {c.answer for c in state.choices}
                theirs = {c.answer for c in twin.choices}
                if mine <= constants and theirs <= constants and mine.isdisjoint(theirs):
                    both = script.both((*asked, state.node, twin.node))
                    script.imply(both, FALSE)

    def _line(self, one: Line, two: Line, asked: list[Node]) -> None:
        script = self.script
        ones = script.either(piece.node for piece in one.pieces)
        twos = script.either(piece.node for piece in two.pieces)
        self._same(asked, ones, twos)
        both = script.both((*asked, ones, twos))
        if one.variable and two.variable:
            gap = Linear(variables={one.variable: _ONE, two.variable: -_ONE})
            script.imply(both, script.compare(gap, "eq"))
            return
        for piece in one.pieces:
            fitting = [p.node for p in two.pieces if p.low <= piece.high and piece.low <= p.high]
            script.imply(script.both((both, piece.node)), script.either(fitting))


def _constants(plan: Plan, name: str) -> set[Any]:
    return set(plan.uses.constants(name))


def _has_unknown(domain: Finite) -> bool:
    return any(c.answer is None for s in domain.states for c in s.choices)
