"""Codes of other systems that wait for a department, and those that were set aside."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound
from runtime.org import settling
from runtime.org.aliases import (
    systems_of,
)
from runtime.org.likeness import suggest
from runtime.org.models import (
    Alias,
    DepartmentRow,
    Settlement,
    Unmapped,
    UnmappedSearch,
)
from runtime.org.reach import OrgReach
from runtime.org.service import in_language
from runtime.staff.alias_lists import HERE, PER_PAGE, Asked, asked_of, counts_of, seen_alias
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    label,
    page_number,
    told,
    turn_of,
)
from runtime.staff.pages.departments import site_names
from runtime.wiring import Deployment

MAX_SUGGESTED = 4


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
    return _waiting_page(request, org, asked_of(q, system, show, p), done=done)


def _done(org: Organisation, settled: str, times: str, lang: str) -> Done | None:
    try:
        alias = seen_alias(org, settled, org.reach("aliases:settle"))
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
        counts=counts_of(org, reach),
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
    do, asked = ACTS.get(act), asked_of(q, system, show, p)
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


handlers: tuple[ControllerRouterHandler, ...] = (
    show_waiting,
    change_waiting,
)
