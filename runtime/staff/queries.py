"""What the small staff view reads: responses without personal answers."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.kit.problems import NotFound

PAGE_SIZE = 50


class Line(msgspec.Struct, frozen=True):
    """One response in the list."""

    id: str
    survey: str
    title: dict[str, str]
    version: int
    site: str
    site_name: dict[str, str] | None
    channel: str
    submitted_at: datetime
    scores: dict[str, Any]
    ending: str | None


class Detail(msgspec.Struct, frozen=True):
    """One response with its answers; `has_personal` tells that more is kept apart."""

    line: Line
    lang: str
    answers: dict[str, Any]
    times: dict[str, float]
    context: dict[str, Any]
    has_personal: bool


_COLUMNS = """
SELECT r.id, r.survey_id, s.title, r.survey_version, r.site, t.name AS site_name, r.channel,
       r.submitted_at, r.scores, r.ending, r.lang, r.answers, r.times, r.context,
       EXISTS (SELECT FROM response_personal p
               WHERE p.site = r.site AND p.month = r.month AND p.id = r.id) AS has_personal
FROM responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN sites t ON t.id = r.site
"""


def list_responses(db: Database, *, survey: str | None, page: int) -> tuple[list[Line], int]:
    """One page of the newest responses, and how many there are in all."""
    values = {"survey": survey, "limit": PAGE_SIZE, "offset": (page - 1) * PAGE_SIZE}
    where = "WHERE CAST(:survey AS text) IS NULL OR r.survey_id = :survey"
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                f"{_COLUMNS} {where} ORDER BY r.submitted_at DESC, r.id LIMIT :limit OFFSET :offset"
            ),
            values,
        ).all()
        count = connection.execute(
            sa.text(f"SELECT count(*) FROM responses r {where}"),  # nosec B608 - bound values
            values,
        ).scalar_one()
    return [_line(row) for row in rows], count


def get_response(db: Database, response_id: str) -> Detail:
    """One response.

    Raises:
        NotFound: there is none of this id.
    """
    try:
        wanted = UUID(response_id)
    except ValueError:
        raise NotFound("response", "There is no such response.") from None
    with db.begin() as connection:
        row = connection.execute(
            sa.text(f"{_COLUMNS} WHERE r.id = :id"), {"id": wanted}
        ).one_or_none()
    if row is None:
        raise NotFound("response", "There is no such response.")
    return Detail(_line(row), row.lang, row.answers, row.times, row.context, row.has_personal)


def _line(row: Any) -> Line:
    return Line(
        str(row.id),
        row.survey_id,
        row.title,
        row.survey_version,
        row.site,
        row.site_name,
        row.channel,
        row.submitted_at,
        row.scores,
        row.ending,
    )
