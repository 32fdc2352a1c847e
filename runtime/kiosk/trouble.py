"""What goes wrong at a kiosk, as a screen that says what to do."""

from litestar.exceptions import HTTPException

from renderers import kiosk
from renderers.kiosk import KioskTimes
from renderers.web.render import ErrorKind
from runtime.kiosk import screens
from runtime.kiosk.desk import Page, forget, is_fragment, page
from runtime.kit.http import Http, status_of
from runtime.kit.problems import AppError

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
