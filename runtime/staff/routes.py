"""The staff's first pages: sign in by a one-time link, see the scored responses."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from engine.text import localize
from runtime.accounts import browser
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.problems import AppError, NotSignedIn
from runtime.kit.words import nearest_language, say
from runtime.org.service import in_language
from runtime.staff import queries
from runtime.staff.pages import my_account, sign_in
from runtime.surveys.service import list_surveys
from runtime.wiring import Deployment

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "staff.css").read_text("utf-8")
SIGN_IN_STYLE = (TEMPLATES / "sign_in" / "sign-in.css").read_text("utf-8")
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


def _language(request: Http) -> str:
    return nearest_language(request.headers.get("accept-language"))


def _page(request: Http, name: str, status: int = 200, **values: Any) -> Response[str]:
    lang = _language(request)

    def t(code: str, **params: Any) -> str:
        return say(f"staff_{code}", lang, **params)

    def say_in(words: Any) -> str:
        return in_language(words, lang)

    def local(moment: datetime) -> str:
        return moment.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M")

    html = (
        _templates()
        .get_template(name)
        .render(
            lang=lang,
            t=t,
            say_in=say_in,
            local=local,
            **values,
        )
    )
    return Response(html, status_code=status, media_type=MediaType.HTML, headers=HEADERS)


def _require_session(request: Http, deployment: Deployment) -> None:
    principal = browser.identify(request, deployment.settings, deployment.db, deployment.clock)
    if principal is None or principal.stage != "full":
        raise NotSignedIn("sign_in", "Sign in first.")


def _to_sign_in(request: Http, error: NotSignedIn) -> Response[Any]:
    """The sign-in page for a browser that reads a page, the plain refusal for anything else."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        wanted = sign_in.sign_in_address(request.url.path)
        return Response(None, status_code=303, headers=HEADERS | {"location": wanted})
    return _page(request, "refused.html", error.status, code=error.code)


def _on_app_error(request: Http, error: AppError) -> Response[Any]:
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request, error)
    return _page(request, "refused.html", error.status, code=error.code)


@get("/staff/", sync_to_thread=True, opt={"staff": True})
def show_responses(
    request: Http,
    deployment: NamedDependency[Deployment],
    survey: FromQuery[str | None] = None,
    page: FromQuery[int] = 1,
) -> Response[str]:
    """The newest responses with their scores."""
    _require_session(request, deployment)
    wanted = survey.replace("\0", "") if survey else None
    number = min(max(page, 1), 10_000)
    lines, count = queries.list_responses(deployment.db, survey=wanted or None, page=number)
    return _page(
        request,
        "responses.html",
        lines=[(line, _scores(line, deployment, _language(request))) for line in lines],
        count=count,
        page=number,
        pages=max(1, -(-count // queries.PAGE_SIZE)),
        survey=wanted or "",
        surveys=list_surveys(deployment.db),
    )


def _scores(line: queries.Line, deployment: Deployment, lang: str) -> list[tuple[str, Any]]:
    """Each score's title and value, in the document's order."""
    document = deployment.surveys.get(line.survey, line.version).survey.document
    first = document.languages[0]
    return [
        (
            localize(score.title, lang, first) if score.title is not None else score.id,
            _value(line.scores.get(score.id)),
        )
        for score in document.scores
    ]


@get("/staff/responses/{response:str}", sync_to_thread=True, opt={"staff": True})
def show_response(
    request: Http, response: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[str]:
    """One response; answers of personal questions are not shown here."""
    _require_session(request, deployment)
    detail = queries.get_response(deployment.db, response)
    lang = _language(request)
    form = deployment.surveys.get(detail.line.survey, detail.line.version)
    first = form.survey.document.languages[0]
    answers = [
        (localize(question.text, lang, first), _shown(detail.answers[name], question, lang, first))
        for name, question in form.questions.items()
        if name in detail.answers
    ]
    return _page(
        request,
        "response.html",
        detail=detail,
        line=detail.line,
        answers=answers,
        scores=_scores(detail.line, deployment, lang),
    )


def _value(score: Any) -> float | None:
    """The number of a stored score; none where nothing was answered."""
    return score and score["value"]


def _shown(value: Any, question: Any, lang: str, first: str) -> str:
    """An answer in words: option texts for option ids, the plain value for others."""
    parts = (*getattr(question, "options", ()), *getattr(question, "rows", ()))
    texts = {part.id: localize(part.text, lang, first) for part in parts}
    match value:
        case bool():
            return say("staff_yes" if value else "staff_no", lang)
        case list():
            return "、".join(_shown(one, question, lang, first) for one in cast(list[Any], value))
        case {"choice": choice, **rest}:
            return f"{texts.get(choice, choice)} {rest.get('text', '')}".strip()
        case {"not_applicable": True}:
            return say("staff_not_applicable", lang)
        case {"agreed": bool() as agreed}:
            return _shown(agreed, question, lang, first)
        case dict():
            return "；".join(
                f"{texts.get(row, row)}: {_shown(cell, question, lang, first)}"
                for row, cell in cast(dict[str, Any], value).items()
            )
        case _:
            return texts.get(str(value), str(value))


@get("/staff/staff.css", sync_to_thread=False, opt={"public": True})
def style() -> Response[str]:
    """The pages' style."""
    return Response(STYLE, media_type="text/css")


@get("/staff/sign-in.css", sync_to_thread=False, opt={"public": True})
def sign_in_style() -> Response[str]:
    """The style of the pages about signing in."""
    return Response(SIGN_IN_STYLE, media_type="text/css")


def route_handlers(_deployment: Deployment) -> list[ControllerRouterHandler]:
    """The staff channel's pages."""
    return [
        Router(
            "/",
            route_handlers=[
                *sign_in.handlers,
                *my_account.handlers,
                sign_in_style,
                show_responses,
                show_response,
                style,
            ],
            dependencies=sign_in.dependencies,
            exception_handlers={AppError: _on_app_error},
            include_in_schema=False,
        )
    ]
