"""A survey on paper: boxes to tick, lines to write on, and its rules in words."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from builder.words import RuleWords
from engine.definition import Document, Page
from engine.scope import Scope
from engine.text import fill, localize
from runtime.kit.words import nearest_language, say

MAX_NODES = 60
BOXES = {"phone_cn": 11, "id_card_cn": 18}


class Box(Struct, frozen=True):
    """Something to tick: its text, a line beside it, and when it is offered at all."""

    text: str
    has_line: bool = False
    note: str = ""
    depth: int = 0


class Asked(Struct, frozen=True, kw_only=True):
    """A question on paper."""

    number: int | None
    type: str
    text: str
    hint: str
    rules: tuple[str, ...]
    notes: tuple[str, ...]
    is_required: bool
    boxes: tuple[Box, ...] = ()
    rows: tuple[Box, ...] = ()
    lines: int = 0
    cells: int = 0
    unit: str = ""


class Sheet(Struct, frozen=True, kw_only=True):
    """A page of the survey as a part of the form, and where it leads."""

    number: int
    title: str
    about: str
    note: str
    questions: tuple[Asked, ...]
    after: tuple[str, ...]


class Paper:
    """A document in one language on paper."""

    def __init__(self, document: Document, lang: str, sites: Mapping[str, str]) -> None:
        self.document = document
        self.lang = lang
        self.first = document.languages[0]
        self.scope = Scope(document)
        asked = (q for page in document.pages for q in page.questions if not q.valueless)
        self.numbers = {question.id: n for n, question in enumerate(asked, 1)}
        self.words = RuleWords(self.scope, nearest_language(lang), self.numbers, sites)
        self.parts = {page.id: n for n, page in enumerate(document.pages, 1)}

    def say(self, code: str, **params: object) -> str:
        """The form's own words."""
        return say(f"paper_{code}", nearest_language(self.lang), **params)

    def text(self, text: Any) -> str:
        """A text of the survey; where it would repeat an answer, it names the question."""

        def piped(ref: str) -> str:
            found = self.scope.refs.get(ref)
            if found is None:
                return "____"
            return self.say("piped", what=self.words.name(ref))

        return fill(localize(text, self.lang, self.first), piped)

    def visit(self) -> list[tuple[str, list[str]]]:
        """What is known of the visit elsewhere, to be written by hand here."""
        found: list[tuple[str, list[str]]] = []
        for name, field in self.document.context.items():
            values = [re.sub("[「」“”]", "", self.words.value(name, one)) for one in field.values]
            found.append((self.words.context_name(name), values))
        return found

    def sheets(self) -> list[Sheet]:
        """The parts of the form."""
        return [self._sheet(page) for page in self.document.pages]

    def _sheet(self, page: Page) -> Sheet:
        note = ""
        if page.show_if is not None:
            note = self.say("part_if", rule=self.words.sentence(page.show_if))
        return Sheet(
            number=self.parts[page.id],
            title=self.text(page.title),
            about=self.text(page.description),
            note=note,
            questions=tuple(self._asked(question) for question in page.questions),
            after=tuple(self._jump(page, jump) for jump in page.next),
        )

    def _jump(self, page: Page, jump: Any) -> str:
        if jump.to.startswith("end"):
            to = self.say("to_end")
        elif self.parts.get(jump.to, 0) == self.parts[page.id] + 1:
            to = self.say("to_next")
        else:
            to = self.say("to_part", n=self.parts.get(jump.to, "?"))
        if jump.if_ is None:
            return self.say("otherwise" if len(page.next) > 1 else "then", to=to)
        return self.say("jump", rule=self.words.sentence(jump.if_), to=to)

    def _asked(self, question: Any) -> Asked:
        shape = _SHAPES.get(question.type, _line)
        return Asked(
            number=self.numbers.get(question.id),
            type=question.type,
            text=self.text(question.text),
            hint=self.text(question.hint),
            rules=tuple(self._rules(question)),
            notes=tuple(self._notes(question)),
            is_required=question.required is True,
            **shape(self, question),
        )

    def _rules(self, question: Any) -> list[str]:
        rules: list[str] = []
        if question.show_if is not None:
            kind = "statement_if" if question.valueless else "question_if"
            rules.append(self.say(kind, rule=self.words.sentence(question.show_if)))
        if not isinstance(question.required, bool):
            rules.append(self.say("required_if", rule=self.words.sentence(question.required)))
        return rules

    def _notes(self, question: Any) -> list[str]:
        notes: list[str] = []
        low, high = getattr(question, "min_selected", None), getattr(question, "max_selected", None)
        if low and high:
            notes.append(self.say("choose_between", min=low, max=high))
        elif high:
            notes.append(self.say("choose_at_most", max=high))
        elif low and low > 1:
            notes.append(self.say("choose_at_least", min=low))
        elif question.type == "multi_choice":
            notes.append(self.say("choose_several"))
        if question.type == "ranking":
            most = question.most or len(question.options)
            notes.append(self.say("rank", n=most))
        if question.type in ("picture_upload", "file_upload"):
            notes.append(self.say("attach"))
        if question.type == "number" and (question.min is not None or question.max is not None):
            low, high = ("…" if one is None else one for one in (question.min, question.max))
            notes.append(self.say("range", min=low, max=high))
        return notes

    def boxes(self, parts: Any) -> tuple[Box, ...]:
        """Options or rows to tick."""
        found: list[Box] = []
        for part in parts:
            note = ""
            if getattr(part, "show_if", None) is not None:
                note = self.say("only_if", rule=self.words.sentence(part.show_if))
            elif getattr(part, "exclusive", False):
                note = self.say("exclusive")
            found.append(Box(self.text(part.text), bool(getattr(part, "text_entry", None)), note))
        return tuple(found)

    def not_applicable(self, question: Any) -> tuple[Box, ...]:
        """A box for who it does not concern."""
        return (Box(self.say("not_applicable")),) if question.not_applicable else ()

    def scale(self, question: Any) -> tuple[Box, ...]:
        """The steps of a scale, each with its label."""
        labels = {key: self.text(text) for key, text in question.labels.items()}
        steps = range(getattr(question, "min", 0), getattr(question, "max", 10) + 1)
        return tuple(Box(f"{n} {labels.get(str(n), '')}".strip()) for n in steps)


