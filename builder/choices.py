"""What a condition may be about where it stands: earlier questions, context, scores; and how."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from builder.names import Names, number_text
from builder.references import made_of
from engine.definition import Document, If
from engine.questions.base import FacetKind
from engine.ruletree import Scalar, refs
from engine.scope import NEVER, Ref, Scope
from engine.text import placeholders

Op = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "has_any", "has_all", "has_none", "answered",
    "unanswered", "always", "never",
]  # fmt: skip
_OPS: dict[FacetKind, tuple[Op, ...]] = {
    "choice": ("eq", "ne", "in", "answered", "unanswered"),
    "set": ("has_any", "has_all", "has_none", "answered", "unanswered"),
    "number": ("le", "ge", "eq", "ne", "lt", "gt", "in", "answered", "unanswered"),
    "boolean": ("eq", "answered", "unanswered"),
    "text": ("answered", "unanswered", "eq", "ne", "in"),
    "date": ("le", "ge", "eq", "ne", "lt", "gt", "answered", "unanswered"),
    "time": ("le", "ge", "eq", "ne", "lt", "gt", "answered", "unanswered"),
    "opaque": ("answered", "unanswered"),
}
Values = tuple[tuple[str, str], ...]
"""What a value is chosen from, as (text in a form, words)."""
COMPARED: tuple[Op, ...] = ("eq", "ne", "lt", "le", "gt", "ge")
LISTED: tuple[Op, ...] = ("in", "has_any", "has_all", "has_none")
MAX_STEPS = 20
"""A scale of more steps is typed in rather than chosen from."""
MAX_CHOSEN = 500
"""A list of more entries is sought by typing rather than chosen from."""


class RefChoice(Struct, frozen=True):
    """A value that a condition may be about.

    `ops` are the operators that fit. `values` are what it can be compared with, as (text in a form,
    words), empty where the value is typed in; a typed number has its limits and unit, a typed text
    may have `hints` to choose from. `others` are earlier values of the same kind. `group` is the
    page, or `context`, `score`, `computed`. What stands later is not `is_offered`: a condition that
    names it already is still shown.
    """

    name: str
    label: str
    group: str
    kind: FacetKind
    ops: tuple[Op, ...]
    values: Values = ()
    others: tuple[str, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    unit: str = ""
    is_offered: bool = True
    hints: Values = ()


class Slot(Struct, frozen=True):
    """A place for a rule: the part and the member that hold it (`next` holds several), and where it
    stands: it may use what comes before."""

    of: str
    member: str
    place: int


def slots(document: Document) -> Iterator[Slot]:
    """Every place of the document where a rule may stand, in its order."""
    yield from _slots(Scope(document))


def slot(document: Document, of: str, member: str) -> Slot | None:
    """The place of this address; None where there is none."""
    found = (one for one in _slots(Scope(document)) if one.of == of and one.member == member)
    return next(found, None)


def _slots(scope: Scope) -> Iterator[Slot]:
    for p, page in enumerate(scope.document.pages):
        yield Slot(page.id, "show_if", scope.page_start[p])
        for q, question in enumerate(page.questions):
            place = scope.page_start[p] + q
            yield Slot(question.id, "show_if", place)
            if not question.valueless:
                yield Slot(question.id, "required", place)
            member = "rows" if question.type == "matrix" else "options"
            for part in question.choices():
                yield Slot(f"{question.id}/{member}/{part.id}", "show_if", place)
        yield Slot(page.id, "next", scope.page_start[p + 1])
    computed_ones = [one for one in scope.document.computed if isinstance(one.value, If)]
    uses = _first_uses(scope) if computed_ones else {}
    for computed in computed_ones:
        # Where it is read it must be known.
        yield Slot(computed.id, "value/when", uses.get(computed.id, NEVER))
    for alert in scope.document.alerts:
        yield Slot(alert.id, "when", NEVER)


def _first_uses(scope: Scope) -> dict[str, int]:
    """The first place whose rule or text reads a value, by its name; computed values and scores
    are read with what is made of them."""
    first: dict[str, int] = {}
    read = [(name, placed.place) for placed in scope.rules() for name in refs(placed.rule)]
    read += [(name, place) for _, text, place in scope.texts() for name in placeholders(text)]
    for name, place in read:
        first[name] = min(place, first.get(name, place))
    for name, place in list(first.items()):
        for part in made_of(scope, name):
            first[part] = min(place, first.get(part, place))
    return first


def refs_for(
    document: Document,
    of: str,
    member: str,
    lang: str,
    names: Mapping[str, str] | None = None,
    entries: Mapping[str, Values] | None = None,
) -> tuple[RefChoice, ...]:
    """What a rule at this place may be about, and behind it, not offered, everything else.

    Args:
        of: the id of a page, question, alert or computed value, or `question/options/id`.
        member: `show_if`, `required`, `next`, `when` or `value/when`.
        names: words for codes that the document does not explain, such as sites.
        entries: what questions of a type (`department`, `staff`) are answered with, where it is no
            part of the document; under the last word of a fact's name (`visit.department`) what it
            is usually told as (key `.department`): those are offered, others may be typed.
    """
    here = slot(document, of, member)
    place = here.place if here is not None else -1
    worded = Names(Scope(document), lang, names=names)
    return _Offer(place, of, worded, entries).choices()


class _Offer:
    def __init__(
        self, place: int, of: str, names: Names, entries: Mapping[str, Values] | None
    ) -> None:
        scope = self.scope = names.scope
        self.place = place
        self.of = of
        self.names = names
        self.entries = entries or {}
        self.page = [page.id for page in scope.document.pages]

    def choices(self) -> tuple[RefChoice, ...]:
        offered = [name for name, ref in self.scope.refs.items() if self.is_offered(name, ref)]
        by_kind: dict[str, list[str]] = {}
        for name in offered:
            by_kind.setdefault(self.scope.refs[name].facet.kind, []).append(name)
        made = [self.choice(name, ref, by_kind) for name, ref in self.scope.refs.items()]
        first = [one for one in made if one.is_offered]
        order = {"question": 0, "score": 1, "computed": 2, "context": 3, "today": 4}
        source = self.scope.refs
        first.sort(key=lambda one: order[source[one.name].source])
        return (*first, *(one for one in made if not one.is_offered))

    def is_offered(self, name: str, ref: Ref) -> bool:
        if ref.position >= self.place or ref.position == NEVER:
            return False
        return self.of not in self.scope.computed or self.of not in made_of(self.scope, name)

    def choice(self, name: str, ref: Ref, by_kind: dict[str, list[str]]) -> RefChoice:
        kind = ref.facet.kind
        ops = COMPARED if ref.source == "today" else _OPS[kind]
        low, high = self.limits(ref)
        can_compare = kind in ("number", "date", "time", "text")
        return RefChoice(
            name,
            self.label(name, ref),
            self.page[self.scope.page_of[ref.id]] if ref.source == "question" else ref.source,
            kind,
            ops,
            tuple(self.values(name, ref, low, high)),
            tuple(one for one in by_kind.get(kind, ()) if one != name) if can_compare else (),
            low,
            high,
            self.unit(name),
            self.is_offered(name, ref),
            self.hints(name, ref),
        )

    def hints(self, name: str, ref: Ref) -> Values:
        """What a typed text is usually."""
        if ref.facet.kind != "text":
            return ()
        if ref.source == "context":
            return self.entries.get(f".{name.rpartition('.')[2]}", ())
        known = self.known(ref)
        return known if len(known) > MAX_CHOSEN else ()

    def known(self, ref: Ref) -> Values:
        """What a question of the hospital's lists is answered with."""
        is_question = ref.source == "question"
        return self.entries.get(self.scope.questions[ref.id].type, ()) if is_question else ()

    def unit(self, name: str) -> str:
        unit = self.names.unit(name)
        return self.names.say(f"unit_{unit}") if unit in ("points", "count") else unit

    def label(self, name: str, ref: Ref) -> str:
        if ref.source != "question":
            return self.names.name(name)
        number = self.scope.place[ref.id] + 1
        text = self.names.short(self.scope.questions[ref.id].text)
        text = text or self.names.say("unworded_text")
        if ref.part == "count":
            return self.names.say("pick_count", n=number, text=text)
        if ref.part:
            row = self.names.inner(ref.id, "rows").get(ref.part, ref.part)
            return self.names.say("pick_row", n=number, text=text, row=row)
        return self.names.say("pick_question", n=number, text=text)

    def limits(self, ref: Ref) -> tuple[Any, Any]:
        """The lowest and highest number that it can be, as far as its question says."""
        if ref.facet.kind != "number":
            return None, None
        if ref.source == "score":
            return 0, 100
        if ref.source == "context":
            field = self.scope.document.context[ref.id]
            return field.min, field.max
        if ref.source != "question":
            return None, None
        question: Any = self.scope.questions[ref.id]
        if ref.part == "count":
            return 1, len(question.options)
        if question.type == "nps":
            return 0, 10
        owner = question.scale if ref.part else question
        return getattr(owner, "min", None), getattr(owner, "max", None)

    def values(self, name: str, ref: Ref, low: Any, high: Any) -> Iterator[tuple[str, str]]:
        """What can be chosen, in the document's order."""
        match ref.facet.kind:
            case "choice" | "set":
                for member in ref.facet.members:
                    yield member, _bare(self.names.value(name, member))
            case "boolean":
                for value in (True, False):
                    yield literal_text(value), _bare(self.names.value(name, value))
            case "number" if self.is_scale(ref, low, high):
                labels = getattr(self.names.question_of(name), "labels", {})
                for step in range(low, high + 1):
                    label = self.names.short(labels.get(str(step)))
                    words = self.names.value(name, step)
                    told = self.names.say("told_apart", name=words, id=label)
                    yield literal_text(step), told if label else words
            case "text":
                known = self.known(ref)
                yield from known if len(known) <= MAX_CHOSEN else ()
            case _:
                return

    def is_scale(self, ref: Ref, low: Any, high: Any) -> bool:
        if ref.source != "question" or not isinstance(low, int) or not isinstance(high, int):
            return False
        is_few = high - low <= MAX_STEPS
        return is_few and (self.scope.questions[ref.id].scored or ref.part == "count")


def _bare(text: str) -> str:
    return text.strip("「」“”")


def literal_text(value: Scalar) -> str:
    """A literal as a form holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else number_text(value)
