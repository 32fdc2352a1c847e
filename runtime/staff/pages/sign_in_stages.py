"""What a sign-in still waits for: a second factor, its enrolment, a first password of one's own."""

import io
from collections.abc import Mapping
from typing import Any

import segno
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import browser, totp, users
from runtime.accounts.access import Principal
from runtime.accounts.sign_in import Codes, Refused, Signed
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.staff.fields import Fields
from runtime.staff.gate import HEADERS, Gate
from runtime.wiring import Deployment

ISSUER = "回声 Huisheng"
PUBLIC = {"public": True}


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
        200 if refused is None else gate.status(refused),
        headers={} if refused is None else gate.wait(refused),
        key=groups,
        must=principal.stage == "enrol",
        asks_current=gate.desk.asks_password(principal),
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
    result = gate.desk.enrol(principal, fields["code"], fields["current"])
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


handlers: tuple[ControllerRouterHandler, ...] = (
    ask_second,
    show_second,
    ask_enrol,
    enrol_picture,
    enrol,
    ask_password,
    set_password,
)