def _choices(paper: Paper, question: Any) -> dict[str, Any]:
    return {"boxes": paper.boxes(question.options)}


def _rating(paper: Paper, question: Any) -> dict[str, Any]:
    return {"boxes": (*paper.scale(question), *paper.not_applicable(question))}


def _nps(paper: Paper, question: Any) -> dict[str, Any]:
    return {"boxes": paper.scale(question)}


def _matrix(paper: Paper, question: Any) -> dict[str, Any]:
    columns = paper.scale(question.scale) if question.scale else paper.boxes(question.options)
    return {
        "boxes": (*columns, *paper.not_applicable(question)),
        "rows": paper.boxes(question.rows),
    }


def _yes_no(paper: Paper, question: Any) -> dict[str, Any]:
    labels = [paper.text(question.labels.get(name)) or paper.say(name) for name in ("yes", "no")]
    return {"boxes": tuple(map(Box, labels))}


def _consent(paper: Paper, question: Any) -> dict[str, Any]:
    return {"boxes": (Box(paper.say("agree")), Box(paper.say("disagree")))}


def _cascade(paper: Paper, question: Any) -> dict[str, Any]:
    found = list(question.walk())
    if len(found) > MAX_NODES:
        return {"lines": 1}
    return {
        "boxes": tuple(
            Box(paper.text(node.text), depth=at.count("/nodes/") - 1) for at, node in found
        )
    }


def _text(paper: Paper, question: Any) -> dict[str, Any]:
    cells = BOXES.get(question.format or "", 0)
    return {"cells": cells, "lines": 0 if cells else min(max(question.lines, 1), 12)}


def _number(paper: Paper, question: Any) -> dict[str, Any]:
    return {"lines": 1, "unit": paper.text(question.unit)}


def _line(paper: Paper, question: Any) -> dict[str, Any]:
    return {"lines": 1}


def _nothing(paper: Paper, question: Any) -> dict[str, Any]:
    return {}


_SHAPES = {
    "single_choice": _choices,
    "multi_choice": _choices,
    "ranking": _choices,
    "rating": _rating,
    "nps": _nps,
    "matrix": _matrix,
    "yes_no": _yes_no,
    "consent": _consent,
    "cascade": _cascade,
    "text": _text,
    "number": _number,
    "statement": _nothing,
    "signature": _nothing,
    "date": _nothing,
    "time": _nothing,
    "picture_upload": _nothing,
    "file_upload": _nothing,
}
