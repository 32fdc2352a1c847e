"""The audit trail: who did what, searched, paged and exported; each look leaves a line too."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.audit.export import csv_of
from runtime.audit.models import OUTCOMES
from runtime.audit.queries import Filters, Place, search, search_all
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.staff.frame import page
from runtime.wiring import Deployment

HERE = "/staff/audit"
MOST_EXPORTED = 50_000


@get(HERE, sync_to_thread=True, guards=[needs("audit:read")])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    person: FromQuery[str] = "",
    action: FromQuery[str] = "",
    object_id: FromQuery[str] = "",
    outcome: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The newest lines that fit, a page at a time."""
    filters = filters_of(person, action, object_id, outcome, since, until)
    with deployment.db.begin() as connection:
        found = search(connection, filters, after=place_of(after))
        record(
            connection,
            principal.actor(),
            "audit.viewed",
            "audit",
            "lines",
            facts={"by": filters.used(), "lines": len(found.lines)},
            clock=deployment.clock,
        )
    asked = {
        "person": person,
        "action": action,
        "object_id": object_id,
        "outcome": filters.outcome,
        "since": day_text(filters.since),
        "until": until if filters.until else "",
    }
    kept = {name: text for name, text in asked.items() if text}
    following = found.next and urlencode(kept | {"after": place_text(found.next)})
    return page(
        request,
        principal,
        "audit/lines.html",
        section="audit",
        lines=[(line, local_time(line.at)) for line in found.lines],
        asked=asked,
        outcomes=OUTCOMES,
        following=following,
        is_first=not after,
        newest=urlencode(kept),
        may_export=principal.may("audit:export"),
    )


@get(f"{HERE}/lines.csv", sync_to_thread=True, guards=[needs("audit:export")])
def export(
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
    person: FromQuery[str] = "",
    action: FromQuery[str] = "",
    object_id: FromQuery[str] = "",
    outcome: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
) -> Response[bytes]:
    """The newest 50,000 lines that fit, as CSV."""
    filters = filters_of(person, action, object_id, outcome, since, until)
    with deployment.db.begin() as connection:
        lines = list(search_all(connection, filters, most=MOST_EXPORTED))
        record(
            connection,
            principal.actor(),
            "audit.exported",
            "audit",
            "lines",
            facts={"by": filters.used(), "lines": len(lines)},
            clock=deployment.clock,
        )
    return Response(
        csv_of(lines),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": 'attachment; filename="audit.csv"',
            "cache-control": "no-store",
        },
    )


def filters_of(
    person: str, action: str, object_id: str, outcome: str, since: str, until: str
) -> Filters:
    """Filters of what was typed; days are the hospital's, both included; nonsense is left out."""
    last = day_of(until)
    return Filters(
        person=_plain(person),
        action=_plain(action),
        object_id=_plain(object_id),
        outcome=outcome if outcome in OUTCOMES else "",
        since=day_of(since),
        until=last and last + timedelta(days=1),
    )


def _plain(text: str) -> str:
    return text.replace("\0", "").strip()[:200]


def day_of(text: str) -> datetime | None:
    """The first moment of a day such as 2026-11-24 at the hospital; None if it is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    in_reach = date(2000, 1, 1) <= day <= date(2999, 12, 31)
    return datetime.combine(day, time.min, HOSPITAL_ZONE) if in_reach else None


def day_text(moment: datetime | None) -> str:
    """The day as it is typed; "" where there is none."""
    return "" if moment is None else moment.date().isoformat()


def local_time(moment: datetime) -> str:
    """The hospital's time, to the second."""
    return moment.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def place_text(place: Place) -> str:
    """Where the next page begins, for its address."""
    return f"{place.at.isoformat()}~{place.id}"


def place_of(text: str) -> Place | None:
    """The place that an address names; None, the first page, where it names none."""
    at, _, identity = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return Place(moment, UUID(identity)) if moment.tzinfo else None
    except ValueError:
        return None


handlers: tuple[ControllerRouterHandler, ...] = (show, export)
