"""Departments: the tree over all sites, one department with all that hangs on it, adding one."""

from collections.abc import Sequence
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound, Unprocessable
from runtime.kit.words import joined
from runtime.org import duties
from runtime.org.aliases import aliases_of
from runtime.org.departments import add_department, history_of, new_id
from runtime.org.models import DUTIES, DepartmentRow, HistoryLine
from runtime.org.reach import OrgReach
from runtime.org.service import in_language
from runtime.org.succession import successions_around
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.organisation import Organisation, label, line, names, ticked, told
from runtime.surveys.queries import list_surveys
from runtime.wiring import Deployment

HERE = "/staff/departments"
MAX_ASKED = 100


class Node(Struct, frozen=True):
    """A department in the tree that is shown, with what is shown below it."""

    row: DepartmentRow
    is_link: bool
    is_hit: bool
    below: Sequence["Node"]


class Asked(Struct, frozen=True, kw_only=True):
    """What the tree was filtered by."""

    q: str = ""
    site: str = ""
    with_closed: bool = False


# The tree


@get(HERE, sync_to_thread=True, guards=[needs("departments:read")])
def show_tree(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    site: FromQuery[str] = "",
    closed: FromQuery[str] = "",
) -> Response[Any]:
    """The departments within reach, each below its parent."""
    org = Organisation(deployment, principal)
    reach = org.reach("departments:read")
    wanted = " ".join(q.replace("\0", "").split())[:MAX_ASKED]
    asked = Asked(q=wanted, site=site, with_closed=bool(closed))
    fitting = {row.id for row in org.rows.values() if reach.sees(row) and _fits(row, asked)}
    return page(
        request,
        principal,
        "departments/tree.html",
        section="departments",
        nodes=_nodes(list(org.rows.values()), fitting, reach, bool(asked.q)),
        count=len(fitting),
        asked=asked,
        sites=org.sites_within(reach),
        site_names=site_names(org),
        is_open=bool(asked.q),
        today=hospital_day(deployment.clock()),
        may_write=principal.may("departments:write"),
    )


def _fits(row: DepartmentRow, asked: Asked) -> bool:
    if row.closed_on is not None and not asked.with_closed:
        return False
    if asked.site and asked.site not in row.sites:
        return False
    spelled = (*row.name.values(), row.code or "", row.id)
    return any(asked.q.lower() in text.lower() for text in spelled)


def _nodes(
    rows: Sequence[DepartmentRow], fitting: set[str], reach: OrgReach, is_search: bool
) -> list[Node]:
    """The fitting departments below their parents; a parent that does not fit only leads there."""
    below: dict[str | None, list[DepartmentRow]] = {}
    for row in rows:
        below.setdefault(row.parent, []).append(row)

    def branch(parent: str | None) -> list[Node]:
        found: list[Node] = []
        for row in below.get(parent, []):
            under = branch(row.id)
            if row.id in fitting or under:
                is_hit = is_search and row.id in fitting
                found.append(Node(row, reach.sees(row), is_hit, under))
        return found

    return branch(None)


def site_names(org: Organisation) -> dict[str, dict[str, str]]:
    """The names of all sites by id."""
    return {one.id: one.name for one in org.sites}


# One department


