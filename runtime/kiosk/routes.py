"""The kiosk's addresses: start screen, one survey, one session, the way out.

While a session lives, every address leads back to it; once it is over, every address leads to the
start screen. So neither Back nor Forward finds what the patient before has answered.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import MediaType, Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.static_files import (
    create_static_files_router,  # pyright: ignore[reportUnknownVariableType] - untyped PathLike
)
from litestar.types import ControllerRouterHandler

from renderers import kiosk
from renderers.kiosk import KioskFrame, KioskTimes
from renderers.web.environment import STATIC
from renderers.web.forms import read_answers
from renderers.web.render import ErrorKind, Listed
from renderers.web.words import closest
from runtime.kiosk import screens
from runtime.kiosk.passes import Pass, seal, unseal
from runtime.kiosk.posted import Posted, read_posted, require_own_page
from runtime.kit.http import Http, address_header, status_of
from runtime.kit.problems import AppError, Gone, NotFound, NotSignedIn, StateConflict
from runtime.responses.results import Step
from runtime.responses.routes import handover_url
from runtime.responses.service import Sessions
from runtime.surveys.queries import published_version
from runtime.wiring import Deployment

COOKIE = "huisheng_kiosk"
SECURE_COOKIE = "__Host-kiosk"
"""Behind https: no other host of the domain can set it."""
WIPE_HEADER = "kiosk-wipe"
EXTEND_HEADER = "kiosk-extend"
LEFT_HEADER = "kiosk-seconds-left"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
}
CLEAR = {"clear-site-data": '"cache", "cookies", "storage"'}
Page = Response[str]


class Desk:
    """What every handler needs: the services, the clocks, and the pass that a request carries."""

    def __init__(self, deployment: Deployment, times: KioskTimes) -> None:
        self.deployment = deployment
        self.times = times
        self.is_secure = deployment.settings.public_url.startswith("https:")

    @property
    def sessions(self) -> Sessions:
        """The sessions of patients."""
        return self.deployment.sessions

    def read(self, request: Http) -> Pass | None:
        """The pass of this machine while it is good; one whose time is over ends its session."""
        kept = self.kept(request)
        if kept is None:
            return None
        if kept.is_over(self.deployment.clock(), self.times):
            self.end(kept)
            return None
        return kept

    def unfinished(self, request: Http) -> Pass | None:
        """The good pass of a session that still waits for answers; a submitted one holds nobody."""
        kept = self.read(request)
        if kept is None:
            return None
        try:
            is_done = self.sessions.current(kept.token).view.done is not None
        except (Gone, NotSignedIn):
            return None
        return None if is_done else kept

    def peek(self, request: Http) -> Pass | None:
        """The pass while it is good; nothing is ended."""
        kept = self.kept(request)
        is_over = kept is not None and kept.is_over(self.deployment.clock(), self.times)
        return None if is_over else kept

    def kept(self, request: Http) -> Pass | None:
        """The pass that the request carries, good or over."""
        value = request.cookies.get(SECURE_COOKIE if self.is_secure else COOKIE)
        return unseal(value, self.deployment.secret) if value else None

    def end(self, kept: Pass | None) -> None:
        """End the session that a pass opens, unless it may already go on on a phone."""
        if kept is None or kept.is_handed:
            return
        try:
            self.sessions.abandon(kept.token)
        except (Gone, NotSignedIn, NotFound, StateConflict):
            return

    def issue(self, token: str, site: str) -> Pass:
        """A new pass from now on."""
        now = self.deployment.clock()
        return Pass(token=token, started_at=now, seen_at=now, site=site)

    def stamp(self, answer: Response[Any], kept: Pass, *, is_handed: bool = False) -> None:
        """Write the pass into the answer, seen just now."""
        now = self.deployment.clock()
        kept = msgspec.structs.replace(kept, seen_at=now, is_handed=is_handed)
        longest = timedelta(seconds=self.times.absolute_seconds)
        answer.set_cookie(
            Cookie(
                key=SECURE_COOKIE if self.is_secure else COOKIE,
                value=seal(kept, self.deployment.secret),
                path="/" if self.is_secure else screens.ROOT,
                max_age=max(1, int((kept.started_at + longest - now).total_seconds())),
                httponly=True,
                samesite="strict",
                secure=self.is_secure,
            )
        )

    def read_answers(self, token: str, posted: Posted) -> dict[str, object]:
        """What the posted form answers to the questions that it showed."""
        survey = self.sessions.current(token).view.survey
        form = self.deployment.surveys.get(survey.id, survey.version)
        return read_answers(form.questions.values(), posted.fields)

    def frame_of(self, step: Step, site: str) -> KioskFrame:
        """The frame of a session's page."""
        return screens.session_frame(self.deployment, self.times, step.view, step.attachments, site)


