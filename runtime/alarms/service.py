"""Raising an alarm once for one matter, and acknowledging it with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.problems import Forbidden, StateConflict, Unprocessable

Severity = Literal["warning", "critical"]


class Alarm(Struct, frozen=True):
    """One alarm; open until somebody acknowledged it."""

    id: UUID
    code: str
    severity: Severity
    facts: dict[str, Any]
    raised_at: datetime
    seen_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    reason: str | None


def raise_alarm(
    connection: sa.Connection,
    code: str,
    severity: Severity,
    facts: Mapping[str, Any],
    *,
    key: str = "",
    clock: Clock = system_clock,
) -> bool:
    """Raise an alarm; one of the same code and `key` is only brought up to date. True when new.

    `facts` hold no personal data; the alarm is written to the audit trail too.
    """
    now = clock()
    is_new: bool = connection.execute(
        sa.text(
            "INSERT INTO alarms (id, code, key, severity, facts, raised_at, seen_at) VALUES "
            "(:id, :code, :key, :severity, CAST(:facts AS jsonb), :now, :now) "
            "ON CONFLICT (code, key) DO UPDATE SET facts = EXCLUDED.facts, "
            "seen_at = EXCLUDED.seen_at RETURNING (xmax = 0)"
        ),
        {
            "id": new_id(),
            "code": code,
            "key": key or now.isoformat(),
            "severity": severity,
            "facts": msgspec.json.encode(facts).decode(),
            "now": now,
        },
    ).scalar_one()
    if is_new:
        record(connection, SYSTEM, "alarm.raised", "alarm", code, facts=facts, clock=clock)
    return is_new


def acknowledge(
    db: Database, actor: Actor, alarm_id: UUID, reason: str, *, clock: Clock = system_clock
) -> None:
    """Close an alarm in somebody's name.

    Raises:
        Unprocessable: without a reason.
        Forbidden: the alarm is about whoever would close it.
        StateConflict: no such alarm is open.
    """
    words = reason.strip()
    if not words:
        raise Unprocessable("alarm_reason", "Say what was found or done.", at="/reason")
    with db.begin() as connection:
        whose = connection.execute(
            sa.text("SELECT facts ->> 'whose' FROM alarms WHERE id = :id"), {"id": alarm_id}
        ).scalar_one_or_none()
        if whose == actor.id:
            raise Forbidden("own_alarm", "Somebody else has to see to an alarm about you.")
        changed = connection.execute(
            sa.text(
                "UPDATE alarms SET acknowledged_at = :now, acknowledged_by = :name, "
                "reason = :reason WHERE id = :id AND acknowledged_at IS NULL"
            ),
            {"now": clock(), "name": actor.name, "reason": words[:500], "id": alarm_id},
        )
        if not changed.rowcount:
            raise StateConflict("alarm", "No such alarm is open.")
        record(connection, actor, "alarm.acknowledged", "alarm", str(alarm_id), clock=clock)


def settle(
    connection: sa.Connection, code: str, reason: str, *, clock: Clock = system_clock
) -> int:
    """Close the open alarms of a code because what they told of is well again; tells how many.

    Their key is set free: the same matter raises a new alarm when it comes back.
    """
    now = clock()
    closed = connection.execute(
        sa.text(
            "UPDATE alarms SET acknowledged_at = :now, acknowledged_by = :name, reason = :reason, "
            "key = key || '|' || CAST(id AS text) WHERE code = :code AND acknowledged_at IS NULL"
        ),
        {"now": now, "name": SYSTEM.name, "reason": reason[:500], "code": code},
    ).rowcount
    if closed:
        facts = {"number": closed, "reason": reason}
        record(connection, SYSTEM, "alarm.settled", "alarm", code, facts=facts, clock=clock)
    return closed


def open_alarms(connection: sa.Connection) -> int:
    """How many wait for somebody: the number on the console's home."""
    return connection.execute(
        sa.text("SELECT count(*) FROM alarms WHERE acknowledged_at IS NULL")
    ).scalar_one()


def alarms(connection: sa.Connection, *, limit: int = 100) -> list[Alarm]:
    """The open ones first, newest first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, code, severity, facts, raised_at, seen_at, acknowledged_at, "
            "acknowledged_by, reason FROM alarms "
            "ORDER BY acknowledged_at IS NOT NULL, id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [Alarm(*row) for row in rows]
