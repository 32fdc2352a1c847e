"""Counting failures of an account or an address: each try is counted before it is looked at."""

import hashlib
import hmac
from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from msgspec import Struct

from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database

WINDOW = timedelta(minutes=15)
SECOND_LIMIT = 5
ADDRESS_CAPTCHA_FROM = 10


class Count(Struct, frozen=True):
    """How many failures stand now, and how many seconds a block still lasts."""

    failures: int
    wait_seconds: int


def key(secret: bytes, kind: str, text: str) -> bytes:
    """What is counted under; keyed, since people type passwords into the wrong field."""
    return hmac.new(secret, f"attempts:{kind}:{text}".encode(), hashlib.sha256).digest()[:16]


def count(connection: sa.Connection, counted: bytes, *, clock: Clock = system_clock) -> Count:
    """The failures of the last quarter of an hour."""
    row = connection.execute(
        sa.text("SELECT failures, since, blocked_until FROM sign_in_attempts WHERE key = :key"),
        {"key": counted},
    ).one_or_none()
    now = clock()
    if row is None or (row.blocked_until or row.since + WINDOW) <= now:
        return Count(0, 0)
    return Count(row.failures, _seconds(row.blocked_until, now))


def _seconds(until: datetime | None, now: datetime) -> int:
    return 0 if until is None else max(0, ceil((until - now).total_seconds()))


_RESERVE = sa.text("""
INSERT INTO sign_in_attempts AS a (key, failures, since, blocked_until)
VALUES (:key, 1, :now, CASE WHEN :limit <= 1 THEN CAST(:until AS timestamptz) END)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN coalesce(a.blocked_until, a.since + :window) <= :now
                    THEN 1 ELSE a.failures + 1 END,
    since = CASE WHEN coalesce(a.blocked_until, a.since + :window) <= :now
                 THEN :now ELSE a.since END,
    blocked_until = CASE WHEN coalesce(a.blocked_until, a.since + :window) > :now
                          AND a.failures + 1 >= :limit THEN CAST(:until AS timestamptz) END
WHERE a.blocked_until IS NULL OR a.blocked_until <= :now
""")


def reserve(
    connection: sa.Connection, counted: bytes, limit: int, *, clock: Clock = system_clock
) -> bool:
    """Count one try as failed; False while blocked, when nothing is counted and nothing prolonged.

    The try that reaches `limit` is still allowed; whoever succeeds takes it back.
    """
    now = clock()
    values = {"key": counted, "now": now, "window": WINDOW, "until": now + WINDOW, "limit": limit}
    return bool(connection.execute(_RESERVE, values).rowcount)


def take_back(connection: sa.Connection, counted: bytes) -> None:
    """One try was no failure."""
    connection.execute(
        sa.text(
            "UPDATE sign_in_attempts SET failures = greatest(failures - 1, 0), "
            "blocked_until = NULL WHERE key = :key"
        ),
        {"key": counted},
    )


def forget(connection: sa.Connection, counted: bytes) -> bool:
    """Start anew, after a success or by an administrator; tells whether anything was counted."""
    deleted = connection.execute(
        sa.text("DELETE FROM sign_in_attempts WHERE key = :key"), {"key": counted}
    )
    return bool(deleted.rowcount)


def sweep(db: Database, clock: Clock = system_clock) -> int:
    """Delete what no longer counts, captchas among it; a scheduled job."""
    old = clock() - 2 * WINDOW
    with db.begin() as connection:
        gone = connection.execute(
            sa.text(
                "DELETE FROM sign_in_attempts "
                "WHERE since < :old AND coalesce(blocked_until, since) < :old"
            ),
            {"old": old},
        ).rowcount
        connection.execute(sa.text("DELETE FROM captchas WHERE expires_at < :old"), {"old": old})
    return gone
