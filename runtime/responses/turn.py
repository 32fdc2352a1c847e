"""One request's turn at a session: merge answers, move, stamp the times, draw the page. No I/O."""

from collections.abc import Container, Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine import journey as journeys
from engine.evaluation import Evaluation
from engine.journey import Journey
from engine.problems import Problem, pointer, word
from engine.view import (
    Done,
    Frame,
    Marks,
    PageView,
    done_view,
    page_view,
    session_language,
)
from runtime.kit.clock import hospital_day
from runtime.kit.problems import WordedProblem
from runtime.kit.words import say
from runtime.org.cache import KnownIds
from runtime.responses.results import AttachmentInfo, Outcome, Step
from runtime.responses.state import Session, is_same, is_unanswered
from runtime.surveys.cache import Form

NOT_ANSWERED = -1


class Turn:
    """A session and what one request makes of it; `is_changed` tells whether it must be stored."""

    def __init__(
        self,
        session: Session,
        form: Form,
        now: datetime,
        known: Mapping[str, Container[str]] | None = None,
        dictionaries: KnownIds | None = None,
    ) -> None:
        self.session = session
        self.form = form
        self.survey = form.survey
        self.now = now
        self.known = known
        self.dictionaries = dictionaries
        self.old_rev = session.rev
        self.today = hospital_day(now).isoformat()
        self.is_changed = False
        self.personal_changed = False
        self.dropped: tuple[str, ...] = ()
        state = session.state
        self.stored_journey = Journey(state.page, tuple(state.passed), frozenset(state.shown))
        self.journey = self.stored_journey
        self._evaluation: Evaluation | None = None

    @property
    def evaluation(self) -> Evaluation:
        """Of the answers as they are now; a step evaluates once, after its answers are merged."""
        if self._evaluation is None:
            self._evaluation = self._evaluate(self.session.answers)
        return self._evaluation

    def _evaluate(self, answers: Mapping[str, Any]) -> Evaluation:
        context, known = self.session.context, self.known
        evaluation = self.survey.evaluate(answers, context, self.today, known)
        while foreign := self._staff_of_others(evaluation):
            known = {**(known or {}), **foreign}
            evaluation = self.survey.evaluate(answers, context, self.today, known)
        return evaluation

    def _staff_of_others(self, evaluation: Evaluation) -> dict[str, Container[str]]:
        """Staff questions whose answer is not of the department answered before, with those who
        are: the department may have been changed since."""
        if self.dictionaries is None:
            return {}
        allowed = {
            question.id: self.dictionaries.staff_within(
                question.within, evaluation.answers.get(question.of)
            )
            for question in self.form.staff
            if question.of is not None and question.id in evaluation.answers
        }
        return {
            name: staff for name, staff in allowed.items() if evaluation.answers[name] not in staff
        }

    # Answers

    def conflicts(self, answers: Mapping[str, Any], rev: int | None) -> tuple[str, ...]:
        """The keys that somebody else set to another value since `rev`."""
        if rev is None or rev >= self.old_rev:
            return ()
        state = self.session.state
        return tuple(
            key
            for key, value in answers.items()
            if state.set_at.get(key, 0) > rev and not is_same(value, self.session.answers.get(key))
        )

    def changed_keys(self, answers: Mapping[str, Any]) -> list[str]:
        """Known questions whose value the request would change."""
        return [
            key
            for key, value in answers.items()
            if key in self.form.questions and not is_same(value, self.session.answers.get(key))
        ]

    def merge(self, answers: Mapping[str, Any]) -> None:
        """Take the answers over key by key; leave out and name what is not asked or unknown."""
        before = self.session.answers
        merged = dict(before)
        changed = self.changed_keys(answers)
        for key in changed:
            if is_unanswered(answers[key]):
                merged.pop(key, None)
            else:
                merged[key] = answers[key]
        evaluation = self._evaluate(merged) if changed else self.evaluation
        asked = frozenset(evaluation.asked)
        dropped = [
            key
            for key, value in answers.items()
            if not is_unanswered(value) and (key not in asked or self._is_valueless(key))
        ]
        for key in dropped:
            if key in before:
                merged[key] = before[key]
            else:
                merged.pop(key, None)
        self.dropped = tuple(dropped)
        self._take_over(merged, [key for key in changed if key not in dropped])
        self._evaluation = evaluation

    def _is_valueless(self, key: str) -> bool:
        return self.form.questions[key].valueless

    def _take_over(self, merged: dict[str, Any], changed: list[str]) -> None:
        if not changed:
            return
        state, moment = self.session.state, self._moment()
        for key in changed:
            state.set_at[key] = self.old_rev + 1
            if key in state.question_times:
                state.question_times[key][1] = moment
            self.personal_changed |= key in self.form.personal_ids
        self.session.answers = merged
        self.is_changed = True

    def set_files(self, key: str, value: Any, ids: frozenset[str]) -> None:
        """Give an upload question its value; only these ids exist for it from now on."""
        self.known = {**(self.known or {}), key: ids}
        merged = dict(self.session.answers)
        if is_unanswered(value):
            merged.pop(key, None)
        else:
            merged[key] = value
        self._take_over(merged, [key])
        self._evaluation = None

    # Movement

    def settle(self) -> None:
        """Stand on a page that is there."""
        self.journey = journeys.settle(self.survey, self.evaluation, self.journey)

    def begin(self) -> None:
        """Stand on the first page."""
        self.journey = journeys.start(self.survey, self.evaluation)

    def advance(self, answers: Mapping[str, Any]) -> journeys.Step:
        """Go on, if the page lets go."""
        given = {key for key, value in answers.items() if not is_unanswered(value)}
        left = journeys.settle(self.survey, self.evaluation, self.journey).page
        step = journeys.advance(self.survey, self.evaluation, self.journey, given)
        self.journey = step.journey
        if step.outcome in ("moved", "at_end") and left is not None:
            self._stamp_page(left, answered=True)
        return step

    def go_back(self) -> bool:
        """Go to the page shown before; tells whether there was one."""
        before = journeys.settle(self.survey, self.evaluation, self.journey).page
        self.journey = journeys.back(self.survey, self.evaluation, self.journey)
        return self.journey.page != before

    def is_at_end(self) -> bool:
        """Whether the current page is the last on the path."""
        return journeys.is_last(self.survey, self.evaluation, self.journey)

    def go_to_first_problem(self) -> None:
        """Stand on the first visible page that has a problem."""
        pages = journeys.visible_pages(self.survey, self.evaluation)
        for position, page in enumerate(pages):
            if journeys.page_problems(self.survey, self.evaluation, page):
                self.journey = Journey(page, pages[:position], self.journey.shown)
                return

    # Times

    def _moment(self) -> int:
        """Milliseconds since the session began; the server's clock alone."""
        return max(0, int((self.now - self.session.started_at).total_seconds() * 1000))

    def _stamp_page(self, page: str, *, answered: bool = False) -> None:
        times = self.session.state.page_times.setdefault(page, [self._moment(), NOT_ANSWERED])
        if answered:
            times[1] = self._moment()
            self.is_changed = True

    def _stamp_shown(self) -> None:
        moment, times = self._moment(), self.session.state.question_times
        for name in journeys.questions_on(self.survey, self.evaluation, self.journey.page):
            if name not in times:
                is_answered = name in self.evaluation.answers
                times[name] = [moment, moment if is_answered else NOT_ANSWERED]

    # Drawing

    def draw(self, *, moved: bool = True, marks: Marks = "bad", is_kept: bool = True) -> PageView:
        """The current page; what it shows counts as shown from now on, if the turn is kept."""
        if is_kept:
            self.journey = journeys.show(self.survey, self.evaluation, self.journey)
            if self.journey != self.stored_journey:
                self._write_journey()
            if self.is_changed:
                self.session.rev = self.old_rev + 1
        view = page_view(
            self.survey,
            self.evaluation,
            self.journey,
            self.session.answers,
            frame=self._frame(moved, marks),
            context=self.session.context,
            today=self.today,
        )
        view.progress = max(view.progress, self.session.state.progress)
        if is_kept:
            self.session.state.progress = view.progress
        return view

    def _write_journey(self) -> None:
        state, journey = self.session.state, self.journey
        state.page = journey.page
        state.passed = list(journey.passed)
        state.shown = [q for q in self.form.questions if q in journey.shown]
        if journey.page is not None:
            self._stamp_page(journey.page)
            self._stamp_shown()
        self.is_changed = True

    def draw_end(self) -> PageView:
        """The ending."""
        self.session.rev = self.old_rev + 1
        return done_view(
            self.survey,
            self.evaluation,
            frame=self._frame(True, "none"),
            context=self.session.context,
            today=self.today,
        )

    def _frame(self, moved: bool, marks: Marks) -> Frame:
        return Frame(
            session=str(self.session.id),
            rev=self.session.rev,
            version=self.form.version,
            lang=self.session.lang,
            seed=str(self.session.seed),
            moved=moved,
            marks=marks,
            words=self._words(),
        )

    def _words(self) -> Mapping[str, Mapping[str, str]]:
        """The names of departments and staff, where an answer may stand in a text."""
        if self.dictionaries is None or not (self.form.departments or self.form.staff):
            return {}
        return self.dictionaries.words(session_language(self.survey, self.session.lang))

    def step(
        self,
        outcome: Outcome,
        view: PageView,
        problems: tuple[WordedProblem, ...] = (),
    ) -> Step:
        """The outcome with what every channel needs beside the view."""
        files = tuple(
            AttachmentInfo(file.id, file.name, file.bytes, file.type)
            for file in self.session.state.files
        )
        return Step(outcome, view, problems, self.dropped, None, files)

    def worded(self, problems: tuple[Problem, ...]) -> tuple[WordedProblem, ...]:
        """Problems in the session's language."""
        lang = self.session.lang
        return tuple(WordedProblem(p.code, p.at, word(p, lang)) for p in problems)

    # The end

    def split_answers(self, answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Answers of ordinary questions, and those of personal ones."""
        personal = self.form.personal_ids
        return (
            {key: value for key, value in answers.items() if key not in personal},
            {key: value for key, value in answers.items() if key in personal},
        )

    def seconds_by_page(self) -> dict[str, float]:
        """How long each page took from its first showing to its last answer."""
        return {
            page: round((answered - shown) / 1000, 1)
            for page, (shown, answered) in self.session.state.page_times.items()
            if answered >= shown
        }


class FinalView(msgspec.Struct, frozen=True):
    """What a submitted session answers for good."""

    response: str
    scores: dict[str, Any]
    done: Done | None
    view: PageView


def conflict_problems(keys: tuple[str, ...], lang: str) -> tuple[WordedProblem, ...]:
    """One problem for each key that somebody else set meanwhile."""
    return tuple(WordedProblem("conflict", pointer(key), say("conflict", lang)) for key in keys)
