"""Two versions of a document: what changed, which old answers stay good, who is asked otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from engine.definition import Document
from engine.numbers import exact
from engine.prove.domains import date_lattice, number_lattice
from engine.prove.lattice import Lattice
from engine.prove.versions import Versions, Witness
from engine.questions import Question
from engine.questions.cascade import Cascade
from engine.questions.choices import ChoiceQuestion
from engine.questions.consent import Consent
from engine.questions.matrix import Matrix
from engine.questions.moments import DateQuestion, TimeQuestion
from engine.questions.multi_choice import MultiChoice
from engine.questions.number import NumberQuestion
from engine.questions.pickers import PickerQuestion
from engine.questions.ranking import Ranking
from engine.questions.rating import Rating
from engine.questions.text import TextQuestion
from engine.questions.uploads import UploadQuestion

ChangeKind = Literal["added", "removed", "moved", "changed"]
Verdict = Literal["unchanged", "convertible", "lost"]
SECTIONS = ("computed", "scores", "endings", "alerts", "walks")
MEMBERS_OF_HEAD: Sequence[str] = (
    "id title languages kind url description tags category identity audience context".split()
)


class Change(msgspec.Struct, frozen=True):
    """One part that is not what or where it was; `members` are those that differ."""

    kind: ChangeKind
    part: str
    id: str
    old: str | None
    new: str | None
    members: tuple[str, ...] = ()


class AnswerVerdict(msgspec.Struct, frozen=True):
    """What becomes of the old answers to a question.

    `unchanged`: the same are good and mean the same. `convertible`: all are still good, but the
    question offers more, or they mean something else (a longer scale). `lost`: some are no longer
    good; `reasons` says why.
    """

    verdict: Verdict
    reasons: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """A question that one version asks of a patient and the other does not, with a response that
    both accept (`{"answers", "context", "today"}`)."""

    question: str
    by: Literal["old", "new"]
    witness: dict[str, Any]


class Comparison(msgspec.Struct, frozen=True):
    """What `compare` found; `undecided` are questions for which it was not settled whether both
    versions ask the same patients."""

    changes: tuple[Change, ...]
    answers: dict[str, AnswerVerdict]
    asked: tuple[Asked, ...]
    undecided: tuple[str, ...]

    def public(self) -> dict[str, Any]:
        """The comparison as JSON values."""
        return msgspec.to_builtins(self)


def compare(old: Document, new: Document, seconds: float = 5.0) -> Comparison:
    """Compares two versions without errors; `seconds` bounds the search for patients who would be
    asked something else."""
    versions = Versions(old, new, seconds)
    versions.settle()
    asked = [
        *(Asked(q, "old", _response(w)) for q, w in versions.only_old.items()),
        *(Asked(q, "new", _response(w)) for q, w in versions.only_new.items()),
    ]
    return Comparison(
        changes=tuple(changes(old, new)),
        answers=verdicts(old, new),
        asked=tuple(asked),
        undecided=tuple(q for q in versions.shared if q in versions.undecided),
    )


def _response(witness: Witness) -> dict[str, Any]:
    return {"answers": witness.answers, "context": witness.context, "today": witness.today}


# -- what changed -----------------------------------------------------------------------------


class _Part(NamedTuple):
    part: str
    at: str
    home: str
    """The parts before it and around it, which a move changes."""
    value: Any


def changes(old: Document, new: Document) -> Iterator[Change]:
    """Every part that was added, removed, moved or changed, by its id."""
    head = tuple(_differing(old, new, MEMBERS_OF_HEAD))
    if head:
        yield Change("changed", "document", new.id, "", "", head)
    before, after = _parts(old), _parts(new)
    moved = _moved(before, after)
    for name, part in before.items():
        if name not in after or after[name].part != part.part:
            yield Change("removed", part.part, name, part.at, None)
    for name, part in after.items():
        was = before.get(name)
        if was is None or was.part != part.part:
            yield Change("added", part.part, name, None, part.at)
            continue
        if name in moved:
            yield Change("moved", part.part, name, was.at, part.at)
        if members := tuple(_differing(was.value, part.value, _own_members(was, part))):
            yield Change("changed", part.part, name, was.at, part.at, members)


def _parts(document: Document) -> dict[str, _Part]:
    found: dict[str, _Part] = {}
    for p, page in enumerate(document.pages):
        found[page.id] = _Part("page", f"/pages/{p}", "", page)
        for q, question in enumerate(page.questions):
            at = f"/pages/{p}/questions/{q}"
            found[question.id] = _Part("question", at, page.id, question)
            for member, part in (("options", "option"), ("rows", "row")):
                for i, item in enumerate(getattr(question, member, ())):
                    name = f"{question.id}.{item.id}"
                    found[name] = _Part(part, f"{at}/{member}/{i}", question.id, item)
    for section in SECTIONS:
        for i, item in enumerate(getattr(document, section)):
            found[item.id] = _Part(section, f"/{section}/{i}", section, item)
    return found


def _own_members(one: _Part, two: _Part) -> list[str]:
    inner = {"page": {"questions"}, "question": {"options", "rows"}}.get(one.part, set[str]())
    if one.value.__class__ is not two.value.__class__:
        return ["type"]
    return [m for m in one.value.__struct_fields__ if m not in inner]


def _differing(one: Any, two: Any, members: Sequence[str]) -> Iterator[str]:
    for member in members:
        if getattr(one, member, None) != getattr(two, member, None):
            yield member.rstrip("_")


def _moved(before: Mapping[str, _Part], after: Mapping[str, _Part]) -> set[str]:
    """Parts whose home or whose order among those that stayed is another."""
    stayed = [name for name in before if name in after]
    found = {name for name in stayed if before[name].home != after[name].home}
    homes: dict[tuple[str, str], list[str]] = {}
    for name in stayed:
        if name not in found:
            homes.setdefault((before[name].part, before[name].home), []).append(name)
    place = {name: i for i, name in enumerate(after)}
    for names in homes.values():
        found |= set(names) - set(_longest_rising(names, place))
    return found


def _longest_rising(names: list[str], place: Mapping[str, int]) -> list[str]:
    """The most names that stand in the same order in both: the others were moved."""
    best: list[list[str]] = []
    for name in names:
        shorter = [run for run in best if place[run[-1]] < place[name]]
        best.append([*(max(shorter, key=len) if shorter else ()), name])
    return max(best, key=len) if best else []


# -- old answers ------------------------------------------------------------------------------


def verdicts(old: Document, new: Document) -> dict[str, AnswerVerdict]:
    """What becomes of the answers to each question of the old version."""
    after = {q.id: q for page in new.pages for q in page.questions}
    return {
        question.id: _verdict(question, after.get(question.id))
        for page in old.pages
        for question in page.questions
        if not question.valueless
    }


def _verdict(old: Question, new: Question | None) -> AnswerVerdict:
    if new is None:
        return AnswerVerdict("lost", ("question_removed",))
    if old.type != new.type:
        return AnswerVerdict("lost", ("type_changed",))
    losses = tuple(dict.fromkeys(_losses(old, new)))
    if losses:
        return AnswerVerdict("lost", losses)
    gains = tuple(dict.fromkeys(_gains(old, new)))
    return AnswerVerdict("convertible", gains) if gains else AnswerVerdict("unchanged")


def _losses(old: Any, new: Any) -> Iterator[str]:
    """Why some old answers are no longer good."""
    if getattr(old, "not_applicable", False) and not getattr(new, "not_applicable", False):
        yield "not_applicable_removed"
    if _is_narrowed(old, new):
        yield "range_narrowed"
    match old:
        case ChoiceQuestion():
            yield from _option_losses(old, new)
        case Matrix():
            yield from _matrix_losses(old, new)
        case TextQuestion():
            if new.pattern not in (None, old.pattern) or new.format not in (None, old.format):
                yield "pattern_changed"
        case Cascade() if not set(old.selectable()) <= set(new.selectable()):
            yield "option_removed"
        case Consent() if (old.document, old.version) != (new.document, new.version):
            yield "document_changed"
        case _:
            pass


def _is_narrowed(old: Any, new: Any) -> bool:
    """Whether limits exclude some old answers."""
    match old:
        case Rating():
            return new.min > old.min or new.max < old.max
        case TextQuestion():
            return new.min_length > max(1, old.min_length) or new.max_length < old.max_length
        case NumberQuestion() | DateQuestion() | TimeQuestion():
            return not _lattice_within(old, new)
        case MultiChoice():
            most = len(old.options)
            fewer = (new.max_selected or most) < min(old.max_selected or most, most)
            return fewer or (new.min_selected or 1) > (old.min_selected or 1)
        case Ranking():
            most = min(old.most or len(old.options), len(old.options))
            return new.most is not None and new.most < most
        case UploadQuestion():
            types = set(new.accepted_types()) >= set(old.accepted_types())
            return new.max_files < old.max_files or new.max_bytes < old.max_bytes or not types
        case PickerQuestion():
            return new.within not in (None, old.within)
        case _:
            return False


def _option_losses(old: ChoiceQuestion, new: ChoiceQuestion) -> Iterator[str]:
    after = {option.id: option for option in new.options}
    for option in old.options:
        twin = after.get(option.id)
        if twin is None:
            yield "option_removed"
        elif option.text_entry and not twin.text_entry:
            yield "text_entry_removed"
        elif twin.text_entry == "required" and option.text_entry != "required":
            yield "text_entry_required"
        elif isinstance(old, MultiChoice) and twin.exclusive and not option.exclusive:
            yield "exclusive_added"


def _matrix_losses(old: Matrix, new: Matrix) -> Iterator[str]:
    if not {row.id for row in old.rows} <= {row.id for row in new.rows}:
        yield "row_removed"
    if (old.scale is None) != (new.scale is None):
        yield "type_changed"
    elif old.scale is not None and new.scale is not None:
        if new.scale.min > old.scale.min or new.scale.max < old.scale.max:
            yield "range_narrowed"
    elif not {o.id for o in old.options} <= {o.id for o in new.options}:
        yield "option_removed"


def _lattice_within(old: Any, new: Any) -> bool:
    """Whether every value that the old question takes is good for the new one."""
    if isinstance(old, NumberQuestion):
        one, two = number_lattice(old), number_lattice(new)
    elif isinstance(old, DateQuestion):
        if (old.min == "today", old.max == "today") != (new.min == "today", new.max == "today"):
            loosened = new.min != "today" and new.max != "today"
            if not loosened:
                return False
        one, two = date_lattice(old), date_lattice(new)
    else:
        one, two = (Lattice(_minutes(q.min, 0), _minutes(q.max, 24 * 60 - 1)) for q in (old, new))
    inside = two.low <= one.low and one.high <= two.high
    return inside and one.step % two.step == 0 and (one.origin - two.origin) % two.step == 0


def _minutes(limit: str | None, default: int) -> int:
    return default if limit is None else int(limit[:2]) * 60 + int(limit[3:])


def _gains(old: Any, new: Any) -> Iterator[str]:
    """What the question offers beyond the old answers, or why these mean something else."""
    if getattr(new, "not_applicable", False) and not getattr(old, "not_applicable", False):
        yield "not_applicable_added"
    if getattr(old, "reverse", False) != getattr(new, "reverse", False):
        yield "reversed"
    if _ids(new, "options") - _ids(old, "options") or _nodes(new) - _nodes(old):
        yield "option_added"
    if _ids(new, "rows") - _ids(old, "rows"):
        yield "row_added"
    if _scale(old) != _scale(new):
        yield "scale_changed"
    if not isinstance(old, Rating) and _limits(old) != _limits(new):
        yield "range_widened"


def _ids(question: Any, member: str) -> set[str]:
    return {part.id for part in getattr(question, member, ())}


def _nodes(question: Any) -> set[str]:
    return set(question.selectable()) if isinstance(question, Cascade) else set()


def _scale(question: Any) -> Any:
    scale = question if isinstance(question, Rating) else getattr(question, "scale", None)
    return None if scale is None else (scale.min, scale.max, getattr(scale, "reverse", False))


_LIMITS: Sequence[str] = (
    "min max step min_selected max_selected most min_length max_length pattern format max_files "
    "max_bytes types within"
).split()


def _limits(question: Any) -> tuple[Any, ...]:
    entries = [(o.id, o.text_entry) for o in getattr(question, "options", ())
               if getattr(o, "text_entry", None)]  # fmt: skip
    return (*(_plain(getattr(question, member, None)) for member in _LIMITS), entries)


def _plain(value: Any) -> Any:
    return exact(value) if isinstance(value, (int, float)) else value


__all__ = ["AnswerVerdict", "Asked", "Change", "Comparison", "compare"]
