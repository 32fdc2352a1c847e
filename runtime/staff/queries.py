"""What the console reads of responses: a page at a time, within the reader's reach."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.kit.clock import HOSPITAL_ZONE, hospital_day, month_of
from runtime.kit.problems import NotFound
from runtime.kit.reach import Reach

PAGE_SIZE = 50


class Place(msgspec.Struct, frozen=True):
    """The line behind which a page begins."""

    at: datetime
    id: UUID


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; an empty text or None asks for nothing. Times are half open."""

    survey: str = ""
    site: str = ""
    departments: tuple[str, ...] = ()
    channel: str = ""
    band: int | None = None
    since: datetime | None = None
    until: datetime | None = None


class Line(msgspec.Struct, frozen=True):
    """One response in the list."""

    id: str
    survey: str
    title: dict[str, str]
    version: int
    site: str
    site_name: dict[str, str] | None
    department_name: dict[str, str] | None
    channel: str
    started_at: datetime
    submitted_at: datetime
    scores: dict[str, Any]
    ending: str | None


class Detail(msgspec.Struct, frozen=True):
    """One response with its answers; `has_personal` tells that more, or files, are kept apart.

    `department` is the dictionary's id; `times` are seconds by page, from its first showing to its
    last answer.
    """

    line: Line
    lang: str
    path: list[str]
    asked: list[str]
    answers: dict[str, Any]
    times: dict[str, float]
    context: dict[str, Any]
    has_personal: bool
    department: str | None
    is_whistleblow: bool


_LINES = """
SELECT r.id, r.survey_id, s.title, r.survey_version, r.site, t.name AS site_name,
       d.name AS department_name, r.channel, r.started_at, r.submitted_at, r.scores, r.ending
FROM responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN sites t ON t.id = r.site
LEFT JOIN departments d ON d.id = r.department
"""
_DETAIL = _LINES.replace(
    "r.ending\n",
    "r.ending, r.lang, r.path, r.asked, r.answers, r.times, r.context, r.department, "
    "s.kind = 'whistleblow' AS is_whistleblow, "
    "(EXISTS (SELECT FROM response_personal p "
    "WHERE p.site = r.site AND p.month = r.month AND p.id = r.id) "
    "OR EXISTS (SELECT FROM attachments a WHERE a.session_id = r.session_id)) AND NOT EXISTS "
    "(SELECT FROM consent_withdrawals w WHERE w.response_id = r.id) AS has_personal\n",
)


def list_responses(
    connection: sa.Connection,
    reach: Reach,
    filters: Filters,
    after: Place | None,
    *,
    oldest_first: bool = False,
) -> tuple[list[Line], Place | None]:
    """The responses behind `after`, newest first unless told, and where the next page begins."""
    conditions, values = _wanted(reach, filters)
    if after is not None:
        behind = ">" if oldest_first else "<"
        conditions.append(f"(r.submitted_at, r.id) {behind} (:after_at, :after_id)")
        values |= {"after_at": after.at, "after_id": after.id}
    where = " AND ".join(conditions)
    way = "ASC" if oldest_first else "DESC"
    rows = connection.execute(
        sa.text(
            f"{_LINES} WHERE {where} "  # nosec B608 - conditions are ours, values are bound
            f"ORDER BY r.submitted_at {way}, r.id {way} LIMIT :most"
        ),
        values | {"most": PAGE_SIZE + 1},
    ).all()
    shown = rows[:PAGE_SIZE]
    following = Place(shown[-1].submitted_at, shown[-1].id) if len(rows) > PAGE_SIZE else None
    return [_line(row) for row in shown], following


def lines_of(connection: sa.Connection, reach: Reach, ids: Sequence[UUID]) -> list[Line]:
    """These responses as far as they are within reach, newest first."""
    if not ids:
        return []
    conditions, values = _reached(reach)
    where = " AND ".join(("r.id = ANY(:ids)", *conditions))
    rows = connection.execute(
        sa.text(f"{_LINES} WHERE {where} ORDER BY r.submitted_at DESC, r.id DESC"),  # nosec B608 - conditions are ours
        values | {"ids": list(ids)},
    )
    return [_line(row) for row in rows]


