"""New parts, and new surveys, with as little in them as their schema asks for."""

import datetime
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from builder.tree import Tree


def new_question(
    kind: type[Struct], document: str, called: Mapping[str, Mapping[str, str]] = {}
) -> Tree:
    """A question of a type with as little as its schema asks for. Its texts are yet to be written.

    `document` is what a consent is about, `called` what the ends of a scale are called, each by
    language: `worst` and `best`, `unwilling` and `willing`.
    """
    tag = str(kind.__struct_config__.tag)
    made: Tree = {"id": tag, "type": tag, "text": {}}
    needed = {one.encode_name for one in msgspec.structs.fields(kind) if one.required}

    def blank(prefix: str) -> list[Tree]:
        return [{"id": f"{prefix}_{n}", "text": {}} for n in (1, 2)]

    def ends(low: str, high: str, lowest: str, highest: str) -> Tree:
        if lowest not in called:
            return {}
        return {"labels": {low: dict(called[lowest]), high: dict(called[highest])}}

    if "options" in needed:
        made["options"] = blank("option")
    if "rows" in needed:
        scale = {"min": 1, "max": 5} | ends("1", "5", "worst", "best")
        made |= {"rows": blank("row"), "scale": scale}
    if "nodes" in needed:
        made["nodes"] = blank("node")
    if "document" in needed:
        made |= {"document": document, "version": 1}
    match tag:
        case "rating":
            made |= ends("1", "5", "worst", "best")
        case "nps":
            made |= ends("0", "10", "unwilling", "willing")
        case _:
            pass
    return made


def new_page() -> Tree:
    """An empty page; patients see no heading over it until one is written."""
    return {"id": "page", "questions": []}


def new_survey(survey_id: str, title: str, kind: str, languages: tuple[str, ...]) -> Tree:
    """A survey with one empty page."""
    return {
        "format": "huisheng.survey/1",
        "id": survey_id,
        "title": {languages[0]: title},
        "languages": list(languages),
        "kind": kind,
        "pages": [new_page()],
    }


def free_id(prefix: str, day: datetime.date, taken: set[str]) -> str:
    """An id for a survey that bears a Chinese name: `form_20261124`, numbered where taken."""
    name, number = f"{prefix}_{day:%Y%m%d}", 2
    wanted = name
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted
