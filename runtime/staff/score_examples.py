"""What can be said of a draft's scores: how low and how high they go, and what patients get."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct

import engine
from builder.tree import write
from engine.definition import Score
from engine.derivation import Values, derive_scores
from engine.numbers import exact
from engine.prove import Findings
from runtime.staff.answers import answer_text
from runtime.staff.building import Desk
from runtime.staff.building_parts import words_for
from runtime.staff.building_scores import number
from runtime.staff.rehearsal import compile_draft
from runtime.surveys import findings


class Asked(Struct, frozen=True):
    """What a patient answered, in words."""

    question: str
    answer: str


class Part(Struct, frozen=True):
    """What a member added to a score; no points where it took no part."""

    name: str
    answer: str
    points: float | None
    weight: float


class Example(Struct, frozen=True):
    """A patient's answers and what they come to: the members, the sum in a line, other answers."""

    title: str
    value: float | None
    parts: tuple[Part, ...]
    sum: str
    others: tuple[Asked, ...]


class Range(Struct, frozen=True):
    """How low and how high a score can be; what was not settled says so."""

    at: str
    name: str
    low: float | None
    high: float | None
    is_settled: bool


class Proof:
    """What can be said of a draft's scores: their ranges, and what patients get."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.words = words_for(desk)
        compiled = compile_draft(write(desk.document))
        self.survey: engine.Survey | None = compiled.survey
        self.found: Findings | None = None
        if self.survey is not None and {one.code for one in compiled.problems} <= {"missing_text"}:
            self.found = findings.prove(desk.document, findings.EDIT_SECONDS)

    def ranges(self) -> list[Range]:
        """The range of every score."""
        if self.found is None:
            return []
        open_places = {one.at for one in self.found.undecided}
        return [
            Range(
                one.id,
                self.words.text(one.title) or one.id,
                *self.found.scores.get(one.id, (None, None)),
                is_settled=f"/scores/{i}" not in open_places,
            )
            for i, one in enumerate(self.desk.document.scores)
        ]

    def examples(self, score: Score) -> list[Example]:
        """A patient who gets least, one who gets most, and the survey's own test patients."""
        witnesses = self.found.witnesses if self.found is not None else {}
        made: list[Example] = []
        for side in ("low", "high"):
            witness = witnesses.get(f"scores.{score.id}.{side}")
            if witness is not None:
                made.append(self._example(score, self.desk.say(f"example_{side}"), witness))
        for walk in self.desk.document.walks:
            title = self.words.text(walk.title) or walk.id
            patient = {"answers": walk.answers, "context": walk.context, "today": walk.today}
            made.append(self._example(score, title, patient))
        return made

    def _example(self, score: Score, title: str, patient: Mapping[str, Any]) -> Example:
        assert self.survey is not None
        context, today = patient["context"], patient["today"]
        evaluation = self.survey.evaluate(patient["answers"], context, today)
        values = Values(self.survey, evaluation, context, today)
        derived = next(d for d in derive_scores(self.survey, values) if d.score == score.id)
        parts = tuple(
            Part(
                self._name(m.question),
                self._answer(evaluation, m.question),
                m.points,
                m.weight,
            )
            for m in derived.members
        )
        named = {m.question for m in derived.members}
        others = tuple(
            Asked(self._name(name), self._answer(evaluation, name))
            for name in evaluation.answers
            if name not in named
        )
        return Example(title, derived.value, parts, self._sum(score, parts, derived.value), others)

    def _name(self, ref: str) -> str:
        question = self.words.scope.questions.get(ref)
        return (self.words.text(question.text) if question is not None else "") or self.words.name(
            ref
        )

    def _answer(self, evaluation: engine.Evaluation, ref: str) -> str:
        question = self.words.scope.questions.get(ref)
        if question is None:
            return self.desk.say("example_score")
        if ref not in evaluation.asked:
            return self.desk.say("example_not_asked")
        if ref not in evaluation.answers:
            return self.desk.say("example_not_answered")
        return answer_text(evaluation.answers[ref], question, self.desk.lang, self.desk.first)

    def _sum(self, score: Score, parts: tuple[Part, ...], value: float | None) -> str:
        """How the value comes about, as one line of arithmetic."""
        known = [(one.points, one.weight) for one in parts if one.points is not None]
        if value is None or not known:
            return ""
        is_weighted = any(weight != 1 for _, weight in known)
        terms = [
            f"{number(points)}×{number(weight)}" if is_weighted else number(points)
            for points, weight in known
        ]
        result = number(value)
        match score.method:
            case "mean":
                total = sum((exact(weight) for _, weight in known), Fraction(0))
                return f"({' + '.join(terms)}) ÷ {number(total)} = {result}"
            case "sum":
                return f"{' + '.join(terms)} = {result}"
            case "min" | "max" as method:
                return f"{self.desk.label('value', f'method.{method}')}：{result}"
