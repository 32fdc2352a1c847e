"""One's own account: password, second factor, open sessions, language."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts import roles, sessions, totp, users
from runtime.accounts.access import Principal, signed_in
from runtime.accounts.devices import device_of
from runtime.accounts.sign_in import Refused, Signed
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.kit.words import LANGUAGES
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.staff.gate import Gate
from runtime.staff.pages.roles import place_names
from runtime.staff.pages.sign_in_stages import change_password
from runtime.wiring import Deployment

HERE = "/staff/me"
FEW_CODES = 3
"""From so few unused recovery codes on, the page says to make new ones."""


def _page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    *,
    refused: Refused | None = None,
    where: str = "",
) -> Response[Any]:
    gate = Gate(request, deployment)
    with deployment.db.begin() as connection:
        user = users.get(connection, principal.user_id)
        lines = sessions.sessions_of(connection, principal.user_id)
        is_enrolled = totp.is_enrolled(connection, principal.user_id)
        codes_left = totp.recovery_codes_left(connection, principal.user_id)
        held = roles.roles_of(connection, principal.user_id)
        names = place_names(connection)
    return page(
        request,
        principal,
        "my_account/account.html",
        section="account",
        status=200 if refused is None else gate.status(refused),
        headers={} if refused is None else gate.wait(refused),
        user=user,
        held=[
            one
            for one in held
            if one.until is None or one.until >= hospital_day(deployment.clock())
        ],
        names=names,
        lines=lines,
        device=device_of,
        this=principal.session,
        is_enrolled=is_enrolled,
        codes_left=codes_left,
        few=FEW_CODES,
        where=where,
        error=None if refused is None else gate.sentence(refused),
    )


@get(HERE, sync_to_thread=True, guards=[signed_in])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The page."""
    return _page(request, principal, deployment)


@post(f"{HERE}/password", sync_to_thread=True, guards=[signed_in], status_code=200)
def password(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Another password; every other session ends."""
    gate = Gate(request, deployment)
    result = change_password(gate, principal, fields)
    if isinstance(result, Signed):
        return gate.go_to(f"{HERE}?told=saved", result.token)
    return _page(request, principal, deployment, refused=result, where="password")


@post(f"{HERE}/second", sync_to_thread=True, guards=[signed_in], status_code=200)
def second(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Another device in place of this one, or new recovery codes; both need a code."""
    gate = Gate(request, deployment)
    if fields["do"] == "codes":
        made = gate.desk.renew_codes(principal, fields["code"])
        if isinstance(made, Refused):
            return _page(request, principal, deployment, refused=made, where="second")
        return gate.page("sign_in/codes.html", codes=made, wanted=HERE)
    result = gate.desk.remove_second(principal, fields["code"])
    if isinstance(result, Refused):
        return _page(request, principal, deployment, refused=result, where="second")
    return gate.go_to("/staff/sign-in/enrol", result.token)


@post(f"{HERE}/sessions", sync_to_thread=True, guards=[signed_in], status_code=200)
def end_session(
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """End one of one's own sessions, or all but this one."""
    if not deployment.desk.end_own(principal, fields["session"] or None):
        raise NotFound("session", "There is no such session.")
    return redirect(HERE, toast="ended")


@post(f"{HERE}/language", sync_to_thread=True, guards=[signed_in], status_code=200)
def language(
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """The language of the console; none follows the browser."""
    with deployment.db.begin() as connection:
        lang = fields["lang"] if fields["lang"] in LANGUAGES else None
        users.set_language(connection, principal.user_id, lang)
    return redirect(HERE, toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (show, password, second, end_session, language)
