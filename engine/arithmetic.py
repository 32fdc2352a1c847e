"""Scores and computed values, exactly and in plain words; compiled code must agree with these."""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from engine.definition import (
    Computed,
    Count,
    Div,
    If,
    Max,
    Mean,
    Min,
    Mul,
    Operand,
    Score,
    Sub,
    Sum,
)
from engine.numbers import exact, rounded

Value = Fraction | None


class Member(NamedTuple):
    """One member of a score: its points (None takes no part) and its weight."""

    id: str
    points: Value
    weight: Fraction


def score_members(score: Score, points_of: Callable[[str], Value]) -> tuple[Member, ...]:
    """The members of a score with points and weights, in the document's order."""
    return tuple(
        Member(name, points_of(name), exact(score.weights.get(name, 1))) for name in score.of
    )


def score_value(score: Score, members: Iterable[Member]) -> Value:
    """The unrounded score; None for nothing, or fewer than `min_answered` members."""
    known = [(m.points, m.weight) for m in members if m.points is not None]
    if len(known) < (score.min_answered or 1):
        return None
    match score.method:
        case "min":
            return min(points for points, _ in known)
        case "max":
            return max(points for points, _ in known)
        case "sum":
            return sum((points * weight for points, weight in known), Fraction(0))
        case "mean":
            total = sum((points * weight for points, weight in known), Fraction(0))
            return total / sum(weight for _, weight in known)


def computed_value(
    computed: Computed, value_of: Callable[[Operand], Value], holds: Callable[[], bool]
) -> Value:
    """The unrounded computed value; `holds` answers the rule of an `if`."""
    value = computed.value
    if isinstance(value, If):
        return value_of(value.then if holds() else value.else_)
    found = [value_of(operand) for operand in value.of]
    known = [v for v in found if v is not None]
    match value:
        case Count():
            return Fraction(len(known))
        case Sum() | Mean() | Min() | Max():
            return _aggregate(value, known) if known else None
        case Sub() | Mul() | Div():
            return _binary(value, known[0], known[1]) if len(known) == 2 else None


def _aggregate(value: Sum | Mean | Min | Max, known: list[Fraction]) -> Fraction:
    match value:
        case Sum():
            return sum(known, Fraction(0))
        case Mean():
            return sum(known, Fraction(0)) / len(known)
        case Min():
            return min(known)
        case Max():
            return max(known)


def _binary(value: Sub | Mul | Div, left: Fraction, right: Fraction) -> Value:
    match value:
        case Sub():
            return left - right
        case Mul():
            return left * right
        case Div():
            return left / right if right else None


def printed(value: Value) -> int | float | None:
    """A computed value as evaluations show it: an integer where it is one, else two places."""
    if value is None:
        return None
    if value.denominator == 1:
        return value.numerator
    return rounded(value.numerator, value.denominator)
