"""Live preview: the newest document filled in on four devices, and why each question is asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct, structs

import engine
from builder.edits import Insert
from builder.walks import new_walk
from builder.words import RuleWords
from renderers import miniprogram
from runtime.kit.bodies import form_of
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.words import say
from runtime.org.service import list_sites
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, drawn, shows, takes
from runtime.staff.building_places import owner_of
from runtime.staff.building_posts import Outcome, attempt
from runtime.staff.frame import redirect
from runtime.staff.preview_frames import DEVICES, Devices
from runtime.staff.preview_words import context_choices, explained, scores_so_far
from runtime.staff.rehearsal import (
    Compiled,
    Rehearsal,
    State,
    compile_draft,
    read_state,
    write_state,
)
from runtime.surveys import findings, queries
from runtime.surveys.models import SurveyDetail

HERE = "/preview"
MAX_BODY = 2 * 1024 * 1024
TITLE_LENGTH = 200


class Posted(Struct, frozen=True):
    """The fields of a form with all their values, and the names of the files that came with it."""

    fields: Mapping[str, Sequence[str]]
    files: Mapping[str, str]

    def one(self, name: str) -> str:
        """The field's first value; "" where there is none."""
        return next(iter(self.fields.get(name, ())), "")


async def posted(request: Http) -> Posted:
    """The form of a request; what is in its files is not read."""
    fields: dict[str, list[str]] = {}
    files: dict[str, str] = {}
    for name, value in (await form_of(request)).multi_items():
        if isinstance(value, UploadFile):
            if value.filename and name.startswith("upload."):
                files[name.removeprefix("upload.")] = value.filename
        else:
            fields.setdefault(name, []).append(str(value))
    return Posted(fields, files)


@shows(HERE, "surveys:read")
def show(desk: OnDesk, walk: FromQuery[str] = "") -> Answer:
    """The survey's first page on all devices, nothing answered yet; or as a test patient does."""
    preview = Preview(desk)
    return preview.draw(preview.state_of(walk))


FORM: dict[str, Any] = {
    "request_max_body_size": MAX_BODY,
    "dependencies": {"posted": Provide(posted)},
}


@takes(HERE, "surveys:read", **FORM)
def step(desk: OnDesk, posted: NamedDependency[Posted]) -> Answer:
    """One step of the walk: what was answered in a frame, another visit, another device."""
    return Preview(desk).draw(read_state(posted.one("state")), posted)


@takes(f"{HERE}/walk", **FORM)
def record_walk(desk: OnDesk, posted: NamedDependency[Posted]) -> Answer:
    """Keep the answers clicked through as a test patient of the survey."""
    return Preview(desk).record(read_state(posted.one("state")), posted.one("title"))


class Preview:
    """The preview of one survey for one person."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.lang = desk.lang
        self.detail: SurveyDetail = queries.get_survey(desk.deployment.db, desk.survey)
        self.compiled: Compiled = compile_draft(bytes(self.detail.document))
        self.today = hospital_day(desk.deployment.clock())

    @property
    def address(self) -> str:
        """Where every form of the preview is sent."""
        return self.desk.under(HERE)

    def say(self, code: str, **params: Any) -> str:
        """The preview's words."""
        return say(f"preview_{code}", self.lang, **params)

    def state_of(self, walk: str) -> State:
        """The answers of a stored test patient; none for a name that there is not."""
        for one in self.compiled.document.walks:
            if one.id == walk:
                return State(answers=dict(one.answers), context=dict(one.context))
        return State()

    # Steps

    def draw(self, state: State, posted: Posted | None = None) -> Answer:
        """The page after a step; what is missing where the document cannot be filled in."""
        survey = self.compiled.survey
        if survey is None:
            return self._unfit()
        wish = posted.one("do") if posted is not None else ""
        device = wish.removeprefix("show.")
        if wish.startswith("show.") and device in ("all", *DEVICES):
            state = structs.replace(state, device=device)
        rehearsal = Rehearsal(survey, state, self.today)
        if posted is not None:
            if wish == "context":
                context = read_context(survey.document, posted)
                rehearsal.go_on_with(context, posted.one("lang"))
            elif "page" in posted.fields and not wish.startswith("show."):
                rehearsal.post(wish or "next", posted.fields, posted.files)
        return self._page(survey, rehearsal)

    def record(self, state: State, title: str) -> Answer:
        """Keep the walk in the draft, with what it comes to as what is expected."""
        survey = self.compiled.survey
        if survey is None:
            return self._unfit()
        rehearsal = Rehearsal(survey, state, self.today)
        walk = new_walk(
            survey,
            rehearsal.evaluation.answers,
            rehearsal.state.context,
            self.today.isoformat(),
            " ".join(title.split())[:TITLE_LENGTH] or self.say("walk_title"),
        )
        insert = Insert(into="", list="walks", value=walk)
        if attempt(self.desk, lambda: self.desk.apply(insert)) is not None:
            return self._page(survey, rehearsal, refused=self.say("walk_refused"), status=409)
        return redirect(self.desk.under("/edit/walks"), toast="saved")

    # Pages

    def _unfit(self) -> Answer:
        document = self.compiled.document
        words = findings.words(self.compiled.problems, self.lang)
        missing = [(owner_of(document, p.at), p.message) for p in words if p.severity == "error"]
        return drawn(self.desk, "preview", "build_preview/unfit.html", missing=missing, p=self.say)

    def _page(
        self, survey: engine.Survey, rehearsal: Rehearsal, *, refused: str = "", status: int = 200
    ) -> Answer:
        state = rehearsal.carried
        sites = {one.id: one.text for one in list_sites(self.desk.deployment.db, self.lang)}
        words = RuleWords(survey.scope, self.lang, names=sites)
        names = self.desk.deployment.known.words(state.lang)
        view = rehearsal.view(self.detail.version or 0, names)
        shown = DEVICES if state.device == "all" else (state.device,)
        devices = Devices(self.desk, survey.document.languages, self.address)
        whys = explained(rehearsal, words)
        here = {question.id for question in view.questions}
        return drawn(
            self.desk,
            "preview",
            "build_preview/preview.html",
            Outcome(status=status),
            is_draft=self.detail.is_draft,
            refused=refused,
            devices=DEVICES,
            device=state.device,
            frames=[(one, devices.framed(one, view, state)) for one in shown],
            json=miniprogram.render(view).decode() if "miniprogram" in shown else "",
            state=write_state(state),
            view=view,
            here=[why for why in whys if why.id in here],
            elsewhere=[why for why in whys if why.id not in here],
            scores=scores_so_far(rehearsal, words),
            choices=context_choices(survey.document, state.context, words),
            languages_of=survey.document.languages,
            lang_of=state.lang,
            answered=len(rehearsal.evaluation.answers),
            asked=len(rehearsal.evaluation.asked),
            problems=len(self.compiled.problems),
            p=self.say,
        )


def read_context(document: engine.Document, posted: Posted) -> dict[str, Any]:
    """What was chosen for the visit; the engine leaves out what does not fit its declaration."""
    found: dict[str, Any] = {}
    for name, field in document.context.items():
        typed = posted.one(f"c:{name}").strip()
        if not typed:
            continue
        if field.type == "boolean":
            found[name] = typed == "true"
        elif field.type == "number":
            found[name] = _number(typed)
        else:
            found[name] = typed
    return found


def _number(typed: str) -> float | str:
    try:
        return float(typed)
    except ValueError:
        return typed


handlers: tuple[ControllerRouterHandler, ...] = (show, step, record_walk)
