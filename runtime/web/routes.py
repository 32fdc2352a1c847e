"""The addresses of the patient pages: `/s/` and below."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from runtime.kit.http import Http, status_of
from runtime.kit.problems import AppError, Gone, NotSignedIn
from runtime.kit.settings import Settings
from runtime.web.desk import HOME, Desk
from runtime.web.pickers import Pickers
from runtime.web.posted import Posted, read_posted
from runtime.web.steps import StepPost
from runtime.wiring import Deployment

FILES_AT_ONCE = 4
FORM_SLACK_BYTES = 1024 * 1024
PUBLIC = {"public": True}


@get("/", sync_to_thread=True, include_in_schema=False, opt=PUBLIC)
def list_page(
    request: Http, deployment: NamedDependency[Deployment], pickers: NamedDependency[Pickers]
) -> Response[Any]:
    """The open surveys and feedback forms."""
    return Desk(request, deployment, pickers).list_page()


@get("/{survey:str}", sync_to_thread=True, include_in_schema=False, opt=PUBLIC)
def start_page(
    request: Http,
    deployment: NamedDependency[Deployment],
    pickers: NamedDependency[Pickers],
    survey: FromPath[str],
) -> Response[Any]:
    """A survey's first page; `?i=` is a signed invitation."""
    desk = Desk(request, deployment, pickers)
    invitation = request.query_params.get("i", "")
    return desk.start_page(survey, invitation, continues=_is_unfinished(desk, survey))


def _is_unfinished(desk: Desk, survey: str) -> bool:
    """Whether this browser holds a session of the survey that can go on."""
    token = desk.token_of(survey)
    if token is None:
        return False
    try:
        return desk.deployment.sessions.current(token).submitted is None
    except (NotSignedIn, Gone):
        desk.forget_token(survey)
        return False


@get("/{survey:str}/fill", sync_to_thread=True, include_in_schema=False, opt=PUBLIC)
def current_page(
    request: Http,
    deployment: NamedDependency[Deployment],
    pickers: NamedDependency[Pickers],
    survey: FromPath[str],
) -> Response[Any]:
    """Where this browser's session stands; without one, the survey's first page."""
    desk = Desk(request, deployment, pickers)
    token = desk.token_of(survey)
    if token is None:
        return desk.go_to(f"/s/{survey}")
    try:
        step = deployment.sessions.current(token)
    except NotSignedIn:
        desk.forget_token(survey)
        return desk.go_to(f"/s/{survey}")
    if step.submitted is not None:
        return desk.ending_page(step)
    return desk.step_page(step.view, step.attachments)


@get("/resume/{code:str}", sync_to_thread=True, include_in_schema=False, opt=PUBLIC)
def resume_page(
    request: Http,
    deployment: NamedDependency[Deployment],
    pickers: NamedDependency[Pickers],
    code: FromPath[str],
) -> Response[Any]:
    """Asks before a code of one use is spent."""
    return Desk(request, deployment, pickers).resume_page(code)


def _start(desk: Desk, survey: str, posted: Posted) -> Response[Any]:
    desk.guard.require_own_form(posted.one("csrf"))
    if posted.one("do") != "continue" or not _is_unfinished(desk, survey):
        started = desk.deployment.sessions.start(
            survey, "web", lang=desk.language(), invitation=posted.one("invitation") or None
        )
        desk.keep_token(survey, started.token)
    return desk.go_to(f"/s/{survey}/fill")


def _resume(desk: Desk, code: str, posted: Posted) -> Response[Any]:
    desk.guard.require_own_form(posted.one("csrf"))
    started = desk.deployment.sessions.resume(code, "web")
    desk.keep_token(started.view.survey.id, started.token)
    return desk.go_to(f"/s/{started.view.survey.id}/fill")


def _look(desk: Desk, posted: Posted) -> Response[Any]:
    desk.guard.require_own_form(posted.one("csrf"))
    desk.prefer(posted.one("do"))
    return desk.go_to(_own_path(desk.request.headers.get("referer", "")))


