"""A document on its way to become a new survey: its id and title, and what a file holds."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

import engine
from builder.blanks import free_id
from builder.tree import Tree, to_tree
from engine.check import ID
from engine.definition import RESERVED, Document
from engine.text import localize
from interchange import convert, summary
from interchange.conversion import MAX_SOURCE_BYTES
from interchange.report import written
from runtime.kit.clock import hospital_day
from runtime.surveys import queries
from runtime.wiring import Deployment

SOURCES = ("huisheng", "surveyjs", "fhir", "xlsform")
MAX_LOSSES = 200


class Loss(Struct, frozen=True):
    """What of a file was not carried, where, why, and what to do."""

    kind: str
    at: str
    why: str
    do: str


class Taken(Struct, frozen=True):
    """What a file holds. Without a `document` nothing could be made of it; `problems` are those of
    the document, `assets` pictures that stood inside."""

    source: str
    document: Document | None
    carried: int
    elements: int
    losses: tuple[Loss, ...]
    problems: tuple[engine.Problem, ...]
    assets: Mapping[str, bytes]


def named(deployment: Deployment, tree: Tree, title: str, wanted: str = "") -> Tree:
    """The document under a free id (`wanted`, if it is one) and with this title in its first
    language; other languages keep theirs where the title stays what it was."""
    taken = {one.id for one in queries.list_surveys(deployment.db)}
    is_free = ID.fullmatch(wanted) and wanted not in RESERVED and wanted not in taken
    name = wanted if is_free else free_id("form", hospital_day(deployment.clock()), taken)
    first = tree["languages"][0]
    old: Any = tree.get("title", "")
    is_same = localize(old, first, first) == title
    return {**tree, "id": name, "title": old if is_same else {first: title}}


def read_file(data: bytes, source: str, lang: str) -> Taken:
    """What a file holds, in whatever format; any bytes are answered."""
    source = source if source in SOURCES else guess(data)
    if source == "huisheng":
        examined = engine.parse(data[: MAX_SOURCE_BYTES + 1])
        problems = engine.check_parsed(examined)
        count = _questions(examined.document)
        return Taken(source, examined.document, count, count, (), problems, {})
    made = convert(data, source, "huisheng")
    report = summary(made, source, "huisheng", lang)
    losses = tuple(
        Loss(str(one["kind"]), str(one["at"]), str(one["why"]), str(one["do"]))
        for one in report["losses"][:MAX_LOSSES]
    )
    problems = () if made.document is None else engine.check(made.document)
    return Taken(
        source, made.document, report["carried"], report["elements"], losses, problems, made.assets
    )


def guess(data: bytes) -> str:
    """The format that a file is in, by its beginning and its own words."""
    if data[:2] == b"PK":
        return "xlsform"
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "huisheng"
    if not isinstance(value, dict):
        return "huisheng"
    if "resourceType" in value:
        return "fhir"
    return "huisheng" if "format" in value else "surveyjs"


def document_text(document: Document) -> str:
    """The document as a form carries it to the next page."""
    return msgspec.json.encode(written(document)).decode()


def _questions(document: Document | None) -> int:
    return 0 if document is None else sum(len(page.questions) for page in document.pages)


__all__ = ["Taken", "document_text", "named", "read_file", "to_tree"]
