"""A survey's scores as their page shows them, what is typed there, and what its buttons do."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec
from msgspec import Struct

from builder import scores
from builder.decisions import Decisions
from builder.edits import AnyEdit, SetMember, Several
from builder.typed import BadValue
from engine.definition import Score
from runtime.kit.problems import NotFound
from runtime.staff.building import Act, Desk
from runtime.staff.building_parts import typed_part
from runtime.staff.fields import Fields

POINTS = "pt:"
WEIGHT = "w:"
MAX_TYPED = 20


class Member(Struct, frozen=True):
    """A member of a score. `points` are the answers of a question: (name, label, points, typed);
    without a name they follow from the scale."""

    ref: str
    name: str
    weight: str
    dimension: str
    is_reversed: bool
    may_reverse: bool
    may_spread: bool
    is_worth_nothing: bool
    points: tuple[tuple[str, str, str, str], ...]


class Offered(Struct, frozen=True):
    """What may still become a member."""

    ref: str
    name: str
    dimension: str
    is_worth_nothing: bool


# What the page shows


def members_of(desk: Desk, score: Score, words: Decisions) -> list[Member]:
    """The members of a score in their order."""
    questions = {one.id: one for one in scores.scored_questions(desk.document)}
    return [_member(desk, score, one, questions.get(one), words) for one in score.of]


def _member(desk: Desk, score: Score, ref: str, question: Any, words: Decisions) -> Member:
    weight = number(score.weights.get(ref, 1))
    if question is None:
        return Member(ref, words.name(ref), weight, "", False, False, False, False, ())
    lines = scores.point_lines(question)
    has_typed = any(line.typed is not None for line in lines)
    return Member(
        ref,
        words.text(question.text) or ref,
        weight,
        desk.offers.word("dimension", question.dimension) if question.dimension else "",
        scores.is_reversed(question),
        scores.reversing(question) is not None,
        not has_typed and scores.is_worth_nothing(question),
        scores.is_worth_nothing(question),
        tuple(_point_line(desk, question, line) for line in lines),
    )


def _point_line(desk: Desk, question: Any, line: scores.PointLine) -> tuple[str, str, str, str]:
    options = {one.id: one for one in getattr(question, "options", ())}
    if line.key in options:
        label = desk.text(options[line.key].text)
    elif line.key in ("yes", "no"):
        label = desk.label("key", line.key)
    else:
        holder = getattr(question, "scale", None) or question
        text = desk.text(getattr(holder, "labels", {}).get(line.key))
        label = f"{line.key} {text}".strip()
    name = f"{POINTS}{line.of}:{line.member}" if line.member else ""
    return name, label, number(line.points), number(line.typed)


def number(value: float | Fraction | None) -> str:
    """A number as it is typed; "" for none."""
    return "" if value is None else f"{float(value):.4f}".rstrip("0").rstrip(".")


def offered_for(desk: Desk, score: Score, words: Decisions) -> list[Offered]:
    """What may still become a member: of the score's own dimension first, without points last."""
    questions = {one.id: one for one in scores.scored_questions(desk.document)}
    found: list[Offered] = []
    for ref in scores.candidates(desk.document, score):
        question = questions.get(ref)
        code = question.dimension if question is not None else None
        name = words.text(question.text) if question is not None else words.name(ref)
        words_for_code = desk.offers.word("dimension", code or "")
        is_worth_nothing = question is not None and scores.is_worth_nothing(question)
        found.append(Offered(ref, name or ref, words_for_code, is_worth_nothing))
    own = desk.offers.word("dimension", score.dimension or "")
    return sorted(found, key=lambda one: (one.is_worth_nothing, one.dimension != own or not own))


# What was typed


def typed_score(desk: Desk, at: str, fields: Fields) -> AnyEdit | None:
    """The edits of a score's panel: its own members, its weights, points of answers."""
    edits = [typed_part(desk, at, fields), *_typed_numbers(desk, at, fields)]
    found = [
        inner
        for one in edits
        if one is not None
        for inner in (one.edits if isinstance(one, Several) else (one,))
    ]
    if not found:
        return None
    return found[0] if len(found) == 1 else Several(edits=tuple(found))


def _typed_numbers(desk: Desk, at: str, fields: Fields) -> list[AnyEdit | None]:
    found: list[AnyEdit | None] = []
    score = desk.part(at)
    for name, typed in fields.items():
        was = fields[f"was:{name}"]
        if f"was:{name}" not in fields or _same(typed, was):
            continue
        if name.startswith(WEIGHT) and isinstance(score, Score):
            weight = _number(typed, "weight")
            found.append(scores.weighing(score, name.removeprefix(WEIGHT), weight))
        elif name.startswith(POINTS):
            found.append(_typed_points(name, typed, was))
    return found


