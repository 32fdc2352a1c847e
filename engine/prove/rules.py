"""What a rule means to the solver: one formula for where it is true, one for where it is false.

Where neither holds the rule is unknown.
"""

from collections.abc import Iterable
from fractions import Fraction

from engine.numbers import exact
from engine.prove.answers import Answers
from engine.prove.domains import Finite, Line
from engine.prove.formula import TRUE, Node, Operator, negate
from engine.prove.numbers import Numbers
from engine.prove.plan import Multi
from engine.prove.uses import Leaf, compare, leaf_truth
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
from engine.ruletree import Any as AnyOf

Pair = tuple[Node, Node]
MOST_PAIRS = 600
_OPERATORS: dict[type[Comparison], Operator] = {
    Eq: "eq", Ne: "ne", Lt: "lt", Le: "le", Gt: "gt", Ge: "ge",
}  # fmt: skip


class Rules:
    """The rules of a document, each written once.

    Args:
        answers: whose variables the rules speak of; they are bound as the walk goes on.
        labelled: name every rule, so that those behind a contradiction can be told; a rule is
            bound only where its label is assumed.
    """

    def __init__(self, answers: Answers, *, labelled: bool) -> None:
        self.plan = answers.plan
        self.script = answers.script
        self.answers = answers
        self.numbers = Numbers(answers, self.rule)
        self.labelled = labelled
        self.labels: dict[str, Node] = {}
        self._rules: dict[str, Node] = {}

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
        domain = self.plan.domain(name)
        match domain:
            case _ if name == "today":
                return TRUE
            case Finite():
                return self.script.either(state.node for state in domain.states)
            case Line():
                return self.script.either(piece.node for piece in domain.pieces)
            case None if ref.source == "question":
                return self.answers.answered[ref.id]
            case None:
                return self.numbers.number(name).known

    def _set_leaf(self, leaf: Membership) -> Pair:
        domain = self.plan.of[leaf.ref]
        assert isinstance(domain, Multi)
        wanted = dict.fromkeys(map(str, leaf.value))
        chosen = [self.answers.option(domain, option) for option in wanted]
        known = self.answers.answered[leaf.ref]
        match leaf:
            case HasAll():
                node = self.script.both(chosen)
            case HasAny():
                node = self.script.either(chosen)
            case _:
                node = negate(self.script.either(chosen))
        return self.script.both((known, node)), self.script.both((known, negate(node)))

    def _with_literals(self, leaf: Comparison | Membership) -> Pair:
        domain = self.plan.domain(leaf.ref)
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
        number = self.numbers.number(leaf.ref)
        if isinstance(leaf, In):
            true = self.script.either(number.compare("eq", _number(v)) for v in leaf.value)
        else:
            assert isinstance(leaf, Comparison)
            true = number.compare(_OPERATORS[type(leaf)], _number(leaf.value))
        return true, self.script.both((number.known, negate(true)))

    def _between(self, leaf: Comparison, other: str) -> Pair:
        left, right = self.plan.domain(leaf.ref), self.plan.domain(other)
        if leaf.ref == other and isinstance(left, Finite):
            return self._split((s.node, None if s.seen is None else compare(leaf, 1, 1))
                               for s in left.states)  # fmt: skip
        if isinstance(left, Finite) and isinstance(right, Finite):
            if not (left.is_certain and right.is_certain):
                return self._free_between(left, right)
            if len(left.states) * len(right.states) <= MOST_PAIRS:
                return self._pairs(leaf, left, right)
        one, two = self.numbers.number(leaf.ref), self.numbers.number(other)
        known = self.script.both((one.known, two.known))
        gap = one.linear().plus(two.linear(), Fraction(-1))
        truth = self.script.compare(gap, _OPERATORS[type(leaf)])
        return self.script.both((known, truth)), self.script.both((known, negate(truth)))

    def _free_between(self, left: Finite, right: Finite) -> Pair:
        known = self.script.both((self.answers.known(left), self.answers.known(right)))
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
        known = script.both((self.answers.known(left), self.answers.known(right)))
        return truth, script.both((known, negate(truth)))


def _number(value: object) -> Fraction:
    assert isinstance(value, int | float)
    return exact(value)
