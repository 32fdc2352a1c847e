"""Which refs a document offers to rules and texts, of what kind, and from where on."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.definition import (
    Aggregate,
    Binary,
    Computed,
    Document,
    If,
    Operand,
    Page,
    Score,
)
from engine.problems import pointer
from engine.questions import Question
from engine.questions.base import Facet
from engine.ruletree import Rule, refs
from engine.text import Text

BEFORE_ALL = -1
NEVER = 1 << 30
_CONTEXT_KINDS = {
    "choice": "choice",
    "text": "text",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}


class Ref(NamedTuple):
    """What a ref stands for.

    `source` says where the value comes from; `position` is the place after which it is known, in
    questions from the start of the document (-1: before all, NEVER: part of a cycle).
    """

    source: str
    facet: Facet
    position: int
    id: str
    part: str = ""


class PlacedRule(NamedTuple):
    """A rule of the document: its pointer, what it decides, the rule, and its place: it may use
    refs whose position is smaller."""

    at: str
    role: str
    rule: Rule
    place: int


class Scope:
    """An index over a document; nothing here depends on answers."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.questions: dict[str, Question] = {}
        self.place: dict[str, int] = {}
        self.at: dict[str, str] = {}
        self.page_of: dict[str, int] = {}
        self.page_start: list[int] = []
        for p, page in enumerate(document.pages):
            self.page_start.append(len(self.place))
            for q, question in enumerate(page.questions):
                self.at.setdefault(question.id, pointer("pages", p, "questions", q))
                self.questions.setdefault(question.id, question)
                self.page_of.setdefault(question.id, p)
                self.place.setdefault(question.id, len(self.place))
        self.page_start.append(len(self.place))
        self.computed: dict[str, Computed] = {c.id: c for c in document.computed}
        self.scores: dict[str, Score] = {s.id: s for s in document.scores}
        self.page_index = {page.id: i for i, page in enumerate(document.pages)}
        self.positions = self._settle()
        """Of computed values and scores (`score.<id>`), members first."""
        self.refs = self._collect()

    def _collect(self) -> dict[str, Ref]:
        found: dict[str, Ref] = {"today": Ref("today", Facet("date"), BEFORE_ALL, "today")}
        for name, field in self.document.context.items():
            kind: Any = _CONTEXT_KINDS[field.type]
            found[name] = Ref("context", Facet(kind, field.values), BEFORE_ALL, name)
        for question in self.questions.values():
            for part, facet in question.facets().items():
                name = f"{question.id}.{part}" if part else question.id
                place = self.place[question.id]
                found[name] = Ref("question", facet, place, question.id, part)
        for computed in self.computed:
            found[computed] = Ref("computed", Facet("number"), self.known_at(computed), computed)
        for score in self.scores:
            name = f"score.{score}"
            found[name] = Ref("score", Facet("number"), self.known_at(name), score)
        return found

    def known_at(self, name: str) -> int:
        """The position after which a computed value or a score is known; NEVER inside a cycle."""
        return self.positions.get(name, NEVER)

    def _settle(self) -> dict[str, int]:
        """The positions of computed values and scores, members before those made of them."""
        names = [*self.computed, *(f"score.{score}" for score in self.scores)]
        parts = {name: tuple(dict.fromkeys(self.members(name))) for name in names}
        waiting = {name: sum(part in parts for part in parts[name]) for name in names}
        users: dict[str, list[str]] = {name: [] for name in names}
        for name in names:
            for part in parts[name]:
                if part in users:
                    users[part].append(name)
        positions: dict[str, int] = {}
        ready = [name for name in names if not waiting[name]]
        for name in ready:
            places = (positions.get(part, self._place_of(part)) for part in parts[name])
            positions[name] = max(places, default=BEFORE_ALL)
            for user in users[name]:
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)
        return positions

    def _place_of(self, name: str) -> int:
        owner = name if name in self.place else name.split(".", 1)[0]
        return self.place.get(owner, BEFORE_ALL)

    def questions_behind(self, name: str) -> frozenset[str]:
        """The questions whose answers a ref depends on, through computed values and scores."""
        found: set[str] = set()
        waiting, seen = [name], {name}
        while waiting:
            ref = waiting.pop()
            if ref in self.positions:
                more = set(self.members(ref)) - seen
                seen |= more
                waiting += more
            else:
                found.add(ref if ref in self.questions else ref.split(".", 1)[0])
        return frozenset(found)

    def members(self, name: str) -> Iterator[str]:
        """The refs that a computed value or a score is made of."""
        if name.startswith("score."):
            score = self.scores.get(name.removeprefix("score."))
            yield from score.of if score else ()
        elif name in self.computed:
            yield from operand_refs(self.computed[name])

    def page_rules(self, p: int, page: Page) -> Iterator[PlacedRule]:
        """The rules of a page in the order in which they are looked at."""
        at = pointer("pages", p)
        start = self.page_start[p]
        if page.show_if is not None:
            yield PlacedRule(f"{at}/show_if", "page", page.show_if, start)
        for q, question in enumerate(page.questions):
            yield from question_rules(question, f"{at}/questions/{q}", start + q)
        for n, jump in enumerate(page.next):
            if jump.if_ is not None:
                end = self.page_start[p + 1]
                yield PlacedRule(f"{at}/next/{n}/if", "jump", jump.if_, end)

    def rules(self) -> Iterator[PlacedRule]:
        """Every rule of the document."""
        for p, page in enumerate(self.document.pages):
            yield from self.page_rules(p, page)
        for i, computed in enumerate(self.document.computed):
            if isinstance(computed.value, If):
                at = pointer("computed", i, "value", "when")
                yield PlacedRule(at, "computed", computed.value.when, NEVER)
        for i, alert in enumerate(self.document.alerts):
            yield PlacedRule(pointer("alerts", i, "when"), "alert", alert.when, NEVER)

    def texts(self) -> Iterator[tuple[str, Text | None, int]]:
        """Every text of the document: its pointer, the text, and its place as a rule's."""
        document = self.document
        yield "/title", document.title, BEFORE_ALL
        yield "/description", document.description, BEFORE_ALL
        for p, page in enumerate(document.pages):
            start = self.page_start[p]
            yield f"/pages/{p}/title", page.title, start
            yield f"/pages/{p}/description", page.description, start
            for q, question in enumerate(page.questions):
                at = f"/pages/{p}/questions/{q}"
                yield f"{at}/text", question.text, start + q
                yield f"{at}/hint", question.hint, start + q
                for i, media in enumerate(question.media):
                    yield f"{at}/media/{i}/alt", media.alt, start + q
                for inner, text in question.texts():
                    yield at + inner, text, start + q
        for member in ("computed", "scores", "alerts", "walks", "endings"):
            for i, part in enumerate(getattr(document, member)):
                yield f"/{member}/{i}/title", part.title, NEVER
        for i, ending in enumerate(document.endings):
            yield f"/endings/{i}/text", ending.text, NEVER


def question_rules(question: Question, at: str, place: int) -> Iterator[PlacedRule]:
    """The rules of one question: whether it is shown, its options, whether it is required."""
    if question.show_if is not None:
        yield PlacedRule(f"{at}/show_if", "question", question.show_if, place)
    member = "rows" if question.type == "matrix" else "options"
    for i, choice in enumerate(question.choices()):
        if choice_rule := getattr(choice, "show_if", None):
            yield PlacedRule(f"{at}/{member}/{i}/show_if", "option", choice_rule, place)
    if not isinstance(question.required, bool):
        yield PlacedRule(f"{at}/required", "required", question.required, place)


def operands(computed: Computed) -> tuple[Operand, ...]:
    """The operands of a computed value."""
    value = computed.value
    match value:
        case Aggregate() | Binary():
            return value.of
        case If():
            return (value.then, value.else_)


def operand_refs(computed: Computed) -> Iterator[str]:
    """The refs that a computed value reads, those of its rule too."""
    yield from (o for o in operands(computed) if isinstance(o, str))
    if isinstance(computed.value, If):
        yield from refs(computed.value.when)
