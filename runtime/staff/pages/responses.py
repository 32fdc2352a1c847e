"""Submitted responses: filtered, a page at a time."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct, structs

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.settings import CHANNELS
from runtime.responses.submission import BANDS
from runtime.staff import queries
from runtime.staff.answers import score_values
from runtime.staff.frame import language_of, page
from runtime.surveys.queries import list_surveys
from runtime.wiring import Deployment

HERE = "/staff/responses"
SCORES_SHOWN = 3
SCORES = tuple(str(band) for band in range(BANDS))
PATIENT_CHANNELS = tuple(name for name in CHANNELS if name != "staff")


def _lowest(
    line: queries.Line, deployment: Deployment, lang: str
) -> tuple[list[tuple[str, Any]], int]:
    """The lowest few of a response's scores, and how many there are beside them."""
    scores = score_values(line, deployment.surveys.get(line.survey, line.version), lang)
    found = sorted(((t, v) for t, v in scores if v is not None), key=lambda one: one[1])
    return found[:SCORES_SHOWN], max(0, len(found) - SCORES_SHOWN)


class Asked(Struct, frozen=True, kw_only=True):
    """What the list or a file was narrowed to, as it stood in the address."""

    survey: str = ""
    site: str = ""
    department: str = ""
    channel: str = ""
    score: str = ""
    since: str = ""
    until: str = ""
    order: str = ""


def asked_of(request: Http) -> Asked:
    """What an address asks for; what is nonsense is left out."""
    given = {name: request.query_params.get(name, "") for name in Asked.__struct_fields__}
    return Asked(
        survey=_plain(given["survey"]),
        site=_plain(given["site"]),
        department=_plain(given["department"]),
        channel=given["channel"] if given["channel"] in PATIENT_CHANNELS else "",
        score=given["score"] if given["score"] in SCORES else "",
        since=given["since"] if _day(given["since"]) else "",
        until=given["until"] if _day(given["until"]) else "",
        order="oldest" if given["order"] == "oldest" else "",
    )


@get(HERE, sync_to_thread=True, guards=[needs("responses:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The responses that fit, newest first unless the oldest are asked for."""
    asked = asked_of(request)
    with deployment.db.begin_for(principal.reach) as connection:
        departments = queries.list_departments(connection, principal.reach)
        lines, following = queries.list_responses(
            connection,
            principal.reach,
            filters_of(departments, asked),
            _place(after),
            oldest_first=asked.order == "oldest",
        )
        sites = queries.list_sites(connection, principal.reach)
    kept = {name: value for name, value in structs.asdict(asked).items() if value}
    lang = language_of(request, principal)
    behind = following and f"{following.at.isoformat()}~{following.id}"
    return page(
        request,
        principal,
        "responses/list.html",
        section="responses",
        lines=[(line, _lowest(line, deployment, lang)) for line in lines],
        surveys=[
            one
            for one in list_surveys(deployment.db)
            if one.kind != "whistleblow" or principal.reach.whistleblow
        ],
        sites=sites,
        departments=departments,
        channels=PATIENT_CHANNELS,
        scores=SCORES,
        asked=asked,
        is_first=not after,
        newest=urlencode(kept),
        may_export=principal.may("responses:export"),
        other_end=urlencode(kept | {"order": "" if asked.order else "oldest"}),
        following=behind and urlencode(kept | {"after": behind}),
    )


def filters_of(departments: Sequence[queries.DepartmentChoice], asked: Asked) -> queries.Filters:
    """Filters of what was asked; days are the hospital's, both included."""
    last = _day(asked.until)
    chosen = next((one for one in departments if one.id == asked.department), None)
    return queries.Filters(
        survey=asked.survey,
        site=asked.site,
        departments=chosen.subtree if chosen else (),
        channel=asked.channel,
        band=int(asked.score) if asked.score else None,
        since=_day(asked.since),
        until=last and last + timedelta(days=1),
    )


def _plain(text: str) -> str:
    return text.replace("\0", "")[:200]


def _day(text: str) -> datetime | None:
    """The first moment of a day at the hospital; None for what is no day of this century."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    in_reach = date(2000, 1, 1) <= day <= date(2099, 12, 31)
    return datetime.combine(day, time.min, HOSPITAL_ZONE) if in_reach else None


def _place(text: str) -> queries.Place | None:
    at, _, identity = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return queries.Place(moment, UUID(identity)) if moment.tzinfo else None
    except ValueError:
        return None


handlers: tuple[ControllerRouterHandler, ...] = (show_list,)
