"""Departments whose names are like the name that came with a code."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from runtime.org.models import DepartmentRow, Suggestion

MIN_LIKENESS = 0.3


def suggest(
    rows: Iterable[DepartmentRow], names: Sequence[str], limit: int = 3
) -> dict[str, list[Suggestion]]:
    """For each name those departments with the most similar names, the likest first."""
    known = list(rows)
    return {name: _suggest(name, known, limit) for name in dict.fromkeys(names) if name}


def _suggest(name: str, known: Sequence[DepartmentRow], limit: int) -> list[Suggestion]:
    found = [
        Suggestion(
            department=row.id,
            name=row.name,
            likeness=max((likeness(name, text) for text in row.name.values()), default=0.0),
        )
        for row in known
    ]
    near = [one for one in found if one.likeness >= MIN_LIKENESS]
    return sorted(near, key=lambda one: -one.likeness)[:limit]


def likeness(one: str, other: str) -> float:
    """Dice's coefficient over single characters and pairs: 1 alike, 0 nothing in common."""
    left, right = _pieces(one), _pieces(other)
    if not left or not right:
        return 0.0
    return 2 * len(left & right) / (len(left) + len(right))


def _pieces(text: str) -> set[str]:
    plain_text = "".join(c for c in text.lower() if c.isalnum())
    for ending in ("门诊", "病区", "诊室", "科"):
        if len(plain_text) > len(ending) + 1:
            plain_text = plain_text.removesuffix(ending)
    return set(plain_text) | {a + b for a, b in pairwise(plain_text)}