class Exported(msgspec.Struct, frozen=True):
    """One response for a file; personal answers are never in it."""

    line: Line
    lang: str
    answers: dict[str, Any]


def versions_of(connection: sa.Connection, reach: Reach, filters: Filters) -> list[int]:
    """The versions of the chosen survey that have responses which fit, newest first."""
    conditions, values = _wanted(reach, filters)
    rows = connection.execute(
        sa.text(
            "SELECT DISTINCT r.survey_version FROM responses r "
            "JOIN surveys s ON s.id = r.survey_id "
            f"WHERE {' AND '.join(conditions)} ORDER BY 1 DESC"  # nosec B608 - ours, values bound
        ),
        values,
    )
    return list(rows.scalars())


def export_responses(
    connection: sa.Connection, reach: Reach, filters: Filters, most: int
) -> Iterator[Exported]:
    """The newest responses that fit, at most so many, read in pieces."""
    conditions, values = _wanted(reach, filters)
    statement = sa.text(
        f"{_DETAIL} WHERE {' AND '.join(conditions)} "  # nosec B608 - ours, values bound
        "ORDER BY r.submitted_at DESC, r.id DESC LIMIT :most"
    ).execution_options(yield_per=500)
    rows = connection.execute(statement, values | {"most": most})
    for row in rows:
        yield Exported(_line(row), row.lang, row.answers)


def get_response(connection: sa.Connection, reach: Reach, response_id: str) -> Detail:
    """One response.

    Raises:
        NotFound: there is none of this id within reach.
    """
    try:
        wanted = UUID(response_id)
    except ValueError:
        raise NotFound("response", "There is no such response.") from None
    conditions, values = _reached(reach)
    where = " AND ".join(("r.id = :id", *conditions))
    row = connection.execute(
        sa.text(f"{_DETAIL} WHERE {where}"),  # nosec B608 - conditions are ours
        values | {"id": wanted},
    ).one_or_none()
    if row is None:
        raise NotFound("response", "There is no such response.")
    return Detail(
        _line(row),
        row.lang,
        row.path,
        row.asked,
        row.answers,
        row.times,
        row.context,
        row.has_personal,
        row.department,
        row.is_whistleblow,
    )


class Use(msgspec.Struct, frozen=True):
    """How many responses a survey has, and how many of them came in the last 30 days."""

    total: int
    lately: int


def count_by_survey(connection: sa.Connection, now: datetime) -> dict[str, Use]:
    """The use of each survey that has responses within reach, from the daily tallies."""
    rows = connection.execute(
        sa.text(
            "SELECT survey_id, sum(responses) AS total, "
            "coalesce(sum(responses) FILTER (WHERE day > :since), 0) AS lately "
            "FROM response_tallies GROUP BY survey_id"
        ),
        {"since": hospital_day(now) - timedelta(days=30)},
    )
    return {row.survey_id: Use(int(row.total), int(row.lately)) for row in rows}


def count_since(connection: sa.Connection, reach: Reach, first: date) -> tuple[int, int]:
    """Responses within reach since the beginning of a day, and those with a score below 20.

    The month is asked for too, as it is what the table is cut by.
    """
    conditions, values = _reached(reach)
    begin = datetime.combine(first, time.min, HOSPITAL_ZONE)
    row = connection.execute(
        sa.text(
            "SELECT count(*) AS came, count(*) FILTER (WHERE r.lowest_band = 0) AS low "
            "FROM responses r JOIN surveys s ON s.id = r.survey_id "
            "WHERE r.month >= :month AND r.submitted_at >= :begin "
            f"AND {' AND '.join(conditions)}"  # nosec B608 - ours
        ),
        values | {"begin": begin, "month": month_of(begin)},
    ).one()
    return row.came, row.low


