"""Codes of other systems: those that wait for a department, those set aside, those known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound
from runtime.org import settling
from runtime.org.aliases import (
    add_alias,
    change_alias,
    count_aliases,
    get_alias,
    list_aliases,
    plain,
    systems_of,
)
from runtime.org.likeness import suggest
from runtime.org.models import (
    Alias,
    AliasSearch,
    DepartmentRow,
    Settlement,
    Unmapped,
    UnmappedSearch,
)
from runtime.org.reach import OrgReach
from runtime.org.service import in_language
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    label,
    line,
    page_number,
    revision,
    told,
    turn_of,
)
from runtime.staff.pages.departments import site_names
from runtime.wiring import Deployment

HERE = "/staff/aliases"
PER_PAGE = 20
MAX_ID = 2**63 - 1  # PostgreSQL bigint
MAX_SUGGESTED = 4


class Asked(Struct, frozen=True, kw_only=True):
    """What a list of codes was filtered by, and its page from 1."""

    q: str = ""
    system: str = ""
    show: str = ""
    number: int = 1

    def query(self, **more: Any) -> str:
        """The same again as the end of an address."""
        given = {"q": self.q, "system": self.system, "show": self.show}
        if self.number > 1:
            given["p"] = str(self.number)
        return urlencode({key: one for key, one in (given | more).items() if one})


class Waiting(Struct, frozen=True):
    """A code that waits, the departments suggested for it, and whether its form was refused."""

    line: Unmapped
    suggested: Sequence[DepartmentRow]
    is_opened: bool


class Done(Struct, frozen=True):
    """What has just been settled."""

    alias: Alias
    name: str
    times: int


def _asked(q: str, system: str, show: str = "", p: str = "") -> Asked:
    is_dismissed = show == "dismissed"
    return Asked(
        q=plain(q),
        system=plain(system),
        show="dismissed" if is_dismissed else "",
        number=page_number(p),
    )


# Those that wait, and those set aside


@get(HERE, sync_to_thread=True, guards=[needs("aliases:settle")])
def show_waiting(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    system: FromQuery[str] = "",
    show: FromQuery[str] = "",
    p: FromQuery[str] = "",
    settled: FromQuery[str] = "",
    times: FromQuery[str] = "",
) -> Response[Any]:
    """The codes without a department within reach, the most frequent first."""
    org = Organisation(deployment, principal)
    done = _done(org, settled, times, language_of(request, principal))
    return _waiting_page(request, org, _asked(q, system, show, p), done=done)


def _done(org: Organisation, settled: str, times: str, lang: str) -> Done | None:
    try:
        alias = _seen_alias(org, settled, org.reach("aliases:settle"))
    except NotFound:
        return None
    name = in_language(org.rows[alias.heir or alias.department].name, lang)
    return Done(alias, name, page_number(times))


def _waiting_page(
    request: Http,
    org: Organisation,
    asked: Asked,
    *,
    done: Done | None = None,
    opened: str = "",
    typed: Fields | None = None,
    refused: AppError | None = None,
) -> Response[Any]:
    reach = org.reach("aliases:settle")
    db, fields = org.deployment.db, typed if typed is not None else Fields()
    wanted = UnmappedSearch(
        text=asked.q, system=asked.system, is_dismissed=bool(asked.show), sites=reach.sites
    )
    total = settling.count_unmapped(db, wanted)
    turn = turn_of(asked.number, total, PER_PAGE, asked.query)
    lines = settling.list_unmapped(db, wanted, limit=PER_PAGE, offset=turn.offset)
    key = (fields["system"], fields["code"]) if refused else ("", "")
    is_shown = any((one.system, one.code) == key for one in lines)
    sentence = told(refused, request, org.principal) if refused else None
    return page(
        request,
        org.principal,
        "aliases/waiting.html",
        section="aliases",
        status=refused.status if refused else 200,
        lines=_with_suggestions(org, reach, lines, key),
        counts=_counts(org, reach),
        total=total,
        turn=turn,
        asked=asked,
        query=asked.query(),
        systems=systems_of(db),
        site_names=site_names(org),
        choices=[label(row) for row in org.open_rows(reach)],
        done=done,
        opened=opened,
        typed=fields,
        blank=Fields(),
        refused=sentence,
        gone=None if is_shown else sentence,
    )


def _counts(org: Organisation, reach: OrgReach) -> Mapping[str, int]:
    """How many wait, for the tabs."""
    wanted = UnmappedSearch(sites=reach.sites)
    return {"waiting": settling.count_unmapped(org.deployment.db, wanted)}


def _with_suggestions(
    org: Organisation, reach: OrgReach, lines: Sequence[Unmapped], opened: tuple[str, str]
) -> list[Waiting]:
    rows = {row.id: row for row in org.open_rows(reach)}
    near = suggest(rows.values(), [one.name for one in lines])
    found: list[Waiting] = []
    for one in lines:
        ids = [*one.candidates, *(like.department for like in near.get(one.name, ()))]
        if one.reason == "split" and one.candidates:
            ids = list(one.candidates)
        offered = [rows[key] for key in dict.fromkeys(ids) if key in rows]
        found.append(Waiting(one, offered[:MAX_SUGGESTED], (one.system, one.code) == opened))
    return found


@post(f"{HERE}/{{act:str}}", sync_to_thread=True, guards=[needs("aliases:settle")],
      status_code=200)  # fmt: skip
def change_waiting(
    request: Http,
    act: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
    q: FromQuery[str] = "",
    system: FromQuery[str] = "",
    show: FromQuery[str] = "",
    p: FromQuery[str] = "",
) -> Response[Any]:
    """Settle a code, set it aside with a reason, or take it up again."""
    org = Organisation(deployment, principal)
    do, asked = ACTS.get(act), _asked(q, system, show, p)
    if do is None:
        raise NotFound("page", "There is no such page.")
    try:
        to = do(org, fields, asked)
    except Forbidden:
        raise
    except AppError as error:
        return _waiting_page(request, org, asked, opened=act, typed=fields, refused=error)
    return to


def _own_line(org: Organisation, reach: OrgReach, fields: Fields) -> Unmapped:
    """The code of a form, if it waits at a site within reach."""
    found = settling.get_unmapped(org.deployment.db, fields["system"], fields["code"])
    if not reach.has_site(found.site):
        raise NotFound("org_settled", "Nobody waits for this code any more.")
    return found


def _settle(org: Organisation, fields: Fields, asked: Asked) -> Response[Any]:
    reach = org.reach("aliases:settle")
    waiting = _own_line(org, reach, fields)
    row = org.picked(fields["suggested"] or fields["department"], reach)
    first, last = day(fields, "since"), day(fields, "until")
    chosen = Settlement(
        system=waiting.system,
        code=waiting.code,
        department=row.id,
        valid_from=first,
        valid_to=last,
    )
    (done,) = settling.settle(org.deployment.db, org.principal.actor(), [chosen], clock=org.clock)
    return redirect(f"{HERE}?{asked.query(settled=done.alias, times=done.times)}")


def _dismiss(org: Organisation, fields: Fields, asked: Asked) -> Response[Any]:
    waiting = _own_line(org, org.reach("aliases:settle"), fields)
    actor, why = org.principal.actor(), fields["why"]
    settling.dismiss(org.deployment.db, actor, waiting.system, waiting.code, why, clock=org.clock)
    return redirect(f"{HERE}?{asked.query()}", toast="saved")


def _take_up(org: Organisation, fields: Fields, asked: Asked) -> Response[Any]:
    waiting = _own_line(org, org.reach("aliases:settle"), fields)
    actor = org.principal.actor()
    settling.take_up(org.deployment.db, actor, waiting.system, waiting.code, clock=org.clock)
    return redirect(f"{HERE}?{asked.query()}", toast="saved")


ACTS: Mapping[str, Callable[[Organisation, Fields, Asked], Response[Any]]] = {
    "settle": _settle,
    "dismiss": _dismiss,
    "take-up": _take_up,
}


# Those known


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
    asked = _asked(q, system, "", p)
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
        counts=_counts(org, reach),
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


def _seen_alias(org: Organisation, alias_id: str, reach: OrgReach) -> Alias:
    is_id = alias_id.isascii() and alias_id.isdecimal() and len(alias_id) < len(str(MAX_ID))
    if not is_id:
        raise NotFound("org_alias", "There is no such code.")
    found = get_alias(org.deployment.db, int(alias_id))
    if not reach.sees(org.rows[found.department]):
        raise NotFound("org_alias", "There is no such code.")
    return found


@get(f"{HERE}/known/{{alias:str}}", sync_to_thread=True, guards=[needs("aliases:settle")])
def show_alias(
    request: Http,
    alias: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """A code with the form of another meaning."""
    org = Organisation(deployment, principal)
    found = _seen_alias(org, alias, org.reach("aliases:settle"))
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
    found = _seen_alias(org, alias, reach)
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
        now = _seen_alias(org, alias, reach)
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
    show_waiting,
    show_known,
    show_alias,
    change_known,
    ask_new,
    create,
    change_waiting,
)
