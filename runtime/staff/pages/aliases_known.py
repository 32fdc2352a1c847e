"""Codes of other systems whose department is known: looked for, changed, added."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden
from runtime.org.aliases import (
    add_alias,
    change_alias,
    count_aliases,
    list_aliases,
    systems_of,
)
from runtime.org.models import (
    Alias,
    AliasSearch,
)
from runtime.org.reach import OrgReach
from runtime.staff.alias_lists import HERE, PER_PAGE, asked_of, counts_of, seen_alias
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    label,
    line,
    revision,
    told,
    turn_of,
)
from runtime.wiring import Deployment


@get(f"{HERE}/known", sync_to_thread=True, guards=[needs("aliases:settle")])
def show_known(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    system: FromQuery[str] = "",
    p: FromQuery[str] = "",
) -> Response[Any]:
    """The codes of departments within reach, by system and code."""
    org = Organisation(deployment, principal)
    reach = org.reach("aliases:settle")
    asked = asked_of(q, system, "", p)
    wanted = AliasSearch(
        text=asked.q,
        system=asked.system,
        named=_named(org, asked.q),
        departments=_within(org, reach),
    )
    total = count_aliases(deployment.db, wanted)
    turn = turn_of(asked.number, total, PER_PAGE, asked.query)
    return page(
        request,
        principal,
        "aliases/known.html",
        section="aliases",
        lines=list_aliases(deployment.db, wanted, limit=PER_PAGE, offset=turn.offset),
        rows=org.rows,
        counts=counts_of(org, reach),
        total=total,
        turn=turn,
        asked=asked,
        systems=systems_of(deployment.db),
        today=hospital_day(org.clock()),
    )


def _named(org: Organisation, q: str) -> tuple[str, ...]:
    """The departments with a piece of text in their names or codes."""
    if not q:
        return ()
    wanted = q.lower()
    return tuple(
        row.id
        for row in org.rows.values()
        if any(wanted in text.lower() for text in (*row.name.values(), row.code or "", row.id))
    )


def _within(org: Organisation, reach: OrgReach) -> frozenset[str] | None:
    if reach.is_everywhere:
        return None
    return frozenset(row.id for row in org.rows.values() if reach.sees(row))


@get(f"{HERE}/known/{{alias:str}}", sync_to_thread=True, guards=[needs("aliases:settle")])
def show_alias(
    request: Http,
    alias: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """A code with the form of another meaning."""
    org = Organisation(deployment, principal)
    found = seen_alias(org, alias, org.reach("aliases:settle"))
    typed = Fields(
        department=label(org.rows[found.department]),
        since=str(found.valid_from or ""),
        until=str(found.valid_to or ""),
    )
    return _alias_page(request, org, typed, found)


def _alias_page(
    request: Http,
    org: Organisation,
    typed: Fields,
    alias: Alias | None = None,
    refused: AppError | None = None,
) -> Response[Any]:
    reach = org.reach("aliases:settle")
    return page(
        request,
        org.principal,
        "aliases/one.html",
        section="aliases",
        status=refused.status if refused else 200,
        alias=alias,
        rows=org.rows,
        may_change=alias is None or reach.may_change(org.rows[alias.department]),
        choices=[label(row) for row in org.open_rows(reach)],
        systems=systems_of(org.deployment.db),
        typed=typed,
        refused=told(refused, request, org.principal) if refused else None,
    )


@post(f"{HERE}/known/{{alias:str}}", sync_to_thread=True, guards=[needs("aliases:settle")],
      status_code=200)  # fmt: skip
def change_known(
    request: Http,
    alias: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Another department or other days, of a code whose department is all one's own."""
    org = Organisation(deployment, principal)
    reach = org.reach("aliases:settle")
    found = seen_alias(org, alias, reach)
    if not reach.may_change(org.rows[found.department]):
        raise Forbidden("org_not_yours", "It is at sites that are not yours.")
    try:
        change_alias(
            deployment.db,
            principal.actor(),
            found.id,
            revision=revision(fields),
            department=_new_department(org, reach, found, fields),
            valid_from=day(fields, "since"),
            valid_to=day(fields, "until"),
            clock=org.clock,
        )
    except AppError as error:
        now = seen_alias(org, alias, reach)
        return _alias_page(request, org, fields, now, error)
    return redirect(f"{HERE}/known/{found.id}", toast="saved")


def _new_department(org: Organisation, reach: OrgReach, found: Alias, fields: Fields) -> str:
    """The department of a form; one that is closed may stay where it stands."""
    if fields["department"].strip() == label(org.rows[found.department]):
        return found.department
    return org.picked(fields["department"], reach).id


@get(f"{HERE}/new", sync_to_thread=True, guards=[needs("aliases:settle")])
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form of a code that has not come yet."""
    return _alias_page(request, Organisation(deployment, principal), Fields())


@post(f"{HERE}/new", sync_to_thread=True, guards=[needs("aliases:settle")], status_code=200)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A further code of a department."""
    org = Organisation(deployment, principal)
    try:
        row = org.picked(fields["department"], org.reach("aliases:settle"))
        made = add_alias(
            deployment.db,
            principal.actor(),
            system=line(fields, "system"),
            code=line(fields, "code"),
            name=line(fields, "name"),
            department=row.id,
            valid_from=day(fields, "since"),
            valid_to=day(fields, "until"),
            clock=org.clock,
        )
    except AppError as error:
        return _alias_page(request, org, fields, None, error)
    return redirect(f"{HERE}/known/{made}", toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (
    show_known,
    show_alias,
    change_known,
    ask_new,
    create,
)
