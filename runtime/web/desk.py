"""Serves one request for the patient pages: reads cookies, asks services, renders the answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from engine import PageView
from engine.text import localize
from renderers.web.frame import Frame, Links, StoredFile
from renderers.web.render import (
    ErrorKind,
    Introduction,
    Listed,
    render_ending,
    render_error,
    render_list,
    render_page,
    render_resume,
    render_start,
)
from renderers.web.words import LANGUAGES, Language, closest
from runtime.kit.http import Http, address_header, number_of
from runtime.kit.problems import AppError, NotFound, StateConflict
from runtime.kit.words import nearest_language
from runtime.responses.results import AttachmentInfo, Step
from runtime.surveys.cache import Form
from runtime.surveys.queries import list_surveys, published_version
from runtime.web.guard import YEAR_SECONDS, Guard, page_headers
from runtime.web.pickers import Pickers
from runtime.wiring import Deployment

HOME = "/s/"
LOOK = "/s/-/look"
HTML = "text/html"
OVER_HTMX = frozenset((401, 404, 410))
"""Statuses at which htmx loads the whole page again in place of a fragment."""


class Desk:
    """What one request may know and answer."""

    def __init__(self, request: Http, deployment: Deployment, pickers: Pickers) -> None:
        self.request = request
        self.deployment = deployment
        self.pickers = pickers
        self.guard = Guard(deployment.settings, deployment.secret, request)
        self.mark = self.guard.read("guard") or self.guard.new_mark()
        self.cookies: list[Cookie] = []
        self.is_fragment = "hx-request" in request.headers
        if self.guard.read("guard") is None:
            self.cookies.append(self.guard.cookie("guard", self.mark, None))

    # Cookies

    def token_of(self, survey_id: str) -> str | None:
        """This browser's session of a survey."""
        return self.guard.read(f"session-{survey_id}")

    def keep_token(self, survey_id: str, token: str) -> None:
        """Remember the session as long as it lives."""
        seconds = self.deployment.settings.session_hours * 3600
        self.cookies.append(self.guard.cookie(f"session-{survey_id}", token, seconds))

    def forget_token(self, survey_id: str) -> None:
        """The session is over for this browser."""
        self.cookies.append(self.guard.no_cookie(f"session-{survey_id}"))

    def prefer(self, wish: str) -> None:
        """Remember `text.large`, `text.normal`, or `lang.<language>`."""
        name, _, value = wish.partition(".")
        if name == "text" and value in ("large", "normal"):
            self.cookies.append(self.guard.cookie("text", value, YEAR_SECONDS))
        elif name == "lang" and value in LANGUAGES:
            self.cookies.append(self.guard.cookie("lang", value, YEAR_SECONDS))

    # What surrounds a page

    def language(self) -> Language:
        """What the patient chose, else what the browser asks for."""
        chosen = self.guard.read("lang")
        return closest(chosen or nearest_language(self.request.headers.get("accept-language")))

    def frame(
        self,
        lang: Language | None = None,
        *,
        step: str = "",
        start: str = "",
        languages: Sequence[str] = LANGUAGES,
        **more: Any,
    ) -> Frame:
        """The frame of a page that posts to `step`."""
        return Frame(
            lang=lang or self.language(),
            languages=tuple(one for one in LANGUAGES if one in languages),
            large_text=self.guard.read("text") == "large",
            links=Links(step=step, start=start, look=LOOK, home=HOME),
            csrf=self.guard.form_token(self.mark),
            **more,
        )

    def answer(
        self, html: str, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response[Any]:
        """A page or fragment with its cookies and headers."""
        response: Response[Any] = Response(html, status_code=status, media_type=HTML)
        return self._finish(response, headers)

    def go_to(self, address: str) -> Response[Any]:
        """On to another page; htmx is told to load it as a whole."""
        if self.is_fragment:
            headers = {"hx-redirect": address_header(address)}
            return self._finish(Response("", status_code=200, media_type=HTML), headers)
        return self._finish(Redirect(address, status_code=303), None)

    def _finish(self, response: Response[Any], headers: Mapping[str, str] | None) -> Response[Any]:
        for name, value in {**page_headers(self.deployment.settings), **(headers or {})}.items():
            response.set_header(name, value)
        for cookie in self.cookies:
            response.set_cookie(cookie)
        return response

    # Pages

    def list_page(self) -> Response[Any]:
        """The open surveys."""
        lang = self.language()
        lines = list_surveys(self.deployment.db, public_only=True)
        surveys = [self._listed(line.id, lang) for line in lines if line.kind != "intake"]
        return self.answer(render_list([one for one in surveys if one], self.frame(lang)))

    def _listed(self, survey_id: str, lang: Language) -> Listed | None:
        """A survey's line in a list; None where it cannot be started."""
        try:
            document = self._form(survey_id).survey.document
        except (NotFound, StateConflict):
            return None
        return Listed(
            id=survey_id,
            title=localize(document.title, lang),
            description=localize(document.description, lang),
            url=f"/s/{survey_id}",
            kind=document.kind,
        )

    def _form(self, survey_id: str) -> Form:
        version = published_version(self.deployment.db, survey_id)
        return self.deployment.surveys.get(survey_id, version)

    def start_page(self, survey_id: str, invitation: str, *, continues: bool) -> Response[Any]:
        """What the survey is about."""
        document = self._form(survey_id).survey.document
        lang = self.language()
        if lang not in document.languages:
            lang = closest(document.languages[0])
        introduction = Introduction(
            title=localize(document.title, lang, document.languages[0]),
            description=localize(document.description, lang, document.languages[0]),
            identity=document.identity,
            continues=continues,
            invitation=invitation,
        )
        frame = self.frame(lang, step=f"/s/{survey_id}", languages=document.languages)
        return self.answer(render_start(introduction, frame))

    def resume_page(self, code: str) -> Response[Any]:
        """Asks before the code is spent."""
        frame = self.frame(step=f"/s/resume/{code}")
        return self.answer(render_resume(Introduction(title=""), frame))

    def step_page(
        self,
        view: PageView,
        attachments: Sequence[AttachmentInfo],
        *,
        status: int = 200,
        notice: str = "",
        resume_url: str = "",
    ) -> Response[Any]:
        """The current page, whole or as a fragment."""
        frame = self.step_frame(view, attachments, notice=notice, resume_url=resume_url)
        return self.answer(render_page(view, frame, fragment=self.is_fragment), status)

    def step_frame(
        self, view: PageView, attachments: Sequence[AttachmentInfo] = (), **more: Any
    ) -> Frame:
        """The frame of a page inside a session."""
        survey_id = view.survey.id
        form = self.deployment.surveys.get(survey_id, view.survey.version)
        return self.frame(
            closest(view.lang),
            step=f"/s/{survey_id}/fill",
            start=f"/s/{survey_id}",
            languages=form.survey.document.languages,
            picks=self.pickers.for_view(view),
            files={
                file.id: StoredFile(id=file.id, name=file.name, bytes=file.bytes, type=file.type)
                for file in attachments
            },
            **more,
        )

    def ending_page(self, step: Step) -> Response[Any]:
        """The thanks, and the form that the ending offers."""
        view = step.view
        lang = closest(view.lang)
        named = view.done.open_form if view.done is not None else None
        frame = self.frame(lang, languages=(lang,))
        offered = self._listed(named, lang) if named else None
        html = render_ending(view, frame, open_form=offered, fragment=self.is_fragment)
        return self.answer(html)

    def error_page(self, error: AppError, survey_id: str | None) -> Response[Any]:
        """What went wrong, in the patient's language."""
        kind = error_kind(error)
        start = f"/s/{survey_id}" if survey_id and kind in RESTARTS else ""
        headers: dict[str, str] = {}
        if error.retry_after is not None:
            headers["retry-after"] = str(error.retry_after)
        if self.is_fragment and error.status in OVER_HTMX:
            headers["hx-refresh"] = "true"
        html = render_error(
            kind,
            self.frame(start=start),
            fragment=self.is_fragment,
            number=number_of(self.request),
        )
        status = 410 if kind == "closed" else error.status
        return self.answer(html, status, headers)


RESTARTS = frozenset(("gone", "conflict", "failed", "invalid", "unavailable", "forbidden"))
KINDS: Mapping[int, ErrorKind] = {
    400: "invalid",
    401: "gone",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    409: "conflict",
    410: "gone",
    413: "too_large",
    415: "invalid",
    422: "invalid",
    429: "too_many",
    503: "unavailable",
}


def error_kind(error: AppError) -> ErrorKind:
    """Which error page an AppError has."""
    match error.code:
        case "survey_closed":
            return "closed"
        case "identity_required":
            return "identity"
        case _:
            return KINDS.get(error.status, "failed")
