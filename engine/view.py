"""The page view, `huisheng.page/1`: what every channel shows of one page (design section 7)."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Literal

import msgspec

from engine.arithmetic import printed
from engine.derivation import Values, is_required, truth
from engine.evaluation import Evaluation
from engine.journey import (
    Journey,
    is_last,
    previous_page,
    problem_question,
    questions_on,
)
from engine.parts import Option
from engine.problems import Problem, phrase, word
from engine.questions import AnyQuestionView, Question
from engine.questions.base import MediaView, ProblemView, Scene
from engine.survey import Survey
from engine.text import fill, localize

Marks = Literal["none", "bad", "all"]
NO_VALUE = "—"


class SurveyView(msgspec.Struct, frozen=True):
    """Which survey a page belongs to."""

    id: str
    version: int
    title: str


class PageHead(msgspec.Struct, frozen=True):
    """The page itself; `number` counts the pages shown, from 1."""

    id: str
    title: str
    number: int
    description: str | None = None


class Done(msgspec.Struct, frozen=True):
    """The ending, once a session is submitted."""

    ending: str | None
    text: str
    open_form: str | None = None
    title: str | None = None


class PageView(msgspec.Struct, kw_only=True):
    """One page as every channel shows it; mini-program JSON is its encoding."""

    format: Literal["huisheng.page/1"] = "huisheng.page/1"
    session: str
    rev: int
    survey: SurveyView
    lang: str
    page: PageHead | None
    progress: float
    moved: bool
    questions: list[AnyQuestionView]
    can_go_back: bool
    action: Literal["next", "submit"]
    done: Done | None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows of a session beside its answers."""

    session: str = ""
    rev: int = 0
    version: int = 0
    lang: str = "zh-CN"
    seed: str = ""
    moved: bool = True
    marks: Marks = "bad"
    words: Mapping[str, Mapping[str, str]] = {}
    """What the entries of the dictionaries are called in the session's language, by the type of
    question that they answer (department, staff)."""


def page_view(
    survey: Survey,
    evaluation: Evaluation,
    journey: Journey,
    answers: Mapping[str, Any],
    *,
    frame: Frame,
    context: Mapping[str, Any] | None = None,
    today: date | str | None = None,
) -> PageView:
    """Draws the current page.

    Args:
        answers: what was typed, bad values included; they are shown with their problems.
        frame: `marks` says which problems are shown: none, those of bad values, or all.
    """
    day = today.isoformat() if isinstance(today, date) else today
    drawing = _Drawing(survey, evaluation, answers, frame, Values(survey, evaluation, context, day))
    names = questions_on(survey, evaluation, journey.page)
    return PageView(
        session=frame.session,
        rev=frame.rev,
        survey=drawing.survey_view(),
        lang=drawing.lang,
        page=drawing.head(journey),
        progress=progress(survey, journey),
        moved=frame.moved,
        questions=[drawing.question(survey.scope.questions[name]) for name in names],
        can_go_back=previous_page(survey, evaluation, journey) is not None,
        action="submit" if is_last(survey, evaluation, journey) else "next",
        done=None,
    )


def done_view(
    survey: Survey,
    evaluation: Evaluation,
    *,
    frame: Frame,
    context: Mapping[str, Any] | None = None,
    today: date | str | None = None,
) -> PageView:
    """What a channel shows after submitting: the ending."""
    day = today.isoformat() if isinstance(today, date) else today
    drawing = _Drawing(survey, evaluation, {}, frame, Values(survey, evaluation, context, day))
    return PageView(
        session=frame.session,
        rev=frame.rev,
        survey=drawing.survey_view(),
        lang=drawing.lang,
        page=None,
        progress=1.0,
        moved=frame.moved,
        questions=[],
        can_go_back=False,
        action="submit",
        done=drawing.ending(),
    )


def progress(survey: Survey, journey: Journey) -> float:
    """Pages passed ÷ (pages passed + pages still possible from here); never falls going forward,
    because each page that can still come lies behind this one. A session shows the most it has
    shown so far, so that it falls neither on the way back."""
    if journey.page is None:
        return 0.0
    passed = len(journey.passed)
    return round(passed / (passed + survey.pages_from[journey.page]), 4)


def session_language(survey: Survey, lang: str) -> str:
    """The survey's language nearest to the wanted one: itself, the same base, else the first."""
    languages = survey.document.languages
    if lang in languages:
        return lang
    base = lang.split("-")[0]
    return next((name for name in languages if name.split("-")[0] == base), languages[0])


