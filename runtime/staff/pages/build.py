"""The builder: a survey's pages and questions between a palette and the properties of one part.

Every act is a form that the server carries out. Without scripts it answers with the page as it is
now; htmx is answered with what has changed of it, so that focus and place are kept and a long
survey stays quick. `build.js` adds dragging, saving as one types, and news of what others do.
"""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.staff.building import GROUPS, SURVEYS, TYPES, Desk, Told
from runtime.staff.building_panel import panel_of
from runtime.staff.building_posts import answer
from runtime.staff.building_reply import Seen, drawn_again
from runtime.staff.building_tabs import framed, path_of
from runtime.staff.canvas import sheets_of
from runtime.staff.frame import page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.wiring import Deployment

HERE = SURVEYS + "/{survey:str}/edit"


def is_partial(request: Http) -> bool:
    """Whether a page of the builder that stands already asks for what has changed."""
    headers = request.headers
    return "hx-request" in headers and "hx-history-restore-request" not in headers


@get(HERE, sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    at: FromQuery[str] = "",
    was: FromQuery[str] = "",
    seq: FromQuery[str] = "",
) -> Response[Any]:
    """The builder with one part chosen; the survey's head where there is none of this id."""
    desk = Desk(request, principal, deployment, survey)
    if desk.home_of(at):
        return _elsewhere(desk, at)
    if is_partial(request):
        return drawn_again(desk, Seen(desk.draft, was, seq), at, is_told=False)
    return _page(desk, at)


def _elsewhere(desk: Desk, at: str) -> Response[Any]:
    """To the page of the builder where this part is edited; the whole of it, also under htmx."""
    if is_partial(desk.request):
        return Response(None, status_code=204, headers={"hx-redirect": desk.address(at)})
    return redirect(desk.address(at))


def _page(
    desk: Desk,
    at: str,
    *,
    typed: Fields | None = None,
    told: Told | None = None,
    status: int = 200,
    shown: str | None = None,
) -> Response[Any]:
    panel = panel_of(desk, at, typed, shown)
    return page(
        desk.request,
        desk.principal,
        "build/build.html",
        status=status,
        **framed(desk, "edit"),
        **panel,
        sheets=sheets_of(desk, desk.draft, panel["at"]),
        palette=palette(),
        told=told,
    )


def palette() -> list[tuple[str, list[str]]]:
    """The types by group."""
    grouped = {name for names in GROUPS.values() for name in names}
    others = [name for name in TYPES if name not in grouped]
    groups = [(group, [n for n in names if n in TYPES]) for group, names in GROUPS.items()]
    return [*groups, ("other", others)] if others else groups


@post(
    HERE,
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:write")],
)
def act(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Save what was typed in the panel, then do what was asked; refusals lose nothing typed."""
    desk = Desk(request, principal, deployment, survey)
    seen = Seen(desk.draft, fields["was"], fields["seq"])

    def done(made: str) -> str:
        tab = fields["tab"]
        if tab in ("", "edit", desk.home_of(made)):
            return desk.address(made)
        return f"{SURVEYS}/{survey}{path_of(tab)}"

    def draw(desk: Desk, at: str, **values: Any) -> Response[Any]:
        if is_partial(request):
            values.pop("typed", None)
            if fields["gone"]:
                at, values["shown"] = seen.was, None
            return drawn_again(desk, seen, at, **values)
        return _page(desk, at, **values)

    def again(made: str, asked: str, shown: str | None) -> Response[Any]:
        if fields["gone"]:
            made, shown = seen.was, None
        return drawn_again(desk, seen, made, asked=asked, shown=shown)

    return answer(desk, fields["at"], fields, draw, done=done, again=again)


handlers: tuple[ControllerRouterHandler, ...] = (show, act)