def forget(answer: Response[Any], request: Http) -> None:
    """Remove the pass from the browser, under the name that it has there."""
    is_secure = SECURE_COOKIE in request.cookies
    answer.set_cookie(
        Cookie(
            key=SECURE_COOKIE if is_secure else COOKIE,
            value="",
            path="/" if is_secure else screens.ROOT,
            max_age=0,
            httponly=True,
            samesite="strict",
            secure=is_secure,
        )
    )


def page(html: str, status: int = 200) -> Page:
    """A screen."""
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=HEADERS)


def go(address: str) -> Page:
    """On to another screen, by GET."""
    headers = HEADERS | {"location": address_header(address)}
    return Response("", status_code=303, media_type=MediaType.HTML, headers=headers)


def is_fragment(request: Http) -> bool:
    """Whether htmx asks for the form alone."""
    return request.headers.get("hx-request") == "true"


# Outside a session


@get("/", sync_to_thread=True)
def show_start_screen(
    request: Http, desk: NamedDependency[Desk], lang: FromQuery[str] = "", site: FromQuery[str] = ""
) -> Page:
    """The open surveys as cards; while a session lives, that session."""
    if desk.unfinished(request):
        return go(f"{screens.ROOT}/fill")
    frame = screens.plain_frame(lang, desk.times, site[:64], watched=False)
    shown = screens.cards(desk.deployment, frame.lang, site[:64])
    answer = page(kiosk.render_attract(shown, frame))
    forget(answer, request)
    return answer


@get("/s/{survey:str}", sync_to_thread=True)
def show_survey(
    request: Http,
    desk: NamedDependency[Desk],
    survey: FromPath[str],
    lang: FromQuery[str] = "",
    site: FromQuery[str] = "",
) -> Page:
    """What a survey is about; nothing is stored yet."""
    if desk.unfinished(request):
        return go(f"{screens.ROOT}/fill")
    deployment = desk.deployment
    form = deployment.surveys.get(survey, published_version(deployment.db, survey))
    frame = screens.plain_frame(lang, desk.times, site[:64], survey=form.id)
    return page(kiosk.render_start(screens.introduction(form, frame.lang), frame))


@post("/s/{survey:str}", sync_to_thread=True)
def start_survey(
    request: Http,
    desk: NamedDependency[Desk],
    posted: NamedDependency[Posted],
    survey: FromPath[str],
    site: FromQuery[str] = "",
) -> Page:
    """Begin a session; a machine that already fills one goes on with it."""
    answer = go(f"{screens.ROOT}/fill")
    if desk.unfinished(request):
        return answer
    lang = closest(posted.first("lang") or "")
    started = desk.sessions.start(survey, "kiosk", lang=lang, site=site[:64] or None)
    desk.stamp(answer, desk.issue(started.token, site[:64]))
    return answer


@get("/selftest", sync_to_thread=False)
def show_selftest(request: Http, desk: NamedDependency[Desk], lang: FromQuery[str] = "") -> Page:
    """What this machine's browser can do, for the technician."""
    facts = kiosk.SelfTest(
        user_agent=request.headers.get("user-agent", ""),
        address=request.client.host if request.client else "",
        server_time=desk.deployment.clock().isoformat(timespec="milliseconds"),
        secure=request.url.scheme == "https" or request.url.hostname in ("127.0.0.1", "localhost"),
    )
    frame = screens.plain_frame(lang, desk.times, "", watched=False)
    return page(kiosk.render_selftest(facts, frame))


# Inside a session


@get("/fill", sync_to_thread=True)
def show_page(request: Http, desk: NamedDependency[Desk]) -> Page:
    """The current page of this machine's session, or the start screen."""
    kept = desk.read(request)
    if kept is None:
        return go(screens.home(""))
    return _shown(request, desk, kept, desk.sessions.current(kept.token))


