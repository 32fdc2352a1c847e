"""System parameters: what each means, its limits, who changed it, and taking a change back."""

from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.kit.words import say
from runtime.parameters import service
from runtime.parameters.registry import BY_NAME, PARAMETERS, Parameter, Value
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.wiring import Deployment

HERE = "/staff/parameters"


class Line(Struct, frozen=True):
    """A parameter as the list shows it."""

    parameter: Parameter
    value: str
    default: str
    is_default: bool


@get(HERE, sync_to_thread=True, guards=[needs("parameters:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every parameter with its value, by the area it belongs to."""
    lang = language_of(request, principal)
    lines = [_line(deployment, one, lang) for one in PARAMETERS]
    groups = groupby(lines, lambda line: line.parameter.name.partition(".")[0])
    return page(
        request,
        principal,
        "parameters/list.html",
        section="parameters",
        groups_of=[(group, list(found)) for group, found in groups],
        words=partial(say, lang=lang),
    )


def _line(deployment: Deployment, one: Parameter, lang: str) -> Line:
    default = _default(deployment, one)
    value = service.value_of(deployment.db, one.name, default)
    return Line(one, _shown(value, lang), _shown(default, lang), value == default)


def _default(deployment: Deployment, one: Parameter) -> Value:
    """The environment's setting where there is one, else the registry's."""
    settings = {"audit.keep_days": deployment.settings.audit_keep_days}
    return settings.get(one.name, one.default)


def _shown(value: Value | None, lang: str) -> str:
    if value is None:
        return say("parameters_default", lang)
    if isinstance(value, bool):
        return say("parameters_yes" if value else "parameters_no", lang)
    return str(value)


@get(f"{HERE}/{{name:str}}", sync_to_thread=True, guards=[needs("parameters:read")])
def show_one(
    request: Http,
    name: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One parameter with its history."""
    return _one(request, principal, deployment, name)


def _one(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    name: str,
    *,
    typed: str | None = None,
    refused: str | None = None,
    status: int = 200,
) -> Response[Any]:
    one = BY_NAME.get(name)
    if one is None:
        raise NotFound("parameter", "There is no such parameter.")
    lang = language_of(request, principal)
    default = _default(deployment, one)
    value = service.value_of(deployment.db, name, default)
    with deployment.db.begin() as connection:
        history = service.history(connection, name)
    return page(
        request,
        principal,
        "parameters/one.html",
        section="parameters",
        status=status,
        one=one,
        line=_line(deployment, one, lang),
        typed=typed if typed is not None else str(value),
        is_on=value is True if typed is None else typed == "yes",
        history=[
            (change, _shown(change.old, lang), _shown(change.new, lang)) for change in history
        ],
        words=partial(say, lang=lang),
        refused=None if refused is None else say(f"parameters_refused_{refused}", lang),
        may_write=principal.may("parameters:write"),
    )


@post(
    f"{HERE}/{{name:str}}",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("parameters:read", "parameters:write")],
)
def change(
    request: Http,
    name: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Set the value, give it back to its default, or take the newest change back."""
    try:
        _change(deployment, principal, name, fields)
    except Unprocessable as error:
        code = error.code.removeprefix("parameter_")
        return _one(
            request, principal, deployment, name, typed=fields["value"], refused=code, status=422
        )
    except StateConflict:
        return _one(request, principal, deployment, name, refused="changed", status=409)
    return redirect(f"{HERE}/{name}", toast="saved")


def _change(deployment: Deployment, principal: Principal, name: str, fields: Fields) -> None:
    db, actor, clock = deployment.db, principal.actor(), deployment.clock
    match fields["act"]:
        case "undo":
            service.undo(db, actor, _change_id(fields["change"]), clock=clock)
        case "default":
            service.change(db, actor, name, None, clock=clock)
        case _:
            value = service.parse(name, fields["value"] or "no")
            service.change(db, actor, name, value, clock=clock)


def _change_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("parameter_change", "There is no such change.") from None


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one, change)
