"""Writing events beside the change they tell of, and claiming those that wait for delivery."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.events.models import Event
from runtime.kit.clock import Clock, month_of, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.logging import logger

Handler = Callable[[sa.Connection, Event], None]

RETRY_SECONDS = (1, 5, 30, 120, 600)
LEASE_SECONDS = 30

_INSERT = sa.text(
    "INSERT INTO events (site, month, id, type, subject, happened_at, facts) "
    "VALUES (:site, :month, :id, :type, :subject, :happened_at, CAST(:facts AS jsonb))"
)
_INSERT_OUTBOX = sa.text(
    "INSERT INTO event_outbox (event_id, site, month, due_at) "
    "VALUES (:id, :site, :month, :happened_at)"
)


def new_event(
    type: str, *, subject: str, site: str, happened_at: datetime, facts: Mapping[str, object]
) -> Event:
    """An event that is about to be written."""
    return Event(
        id=new_id(),
        site=site,
        month=month_of(happened_at),
        type=type,
        subject=subject,
        happened_at=happened_at,
        facts=dict(facts),
    )


def write_events(connection: sa.Connection, events: Sequence[Event]) -> None:
    """Write events and their place in the outbox in the caller's transaction."""
    if not events:
        return
    rows = [
        msgspec.structs.asdict(event) | {"facts": msgspec.json.encode(event.facts).decode()}
        for event in events
    ]
    connection.execute(_INSERT, rows)
    connection.execute(_INSERT_OUTBOX, rows)


def due_events(db: Database, *, limit: int = 500, clock: Clock = system_clock) -> list[UUID]:
    """Lease events whose time has come: nobody else is given them for half a minute.

    The lease is a later `due_at`; whoever dies with it loses nothing.
    """
    now = clock()
    with db.begin() as connection:
        return list(
            connection.execute(
                sa.text(
                    "UPDATE event_outbox SET due_at = :leased WHERE event_id IN ("
                    "SELECT event_id FROM event_outbox WHERE due_at <= :now ORDER BY due_at "
                    "LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING event_id"
                ),
                {"leased": now + timedelta(seconds=LEASE_SECONDS), "now": now, "limit": limit},
            ).scalars()
        )


def return_events(
    db: Database, events: Sequence[UUID], *, seconds: float = 1, clock: Clock = system_clock
) -> None:
    """Give leased events back, since they could not be handed on."""
    with db.begin() as connection:
        connection.execute(
            sa.text("UPDATE event_outbox SET due_at = :due WHERE event_id = ANY(:events)"),
            {"due": clock() + timedelta(seconds=seconds), "events": list(events)},
        )


def deliver(
    db: Database,
    event_id: UUID,
    handlers: Mapping[str, Sequence[Handler]],
    *,
    clock: Clock = system_clock,
) -> bool:
    """Run an event's handlers and take it out of the outbox, in one transaction.

    Gives whether it was delivered by this call; a second delivery finds nothing to claim.
    A handler's failure leaves the event for a later try.
    """
    try:
        with db.begin_everywhere() as connection:
            event = _claim(connection, event_id)
            if event is None:
                return False
            for handler in handlers.get(event.type, ()):
                handler(connection, event)
            connection.execute(
                sa.text("DELETE FROM event_outbox WHERE event_id = :id"), {"id": event_id}
            )
            return True
    except Exception as error:
        _postpone(db, event_id, error, clock)
        raise


def _claim(connection: sa.Connection, event_id: UUID) -> Event | None:
    row = connection.execute(
        sa.text(
            "SELECT e.site, e.month, e.id, e.type, e.subject, e.happened_at, e.facts "
            "FROM event_outbox o JOIN events e "
            "ON e.site = o.site AND e.month = o.month AND e.id = o.event_id "
            "WHERE o.event_id = :id FOR UPDATE OF o SKIP LOCKED"
        ),
        {"id": event_id},
    ).one_or_none()
    return None if row is None else Event(**row._asdict())  # pyright: ignore[reportPrivateUsage] - public, named like namedtuple's


def _postpone(db: Database, event_id: UUID, error: Exception, clock: Clock) -> None:
    with db.begin() as connection:
        attempts: int | None = connection.execute(
            sa.text(
                "UPDATE event_outbox SET attempts = attempts + 1, failure = :failure "
                "WHERE event_id = :id RETURNING attempts"
            ),
            {"id": event_id, "failure": type(error).__name__},
        ).scalar()
        if attempts is None:
            return
        wait = RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1]
        connection.execute(
            sa.text("UPDATE event_outbox SET due_at = :due WHERE event_id = :id"),
            {"id": event_id, "due": clock() + timedelta(seconds=wait)},
        )
    logger().warning(
        "event_postponed", event_id=str(event_id), attempts=attempts, wait_seconds=wait
    )


def waiting_events(db: Database) -> int:
    """How many events wait for delivery."""
    with db.begin() as connection:
        return connection.execute(sa.text("SELECT count(*) FROM event_outbox")).scalar_one()
