"""A survey filled in as a patient would, with nothing stored: the state travels in the form.

Nothing in the state is believed: the engine evaluates its answers anew at every step, and the place
where it stands is settled on a page that these answers lead to.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

import engine
from engine import journey as journeys
from engine.check import OF_ABSENCE
from engine.journey import Journey
from engine.view import Marks, session_language
from renderers.web.forms import changed_answers
from runtime.kit.http import is_too_deep
from runtime.kit.problems import BadRequest

MAX_STATE_BYTES = 256 * 1024
MAX_FILE_NAME = 100
Device = Literal["all", "phone", "desktop", "kiosk", "miniprogram"]


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a form carries from step to step; `files` are names of files that were never kept."""

    answers: dict[str, Any] = {}
    context: dict[str, Any] = {}
    files: dict[str, str] = {}
    lang: str = ""
    page: str | None = None
    passed: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    is_done: bool = False
    large_text: bool = False
    device: Device = "all"


def read_state(text: str) -> State:
    """The state that a form carried; a fresh one for "".

    Raises:
        BadRequest: it is no state, or too large a one.
    """
    if not text:
        return State()
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_STATE_BYTES or is_too_deep(data):
        raise BadRequest("state", "The form carries too much.")
    try:
        return msgspec.json.decode(data, type=State)
    except (msgspec.DecodeError, RecursionError):
        raise BadRequest("state", "The form carries no state.") from None


def write_state(state: State) -> str:
    """The state as a form carries it."""
    return msgspec.json.encode(state).decode()


class Compiled(Struct, frozen=True):
    """A document ready to be filled in; without `survey` the problems say what is missing."""

    document: engine.Document
    survey: engine.Survey | None
    problems: tuple[engine.Problem, ...]


@lru_cache(maxsize=16)
def compile_draft(data: bytes) -> Compiled:
    """The document as far as the engine can compile it: parts that are still empty do no harm."""
    parsed = engine.parse(data)
    document = parsed.document
    assert document is not None, "only what can be read is stored"
    problems = engine.check_parsed(parsed)
    errors = [problem for problem in problems if problem.severity == "error"]
    is_fit = all(problem.code in HARMLESS for problem in errors)
    return Compiled(document, engine.compile_survey(document) if is_fit else None, problems)


HARMLESS = OF_ABSENCE & {"missing_text", "empty_page", "no_options", "row_count"}
"""What is missing without keeping the rest from being filled in."""


