"""What a foreign name stands for in our rules, and what a source language says of values."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from interchange.node import number_of

Kind = Literal["choice", "set", "boolean", "number", "date", "time", "text", "opaque"]
Compare = Callable[[Any, Any], bool]
Number = str | int | float


class Ref(NamedTuple):
    """A foreign name as our rules know it.

    `values` pairs each value that the source can hold with our literal, where they are few;
    `as_number` names a ref that holds the value as a number, where the value is no number itself.
    `parts` are all refs of a question that became several: one answered is an answer.
    `is_calculated`: without a value it is no number (NaN) rather than an empty answer.
    """

    ref: str
    kind: Kind
    values: tuple[tuple[Any, Any], ...] = ()
    as_number: Callable[[], str] | None = None
    parts: tuple[str, ...] = ()
    is_calculated: bool = False


class Constant(NamedTuple):
    """A value written in the expression."""

    value: Any


class Language(NamedTuple):
    """What a source language says of two values, and of a missing number in a calculation."""

    comparisons: Mapping[str, Compare]
    corrected: Callable[[Any], Any]
    """An answer as expressions see it."""
    empty_is_zero: bool
    as_set: Callable[[Any], Any] = lambda value: value
    """A constant that several choices are compared with, as a list where it means one."""
    as_number: Callable[[Any], int | float | None] = number_of
    """What a constant is worth beside a number."""
    is_true: Callable[[Any], bool] = lambda value: value is True
    """Whether a value that stands alone as the whole expression makes it true."""
    is_truthy: Callable[[Any], bool] = lambda value: value is True
    """Whether a value counts as true inside `and`, `or`, `not` and `iif`."""
    nothing_spreads: bool = False
    """Whether a missing number makes min, max and all that is made of it no number (NaN)."""
