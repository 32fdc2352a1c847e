"""What the engine says of one set of answers (design section 4.12)."""

from typing import Any

import msgspec

from engine.problems import Problem


class ScoreValue(msgspec.Struct, frozen=True):
    """A score: rounded half-even to two places or None, from how many answered members."""

    value: float | None
    answered: int
    of: int


class Evaluation(msgspec.Struct):
    """A pure function of (survey, answers, context, today).

    `answers` holds normal values of asked questions only; `at` in `problems` points into the
    answers, in `context_problems` into the context; `dropped` names what was left out.
    """

    path: tuple[str, ...]
    asked: tuple[str, ...]
    answers: dict[str, Any]
    problems: tuple[Problem, ...]
    context_problems: tuple[Problem, ...]
    computed: dict[str, int | float | None]
    scores: dict[str, ScoreValue]
    ending: str | None
    complete: bool
    dropped: tuple[str, ...]