class Rehearsal:
    """One step of a walk through a survey."""

    def __init__(self, survey: engine.Survey, state: State, today: date) -> None:
        self.survey = survey
        self.today = today
        lang = session_language(survey, state.lang or survey.document.languages[0])
        context = {k: v for k, v in state.context.items() if k in survey.document.context}
        self.state = structs.replace(state, lang=lang, context=context)
        self.marks: Marks = "bad"
        self.has_moved = True
        self._evaluate()
        self.journey = self._place()

    def _evaluate(self) -> None:
        self.evaluation = self.survey.evaluate(self.state.answers, self.state.context, self.today)

    def _place(self) -> Journey:
        pages = self.survey.scope.page_index
        if self.state.page not in pages:
            return journeys.start(self.survey, self.evaluation)
        passed = tuple(page for page in dict.fromkeys(self.state.passed) if page in pages)
        shown = frozenset(self.state.shown) & self.survey.scope.questions.keys()
        return self._settled(Journey(self.state.page, passed, shown))

    def _settled(self, journey: Journey) -> Journey:
        settled = journeys.settle(self.survey, self.evaluation, journey)
        return journeys.show(self.survey, self.evaluation, settled)

    # What was asked for

    def post(
        self, wish: str, fields: Mapping[str, Sequence[str]], files: Mapping[str, str]
    ) -> None:
        """Do what a button of a framed page asks for, with what was answered on the page."""
        questions = self.survey.scope.questions
        given = changed_answers(questions.values(), fields)
        verb, _, rest = wish.partition(".")
        if verb == "clear":
            given[rest] = None
        elif verb == "remove":
            question, _, name = rest.partition(".")
            given[question] = _without(self.state.answers.get(question), name)
        self._attach(given, files)
        merged = {**self.state.answers, **given}
        answers = {k: v for k, v in merged.items() if v is not None and k in questions}
        self.state = structs.replace(self.state, answers=answers, is_done=False)
        self._look(verb, rest)
        before = self.journey
        self._evaluate()
        self._go(verb, {name for name, value in given.items() if value is not None})
        self.has_moved = self.journey.page != before.page

    def _attach(self, given: dict[str, Any], files: Mapping[str, str]) -> None:
        """A file that was chosen counts as sent; only its name is kept, and only in the form."""
        names = dict(self.state.files)
        for question, name in files.items():
            found: Any = self.survey.scope.questions.get(question)
            if found is None or found.type not in ("picture_upload", "file_upload", "signature"):
                continue
            identity = f"preview-{len(names) + 1}"
            names[identity] = name[:MAX_FILE_NAME]
            held: list[Any] = given.get(question, self.state.answers.get(question)) or []
            is_one = found.type == "signature"
            given[question] = identity if is_one else [*held, identity][: found.max_files]
        self.state = structs.replace(self.state, files=names)

    def _look(self, verb: str, rest: str) -> None:
        if verb == "text":
            self.state = structs.replace(self.state, large_text=rest == "large")
        elif verb == "lang":
            self.state = structs.replace(self.state, lang=session_language(self.survey, rest))

    def _go(self, verb: str, given: set[str]) -> None:
        match verb:
            case "next" | "submit":
                step = journeys.advance(self.survey, self.evaluation, self.journey, given)
                self.journey = step.journey
                if step.outcome == "problems":
                    self.marks = "all"
                elif step.outcome == "at_end":
                    self._submit()
            case "back":
                self.journey = journeys.back(self.survey, self.evaluation, self.journey)
            case _:
                self.journey = self._settled(self.journey)

    def _submit(self) -> None:
        if self.evaluation.complete:
            self.state = structs.replace(self.state, is_done=True)
            return
        self.marks = "all"
        pages = journeys.visible_pages(self.survey, self.evaluation)
        for position, page in enumerate(pages):
            if journeys.page_problems(self.survey, self.evaluation, page):
                self.journey = Journey(page, pages[:position], self.journey.shown)
                return

    def go_on_with(self, context: Mapping[str, Any], lang: str) -> None:
        """The same answers of a patient of another visit, or in another language."""
        lang = session_language(self.survey, lang or self.state.lang)
        self.state = structs.replace(self.state, context=dict(context), lang=lang, is_done=False)
        self._evaluate()
        self.journey = self._settled(self.journey)

    # What is shown

    @property
    def carried(self) -> State:
        """The state as the next form carries it."""
        return structs.replace(
            self.state,
            page=self.journey.page,
            passed=self.journey.passed,
            shown=tuple(q for q in self.survey.scope.questions if q in self.journey.shown),
        )

    @property
    def values(self) -> engine.Values:
        """What every ref stands for now."""
        return engine.Values(
            self.survey, self.evaluation, self.state.context, self.today.isoformat()
        )

    def view(self, version: int, words: Mapping[str, Mapping[str, str]]) -> engine.PageView:
        """The page view that every channel shows: the current page, or the ending; `words` are the
        names of the dictionaries' entries."""
        frame = engine.Frame(
            session="preview",
            version=version,
            lang=self.state.lang,
            seed="preview",
            moved=self.has_moved,
            marks=self.marks,
            words=words,
        )
        common: dict[str, Any] = {"context": self.state.context, "today": self.today}
        if self.state.is_done or self.journey.page is None:
            return engine.done_view(self.survey, self.evaluation, frame=frame, **common)
        return engine.page_view(
            self.survey, self.evaluation, self.journey, self.state.answers, frame=frame, **common
        )


def _without(value: Any, name: str) -> Any:
    if isinstance(value, list):
        rest: list[Any] = [one for one in value if one != name]  # pyright: ignore[reportUnknownVariableType]
        return rest or None
    return None
