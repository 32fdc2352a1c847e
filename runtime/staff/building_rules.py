"""The rules of a draft on its canvas and in a part's panel: what they say, where to edit them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from builder.decisions import Decisions
from builder.rules import Where
from engine.definition import Document, Page
from engine.ruletree import Rule
from engine.scope import Scope
from runtime.staff.building import SURVEYS, Desk

SAID_KEPT = 16


class Slot(Struct, frozen=True):
    """A place for a rule: what it is for, the sentence of the rule that stands there ("" for none),
    and where it is edited."""

    label: str
    sentence: str
    href: str


class Slots(Struct, frozen=True):
    """The places for rules of one part, and of its options or rows."""

    own: tuple[Slot, ...]
    inner: tuple[Slot, ...] = ()
    flow: str = ""


RulesOnCanvas = dict[str, tuple[Slot, ...]]


def rule_address(survey: str, at: Where, back: str = "") -> str:
    """Where a rule is edited."""
    query = {"at": at.of, "member": at.member}
    query |= {"n": str(at.n)} if at.n is not None else {}
    query |= {"back": back} if back else {}
    return f"{SURVEYS}/{survey}/edit/rule?{urlencode(query)}"


def rules_on_canvas(desk: Desk, document: Document) -> RulesOnCanvas:
    """What the rules of each page and question say, by their ids.

    An act compares the canvas before and after it, and what was after one act is before the next:
    the documents of the last acts are kept with what their rules say.
    """
    key = (id(document), desk.survey, desk.lang, frozenset(desk.names.items()))
    known = _said.get(key)
    if known is None:
        if len(_said) >= SAID_KEPT:
            _said.clear()
        known = _said[key] = (document, _rules_of(desk, document))
    return known[1]


_said: dict[tuple[Any, ...], tuple[Document, RulesOnCanvas]] = {}
"""What the rules of lately drawn documents say. A document is held as long as its number stands in
a key, so that no other gets it."""


def _rules_of(desk: Desk, document: Document) -> RulesOnCanvas:
    words = Decisions(Scope(document), desk.lang, names=desk.names)
    found: dict[str, tuple[Slot, ...]] = {}
    for page in document.pages:
        found[page.id] = tuple(_of_page(desk, words, page))
        for question in page.questions:
            found[question.id] = tuple(_of_question(desk, words, question))
    return {part: slots for part, slots in found.items() if slots}


def _slot(desk: Desk, label: str, rule: Rule | bool | None, words: Decisions, at: Where) -> Slot:
    sentence = "" if rule is None or isinstance(rule, bool) else words.sentence(rule)
    return Slot(desk.say(f"slot_{label}"), sentence, rule_address(desk.survey, at))


def _of_page(desk: Desk, words: Decisions, page: Page) -> Iterator[Slot]:
    if page.show_if is not None:
        yield _slot(desk, "page", page.show_if, words, Where(page.id, "show_if"))
    for n, jump in enumerate(page.next):
        target = words.target(jump.to)
        at = Where(page.id, "next", n)
        href = rule_address(desk.survey, at, "flow")
        rule = words.sentence(jump.if_) if jump.if_ is not None else desk.say("flow_always")
        yield Slot(target, rule, href)


def _of_question(desk: Desk, words: Decisions, question: Any) -> Iterator[Slot]:
    if question.show_if is not None:
        yield _slot(desk, "question", question.show_if, words, Where(question.id, "show_if"))
    if not isinstance(question.required, bool):
        yield _slot(desk, "required", question.required, words, Where(question.id, "required"))
    member, parts = _inner(question)
    for part in parts:
        if part.show_if is not None:
            at = Where(f"{question.id}/{member}/{part.id}", "show_if")
            name = words.inner(question.id, member)[part.id]
            label = desk.say(f"slot_{member}", name=words.quoted(name))
            yield Slot(label, words.sentence(part.show_if), rule_address(desk.survey, at))


def _inner(question: Any) -> tuple[str, tuple[Any, ...]]:
    member = "rows" if question.type == "matrix" else "options"
    return member, tuple(part for part in question.choices() if hasattr(part, "show_if"))


def slots_of(desk: Desk, part: Any) -> Slots | None:
    """The places for rules of a page or question, with or without a rule; None for the head."""
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    if isinstance(part, Page):
        own = (_slot(desk, "page", part.show_if, words, Where(part.id, "show_if")),)
        jumps = tuple(one for one in _of_page(desk, words, part))[part.show_if is not None :]
        return Slots(own, jumps, f"{SURVEYS}/{desk.survey}/edit/flow?at={part.id}#leads")
    if not hasattr(part, "type"):
        return None
    own = [_slot(desk, "question", part.show_if, words, Where(part.id, "show_if"))]
    if not part.valueless:
        own.append(_slot(desk, "required", part.required, words, Where(part.id, "required")))
    member, parts = _inner(part)
    inner = (
        Slot(
            desk.text(one.text) or one.id,
            words.sentence(one.show_if) if one.show_if is not None else "",
            rule_address(desk.survey, Where(f"{part.id}/{member}/{one.id}", "show_if")),
        )
        for one in parts
    )
    return Slots(tuple(own), tuple(inner))
