"""The responses feed: numbered after commit, so that following the cursor meets each once."""

import base64
import binascii
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE, Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import Unprocessable
from runtime.responses.jobs import number_responses
from runtime.responses.personal import open_answers
from runtime.secrets.vault import Vault

MAX_LIMIT = 500


class ResponseLine(msgspec.Struct, frozen=True):
    """One response; `times` are seconds by page."""

    id: str
    seq: int
    survey: str
    version: int
    site: str
    channel: str
    lang: str
    started_at: datetime
    submitted_at: datetime
    context: dict[str, Any]
    answers: dict[str, Any]
    computed: dict[str, Any]
    scores: dict[str, Any]
    ending: str | None
    path: list[str]
    times: dict[str, float]


class Feed(msgspec.Struct, frozen=True):
    """A piece of the feed; the next call passes `cursor`, also when `responses` was empty."""

    responses: list[ResponseLine]
    cursor: str
    more: bool


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        seq = int(base64.urlsafe_b64decode(cursor.encode() + b"=="))
    except (binascii.Error, ValueError):
        seq = -1
    if not 0 <= seq < 2**63:
        raise Unprocessable("cursor", "Pass the cursor as the last answer gave it.", at="/cursor")
    return seq


def _write_cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(str(seq).encode()).rstrip(b"=").decode()


_READ = sa.text("""
SELECT f.seq, r.id, r.survey_id, r.survey_version, r.site, r.channel, r.lang, r.started_at,
       r.submitted_at, r.context, r.answers, r.computed, r.scores, r.ending, r.path, r.times,
       p.answers AS personal, p.sealed
FROM (
    SELECT seq, site, month, response_id FROM response_feed
    WHERE seq > :after AND (CAST(:survey AS text) IS NULL OR survey_id = :survey)
      AND (CAST(:since AS timestamptz) IS NULL OR submitted_at >= :since)
    ORDER BY seq LIMIT :limit
) f
JOIN responses r ON r.site = f.site AND r.month = f.month AND r.id = f.response_id
LEFT JOIN response_personal p
    ON :with_personal AND p.site = f.site AND p.month = f.month AND p.id = f.response_id
    AND NOT EXISTS (SELECT FROM consent_withdrawals w WHERE w.response_id = f.response_id)
ORDER BY f.seq
""")


def read_since(text: str) -> datetime:
    """The moment that a reader named: RFC 3339 with its zone, or a day, which begins at midnight at
    the hospital.

    Raises:
        Unprocessable: neither of them.
    """
    try:
        if len(text) == len("2026-01-01"):
            return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=HOSPITAL_ZONE)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unprocessable("since", "Write a day or a time with its zone.", at="/since") from None
    if moment.tzinfo is None:
        raise Unprocessable("since", "since needs a time zone.", at="/since")
    return moment


def read_feed(
    db: Database,
    *,
    survey: str | None = None,
    since: datetime | None = None,
    cursor: str | None = None,
    limit: int = 100,
    vault: Vault | None = None,
    reader: Actor | None = None,
    clock: Clock = system_clock,
) -> Feed:
    """The next responses after the cursor, oldest number first.

    With a `vault` personal answers too; that the `reader` saw them is recorded with the reading.

    Raises:
        Unprocessable: a cursor that we did not give, a limit out of range.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise Unprocessable("limit", f"limit is 1 to {MAX_LIMIT}.", at="/limit")
    after = _read_cursor(cursor)
    while number_responses(db) == 1000:
        pass
    with db.begin_everywhere() as connection:
        rows = connection.execute(
            _READ,
            {
                "after": after,
                "survey": survey.replace("\0", "") if survey else None,
                "since": since,
                "limit": limit + 1,
                "with_personal": vault is not None,
            },
        ).all()
        seen = sum(row.sealed is not None or row.personal is not None for row in rows[:limit])
        if seen and reader is not None:
            facts = {"survey": survey, "count": seen, "after": after}
            record(
                connection,
                reader,
                "personal.read",
                "responses",
                survey or "all",
                facts=facts,
                clock=clock,
            )
    lines = [_line(row, vault) for row in rows[:limit]]
    last = lines[-1].seq if lines else after
    return Feed(lines, _write_cursor(last), len(rows) > limit)


def _line(row: Any, vault: Vault | None) -> ResponseLine:
    personal = open_answers(vault, row.id, row.sealed, row.personal) if vault else {}
    return ResponseLine(
        id=str(row.id),
        seq=row.seq,
        survey=row.survey_id,
        version=row.survey_version,
        site=row.site,
        channel=row.channel,
        lang=row.lang,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        context=row.context,
        answers=row.answers | personal,
        computed=row.computed,
        scores=row.scores,
        ending=row.ending,
        path=row.path,
        times=row.times,
    )
