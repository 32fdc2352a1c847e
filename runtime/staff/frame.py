"""The console's frame: who is signed in, navigation by permission, a page around each section."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response
from litestar.background_tasks import BackgroundTask
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from runtime.accounts import browser
from runtime.accounts.access import Principal
from runtime.accounts.browser import sign_in_address
from runtime.audit.service import record
from runtime.kit.bodies import form_of
from runtime.kit.clock import local_minute
from runtime.kit.http import Http, address_header, number_of
from runtime.kit.problems import AppError, Forbidden, NotSignedIn
from runtime.kit.words import LANGUAGES, joined, nearest_language, say
from runtime.org.service import in_language
from runtime.staff.sections import SECTIONS, Section
from runtime.staff.waiting import waiting_for
from runtime.wiring import Deployment

TEMPLATES = Path(__file__).parent / "templates"
SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}
Connection = ASGIConnection[Any, Any, Any, Any]
ConsoleGuard = Callable[[Connection, BaseRouteHandler], Awaitable[None] | None]


# Who asks


def identify_for(deployment: Deployment) -> ConsoleGuard:
    """The router's first guard: puts who asks into the connection's state.

    Handlers of the console declare their permissions by guards of their own, which run after it.
    """

    def identify(connection: Connection, _handler: BaseRouteHandler) -> None:
        request: Any = connection
        settings = deployment.settings
        principal = browser.identify(request, settings, deployment.db, deployment.clock)
        if principal is None:
            raise NotSignedIn("sign_in", "Sign in first.")
        if principal.stage != "full":
            raise NotSignedIn("sign_in_unfinished", "Finish signing in first.")
        connection.state["principal"] = principal
        connection.state["refused"] = partial(_record_refusal, deployment, principal)
        connection.state["waiting"] = partial(waiting_for, deployment, principal)

    return identify


def from_own_page_for(deployment: Deployment) -> ConsoleGuard:
    """The router's second guard: a request that changes something carries the session's token,
    and no other site sent it (S19)."""

    async def from_own_page(connection: Connection, _handler: BaseRouteHandler) -> None:
        request: Any = connection
        if request.method in SAFE_METHODS:
            return
        principal: Principal = connection.state["principal"]
        given = connection.headers.get("x-csrf-token") or (await form_of(request)).get("_csrf", "")
        is_own = hmac.compare_digest(principal.csrf.encode(), str(given).encode("utf-8", "replace"))
        if not is_own or not browser.is_same_origin(request, deployment.settings):
            raise Forbidden("form_token", "The form was not sent from a page of ours.")

    return from_own_page


def _record_refusal(deployment: Deployment, principal: Principal, what: str, code: str) -> None:
    """Who was refused what: a line of the audit trail (S57)."""
    with deployment.db.begin() as connection:
        record(
            connection,
            principal.actor(),
            "access.refused",
            "route",
            what,
            outcome="refused",
            facts={"code": code},
            clock=deployment.clock,
        )


def principal_of_request(request: Http) -> Principal:
    """The dependency `principal`: whom the router's first guard found."""
    return request.state["principal"]


# Pages


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language_of(request: Http, principal: Principal | None) -> str:
    """The language that the person chose, else the browser's."""
    chosen = principal.lang if principal is not None else None
    return chosen or nearest_language(request.headers.get("accept-language"))


def navigation(principal: Principal) -> list[tuple[str, list[Section]]]:
    """The sections that this person may open, by group."""
    open_ones = [s for s in SECTIONS if s.permission is None or principal.may(s.permission)]
    return [(group, list(found)) for group, found in groupby(open_ones, lambda s: s.group)]


def page(
    request: Http,
    principal: Principal,
    template: str,
    *,
    section: str,
    status: int = 200,
    headers: Mapping[str, str] = {},
    **values: Any,
) -> Response[str]:
    """A page of the console. Templates extend `console/base.html` and find, beside `values`:
    `w(code)` words of the section, `c(code)` words of the frame, `say_in(words)`, `joined(words)`,
    `local(moment)`, `csrf`, `principal`, `lang`.
    """
    lang = language_of(request, principal)
    told = request.query_params.get("told")
    count = request.state.get("waiting")
    values["badges"] = count() if count is not None else {}
    html = _render(lang, template, section, principal, told, values)
    return Response(
        html, status_code=status, media_type=MediaType.HTML, headers=HEADERS | dict(headers)
    )


def _render(
    lang: str,
    template: str,
    section: str,
    principal: Principal | None,
    toast: str | None,
    values: Mapping[str, Any],
) -> str:
    def words(prefix: str) -> Callable[..., str]:
        def of(code: str, **params: Any) -> str:
            return say(f"{prefix}_{code}", lang, **params)

        return of

    def say_in(told: Any) -> str:
        return in_language(told, lang)

    return (
        _templates()
        .get_template(template)
        .render(
            lang=lang,
            languages=LANGUAGES,
            c=words("console"),
            w=words(section),
            say_in=say_in,
            joined=partial(joined, lang=lang),
            local=local_minute,
            section=section,
            principal=principal,
            csrf=principal.csrf if principal else "",
            groups=navigation(principal) if principal else [],
            toast=say(f"console_toast_{toast}", lang) if toast in TOASTS else None,
            **{"badges": {}, **values},
        )
    )


def draw(template: str, **values: Any) -> str:
    """A document beside the console's own pages, such as one for paper."""
    return _templates().get_template(template).render(**values)


TOASTS = frozenset(("saved", "removed", "ended", "queued", "published"))
"""What a page may tell once after a redirect."""


def redirect(to: str, *, toast: str | None = None) -> Response[None]:
    """On to another page of the console, which tells what was done."""
    assert toast is None or toast in TOASTS
    address = to if toast is None else f"{to}{'&' if '?' in to else '?'}told={toast}"
    headers = HEADERS | {"location": address_header(address)}
    return Response(None, status_code=303, headers=headers)


# What goes wrong

TOLD = frozenset(
    (
        "not_found",
        "forbidden",
        "form_token",
        "changed_meanwhile",
        "export_too_many",
        "busy",
        "too_many",
        "file_reason",
        "file_missing",
    )
)


def on_app_error(request: Http, error: AppError) -> Response[Any]:
    """A page that says what happened and where to go on; the sign-in page for who is not in."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request, error)
    principal = request.state.get("principal")
    code = "forbidden" if isinstance(error, Forbidden) and error.code not in TOLD else error.code
    if error.status == 404:
        code = "not_found"
    html = _render(
        language_of(request, principal),
        "console/refused.html",
        "console",
        principal,
        None,
        {"told": code if code in TOLD else "failed", "number": number_of(request)},
    )
    again = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    tell, task = request.state.get("refused"), None
    if isinstance(error, Forbidden) and tell is not None:
        scope: Any = request.scope
        route = scope.get("path_template") or "unknown"
        task = BackgroundTask(tell, f"{request.method} {route}", error.code)
    return Response(
        html,
        status_code=error.status,
        media_type=MediaType.HTML,
        headers=HEADERS | again,
        background=task,
    )


def _to_sign_in(request: Http, error: NotSignedIn) -> Response[Any]:
    """A browser that reads a page is led to sign in; anything else is told."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        query = request.url.query
        to = sign_in_address(f"{request.url.path}?{query}" if query else request.url.path)
        headers = HEADERS | {"location": address_header(to)}
        return Response(None, status_code=303, headers=headers)
    html = _render(
        language_of(request, None), "console/refused.html", "console", None, None,
        {"told": "sign_in", "number": ""},
    )  # fmt: skip
    return Response(html, status_code=error.status, media_type=MediaType.HTML, headers=HEADERS)
