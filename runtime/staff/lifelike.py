"""Proposed test patients as people would answer: departments and staff of this hospital, days near
the patient's own and plain words in place of what the proof made up, wherever the patient goes the
same ways with them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import msgspec

import engine
from engine.branches import taken
from engine.prove.coverage import Proposal, Response
from engine.prove.domains import DEFAULT_TODAY
from engine.questions.moments import DateQuestion, TimeQuestion
from engine.questions.pickers import DepartmentQuestion, StaffQuestion
from engine.questions.text import TextQuestion
from runtime.kit.db import Database
from runtime.kit.words import LANGUAGES, say
from runtime.org.models import Picked
from runtime.org.service import find_departments, find_staff

DEPARTMENT_OF_VISIT = "visit.department"
TRIED = 3
"""So many entries of a dictionary are tried where a rule tells one from another."""
NEAR = (0, -1, -7, -30, -365, 1, 7, 30, 365)
"""Days from the one on which the patient answers, the likeliest first."""
CLOCK = ("09:00", "15:00", "20:00")


class Lifelike:
    """What patients of one survey answer in this hospital, read when it is asked for."""

    def __init__(self, db: Database, survey: engine.Survey, lang: str) -> None:
        self.db = db
        self.survey = survey
        self.lang = lang if lang in LANGUAGES else LANGUAGES[0]
        self._kept: dict[Any, list[Picked]] = {}

    def proposal(self, one: Proposal) -> Proposal:
        """The same, by a response that somebody can read."""
        return msgspec.structs.replace(one, response=self.response(one.response))

    def response(self, one: Response) -> Response:
        """A response that takes the same branches, its made-up values put right where they can."""
        one = self._nowadays(one)
        for name, question in self.survey.scope.questions.items():
            if name in one.answers:
                one = self._first_fit(one, "answers", name, self._answers_to(question, one))
        for name, field in self.survey.document.context.items():
            if name not in one.context:
                continue
            if field.type == "text" and not field.values:
                one = self._first_fit(one, "context", name, self._known_of(name))
            elif field.type == "date":
                one = self._first_fit(one, "context", name, _days_near(one.today))
        return one

    def _nowadays(self, one: Response) -> Response:
        """The same in our days, where a rule that looks at today led the proof elsewhere."""
        off = date.fromisoformat(DEFAULT_TODAY) - date.fromisoformat(one.today)
        if abs(off) <= timedelta(days=NEAR[-1]):
            return one
        return next((other for other in self._moved(one, off) if self._is_like(other)), one)

    def _moved(self, one: Response, off: timedelta) -> Iterator[Response]:
        """In our days: every day moved as far, none moved, all on a day nearby."""
        scope = self.survey.scope
        days = {name for name, q in scope.questions.items() if isinstance(q, DateQuestion)}
        told = {name for name, f in scope.document.context.items() if f.type == "date"}

        def at(change: Callable[[str], str]) -> Response:
            return msgspec.structs.replace(
                one,
                today=DEFAULT_TODAY,
                answers=_changed(one.answers, days, change),
                context=_changed(one.context, told, change),
            )

        yield at(lambda day: (date.fromisoformat(day) + off).isoformat())
        yield at(lambda day: day)
        for near in _days_near(DEFAULT_TODAY):
            yield at(lambda _, near=near: near)

    def _is_like(self, other: Response) -> bool:
        """Whether it takes the branches that it says."""
        return taken(self.survey, other.answers, other.context, other.today) == other.takes

    def _first_fit(
        self, one: Response, member: str, name: str, candidates: Iterator[str]
    ) -> Response:
        """With the first of the candidates by which nothing else changes."""
        for value in candidates:
            changed = getattr(one, member) | {name: value}
            other = msgspec.structs.replace(one, **{member: changed})
            if self._is_like(other):
                return other
        return one

    def _answers_to(self, question: Any, one: Response) -> Iterator[str]:
        match question:
            case DepartmentQuestion():
                found = self._departments(question)
            case StaffQuestion():
                found = self._staff(question, one.answers)
            case DateQuestion():
                yield from _days_near(one.today)
                return
            case TimeQuestion():
                yield from CLOCK
                return
            case TextQuestion(format=None, pattern=None):
                yield say("walks_sample", self.lang)
                return
            case _:
                return
        if all(one.answers[question.id] != entry.id for entry in found):
            yield from (entry.id for entry in found[:TRIED])

    def _known_of(self, name: str) -> Iterator[str]:
        """What the hospital would tell of a visit."""
        if name == DEPARTMENT_OF_VISIT:
            yield from (one.text for one in self._leaves(None, None)[:TRIED])
        yield say("walks_sample", self.lang)

    def _departments(self, question: DepartmentQuestion) -> list[Picked]:
        within = question.within
        sites = within.sites if within is not None else ()
        return self._leaves(sites[0] if sites else None, within and within.subtree)

    def _leaves(self, site: str | None, subtree: str | None) -> list[Picked]:
        """Departments without any below them."""
        key = ("department", site, subtree)
        if key not in self._kept:
            found = find_departments(self.db, site=site, subtree=subtree, lang=self.lang)
            above = {one.parent for one in found}
            self._kept[key] = [one for one in found if one.id not in above] or found
        return self._kept[key]

    def _staff(self, question: StaffQuestion, answers: dict[str, Any]) -> list[Picked]:
        sites = question.within.sites if question.within is not None else ()
        site = sites[0] if sites else None
        department = answers.get(question.of) if question.of else None
        key = ("staff", site, department)
        if key not in self._kept:
            self._kept[key] = find_staff(self.db, site=site, department=department, lang=self.lang)
        return self._kept[key]


def _changed(
    values: dict[str, Any], days: set[str], change: Callable[[str], str]
) -> dict[str, Any]:
    """Some values of a response, the days among them changed; a day that goes too far stays."""
    changed = dict(values)
    for name in days & values.keys():
        with suppress(OverflowError):
            changed[name] = change(values[name]) if isinstance(values[name], str) else values[name]
    return changed


def _days_near(today: str) -> Iterator[str]:
    """Days on which somebody who answers today may have been there, or will be."""
    day = date.fromisoformat(today)
    yield from ((day + timedelta(days=off)).isoformat() for off in NEAR)
