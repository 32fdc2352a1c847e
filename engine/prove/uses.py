"""What a document's rules, computed values and scores tell apart of each value."""

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
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
        self.tests: dict[str, list[Callable[[Any], bool]]] = defaultdict(list)
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
            self.tests[leaf.ref].append(literal_test(leaf))

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
    if value.__class__ is float:
        return int(value) if value.is_integer() else exact(value)
    return value


_TESTS: dict[type[Comparison], Callable[[Any, Any], bool]] = {
    Eq: operator.eq,
    Ne: operator.ne,
    Lt: operator.lt,
    Le: operator.le,
    Gt: operator.gt,
    Ge: operator.ge,
}


def compare(leaf: Comparison, left: Any, right: Any) -> bool:
    """The truth of a comparison of two known values."""
    return _TESTS[type(leaf)](left, right)


def literal_test(leaf: Comparison | Membership) -> Callable[[Any], bool]:
    """The test that a comparison with literals makes of a known value."""
    match leaf:
        case In():
            return frozenset(map(comparable, leaf.value)).__contains__
        case HasAny():
            wanted = frozenset(leaf.value)
            return lambda value: not wanted.isdisjoint(value)
        case HasAll():
            return frozenset(leaf.value).issubset
        case Membership():
            return frozenset(leaf.value).isdisjoint
        case Comparison():
            test, right = _TESTS[type(leaf)], comparable(leaf.value)
            return lambda value: test(value, right)


def leaf_truth(leaf: Comparison | Membership, value: Any) -> bool | None:
    """The truth of a comparison with literals, given what the ref stands for (None: unknown)."""
    return None if value is None else literal_test(leaf)(value)
