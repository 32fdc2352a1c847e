"""Numbers of documents and answers, read as decimals and counted exactly."""

from decimal import Decimal
from fractions import Fraction

Number = int | float
MAX_DIGITS = 15
MAX_DECIMALS = 6


def is_number(value: object) -> bool:
    """Whether a JSON value is a number (true and false are not)."""
    return value.__class__ is int or value.__class__ is float


def normal(value: Number) -> Number:
    """The value itself, a whole float as the integer it is (`2.0` is 2)."""
    return int(value) if value.__class__ is float and value == value // 1 else value


def is_precise(value: Number) -> bool:
    """Whether at most 15 digits, 6 of them decimals, are needed to write the number."""
    if value.__class__ is int:
        return -(10**MAX_DIGITS) < value < 10**MAX_DIGITS
    if value != value or value in (float("inf"), float("-inf")):
        return False
    _, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    return -exponent <= MAX_DECIMALS and len(digits) + max(exponent, 0) <= MAX_DIGITS


def exact(value: Number) -> Fraction:
    """The decimal that was written, as a rational: 0.1 is 1/10."""
    return Fraction(value) if value.__class__ is int else Fraction(repr(value))


def rounded(numerator: int, denominator: int) -> float:
    """A rational (denominator > 0) half-even to two places, as printed in evaluations."""
    scaled, rest = divmod(100 * numerator, denominator)
    doubled = 2 * rest
    if doubled > denominator or (doubled == denominator and scaled & 1):
        scaled += 1
    return scaled / 100
