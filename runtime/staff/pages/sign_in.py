"""Signing in by password or one-time link, with a captcha where tries have failed; signing out."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import browser
from runtime.accounts.sign_in import Signed
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden, NotFound
from runtime.staff.fields import Fields
from runtime.staff.gate import Gate
from runtime.wiring import Deployment

MARK = "staff-form"
PUBLIC = {"public": True}
CLEAR = {"clear-site-data": '"cache", "cookies", "storage"'}


# Visitors


@get("/staff/sign-in", sync_to_thread=True, opt=PUBLIC)
def ask(
    request: Http,
    deployment: NamedDependency[Deployment],
    next: FromQuery[str | None] = None,
) -> Response[Any]:
    """The sign-in form; on to the console for who is signed in."""
    gate = Gate(request, deployment)
    if gate.principal is not None and gate.principal.stage == "full":
        return gate.go_on(next or "")
    if gate.principal is not None:
        return gate.elsewhere(next)
    return _form(gate, login="", wanted=browser.own_path(next))


def _form(
    gate: Gate,
    *,
    login: str,
    wanted: str,
    status: int = 200,
    error: str | None = None,
    headers: Mapping[str, str] = {},
) -> Response[str]:
    mark = gate.request.cookies.get(browser.cookie_name(gate.settings, MARK))
    cookies = []
    if not mark:
        mark = browser.new_mark()
        cookies = [browser.cookie(gate.settings, mark, kind=MARK)]
    captcha = gate.desk.new_captcha() if gate.desk.asks_captcha(login, gate.visitor) else None
    return gate.page(
        "sign_in/ask.html",
        status,
        cookies=cookies,
        headers=headers,
        token=browser.form_token(gate.secret, mark),
        login=login,
        wanted=wanted,
        captcha=captcha,
        error=error,
    )


def _require_form(gate: Gate, fields: Mapping[str, str]) -> None:
    mark = gate.request.cookies.get(browser.cookie_name(gate.settings, MARK)) or ""
    if not mark:
        raise Forbidden("form_token", "The form was not sent from a page of ours.")
    expected = browser.form_token(gate.secret, mark)
    browser.require_token(expected, fields["_csrf"], gate.request, gate.settings)


@post("/staff/sign-in", sync_to_thread=True, opt=PUBLIC, status_code=200)
def sign_in(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Check name and password; always a new session, whatever cookie came along."""
    gate = Gate(request, deployment)
    _require_form(gate, fields)
    solved = (fields["captcha"], fields["answer"])
    brought = {"login": fields["login"], "password": fields["password"]}
    result = gate.desk.sign_in(brought, gate.visitor, solved=solved)
    if isinstance(result, Signed):
        return gate.go_on(fields["next"], result.token)
    return _form(
        gate,
        login=fields["login"][:100],
        wanted=browser.own_path(fields["next"]),
        status=gate.status(result),
        error=gate.sentence(result),
        headers=gate.wait(result),
    )


@get("/staff/sign-in/captcha/{captcha:str}", sync_to_thread=True, opt=PUBLIC)
def captcha_picture(
    captcha: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """The picture of a captcha that is not spent."""
    picture = deployment.desk.picture_of(captcha)
    if picture is None:
        raise NotFound("captcha", "This picture is no longer there.")
    return Response(picture, media_type="image/png", headers={"cache-control": "no-store"})


@get("/staff/sign-in/{link:str}", sync_to_thread=True, opt=PUBLIC)
def ask_link(
    request: Http, link: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[str]:
    """Ask before the link is spent, so that a link preview does not spend it."""
    gate = Gate(request, deployment)
    return gate.page("sign_in/link.html", action=f"/staff/sign-in/{quote(link, safe='')}")


@post("/staff/sign-in/{link:str}", sync_to_thread=True, opt=PUBLIC, status_code=200)
def use_link(
    request: Http, link: FromPath[str], deployment: NamedDependency[Deployment]
) -> Response[Any]:
    """Trade the link for a session of its own; the link itself proves that the form is ours."""
    gate = Gate(request, deployment)
    if not browser.is_same_origin(request, gate.settings):
        raise Forbidden("form_token", "The form was not sent from a page of ours.")
    result = gate.desk.use_link(link, gate.visitor)
    if isinstance(result, Signed):
        return gate.go_on("", result.token)
    return gate.page("sign_in/told.html", 401, title="sign_in", told=gate.sentence(result))


# Sessions that wait for a step


@post("/staff/sign-out", sync_to_thread=True, opt=PUBLIC, status_code=200)
def sign_out(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """End the session at once and have the browser forget what it holds of ours."""
    gate = Gate(request, deployment)
    if gate.principal is not None:
        gate.desk.sign_out(gate.own(fields))
    gone = browser.cookie(gate.settings, "")
    gone.max_age = 0
    return gate.page(
        "sign_in/told.html",
        cookies=[gone],
        headers=CLEAR,
        title="signed_out",
        told=gate.words("signed_out_note"),
    )


handlers: tuple[ControllerRouterHandler, ...] = (
    ask,
    sign_in,
    captcha_picture,
    ask_link,
    use_link,
    sign_out,
)