@post("/fill", sync_to_thread=True)
def take_step(request: Http, desk: NamedDependency[Desk], posted: NamedDependency[Posted]) -> Page:
    """One button of a page: go on, go back, refresh, clear, attach, change language, hand over."""
    kept = desk.read(request)
    if kept is None:
        raise Gone("session_expired", "This session has ended.")
    if posted.action == "handover":
        return _handed_over(request, desk, kept, posted)
    step = _act(desk, kept.token, posted)
    if is_fragment(request) or step.outcome != "ok" or not _is_new_page(step, posted):
        return _shown(request, desk, kept, step)
    answer = go(f"{screens.ROOT}/fill")
    desk.stamp(answer, kept)
    return answer


def _is_new_page(step: Step, posted: Posted) -> bool:
    """Whether a browser without scripts should be sent on, so that reloading sends nothing."""
    return bool(step.submitted) or step.view.moved or posted.action not in ("next", "submit")


def _act(desk: Desk, token: str, posted: Posted) -> Step:
    sessions, answers = desk.sessions, desk.read_answers(token, posted)
    shown = posted.first("page")
    verb, _, rest = posted.action.partition(".")
    match verb:
        case "next":
            return sessions.next_page(token, answers, page=shown)
        case "submit":
            return sessions.submit(token, answers, page=shown)
        case "back":
            return sessions.back(token, answers, page=shown)
        case "lang":
            sessions.save(token, answers, page=shown)
            return sessions.change_language(token, rest)
        case "clear" if rest in answers:
            return sessions.save(token, answers | {rest: None}, page=shown)
        case "upload":
            sessions.save(token, answers, page=shown)
            return _attach(desk, token, rest, posted)
        case "remove":
            sessions.detach(token, rest.rpartition(".")[2])
            return sessions.current(token)
        case _:
            return sessions.save(token, answers, page=shown)


def _attach(desk: Desk, token: str, question: str, posted: Posted) -> Step:
    """A kiosk takes pictures of signatures only; files go by the phone."""
    step = desk.sessions.current(token)
    named = next((q for q in step.view.questions if q.id == question), None)
    sent = posted.files.get(f"upload.{question}")
    if named is None or sent is None or screens.kind(named) != "signature":
        raise NotFound("upload", "This question takes no file at a kiosk.")
    desk.sessions.attach(token, question, *sent)
    return desk.sessions.current(token)


def _shown(request: Http, desk: Desk, kept: Pass, step: Step) -> Page:
    frame, view = desk.frame_of(step, kept.site), step.view
    if view.done is not None:
        html = kiosk.render_ending(
            view,
            frame,
            open_form=_open_form(desk, view.done.open_form, frame.lang, kept.site),
            fragment=is_fragment(request),
        )
    else:
        html = kiosk.render_page(view, frame, fragment=is_fragment(request))
    answer = page(html, 200 if step.submitted or view.done else step.status)
    desk.stamp(answer, kept)
    return answer


def _open_form(desk: Desk, survey: str | None, lang: str, site: str) -> Listed | None:
    """The form that an ending offers, where it may be started here."""
    if survey is None:
        return None
    try:
        version = published_version(desk.deployment.db, survey)
    except (NotFound, StateConflict):
        return None
    form = desk.deployment.surveys.get(survey, version)
    if form.survey.document.identity == "required":
        return None
    return screens.listed(form, lang, site)


def _handed_over(request: Http, desk: Desk, kept: Pass, posted: Posted) -> Page:
    """Keep what was typed and show the code; leaving now must not end what the phone goes on."""
    answers = desk.read_answers(kept.token, posted)
    step = desk.sessions.save(kept.token, answers, page=posted.first("page"))
    code = desk.sessions.hand_over(kept.token).code
    url = handover_url(desk.deployment.settings, code)
    frame = desk.frame_of(step, kept.site)
    answer = page(kiosk.render_handover(code, url, frame, fragment=is_fragment(request)))
    desk.stamp(answer, kept, is_handed=True)
    return answer


