"""Scores as an author makes them: what may be a member, the points of each answer, and the edits.

Every edit here is one of `builder.edits`; what cannot be done is None.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from msgspec import UNSET, Struct

from builder.edits import AnyEdit, Insert, SetMember, Several
from builder.references import made_of
from builder.tree import fresh, ids, to_tree
from engine.check import ID
from engine.definition import RESERVED, Document, Score
from engine.numbers import exact, rounded
from engine.questions import Question
from engine.questions.matrix import Matrix
from engine.questions.multi_choice import MultiChoice
from engine.scope import Scope

SCORE = "score."
TOP = 100
UNWEIGHTED = ("min", "max")
"""Methods that take no weights."""


class PointLine(Struct, frozen=True):
    """One answer of a question and what it is worth.

    `key` is an option's id, a step of a scale, or `yes` and `no`. `points` is None where the answer
    takes no part. Where they can be set, `of` and `member` say how; `typed` is what is written.
    """

    key: str
    points: float | None
    of: str = ""
    member: str = ""
    typed: int | float | None = None


def scored_questions(document: Document) -> Iterator[Question]:
    """The questions whose answers can have points, in their order."""
    for page in document.pages:
        for question in page.questions:
            if question.scored:
                yield question


def candidates(document: Document, score: Score) -> tuple[str, ...]:
    """What may still become a member: questions, then scores that are not made of this one."""
    scope = Scope(document)
    questions = [one.id for one in scored_questions(document) if one.id not in score.of]
    own = SCORE + score.id
    scores = [
        SCORE + one.id
        for one in document.scores
        if SCORE + one.id not in (own, *score.of) and own not in made_of(scope, SCORE + one.id)
    ]
    return (*questions, *scores)


# Points


def point_lines(question: Question) -> tuple[PointLine, ...]:
    """Each answer of a question with its points, in the question's order."""
    own: Any = question
    if options := getattr(own, "options", ()):
        of = f"{question.id}/options"
        return tuple(
            PointLine(one.id, _plain(one.points), f"{of}/{one.id}", "points", one.points)
            for one in options
        )
    if isinstance(question, Matrix):
        scale = own.scale
        steps = range(scale.min, scale.max + 1) if scale is not None else ()
        return tuple(PointLine(str(n), _out(question.cell_points(n))) for n in steps)
    return tuple(_value_line(question, value) for value in question.point_values() or ())


def _value_line(question: Question, value: Any) -> PointLine:
    key = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    points = _out(question.points(value))
    own: Mapping[str, Any] | None = getattr(question, "points_of", None)
    if own is None:
        return PointLine(key, points)
    return PointLine(key, points, question.id, f"points/{key}", own.get(key))


def _plain(points: int | float | None) -> float | None:
    return None if points is None else float(points)


def _out(points: Fraction | None) -> float | None:
    return None if points is None else rounded(points.numerator, points.denominator)


def is_worth_nothing(question: Question) -> bool:
    """Whether no answer of a question has points, so that it takes no part in any score."""
    return all(line.points is None for line in point_lines(question))


def is_reversed(question: Question) -> bool:
    """Whether the question counts the other way round."""
    own: Any = question
    scale = getattr(own, "scale", None)
    return bool(getattr(own, "reverse", False) or (scale is not None and scale.reverse))


def reversing(question: Question) -> AnyEdit | None:
    """Let the question count the other way round: by its own switch, else point by point."""
    written = [line for line in point_lines(question) if line.typed is not None]
    if written:
        if isinstance(question, MultiChoice):
            return None
        return _together(
            SetMember(of=one.of, member=one.member, value=_mirrored(one.typed), was=one.typed)
            for one in written
        )
    members = {"reverse": question, "scale/reverse": getattr(question, "scale", None)}
    for member, holder in members.items():
        if hasattr(holder, "reverse"):
            was = is_reversed(question)
            return SetMember(of=question.id, member=member, value=UNSET if was else True)
    return None


def _mirrored(points: Any) -> int | float:
    left = TOP - exact(points)
    return int(left) if left.denominator == 1 else float(left)


def spreading(question: Question, *, best_first: bool) -> AnyEdit | None:
    """Points from 100 down to 0 in even steps over the options, or upwards."""
    lines = [line for line in point_lines(question) if line.member]
    if len(lines) < 2:
        return None
    steps = [Fraction(TOP * i, len(lines) - 1) for i in range(len(lines))]
    if best_first:
        steps.reverse()
    return _together(
        SetMember(of=line.of, member=line.member, value=_short(step))
        for line, step in zip(lines, steps, strict=True)
    )


