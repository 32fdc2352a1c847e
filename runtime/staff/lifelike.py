"""Proposed test patients as people would answer: departments and staff of this hospital and plain
words in place of what the proof made up, wherever the patient goes the same ways with them."""

from collections.abc import Iterator
from typing import Any

import msgspec

import engine
from engine.branches import taken
from engine.prove.coverage import Proposal, Response
from engine.questions.pickers import DepartmentQuestion, StaffQuestion
from engine.questions.text import TextQuestion
from runtime.kit.db import Database
from runtime.kit.words import LANGUAGES, say
from runtime.org.models import Picked
from runtime.org.service import find_departments, find_staff

DEPARTMENT_OF_VISIT = "visit.department"
TRIED = 3
"""So many entries of a dictionary are tried where a rule tells one from another."""


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
        for name, question in self.survey.scope.questions.items():
            if name in one.answers:
                one = self._first_fit(
                    one, "answers", name, self._answers_to(question, one.answers[name], one.answers)
                )
        for name, field in self.survey.document.context.items():
            if name in one.context and field.type == "text" and not field.values:
                one = self._first_fit(one, "context", name, self._known_of(name))
        return one

    def _first_fit(
        self, one: Response, member: str, name: str, candidates: Iterator[str]
    ) -> Response:
        """With the first of the candidates by which nothing else changes."""
        for value in candidates:
            changed = getattr(one, member) | {name: value}
            other = msgspec.structs.replace(one, **{member: changed})
            if taken(self.survey, other.answers, other.context, other.today) == one.takes:
                return other
        return one

    def _answers_to(self, question: Any, made_up: Any, answers: dict[str, Any]) -> Iterator[str]:
        match question:
            case DepartmentQuestion():
                found = self._departments(question)
            case StaffQuestion():
                found = self._staff(question, answers)
            case TextQuestion(format=None, pattern=None):
                yield say("walks_sample", self.lang)
                return
            case _:
                return
        if all(made_up != one.id for one in found):
            yield from (one.id for one in found[:TRIED])

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
