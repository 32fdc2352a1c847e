"""Scores as FHIRPath: the points of answers, their weights, sums and means (design section 4).

Points are written out in the expression, so that no processor needs to know `weight()` or
`ordinal()`; a plain sum over single choices uses `ordinal()`, as others write it.
"""

from typing import Any

from engine.definition import Score
from engine.questions import Question
from engine.questions.matrix import Matrix
from engine.questions.multi_choice import MultiChoice
from engine.questions.nps import Nps
from engine.questions.rating import Rating
from engine.questions.single_choice import SingleChoice
from engine.questions.yes_no import YesNo
from interchange.fhir.paths import NOTHING, NotCarried, Paths, combined, is_option, or_nothing

MOST = 100
TENS = "$this * 10"
"""The points of a recommendation from 0 to 10."""


def score_path(paths: Paths, score: Score) -> str:
    """A score as an expression that is nothing where the score is null; raises NotCarried."""
    questions = paths.scope.questions
    members = [questions.get(member) for member in score.of]
    is_plain = score.method == "sum" and not score.weights and not score.min_answered
    if is_plain and all(isinstance(one, SingleChoice) for one in members):
        return _ordinal_sum(paths, score)
    parts = [points_of(paths, member) for member in score.of]
    weights = [score.weights.get(member, 1) for member in score.of]
    made = _joined(score.method, parts, weights)
    if score.min_answered and score.min_answered > 1:
        return f"iif({combined(parts)}.count() >= {score.min_answered}, {made}, {NOTHING})"
    return made


def _ordinal_sum(paths: Paths, score: Score) -> str:
    together = f"{paths.answers(*score.of)}.ordinal()"
    return or_nothing(together, f"{together}.sum()")


def _joined(method: str, parts: list[str], weights: list[Any]) -> str:
    is_even = len(set(weights)) == 1
    together = combined(parts)
    weighed = combined([
        part if weight == 1 else f"({part}).select($this * {weight})"
        for part, weight in zip(parts, weights, strict=True)
    ])  # fmt: skip
    match method:
        case "sum":
            return or_nothing(together, f"{weighed}.sum()")
        case "mean" if is_even:
            return f"{together}.avg()"
        case "mean":
            shares = [f"iif(({part}).exists(), {weight}, 0)"
                      for part, weight in zip(parts, weights, strict=True)]  # fmt: skip
            return f"({weighed}.sum() / ({' + '.join(shares)}))"
        case _:
            return f"{together}.{method}()"


def points_of(paths: Paths, member: str) -> str:
    """The points of a member of a score: one number or nothing; raises NotCarried."""
    if member.startswith("score."):
        return paths.answers(member)
    question = paths.scope.questions[member]
    match question:
        case Matrix():
            rows = paths.answers(*(f"{member}.{row.id}" for row in question.rows))
            return f"{rows}.select({_of_cell(question)}).avg()"
        case MultiChoice():
            return _of_several(paths, question)
        case _:
            return f"{paths.answers(member)}.select({_of_answer(paths, question)})"


def _of_answer(paths: Paths, question: Question) -> str:
    match question:
        case Rating(points_of=points) if points:
            return _looked_up([(f"$this={value}", n) for value, n in points.items()])
        case Rating():
            return linear(question.min, question.max, question.reverse)
        case Nps():
            return TENS
        case YesNo(points_of=points) if points:
            yes, no = (points.get(word, NOTHING) for word in ("yes", "no"))
            return f"iif($this, {yes}, {no})"
        case SingleChoice():
            return _looked_up(_scored(paths, question))
        case _:
            raise NotCarried(question.id)


def _of_cell(question: Matrix) -> str:
    if question.scale is not None:
        return linear(question.scale.min, question.scale.max, question.scale.reverse)
    return _looked_up([(is_option(question, o.id), o.points) for o in question.options
                       if o.points is not None])  # fmt: skip


def _of_several(paths: Paths, question: MultiChoice) -> str:
    """The sum of the options' points, cut to 0…100; unscored ones are 0."""
    scored = _scored(paths, question)
    if not scored:
        raise NotCarried(question.id)
    answers = paths.answers(question.id)
    total = f"{answers}.select({_looked_up(scored, '0')}).sum()"
    points = [n for _, n in scored]
    if min(points) < 0:
        total = f"iif({total} < 0, 0, {total})"
    if sum(n for n in points if n > 0) > MOST:
        total = f"iif({total} > {MOST}, {MOST}, {total})"
    return or_nothing(answers, total)


def _scored(paths: Paths, question: Any) -> list[tuple[str, Any]]:
    """The options that have points, each with its test."""
    found: list[tuple[str, Any]] = []
    for option in question.options:
        if option.points is None:
            continue
        if paths.entered(question.id, option.id):
            raise NotCarried(question.id)
        found.append((is_option(question, option.id), option.points))
    return found


def _looked_up(cases: list[tuple[str, Any]], otherwise: str = NOTHING) -> str:
    made = otherwise
    for test, points in reversed(cases):
        made = f"iif({test}, {_signed(points)}, {made})"
    return made


def _signed(number: Any) -> str:
    return str(number) if number >= 0 else f"(0 - {-number})"


def linear(low: int, high: int, is_reversed: bool) -> str:
    """The points of a step of a scale, from 0 to 100."""
    up = f"($this - {_signed(low)}) * {MOST} / {high - low}"
    return f"{MOST} - {up}" if is_reversed else up
