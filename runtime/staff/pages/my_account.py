"""One's own account: password, second factor, open sessions, language."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts import browser, sessions, totp, users
from runtime.accounts.sign_in import Refused, Signed
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.kit.words import LANGUAGES
from runtime.staff.pages.sign_in import Fields, Gate, change_password
from runtime.wiring import Deployment

OWN = {"own_account": True}
HERE = "/staff/me"


def _page(
    gate: Gate,
    deployment: Deployment,
    *,
    refused: Refused | None = None,
    where: str = "",
) -> Response[Any]:
    principal = gate.principal
    assert principal is not None
    with deployment.db.begin() as connection:
        user = users.get(connection, principal.user_id)
        lines = sessions.sessions_of(connection, principal.user_id)
        is_enrolled = totp.is_enrolled(connection, principal.user_id)
        codes_left = totp.recovery_codes_left(connection, principal.user_id)
    return gate.page(
        "my_account/account.html",
        200 if refused is None else gate.status(refused),
        headers={} if refused is None else gate.wait(refused),
        user=user,
        lines=lines,
        this=principal.session,
        is_enrolled=is_enrolled,
        codes_left=codes_left,
        languages=LANGUAGES,
        where=where,
        error=None if refused is None else gate.sentence(refused),
    )


@get(HERE, sync_to_thread=True, opt=OWN)
def show(request: Http, deployment: NamedDependency[Deployment]) -> Response[Any]:
    """The page."""
    gate = Gate(request, deployment)
    if gate.principal is None:
        return gate.go_to(browser.sign_in_address(HERE))
    return gate.elsewhere() if gate.waiting("full") is None else _page(gate, deployment)


@post(f"{HERE}/password", sync_to_thread=True, opt=OWN, status_code=200)
def password(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Another password; every other session ends."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "full":
        return gate.elsewhere()
    result = change_password(gate, principal, fields)
    if isinstance(result, Signed):
        return gate.go_to(HERE, result.token)
    return _page(gate, deployment, refused=result, where="password")


@post(f"{HERE}/second", sync_to_thread=True, opt=OWN, status_code=200)
def second(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """Another device in place of this one, or new recovery codes; both need a code."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "full":
        return gate.elsewhere()
    if fields["do"] == "codes":
        made = gate.desk.renew_codes(principal, fields["code"])
        if isinstance(made, Refused):
            return _page(gate, deployment, refused=made, where="second")
        return gate.page("sign_in/codes.html", codes=made)
    result = gate.desk.remove_second(principal, fields["code"])
    if isinstance(result, Refused):
        return _page(gate, deployment, refused=result, where="second")
    return gate.go_to("/staff/sign-in/enrol", result.token)


@post(f"{HERE}/sessions", sync_to_thread=True, opt=OWN, status_code=200)
def end_session(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """End one of one's own sessions, or all but this one."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "full":
        return gate.elsewhere()
    if not gate.desk.end_own(principal, fields["session"] or None):
        raise NotFound("session", "There is no such session.")
    return gate.go_to(HERE)


@post(f"{HERE}/language", sync_to_thread=True, opt=OWN, status_code=200)
def language(
    request: Http, deployment: NamedDependency[Deployment], fields: NamedDependency[Fields]
) -> Response[Any]:
    """The language of the console; none follows the browser."""
    gate = Gate(request, deployment)
    principal = gate.own(fields)
    if principal.stage != "full":
        return gate.elsewhere()
    with deployment.db.begin() as connection:
        lang = fields["lang"] if fields["lang"] in LANGUAGES else None
        users.set_language(connection, principal.user_id, lang)
    return gate.go_to(browser.own_path(HERE))


handlers: tuple[ControllerRouterHandler, ...] = (show, password, second, end_session, language)
