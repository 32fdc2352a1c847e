"""Live preview: the newest document filled in on four devices, and why each question is asked."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
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
from renderers.kiosk.frame import KioskFrame, KioskLinks
from renderers.kiosk.render import render_ending as render_kiosk_ending
from renderers.kiosk.render import render_page as render_kiosk_page
from renderers.web.controls import FILTERS
from renderers.web.frame import Frame, Links, StoredFile
from renderers.web.render import render_ending, render_page
from renderers.web.words import LANGUAGES as INTERFACE
from renderers.web.words import closest, wording
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.words import say
from runtime.org.service import list_sites
from runtime.staff.building import Desk, owner_of
from runtime.staff.building_pages import Answer, OnDesk, drawn, shows, takes
from runtime.staff.building_posts import Outcome, attempt
from runtime.staff.frame import TEMPLATES, redirect
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
from runtime.web.pickers import Pickers

HERE = "/preview"
MAX_BODY = 2 * 1024 * 1024
DEVICES = ("phone", "miniprogram", "kiosk", "desktop")
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
    for name, value in (await request.form()).multi_items():
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


class Reason(Struct, frozen=True):
    """A rule in words, how it came out, and the values that it read."""

    sentence: str
    result: str
    values: tuple[tuple[str, str], ...]


class Why(Struct, frozen=True):
    """Why a question is asked or not."""

    id: str
    text: str
    state: str
    is_required: bool
    reasons: tuple[Reason, ...]


class Member(Struct, frozen=True):
    """A question's part in a score."""

    text: str
    points: float | None
    weight: float


class ScoreSoFar(Struct, frozen=True):
    """A score and how it came about."""

    name: str
    method: str
    value: float | None
    members: tuple[Member, ...]


class Choice(Struct, frozen=True):
    """A member of the context with what was chosen."""

    name: str
    label: str
    type: str
    values: tuple[tuple[str, str], ...]
    value: str


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
        view = rehearsal.view(self.detail.version or 0)
        shown = DEVICES if state.device == "all" else (state.device,)
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
            frames=[(one, self._framed(one, view, state)) for one in shown],
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

    def _framed(self, device: str, view: engine.PageView, state: State) -> str:
        """The page as a whole document for a frame."""
        common: dict[str, Any] = {
            "lang": closest(view.lang),
            "languages": tuple(one for one in INTERFACE if one in self.compiled.document.languages),
            "large_text": state.large_text,
            "csrf": "",
            "picks": Pickers(self.desk.deployment.db).for_view(view),
            "files": {
                one: StoredFile(id=one, name=name, bytes=0, type="")
                for one, name in state.files.items()
            },
            "carried": {"_csrf": self.desk.principal.csrf, "state": write_state(state)},
            "target": "_top",
            "is_still": True,
        }
        links: dict[str, Any] = {"step": self.address, "start": self.address, "home": self.address}
        if device == "miniprogram":
            return self._mini(view, common)
        if device == "kiosk":
            kiosk_links = KioskLinks(**links, leave=self.address, alive="")
            kiosk = KioskFrame(**common, links=kiosk_links, watched=False)
            draw = render_kiosk_page if view.done is None else render_kiosk_ending
            return draw(view, kiosk)
        frame = Frame(**common, links=Links(**links))
        return render_page(view, frame) if view.done is None else render_ending(view, frame)

    def _mini(self, view: engine.PageView, common: dict[str, Any]) -> str:
        """Drawn from the renderer's own JSON, which is all that the mini program gets."""
        wire: dict[str, Any] = msgspec.json.decode(miniprogram.render(view))
        return (
            _environment()
            .get_template("build_preview/mini.html")
            .render(wire=wire, nodes=_nodes, t=wording(common["lang"]), step=self.address, **common)
        )


def _nodes(
    nodes: Sequence[dict[str, Any]], leaf_only: bool, above: str = ""
) -> list[tuple[str, str, bool]]:
    """A cascade's nodes with the names that lead to them, and whether they cannot be chosen."""
    found: list[tuple[str, str, bool]] = []
    for node in nodes:
        name = f"{above} / {node['text']}" if above else str(node["text"])
        below: Sequence[dict[str, Any]] = node.get("nodes", ())
        found += [(node["id"], name, leaf_only and bool(below)), *_nodes(below, leaf_only, name)]
    return found


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= FILTERS
    return made


# What the page tells


def explained(rehearsal: Rehearsal, words: RuleWords) -> list[Why]:
    """Why each question of the survey is asked or not, in the survey's order."""
    scope = rehearsal.survey.scope
    values = rehearsal.values
    rules = {placed.at: placed.rule for placed in scope.rules()}

    def reason(one: Any) -> Reason:
        result = {True: "true", False: "false", None: "unknown"}[one.result]
        read = tuple(
            (words.name(ref), words.value(ref, value)) for ref, value in one.values.items()
        )
        return Reason(words.sentence(rules[one.at]), result, read)

    return [
        Why(
            one.question,
            words.text(scope.questions[one.question].text),
            one.state,
            one.required,
            tuple(map(reason, one.reasons)),
        )
        for one in engine.explain(rehearsal.survey, values)
    ]


def scores_so_far(rehearsal: Rehearsal, words: RuleWords) -> list[ScoreSoFar]:
    """Each score of the answers so far, with its members."""
    scope = rehearsal.survey.scope

    def name(member: str) -> str:
        if member in scope.questions:
            return words.text(scope.questions[member].text)
        score = scope.scores.get(member.removeprefix("score."))
        return (words.text(score.title) if score is not None else "") or member

    return [
        ScoreSoFar(
            words.text(scope.scores[one.score].title) or one.score,
            one.method,
            one.value,
            tuple(Member(name(m.question), m.points, m.weight) for m in one.members),
        )
        for one in engine.derive_scores(rehearsal.survey, rehearsal.values)
    ]


def context_choices(
    document: engine.Document, chosen: Mapping[str, Any], words: RuleWords
) -> list[Choice]:
    """The members of the context as inputs."""
    found: list[Choice] = []
    for name, field in document.context.items():
        named = field.values
        if field.type == "boolean":
            named = ("true", "false")
        values = tuple((one, words.value(name, one).strip("「」“”")) for one in named)
        value = chosen.get(name)
        shown = str(value).lower() if isinstance(value, bool) else str(value or "")
        found.append(Choice(name, words.context_name(name), field.type, values, shown))
    return found


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
