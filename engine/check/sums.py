"""Computed values and scores: made of numbers, and never of themselves."""

from collections.abc import Iterator

from engine.check.subject import Subject
from engine.definition import Aggregate, Computed, Div, If, Mul, Score
from engine.numbers import exact, is_number
from engine.problems import Problem, pointer
from engine.scope import NEVER, operands


def computed_values(subject: Subject) -> Iterator[Problem]:
    """Of every computed value."""
    for i, computed in enumerate(subject.document.computed):
        yield from _computed(subject, f"/computed/{i}/value", computed)


def _computed(subject: Subject, at: str, computed: Computed) -> Iterator[Problem]:
    if subject.scope.known_at(computed.id) == NEVER:
        yield Problem("cycle", at, {"ref": computed.id})
    for place, operand in zip(_operand_places(computed), operands(computed), strict=True):
        if isinstance(operand, str):
            yield from subject.reference(at + place, operand, NEVER)
            ref = subject.scope.refs.get(operand)
            if ref is not None and ref.facet.kind != "number":
                yield Problem("wrong_kind", at + place, {"ref": operand, "op": "computed"})
    value = computed.value
    literals = sum(is_number(o) for o in operands(computed))
    if isinstance(value, (Mul, Div)) and literals != 1:
        yield Problem("one_literal", f"{at}/of")
    if isinstance(value, Aggregate) and not value.of:
        yield Problem("empty_list", f"{at}/of")


def scores(subject: Subject) -> Iterator[Problem]:
    """Of every score."""
    for i, score in enumerate(subject.document.scores):
        yield from _score(subject, f"/scores/{i}", score)


def _score(subject: Subject, at: str, score: Score) -> Iterator[Problem]:
    if not score.of:
        yield Problem("empty_list", f"{at}/of")
    if subject.scope.known_at(f"score.{score.id}") == NEVER:
        yield Problem("cycle", f"{at}/of", {"ref": f"score.{score.id}"})
    seen: set[str] = set()
    for i, member in enumerate(score.of):
        if member in seen:
            yield Problem("duplicate_id", f"{at}/of/{i}", {"id": member})
        seen.add(member)
        yield from _score_member(subject, f"{at}/of/{i}", member)
    yield from _weights(at, score)
    if score.min_answered is not None and score.min_answered > len(score.of):
        yield Problem("out_of_range", f"{at}/min_answered", {"min": 1, "max": len(score.of)})


def _score_member(subject: Subject, at: str, member: str) -> Iterator[Problem]:
    question = subject.scope.questions.get(member)
    if question is not None:
        if not question.scored:
            yield Problem("wrong_kind", at, {"ref": member, "op": "score"})
        return
    is_score = member.startswith("score.") and member in subject.scope.refs
    if not is_score and member.removeprefix("score.") not in subject.lost:
        yield Problem("unknown_reference", at, {"ref": member})


def _weights(at: str, score: Score) -> Iterator[Problem]:
    if score.weights and score.method in ("min", "max"):
        yield Problem("weights_not_allowed", f"{at}/weights", {"method": score.method})
    for member, weight in score.weights.items():
        place = f"{at}/weights" + pointer(member)
        if member not in score.of:
            yield Problem("unknown_reference", place, {"ref": member})
        if weight <= 0 or (exact(weight) * 10_000).denominator != 1:
            yield Problem("bad_weight", place)


def _operand_places(computed: Computed) -> tuple[str, ...]:
    if isinstance(computed.value, If):
        return ("/then", "/else")
    return tuple(f"/of/{i}" for i in range(len(operands(computed))))
