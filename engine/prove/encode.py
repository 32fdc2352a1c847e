"""A document as one formula: its models are exactly the complete responses.

Where the theory does not reach (a comparison of two texts with patterns, say) a truth value is left
free: the formula then allows more than there is, so that what it excludes is excluded for certain,
and what it allows is walked before it is believed.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from engine.definition import (
    Count,
    Div,
    If,
    Max,
    Mean,
    Min,
    Mul,
    Operand,
    Page,
    Score,
    Sub,
    Sum,
)
from engine.numbers import exact
from engine.prove.domains import Finite, Line, State
from engine.prove.formula import (
    FALSE,
    TRUE,
    ZERO,
    Linear,
    Node,
    Operator,
    Range,
    Script,
    negate,
)
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
from engine.prove.trace import Flag, Grid, Multi, Plan, Trace
from engine.prove.uses import Leaf, compare, leaf_truth
from engine.questions import Question
from engine.questions.ranking import Ranking
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
)
from engine.ruletree import (
    Any as AnyOf,
)
from engine.scope import PlacedRule

Pick = Literal["low", "high"]
Pair = tuple[Node, Node]
GoalKind = Literal["page", "question", "option", "ending", "jump", "true", "false"]
MOST_PAIRS = 600
_OPERATORS: dict[type[Comparison], Operator] = {
    Eq: "eq", Ne: "ne", Lt: "lt", Le: "le", Gt: "gt", Ge: "ge",
}  # fmt: skip


class Goal(NamedTuple):
    """Something a complete response can show; `name` is an id, `question.option` or a pointer."""

    kind: GoalKind
    name: str


class RuleSite(NamedTuple):
    """A rule and where it is looked at: `page` and `question` as far as it belongs to them."""

    placed: PlacedRule
    page: int | None
    question: str | None


def rule_sites(plan: Plan) -> list[RuleSite]:
    """Every rule of the document with its page and question."""
    found: list[RuleSite] = []
    for placed in plan.uses.rules:
        parts = placed.at.split("/")
        page = int(parts[2]) if parts[1] == "pages" else None
        question = None
        if page is not None and parts[3] == "questions":
            question = plan.document.pages[page].questions[int(parts[4])].id
        found.append(RuleSite(placed, page, question))
    return found


def hits(trace: Trace, sites: Sequence[RuleSite]) -> set[Goal]:
    """The goals that a walked response reaches."""
    found = {Goal("page", name) for name in trace.path}
    found.update(Goal("question", name) for name in trace.asked)
    found.update(Goal("option", name) for name in trace.chosen)
    found.update(Goal("jump", at) for at in trace.jumps)
    if trace.ending is not None:
        found.add(Goal("ending", trace.ending))
    path = set(trace.path)
    pages = trace.plan.document.pages
    for placed, page, question in sites:
        match placed.role:
            case "page":
                looked = page in trace.unskipped
            case "question" | "jump":
                looked = page is not None and pages[page].id in path
            case "option" | "required":
                looked = question in trace.asked
            case _:
                looked = True
        if looked:
            kind: GoalKind = "true" if trace.holds(placed.at) else "false"
            found.add(Goal(kind, placed.at))
    return found


class Encoder:
    """Writes the formula.

    Args:
        plan: the document with its domains.
        labelled: name every rule, so that those behind a contradiction can be told; a rule is
            bound only where its label is assumed.
        script: where to write, if another document's formula is there already.
        stop_at: a question before which to stop, to ask whether it can be answered at all.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        labelled: bool = False,
        stop_at: str | None = None,
        script: Script | None = None,
    ) -> None:
        self.plan = plan
        self.script = Script() if script is None else script
        self.labelled = labelled
        self.stop_at = stop_at
        self.labels: dict[str, Node] = {}
        self.answered: dict[str, Node] = {}
        self.asked: dict[str, Node] = {}
        self.goals: dict[Goal, Node] = {}
        self.stop: tuple[Node, Node] | None = None
        """Where `stop_at` is asked and required, and where it can be answered."""
        self.suspects: list[str] = []
        """Questions that are required of somebody and cannot always be answered."""
        self._bound: set[str] = set()
        self._numbers: dict[tuple[str, Pick | None], Numeric] = {}
        self._rules: dict[str, Node] = {}
        self._context()
        self._walk()

    # -- rules ------------------------------------------------------------------------------

    def rule(self, at: str, rule: Rule) -> Node:
        """Whether a rule of the document is true."""
        if at not in self._rules:
            self._rules[at] = self.label(at, self.true(rule))
        return self._rules[at]

    def label(self, at: str, body: Node) -> Node:
        """The formula itself, or a name for it that is bound only under the place's label."""
        if not self.labelled:
            return body
        name = self.script.fresh()
        self.script.require(f"(or {negate(self._label(at))} (= {name} {body}))")
        return name

    def _label(self, at: str) -> Node:
        if at not in self.labels:
            self.labels[at] = self.script.declare(f"L!{len(self.labels)}")
        return self.labels[at]

    def true(self, rule: Rule) -> Node:
        """Where a rule is true."""
        match rule:
            case All():
                return self.script.both(self.true(part) for part in rule.of)
            case AnyOf():
                return self.script.either(self.true(part) for part in rule.of)
            case Not():
                return self.false(rule.of)
            case _:
                return self.leaf(rule)[0]

    def false(self, rule: Rule) -> Node:
        """Where a rule is false (not: unknown)."""
        match rule:
            case All():
                return self.script.either(self.false(part) for part in rule.of)
            case AnyOf():
                return self.script.both(self.false(part) for part in rule.of)
            case Not():
                return self.true(rule.of)
            case _:
                return self.leaf(rule)[1]

    def leaf(self, leaf: Leaf) -> Pair:
        """Where a comparison is true, and where false."""
        match leaf:
            case Answered():
                node = self.is_answered(leaf.ref)
                return node, negate(node)
            case HasAny() | HasAll() | HasNone():
                return self._set_leaf(leaf)
            case Comparison() if leaf.other is not None:
                return self._between(leaf, leaf.other)
            case _:
                return self._with_literals(leaf)

    def is_answered(self, name: str) -> Node:
        """Whether a ref stands for anything (not applicable counts)."""
        ref = self.plan.scope.refs[name]
        domain = self.domain(name)
        match domain:
            case _ if name == "today":
                return TRUE
            case Finite():
                return self.script.either(state.node for state in domain.states)
            case Line():
                return self.script.either(piece.node for piece in domain.pieces)
            case None if ref.source == "question":
                return self.answered[ref.id]
            case None:
                return self.number(name).known

    def _set_leaf(self, leaf: Membership) -> Pair:
        domain = self.plan.of[leaf.ref]
        assert isinstance(domain, Multi)
        chosen = [self._option(domain, option) for option in dict.fromkeys(map(str, leaf.value))]
        known = self.answered[leaf.ref]
        match leaf:
            case HasAll():
                node = self.script.both(chosen)
            case HasAny():
                node = self.script.either(chosen)
            case _:
                node = negate(self.script.either(chosen))
        return self.script.both((known, node)), self.script.both((known, negate(node)))

    def _option(self, domain: Multi, option: str) -> Node:
        return domain.nodes[option] if domain.question.id in self._bound else FALSE

    def _with_literals(self, leaf: Comparison | Membership) -> Pair:
        domain = self.domain(leaf.ref)
        match domain:
            case Finite():
                return self._split(
                    (state.node, leaf_truth(leaf, state.seen)) for state in domain.states
                )
            case Line():
                return self._split(
                    (piece.node, leaf_truth(leaf, domain.seen(piece.low)))
                    for piece in domain.pieces
                )
            case _:
                return self._numeric_leaf(leaf)

    def _split(self, truths: Iterable[tuple[Node, bool | None]]) -> Pair:
        found = list(truths)
        true = self.script.either(node for node, truth in found if truth is True)
        false = self.script.either(node for node, truth in found if truth is False)
        return true, false

    def _numeric_leaf(self, leaf: Comparison | Membership) -> Pair:
        number = self.number(leaf.ref)
        if isinstance(leaf, In):
            true = self.script.either(number.compare("eq", _number(v)) for v in leaf.value)
        else:
            assert isinstance(leaf, Comparison)
            true = number.compare(_OPERATORS[type(leaf)], _number(leaf.value))
        return true, self.script.both((number.known, negate(true)))

    def _between(self, leaf: Comparison, other: str) -> Pair:
        left, right = self.domain(leaf.ref), self.domain(other)
        if leaf.ref == other and isinstance(left, Finite):
            return self._split((s.node, None if s.seen is None else compare(leaf, 1, 1))
                               for s in left.states)  # fmt: skip
        if isinstance(left, Finite) and isinstance(right, Finite):
            if not (left.is_certain and right.is_certain):
                return self._free_between(left, right)
            if len(left.states) * len(right.states) <= MOST_PAIRS:
                return self._pairs(leaf, left, right)
        one, two = self.number(leaf.ref), self.number(other)
        known = self.script.both((one.known, two.known))
        gap = one.linear().plus(two.linear(), Fraction(-1))
        truth = self.script.compare(gap, _OPERATORS[type(leaf)])
        return self.script.both((known, truth)), self.script.both((known, negate(truth)))

    def _free_between(self, left: Finite, right: Finite) -> Pair:
        known = self.script.both((_known(self.script, left), _known(self.script, right)))
        truth = self.script.free()
        return self.script.both((known, truth)), self.script.both((known, negate(truth)))

    def _pairs(self, leaf: Comparison, left: Finite, right: Finite) -> Pair:
        script = self.script
        true: list[Node] = []
        for one in left.states:
            if one.seen is None:
                continue
            fitting = script.either(
                two.node
                for two in right.states
                if two.seen is not None and compare(leaf, one.seen, two.seen)
            )
            true.append(script.both((one.node, fitting)))
        truth = script.either(true)
        known = script.both((_known(script, left), _known(script, right)))
        return truth, script.both((known, negate(truth)))

    def domain(self, name: str) -> Finite | Line | None:
        """The domain of a ref with one value; None for counts, scores and computed values."""
        ref = self.plan.scope.refs[name]
        match ref.source:
            case "today":
                return self.plan.today
            case "context":
                return self.plan.context[name]
            case "question":
                whole = self.plan.of[ref.id]
                if isinstance(whole, Grid):
                    return whole.rows[ref.part] if ref.part else None
                return whole if isinstance(whole, Finite | Line) and not ref.part else None
            case _:
                return None

    # -- numbers ----------------------------------------------------------------------------

    def number(self, name: str, pick: Pick | None = None) -> Numeric:
        """A ref as a number. `pick` takes, of points that no rule tells apart, the lowest or
        highest: enough for the bounds of scores, which grow with every member's points."""
        key = (name, pick if name.startswith("score.") else None)
        if key not in self._numbers:
            self._numbers[key] = self._make_number(name, pick)
        return self._numbers[key]

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
        domain = self.domain(name)
        if isinstance(domain, Finite):
            given = {s.node: Fraction(s.seen) for s in domain.states if s.seen is not None}
            term = Linear(bools=given)
            values = list(term.bools.values()) or [ZERO]
            limits = Range(min(values), max(values))
            return Term(script, _known(script, domain), term, limits=limits)
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
        nodes = [self._option(whole, o) for o in whole.nodes]
        total = Linear()
        for node in nodes:
            total = total.plus(indicator(node))
        return Term(script, self.answered[ref.id], total)

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
        domain = self.domain(name)
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
        known = self.answered[domain.question.id] if scored else FALSE
        term = Linear(bools=scored)
        limits = self.script.range_of(term)
        inside = limits.low is not None and limits.low >= 0 and (limits.high or ZERO) <= 100
        if inside:
            return Term(self.script, known, term)
        return Clamped(self.script, known, term, clamped_sums(list(scored.values())))

    # -- the walk ---------------------------------------------------------------------------

    def _context(self) -> None:
        self._bind_line(self.plan.today, TRUE)
        for piece in (self.script.either(p.node for p in self.plan.today.pieces),):
            self.script.require(piece)
        for domain in self.plan.context.values():
            if isinstance(domain, Line):
                self._bind_line(domain, TRUE)
            else:
                self._bind_finite(domain, TRUE)

    def _bind_finite(self, domain: Finite, asked: Node) -> Node:
        nodes = [self.script.declare(state.node) for state in domain.states]
        self.script.at_most_one(nodes)
        for node in nodes:
            self.script.imply(node, asked)
        return self.script.either(nodes)

    def _bind_line(self, domain: Line, asked: Node) -> Node:
        script = self.script
        nodes = [script.declare(piece.node) for piece in domain.pieces]
        script.at_most_one(nodes)
        for node in nodes:
            script.imply(node, asked)
        answered = script.either(nodes)
        if domain.variable is not None:
            self._bind_variable(domain, answered)
        return answered

    def _bind_variable(self, domain: Line, answered: Node) -> None:
        script, lattice = self.script, domain.lattice
        assert domain.variable is not None
        name = script.declare(domain.variable, "Int")
        low, high = min(lattice.low, 0), max(lattice.high, 0)
        script.require(f"(and (<= {_int(low)} {name}) (<= {name} {_int(high)}))")
        script.ranges[name] = Range(Fraction(low), Fraction(high))
        term = Linear(variables={name: Fraction(1)})
        script.imply(negate(answered), script.define(f"(= {name} 0)"))
        for piece in domain.pieces:
            script.imply(piece.node, script.compare(term, "ge", Fraction(piece.low)))
            script.imply(piece.node, script.compare(term, "le", Fraction(piece.high)))
        if lattice.step > 1:
            count = script.fresh("Int")
            grid = f"(= {name} (+ {_int(lattice.origin)} (* {lattice.step} {count})))"
            script.imply(answered, script.define(grid))
        if lattice.is_uneven:
            cases = [
                f"(and (= (mod {name} {grain}) 0) (< {_int(-top)} {name}) (< {name} {top}))"
                for grain, top in lattice.brackets()
            ]
            script.require(f"(or {' '.join(cases)})")

    def _walk(self) -> None:
        script = self.script
        over: list[list[Node]] = [[] for _ in range(len(self.plan.document.pages) + 1)]
        named: list[Node] = []
        endings: dict[str, list[Node]] = {e.id: [] for e in self.plan.document.endings}
        for p, page in enumerate(self.plan.document.pages):
            reached = negate(script.either(over[p]))
            shown = TRUE
            if page.show_if is not None:
                shown = self.rule(f"/pages/{p}/show_if", page.show_if)
                self._rule_goals(f"/pages/{p}/show_if", reached, shown)
            on_path = script.both((reached, shown))
            self.goals[Goal("page", page.id)] = on_path
            for q, question in enumerate(page.questions):
                if self._question(question, f"/pages/{p}/questions/{q}", on_path):
                    return
            for to, taken in self._jumps(p, page, on_path):
                for skipped in range(p + 1, self.plan.targets[to]):
                    over[skipped].append(taken)
                if to.startswith("end:"):
                    named.append(taken)
                    endings[to.removeprefix("end:")].append(taken)
        for i, (ending, taken) in enumerate(endings.items()):
            first = [negate(script.either(named))] if i == 0 else []
            self.goals[Goal("ending", ending)] = script.either((*first, *taken))
        self._rest()

    def _jumps(self, p: int, page: Page, on_path: Node) -> Iterable[tuple[str, Node]]:
        script = self.script
        free = on_path
        for n, jump in enumerate(page.next):
            at = f"/pages/{p}/next/{n}"
            if jump.if_ is None:
                holds = self.label(at, TRUE)
            else:
                holds = self.rule(f"{at}/if", jump.if_)
                self._rule_goals(f"{at}/if", on_path, holds)
            taken = script.both((free, holds))
            self.goals[Goal("jump", at)] = taken
            free = script.both((free, negate(holds)))
            yield jump.to, taken

    def _rest(self) -> None:
        for i, computed in enumerate(self.plan.document.computed):
            if isinstance(computed.value, If):
                at = f"/computed/{i}/value/when"
                self._rule_goals(at, TRUE, self.rule(at, computed.value.when))
        for i, alert in enumerate(self.plan.document.alerts):
            at = f"/alerts/{i}/when"
            self._rule_goals(at, TRUE, self.rule(at, alert.when))

    def _rule_goals(self, at: str, looked: Node, holds: Node) -> None:
        self.goals[Goal("true", at)] = self.script.both((looked, holds))
        self.goals[Goal("false", at)] = self.script.both((looked, negate(holds)))

    def _question(self, question: Question, at: str, on_path: Node) -> bool:
        """Binds a question; true at the one where to stop."""
        script = self.script
        shown = TRUE
        if question.show_if is not None:
            shown = self.rule(f"{at}/show_if", question.show_if)
            self._rule_goals(f"{at}/show_if", on_path, shown)
        asked = script.both((on_path, shown))
        self.asked[question.id] = asked
        self.goals[Goal("question", question.id)] = asked
        visible = self._visible(question, at, asked)
        required = self._required(question, at, asked)
        capacity = self.capacity(question, visible)
        if question.id == self.stop_at:
            self.stop = (required, capacity)
            return True
        if required != FALSE and capacity != TRUE:
            self.suspects.append(question.id)
        self.answered[question.id] = FALSE
        satisfied = self._bind(question, asked, visible)
        script.imply(required, satisfied)
        return False

    def _required(self, question: Question, at: str, asked: Node) -> Node:
        needed = question.required
        if needed is False:
            return FALSE
        if needed is True:
            return self.script.both((asked, self.label(f"{at}/required", TRUE)))
        holds = self.rule(f"{at}/required", needed)
        self._rule_goals(f"{at}/required", asked, holds)
        return self.script.both((asked, holds))

    def _visible(self, question: Question, at: str, asked: Node) -> dict[str, Node]:
        member = "rows" if question.type == "matrix" else "options"
        found: dict[str, Node] = {}
        for i, choice in enumerate(question.choices()):
            node = TRUE
            if choice.show_if is not None:
                place = f"{at}/{member}/{i}/show_if"
                node = self.rule(place, choice.show_if)
                self._rule_goals(place, asked, node)
            found[choice.id] = node
        return found

    def _bind(self, question: Question, asked: Node, visible: dict[str, Node]) -> Node:
        """Binds the values of a question; what a required answer must fulfil comes back."""
        domain = self.plan.of[question.id]
        self._bound.add(question.id)
        match domain:
            case None:
                return TRUE
            case Finite():
                return self._bind_choice(question, domain, asked, visible)
            case Line():
                answered = self._bind_line(domain, asked)
                self.answered[question.id] = answered
                self._moving_limits(question, domain, answered)
                return answered
            case Multi():
                return self._bind_multi(domain, asked, visible)
            case Grid():
                return self._bind_grid(domain, asked, visible)
            case Flag():
                return self._bind_flag(domain, asked, visible)

    def _bind_choice(
        self, question: Question, domain: Finite, asked: Node, visible: dict[str, Node]
    ) -> Node:
        answered = self.answered[question.id] = self._bind_finite(domain, asked)
        for state in domain.states:
            self.script.imply(state.node, visible.get(state.choices[0].option, TRUE))
            for choice in state.choices:
                if choice.option and visible:
                    self.goals[Goal("option", f"{question.id}.{choice.option}")] = state.node
        if question.type == "consent":
            return self.script.either(s.node for s in domain.states if s.seen is not False)
        return answered

    def _moving_limits(self, question: Question, domain: Line, answered: Node) -> None:
        today = self.plan.today.variable
        if domain.variable is None or today is None:
            return
        gap = Linear(variables={domain.variable: Fraction(1), today: Fraction(-1)})
        if getattr(question, "min", None) == "today":
            self.script.imply(answered, self.script.compare(gap, "ge"))
        if getattr(question, "max", None) == "today":
            self.script.imply(answered, self.script.compare(gap, "le"))

    def _bind_multi(self, domain: Multi, asked: Node, visible: dict[str, Node]) -> Node:
        script, question = self.script, domain.question
        nodes = [script.declare(node) for node in domain.nodes.values()]
        answered = self.answered[question.id] = script.either(nodes)
        for option, node in domain.nodes.items():
            script.imply(node, script.both((asked, visible[option])))
            self.goals[Goal("option", f"{question.id}.{option}")] = node
        alone = [domain.nodes[o.id] for o in question.options if o.exclusive]
        for node in alone:
            others = script.either(other for other in nodes if other != node)
            script.imply(node, negate(others))
        plain = script.both((answered, negate(script.either(alone))))
        if (question.min_selected or 0) > 1:
            script.imply(plain, script.at_least(question.min_selected or 0, nodes))
        if question.max_selected is not None and question.max_selected < len(nodes):
            script.require(negate(script.at_least(question.max_selected + 1, nodes)))
        return answered

    def _bind_grid(self, domain: Grid, asked: Node, visible: dict[str, Node]) -> Node:
        script, question = self.script, domain.question
        rows: dict[str, Node] = {}
        for row, cell in domain.rows.items():
            shown = script.both((asked, visible[row]))
            rows[row] = self._bind_finite(cell, shown)
            self.goals[Goal("option", f"{question.id}.{row}")] = shown
        self.answered[question.id] = script.either(rows.values())
        full = {row: script.either((negate(visible[row]), node)) for row, node in rows.items()}
        if question.rows_required is True:
            return script.both(full.values())
        if isinstance(question.rows_required, tuple):
            return script.both(full[row] for row in question.rows_required)
        enough = script.at_least(question.rows_required or 1, list(rows.values()))
        return script.either((enough, script.both(full.values())))

    def _bind_flag(self, domain: Flag, asked: Node, visible: dict[str, Node]) -> Node:
        script, question = self.script, domain.question
        node = self.answered[question.id] = script.declare(domain.node)
        script.imply(node, asked)
        if isinstance(question, Ranking):
            script.imply(node, script.either(visible.values()))
            for option, shown in visible.items():
                self.goals[Goal("option", f"{question.id}.{option}")] = script.both((node, shown))
        return node

    def capacity(self, question: Question, visible: dict[str, Node]) -> Node:
        """Whether there is an answer that a required question takes, given what it shows."""
        script, domain = self.script, self.plan.of[question.id]
        match domain:
            case Finite():
                options = {c.option for s in domain.states for c in s.choices}
                return script.either(visible.get(option, TRUE) for option in options)
            case Line():
                return self._line_capacity(question, domain)
            case Multi():
                alone = [visible[o.id] for o in domain.question.options if o.exclusive]
                others = [visible[o.id] for o in domain.question.options if not o.exclusive]
                least = max(1, domain.question.min_selected or 0)
                return script.either((*alone, script.at_least(least, others)))
            case Flag() if isinstance(question, Ranking):
                return script.either(visible.values())
            case _:
                return TRUE

    def _line_capacity(self, question: Question, domain: Line) -> Node:
        if not domain.pieces:
            return FALSE
        script, today = self.script, self.plan.today.variable
        first, last = domain.pieces[0].low, domain.pieces[-1].high
        parts: list[Node] = []
        if today is not None:
            day = Linear(variables={today: Fraction(1)})
            if getattr(question, "min", None) == "today":
                parts.append(script.compare(day, "le", Fraction(last)))
            if getattr(question, "max", None) == "today":
                parts.append(script.compare(day, "ge", Fraction(first)))
        return script.both(parts)


def _known(script: Script, domain: Finite) -> Node:
    return script.either(s.node for s in domain.states if s.seen is not None)


def _total(parts: Sequence[Numeric], weights: Sequence[Fraction] | None = None) -> Linear:
    total = Linear()
    for i, part in enumerate(parts):
        total = total.plus(part.linear(), weights[i] if weights else Fraction(1))
    return total


def _number(value: object) -> Fraction:
    assert isinstance(value, int | float)
    return exact(value)


def _int(value: int) -> str:
    return f"(- {-value})" if value < 0 else str(value)
