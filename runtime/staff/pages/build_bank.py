"""The question bank beside the palette: found by words and place, put in by button or by drag."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.bank.places import read_tree, within
from runtime.bank.queries import Search, find_items
from runtime.kit.http import Http
from runtime.staff.building import Desk
from runtime.staff.frame import page
from runtime.staff.pages.bank import as_number, row_of
from runtime.staff.pages.build import HERE
from runtime.wiring import Deployment

SHOWN = 20


@get(
    f"{HERE}/bank",
    sync_to_thread=True,
    guards=[needs("surveys:read", "surveys:write", "bank:read")],
)
def show(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    words: FromQuery[str] = "",
    place: FromQuery[str] = "",
) -> Response[Any]:
    """What the bank has for these words at this place, the first twenty."""
    desk = Desk(request, principal, deployment, survey)
    chosen = as_number(place, 2**31)
    with deployment.db.begin() as connection:
        tree = read_tree(connection)
        places = tuple(within(tree, chosen)) if chosen else None
        search = Search(words=words[:100].replace("\0", " "), places=places)
        found, following = find_items(connection, search, limit=SHOWN)
    known = {one.id: one for one in tree}
    return page(
        request,
        principal,
        "build/bank.html",
        section="bank",
        survey=survey,
        words=words,
        place=chosen,
        tree=tree,
        rows=[row_of(one, known, desk.lang) for one in found],
        has_more=following is not None,
        is_piece="hx-request" in request.headers,
    )


handlers: tuple[ControllerRouterHandler, ...] = (show,)
