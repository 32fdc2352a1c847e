"""The builder: a survey's pages and questions between a palette and the properties of one part.

Every act is a form that the server carries out and answers with the page as it is now, so it works
with the keyboard and without scripts; `build.js` adds dragging, saving as one types, and news of
what others do.
"""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from builder.tree import find, to_tree
from engine import check
from engine.definition import Page
from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.staff.building import (
    GROUPS,
    LISTS,
    SURVEYS,
    TYPES,
    Desk,
    Told,
    inner_of,
    placed,
    properties,
    sheets_of,
)
from runtime.staff.building_posts import answer
from runtime.staff.building_rules import rules_on_canvas, slots_of
from runtime.staff.building_tabs import framed, path_of
from runtime.staff.frame import page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.surveys import findings
from runtime.wiring import Deployment

HERE = SURVEYS + "/{survey:str}/edit"


@get(HERE, sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    at: FromQuery[str] = "",
) -> Response[Any]:
    """The builder with one part chosen; the survey's head where there is none of this id."""
    desk = Desk(request, principal, deployment, survey)
    if desk.home_of(at):
        return redirect(desk.address(at))
    return _page(desk, at)


def _page(
    desk: Desk,
    at: str,
    *,
    typed: Fields | None = None,
    told: Told | None = None,
    status: int = 200,
    shown: str | None = None,
) -> Response[Any]:
    tree = to_tree(desk.document)
    place = find(tree, at) if at else None
    if place is None or not place.at.startswith("/pages/"):
        at, place = "", None
    part: Any = desk.part(at)
    own = place.part if place is not None else {k: v for k, v in tree.items() if k != "pages"}
    given = typed if typed is not None else Fields()
    listed = next((name for name in LISTS if hasattr(part, name)), "")
    return page(
        desk.request,
        desk.principal,
        "build/build.html",
        status=status,
        **framed(desk, "edit"),
        sheets=sheets_of(desk),
        ruled=rules_on_canvas(desk),
        slots=slots_of(desk, part),
        at=at,
        kind="page" if isinstance(part, Page) else "question" if at else "head",
        type=getattr(part, "type", "") if at else "",
        part=part,
        properties=properties(desk, part, own, given),
        inner=inner_of(desk, part, own, given) if at else [],
        list=listed if at else "",
        shown=msgspec.json.encode(own).decode() if shown is None else shown,
        palette=palette(),
        types=tuple(TYPES),
        told=told,
        languages_of=desk.document.languages,
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

    def done(made: str) -> str:
        tab = fields["tab"]
        if tab in ("", "edit", desk.home_of(made)):
            return desk.address(made)
        return f"{SURVEYS}/{survey}{path_of(tab)}"

    return answer(desk, fields["at"], fields, _page, done=done)


# The logic doctor and news of others


@get(HERE + "/doctor", sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_doctor(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Problems and proofs of the draft, each at the part it concerns."""
    desk = Desk(request, principal, deployment, survey)
    return page(
        request,
        principal,
        "build/doctor.html",
        **framed(desk, "doctor"),
        **diagnosis(desk),
    )


def diagnosis(desk: Desk) -> dict[str, Any]:
    """What is wrong, what the proof says against it, and what it could not settle in its time."""
    errors = check(desk.document)
    found = None if errors else findings.prove(desk.document, findings.EDIT_SECONDS)
    doubts = () if found is None else findings.warnings(found)
    return {
        "errors": placed(desk, errors),
        "doubts": placed(desk, doubts),
        "undecided": [] if found is None else list(found.undecided),
        "is_proved": found is not None,
    }


@get(HERE + "/news", sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_news(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    seq: FromQuery[int] = 0,
    at: FromQuery[str] = "",
) -> Response[Any]:
    """Who else has the draft open, and whether somebody changed it since `seq`."""
    desk = Desk(request, principal, deployment, survey)
    others = drafts.note_present(
        deployment.db, survey, principal.actor(), at, clock=deployment.clock
    )
    since = max(0, min(seq, 2**31 - 1))
    changes = [
        one
        for one in drafts.history_of(deployment.db, survey, after=since, limit=20)
        if one.actor_name != principal.name
    ]
    return page(
        request,
        principal,
        "build/news.html",
        **framed(desk, "edit"),
        others=[(one.name, desk.name_of(one.at) if one.at else "") for one in others],
        changed_by=list(dict.fromkeys(one.actor_name for one in changes)),
        is_behind=desk.draft.seq > since,
        at=at,
        address=desk.address(at),
    )


handlers: tuple[ControllerRouterHandler, ...] = (show, act, show_doctor, show_news)
