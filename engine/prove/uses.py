"""What a document's rules, computed values and scores tell apart of each value."""

from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from engine.definition import Document
from engine.numbers import exact
from engine.ruletree import (
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Scalar,
    leaves,
)
from engine.scope import Scope, operands

Leaf = Comparison | Membership | Answered


class Uses:
    """An index over the document: who is compared with what."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.scope = Scope(document)
        self.rules = tuple(self.scope.rules())
        self.leaves: dict[str, list[Comparison | Membership]] = defaultdict(list)
        self.partners: dict[str, set[str]] = defaultdict(set)
        self.read: set[str] = set()
        self.split: set[str] = set()
        """Refs each of whose values must be kept apart: they are compared or reckoned with."""
        for placed in self.rules:
            for leaf in leaves(placed.rule):
                self._note(leaf)
        for computed in document.computed:
            names = [o for o in operands(computed) if isinstance(o, str)]
            self.read.update(names)
            self.split.update(names)
        self.ruled_points = self._ruled_points()
        """Questions whose points rules or computed values see, through scores."""

    def _note(self, leaf: Leaf) -> None:
        self.read.add(leaf.ref)
        if isinstance(leaf, Answered):
            return
        if isinstance(leaf, Comparison) and leaf.other is not None:
            self.read.add(leaf.other)
            self.split.update((leaf.ref, leaf.other))
            self.partners[leaf.ref].add(leaf.other)
            self.partners[leaf.other].add(leaf.ref)
        else:
            self.leaves[leaf.ref].append(leaf)

    def _ruled_points(self) -> set[str]:
        found: set[str] = set()
        todo = [name for name in self.read if name.startswith("score.")]
        while todo:
            score = self.scope.scores[todo.pop().removeprefix("score.")]
            for member in score.of:
                if member.startswith("score."):
                    todo.append(member)
                else:
                    found.add(member)
        return found

    def component(self, name: str) -> list[str]:
        """The refs that a ref is compared with, directly or through others, itself included."""
        found = {name: None}
        todo = [name]
        while todo:
            for partner in sorted(self.partners.get(todo.pop(), ())):
                if partner not in found:
                    found[partner] = None
                    todo.append(partner)
        return list(found)

    def constants(self, name: str) -> list[Any]:
        """The literals that a ref is compared with, numbers as rationals, each once."""
        found: dict[Any, None] = {}
        for leaf in self.leaves.get(name, ()):
            for literal in literals(leaf):
                found[comparable(literal)] = None
        return list(found)


def literals(leaf: Leaf) -> Iterable[Scalar]:
    """The literals of a comparison."""
    if isinstance(leaf, Membership):
        return leaf.value
    if isinstance(leaf, Comparison) and leaf.value is not None:
        return (leaf.value,)
    return ()


def comparable(value: Any) -> Any:
    """A value as comparisons see it: numbers exact, all else as it is."""
    return exact(value) if value.__class__ in (int, float) else value


def compare(leaf: Comparison, left: Any, right: Any) -> bool:
    """The truth of a comparison of two known values."""
    match leaf:
        case Eq():
            return left == right
        case Ne():
            return left != right
        case Lt():
            return left < right
        case Le():
            return left <= right
        case Gt():
            return left > right
        case Ge() | _:
            return left >= right


def leaf_truth(leaf: Comparison | Membership, value: Any) -> bool | None:
    """The truth of a comparison with literals, given what the ref stands for (None: unknown)."""
    if value is None:
        return None
    match leaf:
        case In():
            return any(value == comparable(v) for v in leaf.value)
        case HasAny():
            return not value.isdisjoint(leaf.value)
        case HasAll():
            return value.issuperset(leaf.value)
        case Membership():
            return value.isdisjoint(leaf.value)
        case Comparison():
            return compare(leaf, value, comparable(leaf.value))


NUMBER_ZERO = Fraction(0)
