"""The kiosk's addresses: start screen, one survey, one session, the way out.

While a session lives, every address leads back to it; once it is over, every address leads to the
start screen. So neither Back nor Forward finds what the patient before has answered.
"""

from collections.abc import Sequence

from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery
from litestar.static_files import (
    create_static_files_router,  # pyright: ignore[reportUnknownVariableType] - untyped PathLike
)
from litestar.types import ControllerRouterHandler

from renderers import kiosk
from renderers.kiosk import KioskTimes
from renderers.web.environment import STATIC
from renderers.web.words import closest
from runtime.kiosk import screens
from runtime.kiosk.desk import (
    CLEAR,
    HEADERS,
    WIPE_HEADER,
    Desk,
    Page,
    forget,
    go,
    kiosk_times,
    page,
)
from runtime.kiosk.filling import show_page, stay_alive, take_step
from runtime.kiosk.posted import Posted, read_posted, require_own_page
from runtime.kiosk.trouble import on_app_error, on_http_exception
from runtime.kit.http import Http
from runtime.kit.problems import AppError
from runtime.surveys.queries import published_version
from runtime.wiring import Deployment

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
