"""Computed values and scores as hidden items with an SDC calculatedExpression, each behind the page
of the last question that it reads, so that later rules may read it."""

from typing import NamedTuple

from engine.definition import Computed, Document, Score
from engine.scope import Scope
from engine.text import Text
from interchange.fhir.paths import NotCarried, Paths
from interchange.fhir.points import score_path
from interchange.report import Report


class Calculated(NamedTuple):
    """A value that is worked out: its linkId, its title, the expression."""

    link: str
    title: Text
    expression: str


def calculated_items(document: Document) -> tuple[tuple[int, str], ...]:
    """The values of a document that are items of its Questionnaire: the place of the page behind
    which each stands, and its linkId."""
    scope = Scope(document)
    found = calculations(scope, Paths(scope), Report())
    return tuple((place, one.link) for place, items in found.items() for one in items)


def calculations(scope: Scope, paths: Paths, report: Report) -> dict[int, list[Calculated]]:
    """By the place of the page behind which they stand, members before what is made of them; what
    cannot be written is refused."""
    found: dict[int, list[Calculated]] = {}
    values = [(f"/computed/{i}", one) for i, one in enumerate(scope.document.computed)]
    scores = [(f"/scores/{i}", one) for i, one in enumerate(scope.document.scores)]
    by_link: dict[str, tuple[str, Computed | Score]] = {
        **{one.id: (at, one) for at, one in values},
        **{f"score.{one.id}": (at, one) for at, one in scores},
    }
    pages = list(scope.page_of.values())
    for link, place in scope.positions.items():
        at, part = by_link[link]
        report.element(at)
        try:
            path = score_path(paths, part) if isinstance(part, Score) else paths.number(part)
        except NotCarried as problem:
            code = "score_out" if isinstance(part, Score) else "computed_out"
            report.refuse(code, at, f"{part.id}: {problem}")
            continue
        paths.calculated.add(link)
        made = Calculated(link, part.title or link, path)
        found.setdefault(pages[max(place, 0)], []).append(made)
    return found