def _typed_points(name: str, typed: str, was: str) -> AnyEdit:
    of, _, member = name.removeprefix(POINTS).partition(":")
    if member.partition("/")[0] != "points":
        raise NotFound("part", "There are no such points.")
    new, old = _number(typed, "points"), _number(was, "points")
    return SetMember(of=of, member=member, value=_or_unset(new), was=old)


def _same(typed: str, was: str) -> bool:
    return typed.strip() == was.strip()


def _or_unset(value: int | float | None) -> Any:
    return msgspec.UNSET if value is None else value


def _number(typed: str, member: str) -> int | float | None:
    """What was typed as a number; None for nothing.

    Raises:
        BadValue: it is no number.
    """
    text = typed.strip().replace("．", ".").replace("，", ".")
    if not text:
        return None
    try:
        value = float(text) if len(text) <= MAX_TYPED else float("nan")
    except ValueError:
        raise BadValue(member, "number") from None
    if not abs(value) < 1e9:
        raise BadValue(member, "number")
    return int(value) if value.is_integer() else value


# Acts


def _score_of(desk: Desk, at: str) -> Score:
    found = desk.part(at)
    if not isinstance(found, Score):
        raise NotFound("part", "There is no such score.")
    return found


def _do(desk: Desk, at: str, edit: AnyEdit | None) -> str:
    if edit is not None:
        desk.apply(edit)
    return at


def act_member(desk: Desk, at: str, words: list[str]) -> str:
    """`member add REF [BEFORE|-]`, `member drop REF`, `member up REF`, `member down REF`."""
    score = _score_of(desk, at)
    match words:
        case ["add", ref]:
            return _do(desk, at, scores.adding(score, ref))
        case ["add", ref, before]:
            return _do(desk, at, scores.adding(score, ref, None if before == "-" else before))
        case ["drop", ref]:
            return _do(desk, at, scores.dropping(score, ref))
        case ["up" | "down" as way, ref]:
            return _do(desk, at, scores.shifting(score, ref, -1 if way == "up" else 1))
        case _:
            raise NotFound("part", "There is no such member.")


def _question_of(desk: Desk, words: list[str]) -> Any:
    wanted = words[0] if words else ""
    for one in scores.scored_questions(desk.document):
        if one.id == wanted:
            return one
    raise NotFound("part", "There is no such question.")


def act_reverse(desk: Desk, at: str, words: list[str]) -> str:
    """`reverse QUESTION`: it counts the other way round."""
    return _do(desk, at, scores.reversing(_question_of(desk, words)))


def act_spread(desk: Desk, at: str, words: list[str]) -> str:
    """`spread QUESTION first|last`: points in even steps, the first or the last answer the best."""
    best_first = words[1:] != ["last"]
    return _do(desk, at, scores.spreading(_question_of(desk, words), best_first=best_first))


def act_per_dimension(desk: Desk, at: str, _words: list[str]) -> str:
    """`per_dimension`: a score for each dimension that has none."""
    edit, count = scores.one_per_dimension(desk.document, desk.offers.dimension_names)
    before = len(desk.document.scores)
    _do(desk, at, edit)
    return desk.document.scores[before].id if count else at


def act_dimension(desk: Desk, at: str, words: list[str]) -> str:
    """`dimension QUESTION CODE|-`: the dimension that a question belongs to."""
    if len(words) != 2:
        raise NotFound("part", "Say which question, and which dimension.")
    question = next(
        (q for page in desk.document.pages for q in page.questions if q.id == words[0]), None
    )
    if question is None:
        raise NotFound("part", "There is no such question.")
    code = None if words[1] == "-" else words[1]
    known = {one.code for one in desk.offers.of("dimension")} | dimensions_in(desk)
    if code is not None and code not in known:
        raise NotFound("part", "There is no such dimension.")
    if question.dimension != code:
        value = msgspec.UNSET if code is None else code
        desk.apply(SetMember(of=question.id, member="dimension", value=value))
    return at


def dimensions_in(desk: Desk) -> set[str]:
    """The codes of the dimensions that the survey's questions have."""
    questions = (question for page in desk.document.pages for question in page.questions)
    return {one.dimension for one in questions if one.dimension}


ACTS: Mapping[str, Act] = {
    "member": act_member,
    "reverse": act_reverse,
    "spread": act_spread,
    "per_dimension": act_per_dimension,
    "dimension": act_dimension,
}
