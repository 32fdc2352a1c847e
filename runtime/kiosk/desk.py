"""One machine of the kiosk: the cookie that keeps its session, and the answers that it is given."""

from datetime import timedelta
from typing import Any

import msgspec
from litestar import MediaType, Response
from litestar.datastructures import Cookie

from renderers.kiosk import KioskFrame, KioskTimes
from renderers.web.forms import read_answers
from runtime.kiosk import screens
from runtime.kiosk.passes import Pass, seal, unseal
from runtime.kiosk.posted import Posted
from runtime.kit.http import Http, address_header
from runtime.kit.problems import Gone, NotFound, NotSignedIn, StateConflict
from runtime.responses.results import Step
from runtime.responses.service import Sessions
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


def kiosk_times(deployment: Deployment) -> KioskTimes:
    """The clocks that the settings give; those they do not name keep their defaults."""
    names = KioskTimes.__struct_fields__
    settings = deployment.settings
    given = {n: getattr(settings, f"kiosk_{n}") for n in names if hasattr(settings, f"kiosk_{n}")}
    return KioskTimes(**given)
