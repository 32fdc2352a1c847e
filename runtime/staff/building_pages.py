"""How a page of the builder is declared: `shows` it, `takes` its form, both with the draft in hand;
`drawn` puts it into the frame that all of them share.

    @shows("/edit/endings")
    def show(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
        return draw(desk, at)

    @takes("/edit/endings")
    def act(desk: OnDesk, fields: Sent) -> Answer:
        return answer(desk, fields["at"], fields, draw)
"""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from runtime.accounts.access import Permission, Principal, needs
from runtime.kit.http import Http
from runtime.staff.building import SURVEYS, Desk
from runtime.staff.building_posts import FIRST, Outcome
from runtime.staff.building_tabs import framed
from runtime.staff.fields import Fields
from runtime.staff.frame import page
from runtime.wiring import Deployment

Answer = Response[Any]
OnDesk = NamedDependency[Desk]
Sent = NamedDependency[Fields]
"""The fields of the form that was sent."""
WRITING: tuple[Permission, ...] = ("surveys:read", "surveys:write")


def desk_of(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Desk:
    """The dependency `desk`: the draft that the address names, for whoever asks."""
    return Desk(request, principal, deployment, survey)


def shows(path: str, *permissions: Permission, **options: Any) -> get:
    """A page behind the survey's address; who may write the draft may see it unless it says."""
    guards = [needs(*(permissions or WRITING))]
    return get(f"{SURVEYS}/{{survey:str}}{path}", sync_to_thread=True, guards=guards, **options)


def takes(path: str, *permissions: Permission, **options: Any) -> post:
    """What the forms of a page send to its address."""
    guards = [needs(*(permissions or WRITING))]
    here = f"{SURVEYS}/{{survey:str}}{path}"
    return post(here, sync_to_thread=True, status_code=200, guards=guards, **options)


def drawn(
    desk: Desk, tab: str, template: str, outcome: Outcome = FIRST, **values: Any
) -> Response[str]:
    """A page in the builder's frame. Its template finds, beside `values` and what `framed` gives,
    `told` (why a form was refused) and `typed` (what stood in it)."""
    return page(
        desk.request,
        desk.principal,
        template,
        status=outcome.status,
        **framed(desk, tab),
        told=outcome.told,
        typed=outcome.given,
        **values,
    )
