"""Rules as tests of one walked response, in Kleene's logic: true, false, or unknown (None)."""

from collections.abc import Callable
from typing import Any, Protocol

from engine.prove.uses import Leaf, compare, literal_test
from engine.ruletree import All, Answered, Comparison, Not, Rule
from engine.ruletree import Any as AnyOf

Truth = bool | None


class Walked(Protocol):
    """What a test asks of a response."""

    def value(self, name: str) -> Any:
        """What rules see of a ref; None is unknown."""
        ...

    def is_answered(self, name: str) -> bool:
        """Whether a ref stands for anything (not applicable counts)."""
        ...


Test = Callable[[Walked], Truth]


def test_of(rule: Rule) -> Test:
    """The test that a rule makes of a response."""
    match rule:
        case All():
            return _conjunction([test_of(part) for part in rule.of], False)
        case AnyOf():
            return _conjunction([test_of(part) for part in rule.of], True)
        case Not():
            inner = test_of(rule.of)

            def inverse(walked: Walked) -> Truth:
                found = inner(walked)
                return None if found is None else not found

            return inverse
        case _:
            return _leaf(rule)


def _conjunction(parts: list[Test], decisive: bool) -> Test:
    """Kleene's `all` (False decides) or `any` (True decides)."""

    def joined(walked: Walked) -> Truth:
        result: Truth = not decisive
        for part in parts:
            found = part(walked)
            if found is decisive:
                return decisive
            if found is None:
                result = None
        return result

    return joined


def _leaf(leaf: Leaf) -> Test:
    name = leaf.ref
    if isinstance(leaf, Answered):
        return lambda walked: walked.is_answered(name)
    if isinstance(leaf, Comparison) and leaf.other is not None:
        other = leaf.other

        def between(walked: Walked) -> Truth:
            left, right = walked.value(name), walked.value(other)
            return None if left is None or right is None else compare(leaf, left, right)

        return between
    test = literal_test(leaf)

    def of_value(walked: Walked) -> Truth:
        value = walked.value(name)
        return None if value is None else test(value)

    return of_value
