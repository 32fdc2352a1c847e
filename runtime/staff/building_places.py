"""The part of a draft that a problem's pointer leads into."""

from typing import Any

from engine.definition import Document
from engine.problems import Problem
from runtime.staff.building import Desk


def problems_by_owner(
    document: Document, problems: tuple[Problem, ...]
) -> dict[str, tuple[Problem, ...]]:
    """Problems by the page, question or other part that they stand in; "" for the head."""
    found: dict[str, tuple[Problem, ...]] = {}
    for problem in problems:
        owner = owner_of(document, problem.at)
        found[owner] = (*found.get(owner, ()), problem)
    return found


def owner_of(document: Document, at: str) -> str:
    """The id of the page, question, score … that a pointer leads into; "" for the head."""
    whole: Any = document
    match at.split("/")[1:]:
        case ["pages", page_at, "questions", question, *_]:
            return whole.pages[int(page_at)].questions[int(question)].id
        case ["pages" | "computed" | "scores" | "endings" | "alerts" | "walks" as name, i, *_]:
            return getattr(whole, name)[int(i)].id
        case ["context", name, *_]:
            return f"context/{name}"
        case _:
            return ""


def placed(desk: Desk, problems: tuple[Problem, ...]) -> list[tuple[str, str, str]]:
    """Each problem with the part it stands in: its id, its name, the sentence."""
    owners = [owner_of(desk.document, problem.at) for problem in problems]
    return [
        (owner, desk.name_in_list(owner), sentence)
        for owner, sentence in zip(owners, desk.words(problems), strict=True)
    ]
