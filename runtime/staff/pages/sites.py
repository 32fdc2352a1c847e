"""The hospital's sites: the list, one site with its departments, adding, renaming, closing."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound
from runtime.org.departments import MAX_OWN_CODE, new_id
from runtime.org.models import SiteRow
from runtime.org.reach import OrgReach
from runtime.org.sites import add_site, change_site
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    line,
    names,
    require_everywhere,
    revision,
    told,
)
from runtime.wiring import Deployment

HERE = "/staff/sites"


@get(HERE, sync_to_thread=True, guards=[needs("sites:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The sites within reach in the hospital's order, closed ones too."""
    org = Organisation(deployment, principal)
    reach = org.reach("sites:read")
    shown = [one for one in org.sites if reach.has_site(one.id)]
    open_rows = [row for row in org.rows.values() if row.closed_on is None]
    return page(
        request,
        principal,
        "sites/list.html",
        section="sites",
        lines=[(one, sum(one.id in row.sites for row in open_rows)) for one in shown],
        today=hospital_day(deployment.clock()),
        may_add=principal.may("sites:write") and org.reach("sites:write").is_everywhere,
    )


def _seen(org: Organisation, site: str, reach: OrgReach) -> SiteRow:
    for one in org.sites:
        if one.id == site and reach.has_site(one.id):
            return one
    raise NotFound("org_site", "There is no such site.")


@get(f"{HERE}/{{site:str}}", sync_to_thread=True, guards=[needs("sites:read")])
def show_one(
    request: Http,
    site: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """A site and the departments there."""
    return _one_page(request, Organisation(deployment, principal), site)


def _one_page(
    request: Http,
    org: Organisation,
    site: str,
    typed: Fields | None = None,
    refused: AppError | None = None,
) -> Response[Any]:
    found = _seen(org, site, org.reach("sites:read"))
    reading = org.reach("departments:read")
    now = Fields(
        name_zh=found.name.get("zh-CN", ""),
        name_en=found.name.get("en", ""),
        code=found.code or "",
        closed_on=str(found.closed_on or ""),
    )
    return page(
        request,
        org.principal,
        "sites/one.html",
        section="sites",
        status=refused.status if refused else 200,
        site=found,
        rows=[row for row in org.open_rows(reading) if found.id in row.sites],
        today=hospital_day(org.clock()),
        may_write=org.principal.may("sites:write") and org.reach("sites:write").has_site(site),
        typed=typed if typed is not None else now,
        refused=told(refused, request, org.principal) if refused else None,
    )


@post(f"{HERE}/{{site:str}}", sync_to_thread=True, guards=[needs("sites:write")],
      status_code=200)  # fmt: skip
def change(
    request: Http,
    site: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Its names, its code and the day from which it is closed; none: it is open."""
    org = Organisation(deployment, principal)
    found = _seen(org, site, org.reach("sites:write"))
    try:
        change_site(
            deployment.db,
            principal.actor(),
            found.id,
            revision=revision(fields),
            name=names(fields),
            code=line(fields, "code", MAX_OWN_CODE) or None,
            closed_on=day(fields, "closed_on"),
            clock=org.clock,
        )
    except AppError as error:
        return _one_page(request, Organisation(deployment, principal), site, fields, error)
    return redirect(f"{HERE}/{found.id}", toast="saved")


@get(f"{HERE}/new", sync_to_thread=True, guards=[needs("sites:write")])
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form of a new site."""
    require_everywhere(Organisation(deployment, principal).reach("sites:write"))
    return _new_page(request, principal, Fields())


def _new_page(
    request: Http, principal: Principal, typed: Fields, refused: AppError | None = None
) -> Response[Any]:
    return page(
        request,
        principal,
        "sites/new.html",
        section="sites",
        status=refused.status if refused else 200,
        typed=typed,
        refused=told(refused, request, principal) if refused else None,
    )


@post(f"{HERE}/new", sync_to_thread=True, guards=[needs("sites:write")], status_code=200)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A further site of the hospital."""
    org = Organisation(deployment, principal)
    try:
        require_everywhere(org.reach("sites:write"))
        code = line(fields, "code", MAX_OWN_CODE)
        made = new_id("s", code)
        add_site(
            deployment.db,
            principal.actor(),
            site_id=made,
            name=names(fields),
            code=code or None,
            clock=org.clock,
        )
    except Forbidden:
        raise
    except AppError as error:
        return _new_page(request, principal, fields, error)
    return redirect(f"{HERE}/{made}", toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (show_list, ask_new, create, show_one, change)