class _Drawing:
    def __init__(
        self,
        survey: Survey,
        evaluation: Evaluation,
        answers: Mapping[str, Any],
        frame: Frame,
        values: Values,
    ) -> None:
        self.survey = survey
        self.evaluation = evaluation
        self.answers = answers
        self.frame = frame
        self.values = values
        self.lang = session_language(survey, frame.lang)
        self.first_language = survey.document.languages[0]
        self.problems = self._marked()

    def _marked(self) -> dict[str, Problem]:
        if self.frame.marks == "none":
            return {}
        marked: dict[str, Problem] = {}
        for problem in self.evaluation.problems:
            if self.frame.marks == "all" or problem.code != "required":
                marked.setdefault(problem_question(problem), problem)
        return marked

    def say(self, text: Any) -> str:
        """A text in the session's language with its placeholders filled."""
        return fill(localize(text, self.lang, self.first_language), self.piped)

    def piped(self, ref: str) -> str:
        """What `{{ref}}` prints: options' texts joined by 「、」, dates in the language's form,
        the names of departments and staff, `—` for none."""
        found = self.survey.scope.refs.get(ref)
        value = self.values[ref]
        if found is None or value is None:
            return NO_VALUE
        if found.source != "question":
            return _plain(found.facet.kind, value, self.lang)
        question = self.survey.scope.questions[found.id]
        if question.type in self.frame.words:
            return self.frame.words[question.type].get(value, value)
        words = _answer_in_words(question, found.part, value, self.lang, self.first_language)
        return words or NO_VALUE

    def survey_view(self) -> SurveyView:
        document = self.survey.document
        return SurveyView(document.id, self.frame.version, self.say(document.title))

    def head(self, journey: Journey) -> PageHead | None:
        if journey.page is None:
            return None
        page = self.survey.document.pages[self.survey.scope.page_index[journey.page]]
        description = self.say(page.description) if page.description is not None else None
        return PageHead(page.id, self.say(page.title), len(journey.passed) + 1, description)

    def ending(self) -> Done:
        name = self.evaluation.ending
        ending = next((e for e in self.survey.document.endings if e.id == name), None)
        if ending is None:
            return Done(None, phrase("thank_you", self.lang))
        title = self.say(ending.title) if ending.title is not None else None
        return Done(ending.id, self.say(ending.text), ending.open_form, title)

    def question(self, question: Question) -> AnyQuestionView:
        problem = self.problems.get(question.id)
        common: dict[str, Any] = {
            "id": question.id,
            "text": self.say(question.text),
            "hint": self.say(question.hint) if question.hint is not None else None,
            "required": is_required(question.required, self.values),
            "value": self.shown_answer(question),
            "refresh": question.id in self.survey.refreshing,
            "problem": problem and ProblemView(problem.code, word(problem, self.lang)),
            "media": [MediaView(m.asset, self.say(m.alt)) for m in question.media],
        }
        scene = Scene(
            say=self.say,
            hidden=self.hidden(question),
            order=self.order(question),
            common=common,
            today=self.values.today,
        )
        view: Any = question.view(scene)
        return view

    def shown_answer(self, question: Question) -> Any:
        """The normal value, or what was typed where that is bad; None for nothing."""
        if question.valueless:
            return None
        if question.id in self.evaluation.answers:
            return self.evaluation.answers[question.id]
        bad = any(
            p.code != "required" and problem_question(p) == question.id
            for p in self.evaluation.problems
        )
        return self.answers.get(question.id) if bad else None

    def hidden(self, question: Question) -> frozenset[str]:
        return frozenset(
            choice.id
            for choice in question.choices()
            if (rule := getattr(choice, "show_if", None)) is not None
            and truth(rule, self.values) is not True
        )

    def order(self, question: Question) -> Callable[[Option], bytes]:
        seed = f"{self.frame.seed}:{question.id}:"
        return lambda option: hashlib.sha256((seed + option.id).encode()).digest()


def _answer_in_words(question: Question, part: str, value: Any, lang: str, fallback: str) -> str:
    def say(text: Any) -> str:
        return fill(localize(text, lang, fallback), lambda _: NO_VALUE)

    options = {o.id: say(o.text) for o in getattr(question, "options", ())}
    match question.type:
        case "single_choice":
            return options.get(value, "")
        case "multi_choice" if not part:
            return "、".join(text for name, text in options.items() if name in value)
        case "ranking":
            return "、".join(options[name] for name in value)
        case "cascade":
            nodes: Any = question
            return next(say(node.text) for _, node in nodes.walk() if node.id == value)
        case "matrix" if part:
            return options.get(value) or str(value)
        case "matrix" | "picture_upload" | "file_upload" | "signature":
            return ""
        case _:
            facet = question.facets()[part]
            return _plain(facet.kind, value, lang)


def _plain(kind: str, value: Any, lang: str) -> str:
    if kind == "boolean":
        return phrase("yes" if value else "no", lang)
    if kind == "date":
        day = date.fromisoformat(value)
        if lang.startswith("zh"):
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%B} {day.year}"
    if kind == "number":
        return str(printed(value) if isinstance(value, Fraction) else value)
    return str(value)
