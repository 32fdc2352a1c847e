"""Where a patient stands in a survey, and where `next` and `back` lead (design sections 7 and 9).

A journey holds only what cannot be derived: the page last shown, the pages shown before it, and the
questions that were ever shown. Everything else follows from (survey, answers, context).
"""

from collections.abc import Container, Mapping
from typing import Any, Literal

import msgspec

from engine.evaluation import Evaluation
from engine.problems import Problem
from engine.survey import Survey


class Journey(msgspec.Struct, frozen=True):
    """A patient's place: the current page (None: no page has a question for them), the pages shown
    before it in the order of showing, and every question shown so far."""

    page: str | None = None
    passed: tuple[str, ...] = ()
    shown: frozenset[str] = frozenset()


Outcome = Literal["moved", "again", "problems", "at_end"]


class Step(msgspec.Struct, frozen=True):
    """What `advance` came to.

    `moved`: the journey stands on the next page. `again`: the page holds a question that was never
    shown and not answered, so it is shown again without marks. `problems`: the page's answers are
    not good yet. `at_end`: the page is the last one on the path; it can be submitted.
    """

    outcome: Outcome
    journey: Journey
    problems: tuple[Problem, ...] = ()


def visible_pages(survey: Survey, evaluation: Evaluation) -> tuple[str, ...]:
    """The pages on the path that show anything, in order."""
    place = survey.page_of
    shown = {place[question] for question in evaluation.asked}
    return tuple(page for page in evaluation.path if page in shown)


def questions_on(survey: Survey, evaluation: Evaluation, page: str | None) -> tuple[str, ...]:
    """The questions asked on a page, in order."""
    place = survey.page_of
    return tuple(question for question in evaluation.asked if place[question] == page)


def start(survey: Survey, evaluation: Evaluation) -> Journey:
    """The journey of a new session: its first visible page, with that page shown."""
    pages = visible_pages(survey, evaluation)
    return show(survey, evaluation, Journey(pages[0] if pages else None))


def show(survey: Survey, evaluation: Evaluation, journey: Journey) -> Journey:
    """The journey after its current page was drawn: the page's questions have been shown."""
    seen = journey.shown.union(questions_on(survey, evaluation, journey.page))
    return journey if seen == journey.shown else msgspec.structs.replace(journey, shown=seen)


def settle(survey: Survey, evaluation: Evaluation, journey: Journey) -> Journey:
    """The journey on a page that is there: if the stored page left the path, the last visible one
    before it; if there is none, the first."""
    pages = visible_pages(survey, evaluation)
    if journey.page in pages:
        return journey
    if not pages:
        return msgspec.structs.replace(journey, page=None, passed=())
    index = survey.scope.page_index
    here = index[journey.page] if journey.page is not None else -1
    before = [page for page in pages if index[page] < here]
    page = before[-1] if before else pages[0]
    passed = tuple(p for p in journey.passed if index[p] < index[page])
    return msgspec.structs.replace(journey, page=page, passed=passed)


def is_last(survey: Survey, evaluation: Evaluation, journey: Journey) -> bool:
    """Whether the current page is the last visible one on the path (or there is none at all)."""
    pages = visible_pages(survey, evaluation)
    return not pages or journey.page == pages[-1]


def page_problems(survey: Survey, evaluation: Evaluation, page: str | None) -> tuple[Problem, ...]:
    """The problems of the questions on one page."""
    if not evaluation.problems:
        return ()
    here = set(questions_on(survey, evaluation, page))
    return tuple(p for p in evaluation.problems if problem_question(p) in here)


def problem_question(problem: Problem) -> str:
    """The question that a problem of an evaluation belongs to."""
    return problem.at.split("/", 2)[1]


def advance(
    survey: Survey,
    evaluation: Evaluation,
    journey: Journey,
    answered_now: Container[str] | Mapping[str, Any] = (),
) -> Step:
    """What `next` does, `evaluation` being that of the answers with the request's merged in.

    Args:
        answered_now: ids of the questions that the request itself answered.
    """
    journey = settle(survey, evaluation, journey)
    here = questions_on(survey, evaluation, journey.page)
    fresh = [q for q in here if q not in journey.shown and q not in answered_now]
    if fresh:
        return Step("again", show(survey, evaluation, journey))
    problems = page_problems(survey, evaluation, journey.page)
    if problems:
        return Step("problems", show(survey, evaluation, journey), problems)
    if is_last(survey, evaluation, journey):
        return Step("at_end", show(survey, evaluation, journey))
    pages = visible_pages(survey, evaluation)
    assert journey.page is not None
    following = pages[pages.index(journey.page) + 1]
    passed = (*(p for p in journey.passed if p != journey.page), journey.page)
    moved = Journey(following, passed, journey.shown)
    return Step("moved", show(survey, evaluation, moved))


def previous_page(survey: Survey, evaluation: Evaluation, journey: Journey) -> str | None:
    """The page `back` leads to: the last one shown before that is still visible."""
    pages = visible_pages(survey, evaluation)
    index = survey.scope.page_index
    here = index[journey.page] if journey.page is not None else -1
    return next((p for p in reversed(journey.passed) if p in pages and index[p] < here), None)


def back(survey: Survey, evaluation: Evaluation, journey: Journey) -> Journey:
    """The journey one page back; the same one where there is none before."""
    journey = settle(survey, evaluation, journey)
    page = previous_page(survey, evaluation, journey)
    if page is None:
        return journey
    passed = journey.passed[: journey.passed.index(page)]
    return show(survey, evaluation, Journey(page, passed, journey.shown))
