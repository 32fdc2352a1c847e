"""Reads the context of a session against the survey's declarations."""

from collections.abc import Mapping
from typing import Any

from engine.definition import ContextField
from engine.numbers import is_number, is_precise, normal
from engine.problems import Problem, pointer
from engine.questions.base import clean_text
from engine.questions.moments import is_date


def read_context(
    fields: Mapping[str, ContextField], context: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The declared values that fit, and a problem for each that is undeclared or does not fit."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, raw in context.items():
        field = fields.get(name)
        if field is None:
            problems.append(Problem("undeclared_context", pointer(name), {"name": name}))
        elif raw is not None:
            value = _fit(field, raw)
            if value is None:
                problems.append(Problem("bad_context", pointer(name), {"type": field.type}))
            else:
                values[name] = value
    return values, tuple(problems)


def _fit(field: ContextField, raw: Any) -> Any:
    match field.type:
        case "choice":
            return raw if raw.__class__ is str and raw in field.values else None
        case "text":
            return (clean_text(raw) or None) if raw.__class__ is str else None
        case "number":
            return _fit_number(field, raw)
        case "boolean":
            return raw if raw.__class__ is bool else None
        case "date":
            return raw if is_date(raw) else None


def _fit_number(field: ContextField, raw: Any) -> Any:
    if not is_number(raw) or not is_precise(raw):
        return None
    low = field.min is not None and raw < field.min
    return None if low or (field.max is not None and raw > field.max) else normal(raw)
