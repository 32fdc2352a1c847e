"""The question bank beside the palette: found by words and place, put in by button or by drag."""

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.bank.places import read_tree, within
from runtime.bank.queries import Search, find_items
from runtime.staff.building_pages import Answer, OnDesk, shows
from runtime.staff.frame import page
from runtime.staff.pages.bank import as_number, row_of

SHOWN = 20


@shows("/edit/bank", "surveys:read", "surveys:write", "bank:read")
def show(
    desk: OnDesk, words: FromQuery[str] = "", place: FromQuery[str] = "", at: FromQuery[str] = ""
) -> Answer:
    """What the bank has for these words at this place, the first twenty; what is put in comes
    behind the part `at`."""
    chosen = as_number(place, 2**31)
    with desk.deployment.db.begin() as connection:
        tree = read_tree(connection)
        places = tuple(within(tree, chosen)) if chosen else None
        search = Search(words=words[:100].replace("\0", " "), places=places)
        found, following = find_items(connection, search, limit=SHOWN)
    known = {one.id: one for one in tree}
    return page(
        desk.request,
        desk.principal,
        "build/bank.html",
        section="bank",
        survey=desk.survey,
        at=at if desk.part(at) is not None else "",
        words=words,
        place=chosen,
        tree=tree,
        rows=[row_of(one, known, desk.lang) for one in found],
        has_more=following is not None,
        is_piece="hx-request" in desk.request.headers,
    )


handlers: tuple[ControllerRouterHandler, ...] = (show,)
