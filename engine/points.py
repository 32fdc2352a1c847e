"""Points of questions as whole numbers over a common denominator, for compiled scores."""

from collections.abc import Callable
from fractions import Fraction
from math import lcm
from typing import Any

from engine.numbers import exact
from engine.questions import Question
from engine.questions.choices import chosen_id
from engine.questions.matrix import Matrix
from engine.questions.multi_choice import MultiChoice

Scaled = Callable[[Any], int | None]


def denominators(question: Question) -> tuple[int, ...]:
    """The denominators that the points of a question can have."""
    match question:
        case MultiChoice():
            given = [exact(o.points) for o in question.options if o.points is not None]
            return tuple(p.denominator for p in given)
        case Matrix():
            cells = [p for _, p in _cell_points(question)]
            shares = range(1, len(question.rows) + 1)
            return (lcm(1, *(p.denominator for p in cells)) * lcm(1, *shares),)
        case _:
            values = question.point_values() or ()
            points = [question.points(value) for value in values]
            return tuple(p.denominator for p in points if p is not None)


def scaled_points(question: Question, unit: int, plain: bool) -> Scaled:
    """A function from a normal value to points × `unit`; None where there are no points.

    With `plain` the value is known to be one of `point_values`.
    """
    match question:
        case MultiChoice():
            return _multi(question, unit)
        case Matrix():
            return _matrix(question, unit)
        case _:
            return _single(question, unit, plain)


def _single(question: Question, unit: int, plain: bool) -> Scaled:
    table = {
        value: int(points * unit)
        for value in question.point_values() or ()
        if (points := question.points(value)) is not None
    }
    look_up = table.get
    return look_up if plain else lambda value: look_up(question.rule_value(value))


def _multi(question: MultiChoice, unit: int) -> Scaled:
    table = {o.id: int(exact(o.points) * unit) for o in question.options if o.points is not None}
    top = 100 * unit

    def points(value: Any) -> int | None:
        if not table:
            return None
        return min(max(sum(table.get(chosen_id(item), 0) for item in value), 0), top)

    return points


def _cell_points(question: Matrix) -> list[tuple[Any, Fraction]]:
    scale = question.scale
    cells: list[Any] = (
        list(range(scale.min, scale.max + 1)) if scale else [o.id for o in question.options]
    )
    found = [(cell, question.cell_points(cell)) for cell in cells]
    return [(cell, points) for cell, points in found if points is not None]


def _matrix(question: Matrix, unit: int) -> Scaled:
    table = {cell: points * unit for cell, points in _cell_points(question)}
    whole = {cell: points.numerator for cell, points in table.items()}

    def points(value: Any) -> int | None:
        found = [whole[c] for c in value.values() if c.__class__ is not dict and c in whole]
        return sum(found) // len(found) if found else None

    return points