@get(f"{HERE}/{{department:str}}", sync_to_thread=True, guards=[needs("departments:read")])
def show_one(
    request: Http,
    department: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """A department: codes, duties, surveys, what it was and became, and its changes."""
    return one_page(request, Organisation(deployment, principal), department)


def one_page(
    request: Http,
    org: Organisation,
    department: str,
    *,
    opened: str = "",
    typed: Fields | None = None,
    refused: str | None = None,
    status: int = 200,
) -> Response[Any]:
    """The page of a department; `opened` is the form that was refused, with what was typed."""
    reach = org.reach("departments:read")
    row = org.seen(department, reach)
    writing = org.reach("departments:write")
    db, lang = org.deployment.db, language_of(request, org.principal)
    return page(
        request,
        org.principal,
        "departments/one.html",
        section="departments",
        status=status,
        row=row,
        today=hospital_day(org.clock()),
        trail=_above(org, row),
        below=[one for one in org.rows.values() if one.parent == row.id and reach.sees(one)],
        linked={one.id for one in org.rows.values() if reach.sees(one)},
        rows=org.rows,
        site_names=site_names(org),
        successions=successions_around(db, row.id),
        aliases=aliases_of(db, row.id),
        duties=duties.duties_of(db, row.id),
        duty_kinds=DUTIES,
        accounts=duties.accounts_for_duties(db) if writing.may_change(row) else [],
        surveys=list_surveys(db),
        own_surveys=duties.own_surveys_of(db, row.id),
        asked_surveys=duties.surveys_of(db, row.id),
        history=[(one, _in_words(one, org, lang)) for one in history_of(db, row.id)],
        sites=org.sites_within(writing),
        choices=[label(one) for one in org.open_rows(reach) if one.id != row.id],
        may_write=writing.may_change(row),
        is_shared=principal_may(org) and not writing.may_change(row),
        opened=opened,
        typed=typed if typed is not None else Fields(),
        blank=Fields(),
        refused=refused,
    )


def principal_may(org: Organisation) -> bool:
    """Whether the asker may change departments at all."""
    return org.principal.may("departments:write")


def _above(org: Organisation, row: DepartmentRow) -> list[DepartmentRow]:
    trail: list[DepartmentRow] = []
    here = row.parent
    while here is not None:
        trail.append(org.rows[here])
        here = org.rows[here].parent
    return trail[::-1]


def _in_words(told_line: HistoryLine, org: Organisation, lang: str) -> str:
    """What a line of the history adds to its heading: from what to what, or with whom."""
    facts: Any = told_line.facts
    match told_line.kind:
        case "renamed":
            before, after = facts.get("before"), facts.get("after")
            return f"{in_language(before, lang)} → {in_language(after, lang)}"
        case "moved":
            before, after = facts.get("before"), facts.get("after")
            return f"{_named(org, before, lang)} → {_named(org, after, lang)}"
        case "merged":
            return _named(org, facts.get("into"), lang)
        case "took_over" | "split_off" | "split":
            found = facts.get("from", facts.get("into"))
            several = [found] if isinstance(found, str) else found
            return joined((_named(org, one, lang) for one in several), lang)
        case _:
            return ""


def _named(org: Organisation, department: str | None, lang: str) -> str:
    row = org.rows.get(department or "")
    return in_language(row.name, lang) if row else department or "—"


# Adding


@get(f"{HERE}/new", sync_to_thread=True, guards=[needs("departments:write")])
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    parent: FromQuery[str] = "",
) -> Response[Any]:
    """The form of a new department, below another if one is named."""
    org = Organisation(deployment, principal)
    row = org.rows.get(parent)
    typed = Fields()
    if row is not None and org.reach("departments:read").sees(row):
        typed["parent"] = label(row)
    return _new_page(request, org, typed)


def _new_page(
    request: Http, org: Organisation, typed: Fields, refused: AppError | None = None
) -> Response[Any]:
    reach = org.reach("departments:read")
    return page(
        request,
        org.principal,
        "departments/new.html",
        section="departments",
        status=refused.status if refused else 200,
        typed=typed,
        refused=told(refused, request, org.principal) if refused else None,
        sites=org.sites_within(org.reach("departments:write")),
        choices=[label(one) for one in org.open_rows(reach)],
        must_have_site=not org.reach("departments:write").is_everywhere,
    )


@post(f"{HERE}/new", sync_to_thread=True, guards=[needs("departments:write")], status_code=200)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A new department at sites that are one's own."""
    org = Organisation(deployment, principal)
    try:
        made = _create(org, fields)
    except (NotFound, Forbidden):
        raise
    except AppError as error:
        return _new_page(request, org, fields, error)
    return redirect(f"{HERE}/{made}", toast="saved")


def _create(org: Organisation, fields: Fields) -> str:
    writing = org.reach("departments:write")
    sites = ticked(fields, "site", [one.id for one in org.sites_within(writing)])
    code = line(fields, "code")
    parent = None
    if fields["parent"].strip():
        above = org.picked(fields["parent"], org.reach("departments:read"), "/parent")
        parent, sites = above.id, sites or (() if writing.is_everywhere else above.sites)
    made = new_id("d", code)
    require_own(org, writing, made, sites, parent)
    add_department(
        org.deployment.db,
        org.principal.actor(),
        department_id=made,
        name=names(fields),
        parent=parent,
        code=code or None,
        kind=line(fields, "kind") or None,
        sites=sites,
        clock=org.clock,
    )
    return made


def require_own(
    org: Organisation, writing: OrgReach, made: str, sites: tuple[str, ...], parent: str | None
) -> None:
    """Whether a department, as it shall be, is still the asker's to change.

    Raises:
        Unprocessable: it would stand at no site, or at one that is not the asker's.
    """
    row = DepartmentRow(
        id=made, name={}, parent=parent, code=None, kind=None, sites=sites, position=0,
        opened_on=None, closed_on=None, revision=0,
    )  # fmt: skip
    below_own = parent is not None and parent in {
        one for grant in writing.grants for one in grant.departments or ()
    }
    if not writing.may_change(row) and not below_own:
        raise Unprocessable("org_own_sites", "Tick at least one of your sites.", at="/sites")


handlers: tuple[ControllerRouterHandler, ...] = (show_tree, ask_new, create, show_one)