def _short(points: Fraction) -> int | float:
    return int(points) if points.denominator == 1 else rounded(points.numerator, points.denominator)


# Members


def adding(score: Score, member: str, before: str | None = None) -> AnyEdit | None:
    """One more member, or a member elsewhere among the others."""
    rest = [one for one in score.of if one != member]
    place = rest.index(before) if before in rest else len(rest)
    wanted = [*rest[:place], member, *rest[place:]]
    return None if wanted == list(score.of) else _set_members(score, wanted)


def dropping(score: Score, member: str) -> AnyEdit | None:
    """Without the member and its weight."""
    if member not in score.of:
        return None
    edits: list[AnyEdit] = [_set_members(score, [one for one in score.of if one != member])]
    if member in score.weights:
        edits.insert(0, SetMember(of=score.id, member=f"weights/{member}"))
    return _together(edits)


def shifting(score: Score, member: str, by: int) -> AnyEdit | None:
    """A place up or down."""
    if member not in score.of:
        return None
    wanted = list(score.of)
    place = wanted.index(member)
    if not 0 <= place + by < len(wanted):
        return None
    wanted[place], wanted[place + by] = wanted[place + by], wanted[place]
    return _set_members(score, wanted)


def weighing(score: Score, member: str, weight: int | float | None) -> AnyEdit | None:
    """Another weight; 1 is left out."""
    if member not in score.of:
        return None
    old = score.weights.get(member)
    new = UNSET if weight in (None, 1) else weight
    if new == (UNSET if old is None else old):
        return None
    return SetMember(of=score.id, member=f"weights/{member}", value=new, was=old)


def unweighing(score: Score) -> AnyEdit | None:
    """Without any weights, as a method that takes none needs it."""
    return SetMember(of=score.id, member="weights") if score.weights else None


def _set_members(score: Score, wanted: Sequence[str]) -> SetMember:
    return SetMember(of=score.id, member="of", value=list(wanted), was=list(score.of))


# Dimensions


def one_per_dimension(
    document: Document, names: Mapping[str, Mapping[str, str]]
) -> tuple[AnyEdit | None, int]:
    """A score for each dimension that questions have and no score has yet; and how many.

    `names` are the words of each dimension by its code, in the order of the dictionary.
    """
    held = {score.dimension for score in document.scores}
    members: dict[str, list[str]] = {}
    for question in scored_questions(document):
        if question.dimension and question.dimension not in held:
            members.setdefault(question.dimension, []).append(question.id)
    order = [code for code in names if code in members]
    order += [code for code in members if code not in names]
    taken = ids(to_tree(document))
    edits: list[AnyEdit] = []
    for code in order:
        name = _id_for(code, taken)
        taken.add(name)
        edits.append(Insert(into="", list="scores", value={
            "id": name,
            "title": _title(names.get(code, {}), code, document.languages),
            "dimension": code,
            "of": members[code],
        }))  # fmt: skip
    return (_together(edits) if edits else None), len(edits)


def _id_for(code: str, taken: set[str]) -> str:
    fits = ID.fullmatch(code) is not None and code not in RESERVED
    return fresh(code if fits else "dimension", taken)


def _title(names: Mapping[str, str], code: str, languages: Sequence[str]) -> dict[str, str]:
    """The dimension's name in the survey's languages; what it lacks is still to be written."""
    known = {language: names[language] for language in languages if names.get(language)}
    return known or {languages[0]: code}


def usual_members(document: Document) -> list[str]:
    """What a score is usually made of: the questions whose answers have points, of which no score
    is made yet. A recommendation stands for itself: it takes part only where nothing else does."""
    free = [one for one in _free(document) if not is_worth_nothing(one)]
    rated = [one.id for one in free if one.type != "nps"]
    return rated or [one.id for one in free]


def _free(document: Document) -> list[Question]:
    """The questions that may have points and that no score is made of."""
    used = {member for score in document.scores for member in score.of}
    return [one for one in scored_questions(document) if one.id not in used]


def new_score(document: Document, title: str) -> dict[str, Any]:
    """A score to begin with: over what it is usually made of, else over the first free question."""
    members = usual_members(document) or [one.id for one in _free(document)[:1]]
    return {"id": "score_1", "title": {document.languages[0]: title}, "of": members}


def _together(edits: Any) -> AnyEdit | None:
    found = tuple(edits)
    if not found:
        return None
    return found[0] if len(found) == 1 else Several(edits=found)
