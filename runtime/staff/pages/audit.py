"""The audit trail: who did what, searched, paged and exported; each look leaves a line too."""

from collections.abc import Mapping
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
from runtime.audit.models import KINDS, OUTCOMES
from runtime.audit.queries import Filters, Place, search, search_all
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.staff.audit_words import action_groups, read_names, tell
from runtime.staff.frame import language_of, page
from runtime.wiring import Deployment

HERE = "/staff/audit"
MOST_EXPORTED = 50_000


@get(HERE, sync_to_thread=True, guards=[needs("audit:read")])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The newest lines that fit, a page at a time."""
    filters = filters_of(request.query_params)
    lang = language_of(request, principal)
    with deployment.db.begin() as connection:
        found = search(connection, filters, after=place_of(after))
        names = read_names(connection, found.lines, lang)
        record(
            connection,
            principal.actor(),
            "audit.viewed",
            "audit",
            "lines",
            facts={"by": filters.used(), "lines": len(found.lines)},
            clock=deployment.clock,
        )
    asked = asked_of(filters)
    kept = {name: text for name, text in asked.items() if text}
    following = found.next and urlencode(kept | {"after": place_text(found.next)})
    return page(
        request,
        principal,
        "audit/lines.html",
        section="audit",
        lines=[
            (line, local_time(line.at), told)
            for line, told in zip(found.lines, tell(found.lines, names, lang), strict=True)
        ],
        asked=asked,
        kinds=KINDS,
        actions=action_groups(lang),
        outcomes=OUTCOMES,
        following=following,
        is_first=not after,
        newest=urlencode(kept),
        may_export=principal.may("audit:export"),
    )


@get(f"{HERE}/lines.csv", sync_to_thread=True, guards=[needs("audit:export")])
def export(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
) -> Response[bytes]:
    """The newest 50,000 lines that fit, as CSV."""
    filters = filters_of(request.query_params)
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
        media_type="text/csv",
        headers={
            "content-disposition": 'attachment; filename="audit.csv"',
            "cache-control": "no-store",
        },
    )


def filters_of(given: Mapping[str, str]) -> Filters:
    """Filters of what was typed; days are the hospital's, both included; nonsense is left out."""
    last = day_of(given.get("until", ""))
    kind, outcome = given.get("kind", ""), given.get("outcome", "")
    return Filters(
        kind=kind if kind in KINDS else "",
        person=_plain(given.get("person", "")),
        action=_plain(given.get("action", "")),
        object_id=_plain(given.get("object_id", "")),
        outcome=outcome if outcome in OUTCOMES else "",
        since=day_of(given.get("since", "")),
        until=last and last + timedelta(days=1),
    )


def asked_of(filters: Filters) -> dict[str, str]:
    """Filters as they are typed."""
    last = filters.until and filters.until - timedelta(days=1)
    return {
        "kind": filters.kind,
        "person": filters.person,
        "action": filters.action,
        "object_id": filters.object_id,
        "outcome": filters.outcome,
        "since": day_text(filters.since),
        "until": day_text(last),
    }


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
