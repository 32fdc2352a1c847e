"""What stands on the canvas: pages with their questions, and what of it an edit changed."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from builder.names import Names
from engine.definition import Document
from engine.problems import Problem
from engine.scope import Scope
from runtime.drafts.service import Draft
from runtime.staff.building import Desk
from runtime.staff.building_places import problems_by_owner
from runtime.staff.building_rules import Slot, rules_on_canvas
from runtime.staff.unwritten import told_one_by_one, unwritten

OPTIONS_SHOWN = 8


class Line(Struct, frozen=True):
    """A question on the canvas; `pictures` by their addresses, each with what it shows."""

    id: str
    text: str
    type: str
    options: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    is_required: bool
    rules: tuple[Slot, ...]
    unwritten: str
    problems: tuple[str, ...]
    is_chosen: bool


class Sheet(Struct, frozen=True):
    """A page on the canvas."""

    id: str
    number: int
    title: str
    rules: tuple[Slot, ...]
    problems: tuple[str, ...]
    is_chosen: bool
    lines: tuple[Line, ...]

    @property
    def outline(self) -> tuple[Any, ...]:
        """All but what its questions say, of which it holds these in this order."""
        return (*(getattr(self, name) for name in self.__struct_fields__[:-1]),
                *(line.id for line in self.lines))  # fmt: skip


class Changed(Struct, frozen=True):
    """What must be drawn again: the whole canvas, or these pages and these single questions."""

    is_all: bool = False
    sheets: tuple[Sheet, ...] = ()
    lines: tuple[Line, ...] = ()


def sheets_of(desk: Desk, draft: Draft, at: str) -> tuple[Sheet, ...]:
    """The pages of a draft with their questions, each with its own problems; `at` is chosen."""
    found = problems_by_owner(draft.document, draft.problems)
    ruled = rules_on_canvas(desk, draft.document)
    said = _said(desk, draft.document)
    return tuple(
        Sheet(
            one.id,
            position,
            desk.text(one.title),
            ruled.get(one.id, ()),
            desk.words(told_one_by_one(found.get(one.id, ()))),
            one.id == at,
            tuple(
                _line(desk, each, said[each.id], ruled.get(each.id, ()), found.get(each.id, ()), at)
                for each in one.questions
            ),
        )
        for position, one in enumerate(draft.document.pages, 1)
    )


def _said(desk: Desk, document: Document) -> dict[str, str]:
    """What the questions ask; a placeholder is called what it stands for."""
    questions = [one for page in document.pages for one in page.questions]
    said = {one.id: desk.text(one.text) for one in questions}
    filled = [one for one in questions if "{{" in said[one.id]]
    names = Names(Scope(document), desk.lang) if filled else None
    return said | {one.id: names.text(one.text) for one in filled if names is not None}


def _line(
    desk: Desk,
    question: Any,
    said: str,
    rules: tuple[Slot, ...],
    problems: tuple[Problem, ...],
    at: str,
) -> Line:
    parts = next((found for name in ("options", "rows", "nodes")
                  if (found := getattr(question, name, ()))), ())  # fmt: skip
    return Line(
        question.id,
        said,
        question.type,
        tuple(desk.text(part.text) or "…" for part in parts[:OPTIONS_SHOWN]),
        tuple(_pictures(desk, question, parts[:OPTIONS_SHOWN])),
        question.required is True,
        rules,
        unwritten(desk, problems),
        desk.words(told_one_by_one(problems)),
        question.id == at,
    )


def _pictures(desk: Desk, question: Any, parts: Any) -> Iterator[tuple[str, str]]:
    for one in question.media:
        yield picture_address(one.asset), desk.text(one.alt)
    for part in parts:
        if getattr(part, "image", None):
            yield picture_address(part.image), desk.text(part.text)


def picture_address(asset: str) -> str:
    """Where a picture is shown from."""
    return f"/api/v1/assets/{asset.removeprefix('sha256:')}"


def changed(old: tuple[Sheet, ...], new: tuple[Sheet, ...]) -> Changed:
    """What differs between what was drawn and what is to be."""
    if [one.id for one in old] != [one.id for one in new]:
        return Changed(is_all=True)
    sheets: list[Sheet] = []
    lines: list[Line] = []
    for before, after in zip(old, new, strict=True):
        if before.outline != after.outline:
            sheets.append(after)
        else:
            pairs = zip(before.lines, after.lines, strict=True)
            lines += [line for was, line in pairs if was != line]
    return Changed(sheets=tuple(sheets), lines=tuple(lines))