def list_sites(connection: sa.Connection, reach: Reach) -> list[tuple[str, dict[str, str]]]:
    """The sites within reach, in the hospital's order."""
    rows = connection.execute(
        sa.text(
            "SELECT id, name FROM sites WHERE CAST(:sites AS text[]) IS NULL OR id = ANY(:sites) "
            "ORDER BY position, id"
        ),
        {"sites": None if reach.sites is None else list(reach.sites)},
    )
    return [(row.id, row.name) for row in rows]


class DepartmentChoice(msgspec.Struct, frozen=True):
    """A department that the list may be narrowed to; `depth` counts those above it."""

    id: str
    name: dict[str, str]
    depth: int
    subtree: tuple[str, ...]


def list_departments(connection: sa.Connection, reach: Reach) -> list[DepartmentChoice]:
    """The departments within reach, each behind the one above it, closed ones included."""
    rows = connection.execute(
        sa.text("SELECT id, parent, name FROM departments ORDER BY position, id")
    ).all()
    below: dict[str | None, list[Any]] = {}
    ids = {row.id for row in rows if reach.departments is None or row.id in reach.departments}
    for row in rows:
        if row.id in ids:
            below.setdefault(row.parent if row.parent in ids else None, []).append(row)

    def descend(parent: str | None, depth: int) -> list[DepartmentChoice]:
        found: list[DepartmentChoice] = []
        for row in below.get(parent, []):
            inner = descend(row.id, depth + 1)
            subtree = (row.id, *(one.id for one in inner))
            found += [DepartmentChoice(row.id, row.name, depth, subtree), *inner]
        return found

    return descend(None, 0)


def _wanted(reach: Reach, filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a reach and of what was asked for, with their values."""
    conditions, values = _reached(reach)
    if filters.survey:
        conditions.append("r.survey_id = :survey")
    if filters.site:
        conditions.append("r.site = :site")
    if filters.departments:
        conditions.append("r.department = ANY(:departments)")
    if filters.channel:
        conditions.append("r.channel = :channel")
    if filters.band is not None:
        conditions.append("r.lowest_band = :band")
    if filters.since:
        conditions.append("r.submitted_at >= :since")
    if filters.until:
        conditions.append("r.submitted_at < :until")
    values |= msgspec.structs.asdict(filters) | {"departments": list(filters.departments)}
    return conditions, values


def _reached(reach: Reach) -> tuple[list[str], dict[str, Any]]:
    """What a reader may see at all; row-level security says it again in the database."""
    conditions, values = ["true"], dict[str, Any]()
    if reach.sites is not None:
        conditions.append("r.site = ANY(:reach_sites)")
        values["reach_sites"] = list(reach.sites)
    if reach.departments is not None:
        conditions.append("r.department = ANY(:reach_departments)")
        values["reach_departments"] = list(reach.departments)
    if not reach.whistleblow:
        conditions.append("s.kind <> 'whistleblow'")
    if reach.parts:
        parts = [_part(number, part, values) for number, part in enumerate(reach.parts)]
        conditions.append(f"({' OR '.join(parts)})")
    return conditions, values


def _part(number: int, part: Reach, values: dict[str, Any]) -> str:
    """What one of several roles reaches."""
    names = {"r.site": part.sites, "r.department": part.departments}
    conditions = ["true"] if part.whistleblow else ["s.kind <> 'whistleblow'"]
    for column, wanted in names.items():
        if wanted is not None:
            name = f"part_{number}_{column[2:]}"
            conditions.append(f"{column} = ANY(:{name})")
            values[name] = list(wanted)
    return f"({' AND '.join(conditions)})"


def _line(row: Any) -> Line:
    return Line(
        str(row.id),
        row.survey_id,
        row.title,
        row.survey_version,
        row.site,
        row.site_name,
        row.department_name,
        row.channel,
        row.started_at,
        row.submitted_at,
        row.scores,
        row.ending,
    )
