"""What SurveyJS's comparisons say of two values (survey-core 2.5, `OperandMaker`, `Helpers`).

Values are decoded JSON; None is no answer. Where the values that a question can have are few, a
comparison is tried on each of them, so that its loose equality ('1' is 1, 'ABC' is 'abc', 'true'
is true) comes along exactly.
"""

from collections.abc import Callable
from typing import Any, cast

from interchange.node import number_of


def is_empty(value: Any) -> bool:
    """No answer: null, "", [], an object of such."""
    if isinstance(value, dict):
        return all(is_empty(v) for v in cast(dict[str, Any], value).values())
    return value is None or value == "" or value == []


def corrected(value: Any) -> Any:
    """An answer as expressions see it: '3' is 3, 'true' is true; constants in quotes stay text."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    number = number_of(value.strip()) if value.strip() else None
    octal = len(value) > 1 and value[0] == "0" and value[1] not in ".,"
    return value if number is None or octal else number


def equal(left: Any, right: Any) -> bool:
    """`=`."""
    if is_empty(left) or is_empty(right):
        return is_empty(left) and is_empty(right)
    if isinstance(left, list) or isinstance(right, list):
        return _lists_equal(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left.strip().lower() == right.strip().lower()
    if isinstance(left, bool) or isinstance(right, bool):
        return _text(left).lower() == _text(right).lower() or ((
            _is_plain_number(left) or _is_plain_number(right)
        ) and as_number(left) == as_number(right))  # fmt: skip
    return as_number(left) is not None and as_number(left) == as_number(right)


def _lists_equal(left: Any, right: Any) -> bool:
    if not isinstance(left, list) or not isinstance(right, list):
        return False
    one, two = cast(list[Any], left), cast(list[Any], right)
    rest = list(two)
    for item in one:
        found = next((i for i, other in enumerate(rest) if equal(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def _is_plain_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def as_number(value: Any) -> int | float | None:
    """A value beside a number, as JavaScript sees it: "" is 0, true is 1."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and not value.strip():
        return 0
    return number_of(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def greater(left: Any, right: Any) -> bool:
    """`>`: texts by their characters, everything else as numbers; false where one is missing."""
    if left is None or right is None or isinstance(left, list) or isinstance(right, list):
        return False
    if isinstance(left, str) and isinstance(right, str):
        return left > right
    one, two = as_number(left), as_number(right)
    return one is not None and two is not None and one > two


def contains(left: Any, right: Any, wanted: bool = True) -> bool:
    """`contains`; of a text, also a part of it."""
    if left == []:
        return not wanted
    if left is None or left == "":
        return False
    if not isinstance(left, list):
        if right in (None, "", 0, False, []):
            return False
        return (_joined(right).lower() in _text(left).lower()) == wanted
    wants = cast(list[Any], right) if isinstance(right, list) else [right]
    has = cast(list[Any], left)
    return all(any(equal(item, want) for item in has) for want in wants) == wanted


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, cast(list[Any], value)))
    return _text(value)


def not_contains(left: Any, right: Any) -> bool:
    """`notcontains`: true without an answer."""
    if not left and not is_empty(right):
        return True
    return contains(left, right, False)


def any_of(left: Any, right: Any) -> bool:
    """`anyof`."""
    if is_empty(left):
        return is_empty(right)
    if is_empty(right):
        return True
    if not isinstance(left, list):
        return contains(right, left)
    wants = cast(list[Any], right) if isinstance(right, list) else [right]
    return any(contains(left, want) for want in wants)


def all_of(left: Any, right: Any) -> bool:
    """`allof`."""
    if not left and not is_empty(right):
        return False
    wants = cast(list[Any], right) if isinstance(right, list) else [right]
    return all(contains(left, want) for want in wants)


def is_true(value: Any) -> bool:
    """A whole expression that is this value: JavaScript's `value == true`."""
    return value is True or (_is_plain_number(value) and value == 1)


def is_truthy(value: Any) -> bool:
    """JavaScript's truth: all but null, false, 0 and ""; an empty list too."""
    return isinstance(value, list) or bool(value)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": equal,
    "ne": lambda left, right: not equal(left, right),
    "gt": greater,
    "lt": lambda left, right: greater(right, left),
    "ge": lambda left, right: equal(left, right) or greater(left, right),
    "le": lambda left, right: equal(left, right) or greater(right, left),
    "contains": contains,
    "notcontains": not_contains,
    "anyof": any_of,
    "allof": all_of,
    "noneof": lambda left, right: not any_of(left, right),
}
