"""The console's first page: what waits, what came in lately, and what this person may open."""

from datetime import timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, signed_in
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.staff import queries
from runtime.staff.frame import page
from runtime.staff.sections import SECTIONS
from runtime.staff.waiting import to_approve
from runtime.wiring import Deployment

DAYS = 7


class Tile(Struct, frozen=True):
    """A number that leads to what it counts; `id` is a section that waits, or `home_<id>` words."""

    id: str
    count: int
    address: str
    is_waiting: bool = False
    is_pressing: bool = False


@get("/staff/", sync_to_thread=True, guards=[signed_in])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """What waits for this person, what came in lately, then the sections with a sentence each."""
    waiting = request.state["waiting"]()
    request.state["waiting"] = lambda: waiting
    tiles = [
        Tile(one.id, waiting[one.id], one.path, is_waiting=True, is_pressing=True)
        for one in SECTIONS
        if one.id in waiting
    ]
    tiles += _lately(principal, deployment)
    return page(
        request,
        principal,
        "home/home.html",
        section="home",
        tiles=tiles,
        days=DAYS,
        to_approve=to_approve(deployment, principal),
    )


def _lately(principal: Principal, deployment: Deployment) -> list[Tile]:
    """How many responses came in within reach, and how many of them hold a very low score."""
    if not principal.may("responses:read"):
        return []
    first = hospital_day(deployment.clock()) - timedelta(days=DAYS - 1)
    with deployment.db.begin_for(principal.reach) as connection:
        came, low = queries.count_since(connection, principal.reach, first)
    here = f"/staff/responses?since={first.isoformat()}"
    return [
        Tile("responses", came, here),
        Tile("low", low, f"{here}&score=0", is_pressing=bool(low)),
    ]


handlers: tuple[ControllerRouterHandler, ...] = (show,)