@post("/alive", sync_to_thread=False)
def stay_alive(request: Http, desk: NamedDependency[Desk]) -> Response[None]:
    """Somebody touched the screen, or asked for more time; 410 where the session is over.

    The answer tells how many seconds the session may still last. A patient who says so gets the
    longest time again, from now on (WCAG 2.2.1); a stored session that is as old as one may become
    ends all the same.
    """
    require_own_page(request)
    kept = desk.peek(request)
    if kept is None:
        return Response(None, status_code=410, headers=HEADERS)
    now = desk.deployment.clock()
    if request.headers.get(EXTEND_HEADER):
        kept = msgspec.structs.replace(kept, started_at=now)
    left = {LEFT_HEADER: str(kept.seconds_left(now, desk.times))}
    answer: Response[None] = Response(None, status_code=204, headers=HEADERS | left)
    desk.stamp(answer, kept, is_handed=kept.is_handed)
    return answer


# The way out


@get("/leave", sync_to_thread=True)
def ask_to_leave(request: Http, desk: NamedDependency[Desk]) -> Page:
    """Asks before everything is wiped, where no script does."""
    kept = desk.read(request)
    if kept is None:
        return go(screens.home(""))
    answer = page(kiosk.render_leave(desk.frame_of(desk.sessions.current(kept.token), kept.site)))
    desk.stamp(answer, kept)
    return answer


@post("/leave", sync_to_thread=True)
def leave(request: Http, desk: NamedDependency[Desk]) -> Page:
    """End the session, empty the browser's stores, and show the start screen."""
    require_own_page(request)
    kept = desk.kept(request)
    desk.end(kept)
    answer = go(screens.home(kept.site if kept else ""))
    if request.headers.get(WIPE_HEADER):
        answer = Response("", status_code=204, media_type=MediaType.HTML, headers=HEADERS)
    answer.headers.update(CLEAR)
    forget(answer, request)
    return answer


# What goes wrong

KINDS: dict[int, ErrorKind] = {
    400: "invalid", 401: "gone", 403: "forbidden", 404: "not_found", 409: "conflict", 410: "gone",
    413: "too_large", 422: "invalid", 429: "too_many", 503: "unavailable",
}  # fmt: skip


def on_app_error(request: Http, error: AppError) -> Page:
    """A screen that says what happened; a session that is over is forgotten here too."""
    kind = "closed" if error.code == "survey_closed" else KINDS.get(error.status, "failed")
    return _trouble(request, kind, 410 if error.status == 401 else error.status)


def on_http_exception(request: Http, error: HTTPException) -> Page:
    """What the framework refuses, as a screen."""
    status = status_of(error)
    return _trouble(request, KINDS.get(status, "failed"), status)


def _trouble(request: Http, kind: ErrorKind, status: int) -> Page:
    frame = screens.plain_frame("", KioskTimes(), "")
    answer = page(kiosk.render_error(kind, frame, fragment=is_fragment(request)), status)
    if status == 410:
        forget(answer, request)
    return answer


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    show_start_screen,
    show_survey,
    start_survey,
    show_selftest,
    show_page,
    take_step,
    stay_alive,
    ask_to_leave,
    leave,
)


def route_handlers(
    deployment: Deployment, times: KioskTimes | None = None
) -> Sequence[ControllerRouterHandler]:
    """The kiosk's pages and its static files."""
    desk = Desk(deployment, times or kiosk_times(deployment))
    router = Router(
        screens.ROOT,
        route_handlers=[*HANDLERS],
        dependencies={
            "desk": Provide(lambda: desk, sync_to_thread=False, use_cache=True),
            "posted": Provide(read_posted),
        },
        exception_handlers={AppError: on_app_error, HTTPException: on_http_exception},
        include_in_schema=False,
        opt={"public": True},
    )
    static = create_static_files_router(
        f"{screens.ROOT}/static", directories=[STATIC], opt={"public": True}, name="kiosk-static"
    )
    return (router, static)


def kiosk_times(deployment: Deployment) -> KioskTimes:
    """The clocks that the settings give; those they do not name keep their defaults."""
    names = KioskTimes.__struct_fields__
    settings = deployment.settings
    given = {n: getattr(settings, f"kiosk_{n}") for n in names if hasattr(settings, f"kiosk_{n}")}
    return KioskTimes(**given)
