"""Alarms: what happened, what to do about it, and who saw to it."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts import users
from runtime.accounts.access import Principal, needs
from runtime.alarms import service
from runtime.kit.http import Http
from runtime.kit.problems import Forbidden, NotFound, StateConflict, Unprocessable
from runtime.kit.words import catalogue
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.wiring import Deployment

HERE = "/staff/alarms"


@get(HERE, sync_to_thread=True, guards=[needs("alarms:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The open alarms first."""
    return _list(request, principal, deployment)


def _list(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    *,
    refused: str = "",
    typed_for: str = "",
    status: int = 200,
) -> Response[Any]:
    words = catalogue(language_of(request, principal))
    with deployment.db.begin() as connection:
        found = service.alarms(connection)
        names = {one.facts.get("whose", ""): "" for one in found}
        for whose in names:
            names[whose] = _name(connection, str(whose))

    def told(code: str, part: str) -> str:
        return words.get(f"alarms_{part}_{code}") or words[f"alarms_{part}_other"]

    return page(
        request,
        principal,
        "alarms/list.html",
        section="alarms",
        status=status,
        waiting=[one for one in found if one.acknowledged_at is None],
        past=[one for one in found if one.acknowledged_at is not None],
        told=told,
        names=names,
        refused=refused,
        typed_for=typed_for,
    )


def _name(connection: Any, whose: str) -> str:
    """Whom an alarm is about, by name where it is an account."""
    try:
        return users.get(connection, whose).name
    except (NotFound, ValueError):
        return ""


@post(f"{HERE}/{{alarm:uuid}}", sync_to_thread=True, status_code=200, guards=[needs("alarms:read")])
def acknowledge(
    request: Http,
    alarm: FromPath[UUID],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Close an alarm, saying what was found or done."""
    reason = fields["reason"].replace("\0", "")
    try:
        service.acknowledge(deployment.db, principal.actor(), alarm, reason, clock=deployment.clock)
    except Unprocessable:
        return _list(
            request, principal, deployment, refused="reason", typed_for=str(alarm), status=422
        )
    except Forbidden:
        return _list(request, principal, deployment, refused="own", status=403)
    except StateConflict:
        return _list(request, principal, deployment, refused="closed", status=409)
    return redirect(HERE, toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (show_list, acknowledge)
