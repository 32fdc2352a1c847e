"""The bank's tree as staff edit it: scenes, categories, sub-categories, ordered and closed."""

from itertools import groupby
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.bank import places
from runtime.bank.queries import counts_by_place
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.pages.bank import HERE, as_number, numbered
from runtime.staff.pages.bank_items import told_of
from runtime.wiring import Deployment

TREE = f"{HERE}/tree"


@get(TREE, sync_to_thread=True, guards=[needs("bank:read", "bank:write")])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every scene, and in the one that is open every place with what can be done to it."""
    opened = as_number(request.query_params.get("scene", ""), 2**31)
    return _page(request, principal, deployment, opened=opened)


def _page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    *,
    opened: int,
    typed: Fields | None = None,
    told: str = "",
    status: int = 200,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        tree = places.read_tree(connection)
        counts = numbered(counts_by_place(connection), tree)
    return page(
        request,
        principal,
        "bank/tree.html",
        section="bank",
        status=status,
        scenes=[list(found) for _, found in groupby(tree, lambda one: one.path[0])],
        opened=opened,
        counts=counts,
        told=told,
        typed=typed if typed is not None else Fields(),
    )


@post(TREE, sync_to_thread=True, status_code=200, guards=[needs("bank:read", "bank:write")])
def act(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Add, rename, close, open, move or remove a place; its scene stays open."""
    scene = as_number(fields["scene"], 2**31)
    try:
        _do(principal, deployment, fields)
    except (StateConflict, Unprocessable) as error:
        told = told_of(error, language_of(request, principal))
        return _page(
            request,
            principal,
            deployment,
            opened=scene,
            typed=fields,
            told=told,
            status=error.status,
        )
    return redirect(f"{TREE}?scene={scene}" if scene else TREE, toast="saved")


def _do(principal: Principal, deployment: Deployment, fields: Fields) -> None:
    actor, clock = principal.actor(), deployment.clock
    place = as_number(fields["place"], 2**31)
    name = {"zh-CN": fields["name_zh"].replace("\0", ""), "en": fields["name_en"].replace("\0", "")}
    with deployment.db.begin() as connection:
        match fields["do"]:
            case "add":
                places.add_place(connection, actor, place or None, name, clock=clock)
            case "change":
                revision = as_number(fields["revision"], 2**31)
                is_closed = bool(fields["closed"])
                places.change_place(
                    connection, actor, place, revision, name, is_closed=is_closed, clock=clock
                )
            case "up" | "down" as way:
                places.move_place(connection, actor, place, -1 if way == "up" else 1, clock=clock)
            case "remove":
                places.remove_place(connection, actor, place, clock=clock)
            case _:
                raise NotFound("act", "There is no such act.")


handlers: tuple[ControllerRouterHandler, ...] = (show, act)