def _own_path(address: str) -> str:
    """The path of one of our pages, from the Referer header; never another site."""
    parts = urlsplit(address)
    if not parts.path.startswith(HOME) or parts.path.startswith("//"):
        return HOME
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _form_posts(settings: Settings) -> Sequence[ControllerRouterHandler]:
    """The posts, whose measure of a body depends on the settings."""

    async def posted_form(request: Http) -> Posted:
        return await read_posted(request, settings.max_upload_bytes)

    common: dict[str, Any] = {
        "status_code": 200,
        "sync_to_thread": True,
        "include_in_schema": False,
        "opt": PUBLIC,
        "dependencies": {"posted": posted_form},
    }
    small: dict[str, Any] = common | {"request_max_body_size": FORM_SLACK_BYTES}

    @post("/{survey:str}", **small)
    def start(
        request: Http,
        deployment: NamedDependency[Deployment],
        pickers: NamedDependency[Pickers],
        survey: FromPath[str],
        posted: NamedDependency[Posted],
    ) -> Response[Any]:
        """Begin, or go on with what this browser began."""
        return _start(Desk(request, deployment, pickers), survey, posted)

    @post("/resume/{code:str}", **small)
    def resume(
        request: Http,
        deployment: NamedDependency[Deployment],
        pickers: NamedDependency[Pickers],
        code: FromPath[str],
        posted: NamedDependency[Posted],
    ) -> Response[Any]:
        """Go on here with a session from another device."""
        return _resume(Desk(request, deployment, pickers), code, posted)

    @post("/-/look", **small)
    def look(
        request: Http,
        deployment: NamedDependency[Deployment],
        pickers: NamedDependency[Pickers],
        posted: NamedDependency[Posted],
    ) -> Response[Any]:
        """Large text or another language, outside a session."""
        return _look(Desk(request, deployment, pickers), posted)

    @post(
        "/{survey:str}/fill",
        request_max_body_size=FILES_AT_ONCE * settings.max_upload_bytes + FORM_SLACK_BYTES,
        **common,
    )
    def fill(
        request: Http,
        deployment: NamedDependency[Deployment],
        pickers: NamedDependency[Pickers],
        survey: FromPath[str],
        posted: NamedDependency[Posted],
    ) -> Response[Any]:
        """One step: next, back, save, submit, refresh, upload, remove, clear, look."""
        desk = Desk(request, deployment, pickers)
        desk.guard.require_own_form(posted.one("csrf"))
        return StepPost(desk, survey, posted).respond()

    return (start, resume, look, fill)


@get("/", include_in_schema=False, sync_to_thread=False, opt=PUBLIC)
def front_door() -> Redirect:
    """The site's root leads to the list of surveys."""
    return Redirect(HOME, status_code=303)


def refusals(deployment: Deployment) -> Mapping[str, Callable[[Http, AppError], Response[Any]]]:
    """The page that tells what went wrong where no page of ours was asked for."""

    def tell(request: Http, error: AppError) -> Response[Any]:
        return Desk(request, deployment, deployment.pickers).error_page(error, None)

    return {"/": tell}


def route_handlers(deployment: Deployment) -> Sequence[ControllerRouterHandler]:
    """The web channel's handlers."""

    def on_app_error(request: Http, error: AppError) -> Response[Any]:
        desk = Desk(request, deployment, deployment.pickers)
        survey = request.path_params.get("survey")
        if error.status in (401, 410) and isinstance(survey, str):
            desk.forget_token(survey)  # the session ended elsewhere
        return desk.error_page(error, survey if isinstance(survey, str) else None)

    def on_http_exception(request: Http, error: HTTPException) -> Response[Any]:
        refused = AppError("request", "")
        refused.status = status_of(error)
        return Desk(request, deployment, deployment.pickers).error_page(refused, None)

    patient_pages = Router(
        "/s",
        route_handlers=[
            list_page,
            start_page,
            current_page,
            resume_page,
            *_form_posts(deployment.settings),
        ],
        dependencies={"pickers": Provide(lambda: deployment.pickers, sync_to_thread=False)},
        exception_handlers={AppError: on_app_error, HTTPException: on_http_exception},
    )
    return (front_door, patient_pages)
