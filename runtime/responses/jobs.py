"""What follows a response, and what the worker does from time to time."""

import sqlalchemy as sa

from runtime.events.models import Event
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.kit.files import ContentStore

SEQUENCER_LOCK = 4_801_003
MONTHS_AHEAD = 4
KEEP_ENDED_DAYS = 90


def tally_response(connection: sa.Connection, event: Event) -> None:
    """Count the response for its site, day, survey and channel."""
    connection.execute(
        sa.text(
            "INSERT INTO response_tallies (site, day, survey_id, channel, responses) "
            "VALUES (:site, :day, :survey, :channel, 1) "
            "ON CONFLICT (site, day, survey_id, channel) "
            "DO UPDATE SET responses = response_tallies.responses + 1"
        ),
        {
            "site": event.site,
            "day": hospital_day(event.happened_at),
            "survey": event.facts["survey"],
            "channel": event.facts["channel"],
        },
    )


_SEQUENCE = sa.text("""
WITH waiting AS (
    DELETE FROM response_feed_pending WHERE response_id IN (
        SELECT response_id FROM response_feed_pending ORDER BY response_id LIMIT :limit
    ) RETURNING *
)
INSERT INTO response_feed (seq, site, month, response_id, survey_id, submitted_at)
SELECT (SELECT COALESCE(max(seq), 0) FROM response_feed)
       + row_number() OVER (ORDER BY response_id),
       site, month, response_id, survey_id, submitted_at
FROM waiting
""")


def number_responses(db: Database, *, limit: int = 1000) -> int:
    """Give responses whose transaction is over their place in the feed; tells how many.

    One numbers at a time and commits before the next begins, so whoever has read up to a number
    will never find a smaller one appear: each response is met exactly once.
    """
    with db.begin_everywhere() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SEQUENCER_LOCK})
        return connection.execute(_SEQUENCE, {"limit": limit}).rowcount


def make_partitions(db: Database, *, clock: Clock = system_clock) -> int:
    """Make the partitions of this month and the next ones; tells how many were missing."""
    with db.begin() as connection:
        return connection.execute(
            sa.text("SELECT ensure_month_partitions(:first, :months)"),
            {"first": hospital_day(clock()), "months": MONTHS_AHEAD},
        ).scalar_one()


_EXPIRED = sa.text("""
WITH gone AS (
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE response_id IS NULL
        AND expires_at < CAST(:now AS timestamptz) - interval '1 day' LIMIT :limit
    ) RETURNING id, token_hash
), files AS (
    DELETE FROM attachments WHERE session_id IN (SELECT id FROM gone)
)
INSERT INTO session_ended_tokens (token_hash, reason, ended_at)
SELECT token_hash, 'session_expired', :now FROM gone ON CONFLICT DO NOTHING
""")


def remove_expired_sessions(db: Database, *, limit: int = 1000, clock: Clock = system_clock) -> int:
    """Forget sessions that were given up a day ago, with their answers; tells how many.

    Submitted ones answer repetitions for ninety days more; what was submitted is the response.
    """
    now = clock()
    with db.begin() as connection:
        removed = connection.execute(_EXPIRED, {"now": now, "limit": limit}).rowcount
        for statement in (
            "DELETE FROM sessions WHERE response_id IS NOT NULL AND updated_at < :old",
            "DELETE FROM session_ended_tokens WHERE ended_at < :old",
        ):
            connection.execute(
                sa.text(
                    statement.replace(
                        ":old", "CAST(:now AS timestamptz) - :keep * interval '1 day'"
                    )
                ),
                {"now": now, "keep": KEEP_ENDED_DAYS},
            )
    return removed


def remove_unused_files(
    db: Database, files: ContentStore, *, min_age_seconds: float = 86400
) -> int:
    """Delete stored files that no attachment names any more; tells how many."""
    removed = 0
    for name in files.names_older_than(min_age_seconds):
        with db.begin() as connection:
            is_used = connection.execute(
                sa.text("SELECT EXISTS (SELECT FROM attachments WHERE sha256 = :name)"),
                {"name": name},
            ).scalar_one()
        if not is_used:
            files.remove(name)
            removed += 1
    return removed
