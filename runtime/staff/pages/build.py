"""The builder: a survey's pages and questions between a palette and the properties of one part.

Every act is a form that the server carries out. Without scripts it answers with the page as it is
now; htmx is answered with what has changed of it, so that focus and place are kept and a long
survey stays quick. `build.js` adds dragging, saving as one types, and news of what others do.
"""

from typing import Any

from litestar import Response
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.kit.http import Http
from runtime.staff.building import GROUPS, TYPES, Desk
from runtime.staff.building_inner import many
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_panel import panel_of
from runtime.staff.building_posts import FIRST, Outcome, answer
from runtime.staff.building_reply import Seen, drawn_again
from runtime.staff.building_tabs import path_of
from runtime.staff.canvas import sheets_of
from runtime.staff.frame import redirect

HERE = "/edit"


def is_partial(request: Http) -> bool:
    """Whether a page of the builder that stands already asks for what has changed."""
    headers = request.headers
    return "hx-request" in headers and "hx-history-restore-request" not in headers


@shows(HERE)
def show(
    desk: OnDesk, at: FromQuery[str] = "", was: FromQuery[str] = "", seq: FromQuery[str] = ""
) -> Answer:
    """The builder with one part chosen; the survey's head where there is none of this id."""
    if desk.home_of(at):
        return _elsewhere(desk, at)
    if is_partial(desk.request):
        return drawn_again(desk, Seen(desk.draft, was, seq), at, is_told=False)
    return _draw(desk, at)


def _elsewhere(desk: Desk, at: str) -> Response[Any]:
    """To the page of the builder where this part is edited; the whole of it, also under htmx."""
    if is_partial(desk.request):
        return Response(None, status_code=204, headers={"hx-redirect": desk.address(at)})
    return redirect(desk.address(at))


def _draw(desk: Desk, at: str, outcome: Outcome = FIRST) -> Answer:
    panel = panel_of(desk, at, outcome.typed, outcome.shown)
    return drawn(
        desk,
        "edit",
        "build/build.html",
        outcome,
        **panel,
        sheets=sheets_of(desk, desk.draft, panel["at"]),
        palette=palette(),
    )


def palette() -> list[tuple[str, list[str]]]:
    """The types by group."""
    grouped = {name for names in GROUPS.values() for name in names}
    others = [name for name in TYPES if name not in grouped]
    groups = [(group, [n for n in names if n in TYPES]) for group, names in GROUPS.items()]
    return [*groups, ("other", others)] if others else groups


@takes(HERE)
def act(desk: OnDesk, fields: Sent) -> Answer:
    """Save what was typed in the panel, then do what was asked; refusals lose nothing typed."""
    seen = Seen(desk.draft, fields["was"], fields["seq"])

    def done(made: str) -> str:
        tab = fields["tab"]
        if tab in ("", "edit", desk.home_of(made)):
            return desk.address(made)
        return desk.under(path_of(tab))

    def draw(desk: Desk, at: str, outcome: Outcome) -> Answer:
        if not is_partial(desk.request):
            return _draw(desk, at, outcome)
        shown = outcome.shown
        if fields["gone"]:
            at, shown = seen.was, None
        return drawn_again(desk, seen, at, told=outcome.told, status=outcome.status, shown=shown)

    def again(made: str, asked: str, shown: str | None) -> Answer:
        if fields["gone"]:
            made, shown = seen.was, None
        return drawn_again(desk, seen, made, asked=asked, shown=shown)

    acts = {"many": many(fields)}
    return answer(desk, fields["at"], fields, draw, acts=acts, done=done, again=again)


handlers: tuple[ControllerRouterHandler, ...] = (show, act)
