"""Signing in: password or one-time link, captcha, second factor, enrolment, first password."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import segno
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import browser, totp, users
from runtime.accounts.access import Principal
from runtime.accounts.sign_in import Codes, Refused, Signed
from runtime.kit.bodies import form_of
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden, NotFound
from runtime.kit.words import nearest_language, say
from runtime.wiring import Deployment

TEMPLATES = Path(__file__).parent.parent / "templates"
MARK = "staff-form"
ISSUER = "回声 Huisheng"
PUBLIC = {"public": True}
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}
sign_in_address = browser.sign_in_address
CLEAR = {"clear-site-data": '"cache", "cookies", "storage"'}


class Fields(dict[str, str]):
    """The fields of a posted form, the first value of each; "" where there is none."""

    def __missing__(self, name: str) -> str:
        return ""


async def posted_fields(request: Http) -> Fields:
    """The form of a request."""
    fields = Fields()
    for name, value in (await form_of(request)).multi_items():
        if isinstance(value, str):
            fields.setdefault(name, value)
    return fields


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )


def _local(moment: datetime) -> str:
    return moment.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M")


class Gate:
    """One request to the pages about signing in and one's own account."""

    def __init__(self, request: Http, deployment: Deployment) -> None:
        self.request = request
        self.settings = deployment.settings
        self.secret = deployment.secret
        self.desk = deployment.desk
        self.visitor = browser.visitor_of(request, self.settings)
        self.principal = browser.identify(request, self.settings, deployment.db, deployment.clock)
        wanted = request.headers.get("accept-language")
        self.lang = (self.principal and self.principal.lang) or nearest_language(wanted)

    def page(
        self,
        template: str,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        headers: Mapping[str, str] = {},
        **values: Any,
    ) -> Response[str]:
        """A page of its own, without the console's navigation."""
        html = _templates().get_template(template)
        text = html.render(
            lang=self.lang,
            t=self.words,
            csrf=self.principal.csrf if self.principal else "",
            local=_local,
            **values,
        )
        return Response(
            text,
            status_code=status,
            media_type=MediaType.HTML,
            headers=HEADERS | dict(headers),
            cookies=list(cookies),
        )

    def words(self, code: str, **params: Any) -> str:
        """One of our sentences."""
        return say(f"account_{code}", self.lang, **params)

    def go_to(self, path: str, token: str | None = None) -> Response[Any]:
        """A redirect within the console, with a new session's cookie where there is one."""
        cookies = [] if token is None else [browser.cookie(self.settings, token)]
        headers = HEADERS | {"location": path}
        return Response(None, status_code=303, headers=headers, cookies=cookies)

    def go_on(self, wanted: str, token: str | None = None) -> Response[Any]:
        """On to the page that was wanted, by way of whatever the sign-in still waits for."""
        return self.go_to(browser.own_path(wanted), token)

    def waiting(self, stage: str) -> Principal | None:
        """The principal whose session waits for this stage."""
        principal = self.principal
        return principal if principal is not None and principal.stage == stage else None

    def elsewhere(self, wanted: str | None = None) -> Response[Any]:
        """Where somebody belongs who is not at this stage; the page wanted is kept in mind."""
        if self.principal is None:
            return self.go_to("/staff/sign-in")
        page = browser.STAGE_PAGES.get(self.principal.stage)
        kept = browser.own_path(wanted)
        if page is None:
            return self.go_to(kept)
        return self.go_to(page if kept == browser.HOME else f"{page}?{urlencode({'next': kept})}")

    def own(self, fields: Mapping[str, str]) -> Principal:
        """The principal, having posted a form of this session.

        Raises:
            Forbidden: nobody is signed in, or the form is not of this session.
        """
        if self.principal is None:
            raise Forbidden("form_token", "The form was not sent from a page of ours.")
        given = fields.get("_csrf", "") or self.request.headers.get("x-csrf-token", "")
        browser.require_token(self.principal.csrf, given, self.request, self.settings)
        return self.principal

    def sentence(self, refused: Refused) -> str:
        """Why not, in words; the same for known and unknown names."""
        if refused.code == "password":
            return " ".join(self.words(f"fault_{fault}") for fault in refused.faults)
        minutes = -(-refused.wait_seconds // 60)
        return self.words(f"refused_{refused.code}", minutes=minutes)

    def status(self, refused: Refused) -> int:
        """429 where waiting helps, 422 otherwise."""
        return 429 if refused.wait_seconds else 422

    def wait(self, refused: Refused) -> dict[str, str]:
        """Retry-After, in seconds."""
        return {"retry-after": str(refused.wait_seconds)} if refused.wait_seconds else {}


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


@get("/staff/sign-in/second", sync_to_thread=True, opt=PUBLIC)
def ask_second(
    request: Http,
    deployment: NamedDependency[Deployment],
    next: FromQuery[str | None] = None,
) -> Response[Any]:
    """Ask for the second factor."""
    gate = Gate(request, deployment)
    if gate.waiting("totp") is None:
        return gate.elsewhere(next)
    return gate.page("sign_in/second.html", error=None, wanted=browser.own_path(next))


@post("/staff/sign-in/second", sync_to_thread=True, opt=PUBLIC, status_code=200)
def show_second(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Check the code; the session gets a new token."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "totp":
        return gate.elsewhere(fields["next"])
    result = gate.desk.second(principal, fields["code"])
    if isinstance(result, Signed):
        return gate.go_on(fields["next"], result.token)
    return gate.page(
        "sign_in/second.html",
        gate.status(result),
        headers=gate.wait(result),
        error=gate.sentence(result),
        wanted=browser.own_path(fields["next"]),
    )


def _may_enrol(gate: Gate) -> Principal | None:
    """Who must set up a second factor now, or wants to."""
    return gate.waiting("enrol") or gate.waiting("full")


def _enrol_page(
    gate: Gate, principal: Principal, wanted: str | None, refused: Refused | None = None
) -> Response[str]:
    written = totp.written(gate.desk.offered_secret(principal))
    groups = " ".join(written[i : i + 4] for i in range(0, len(written), 4))
    return gate.page(
        "sign_in/enrol.html",
        200 if refused is None else 422,
        key=groups,
        must=principal.stage == "enrol",
        wanted=browser.own_path(wanted),
        error=None if refused is None else gate.sentence(refused),
    )


@get("/staff/sign-in/enrol", sync_to_thread=True, opt=PUBLIC)
def ask_enrol(
    request: Http,
    deployment: NamedDependency[Deployment],
    next: FromQuery[str | None] = None,
) -> Response[Any]:
    """Show the secret to put into an authenticator program."""
    gate = Gate(request, deployment)
    principal = _may_enrol(gate)
    return gate.elsewhere(next) if principal is None else _enrol_page(gate, principal, next)


@get("/staff/sign-in/enrol/code.svg", sync_to_thread=True, opt=PUBLIC)
def enrol_picture(request: Http, deployment: NamedDependency[Deployment]) -> Response[bytes]:
    """The same secret as a QR code."""
    gate = Gate(request, deployment)
    principal = _may_enrol(gate)
    if principal is None:
        raise NotFound("code", "There is nothing here.")
    file = io.BytesIO()
    address = totp.address(gate.desk.offered_secret(principal), principal.name, ISSUER)
    segno.make(address, micro=False).save(file, kind="svg", scale=5, light="white")
    return Response(file.getvalue(), media_type="image/svg+xml", headers=HEADERS)


@post("/staff/sign-in/enrol", sync_to_thread=True, opt=PUBLIC, status_code=200)
def enrol(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Keep the secret once its first code is right; show the recovery codes this one time."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if _may_enrol(gate) is None:
        return gate.elsewhere(fields["next"])
    result = gate.desk.enrol(principal, fields["code"])
    if isinstance(result, Codes):
        cookies = [browser.cookie(gate.settings, result.token)]
        wanted = browser.own_path(fields["next"])
        return gate.page("sign_in/codes.html", cookies=cookies, codes=result.codes, wanted=wanted)
    return _enrol_page(gate, principal, fields["next"], result)


@get("/staff/sign-in/password", sync_to_thread=True, opt=PUBLIC)
def ask_password(
    request: Http,
    deployment: NamedDependency[Deployment],
    next: FromQuery[str | None] = None,
) -> Response[Any]:
    """Ask for the first password of one's own."""
    gate = Gate(request, deployment)
    principal = gate.waiting("password")
    if principal is None:
        return gate.elsewhere(next)
    return _password_page(gate, principal, next)


def _password_page(
    gate: Gate, principal: Principal, wanted: str | None, refused: Refused | None = None
) -> Response[str]:
    with gate.desk.db.begin() as connection:
        login = users.get(connection, principal.user_id).login
    return gate.page(
        "sign_in/password.html",
        200 if refused is None else gate.status(refused),
        headers={} if refused is None else gate.wait(refused),
        login=login,
        asks_current=gate.desk.needs_current(principal),
        error=None if refused is None else gate.sentence(refused),
        wanted=browser.own_path(wanted),
    )


@post("/staff/sign-in/password", sync_to_thread=True, opt=PUBLIC, status_code=200)
def set_password(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Keep a password that satisfies the rules."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "password":
        return gate.elsewhere(fields["next"])
    result = change_password(gate, principal, fields)
    if isinstance(result, Signed):
        return gate.go_on(fields["next"], result.token)
    return _password_page(gate, principal, fields["next"], result)


def change_password(
    gate: Gate, principal: Principal, fields: Mapping[str, str]
) -> Signed | Refused:
    """The posted new password in place of the current one."""
    if fields["new"] != fields["again"]:
        return Refused("password", faults=("again",))
    return gate.desk.change_password(principal, fields["current"], fields["new"])


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
    ask_second,
    show_second,
    ask_enrol,
    enrol_picture,
    enrol,
    ask_password,
    set_password,
    sign_out,
)
dependencies = {"fields": Provide(posted_fields)}
