"""Everything that is wrong with a document's meaning: ids, references, kinds, order, texts.

Each module beside this one finds the faults of one kind; they are told in the order in which they
stand here.
"""

from collections.abc import Iterator
from itertools import chain

from engine.check import ids, limits, paths, rules, sums, texts
from engine.check.ids import ID, LANGUAGE
from engine.check.subject import Subject
from engine.definition import Document
from engine.parse import Parsed
from engine.problems import Problem, at_most

__all__ = ["ID", "LANGUAGE", "OF_ABSENCE", "check", "check_parsed"]

OF_ABSENCE = frozenset(
    {
        "empty_page",
        "no_options",
        "empty_list",
        "row_count",
        "value_or_other",
        "scale_or_options",
        "one_action",
        "one_literal",
        "missing_text",
    }
)
"""Problems that say that something is missing: no news where what is there could not be read."""


def check(document: Document) -> tuple[Problem, ...]:
    """Every error of a document whose shape is sound (`parse` told of its shape)."""
    crowded = at_most(limits.crowded(document))
    return crowded or at_most(_faults(Subject(document, frozenset())))


def check_parsed(parsed: Parsed) -> tuple[Problem, ...]:
    """Every error of what `parse` read: those of its shape, then those of its meaning; what could
    not be read is not complained of twice."""
    if parsed.document is None:
        return parsed.problems
    crowded = at_most((*parsed.problems, *limits.crowded(parsed.document)))
    if len(crowded) > len(parsed.problems):
        return crowded
    found = _faults(Subject(parsed.document, parsed.lost_ids))
    placed = (_as_written(problem, parsed.left_out) for problem in found)
    known = {p.at for p in parsed.problems if p.at}
    return at_most(chain(parsed.problems, (p for p in placed if not _covered(p, known))))


def _faults(subject: Subject) -> Iterator[Problem]:
    yield from ids.ids(subject)
    yield from limits.rules(subject)
    yield from ids.languages(subject)
    yield from ids.context(subject)
    yield from texts.texts(subject)
    yield from limits.extras(subject)
    yield from ids.assets(subject)
    for at, question in subject.placed_questions():
        yield from question.faults(at)
        yield from paths.links(subject, at, question)
    yield from rules.rules(subject)
    yield from paths.jumps(subject)
    yield from sums.computed_values(subject)
    yield from sums.scores(subject)
    yield from paths.alerts(subject)
    yield from paths.walks(subject)


def _as_written(problem: Problem, left_out: tuple[str, ...]) -> Problem:
    """The problem with its pointer counted with the list items that were left out."""
    if not left_out:
        return problem
    at = ""
    for part in problem.at.split("/")[1:]:
        if part.isdigit():
            gone = {place for place in left_out if place.rpartition("/")[0] == at}
            index = int(part)
            for place in sorted(int(place.rpartition("/")[2]) for place in gone):
                index += place <= index
            part = str(index)
        at = f"{at}/{part}"
    return Problem(problem.code, at, problem.params, problem.severity)


def _covered(problem: Problem, known: set[str]) -> bool:
    """Whether a fault of the shape says the same already."""
    at = problem.at
    if problem.code in OF_ABSENCE and any(place.startswith(at + "/") for place in known):
        return True
    return any(at == place or at.startswith(place + "/") for place in known)
