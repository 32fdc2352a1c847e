"""Running what is due once over all workers, and what staff ask of a job.

Whoever runs a job holds a session lock of the database under the job's name. The lock ends with the
worker, so a run without an end whose lock is free was lost: it is marked so and run again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa

from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.jobs.models import Job, Outcome, Run, State
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database, Psycopg
from runtime.kit.ids import new_id
from runtime.kit.logging import logger
from runtime.kit.problems import NotFound

if TYPE_CHECKING:
    from runtime.wiring import Deployment

LOCK = 4801008
KEEP_DAYS = 90
MAX_MESSAGE = 500

_DUE = sa.text("""
SELECT j.name FROM scheduled_jobs j
WHERE j.name = ANY(:names) AND (j.is_asked OR (NOT j.is_paused AND (j.due_at <= :now
    OR EXISTS (SELECT FROM job_runs r WHERE r.name = j.name AND r.ended_at IS NULL))))
ORDER BY j.due_at, j.name
""")
_CLAIM = b"""
WITH lost AS (
    UPDATE job_runs SET ended_at = %(now)s, outcome = 'lost', message = 'The worker went away.'
    WHERE name = %(name)s AND ended_at IS NULL RETURNING id
), claimed AS (
    UPDATE scheduled_jobs SET due_at = %(next)s, is_asked = false
    WHERE name = %(name)s AND (is_asked OR (NOT is_paused
        AND (due_at <= %(now)s OR EXISTS (SELECT FROM lost))))
    RETURNING name
)
INSERT INTO job_runs (id, name, started_at) SELECT %(id)s, name, %(now)s FROM claimed RETURNING id
"""


def register(db: Database, jobs: Sequence[Job], *, clock: Clock = system_clock) -> None:
    """Give jobs that are new their first moment: at once, or the next time of day."""
    now = clock()
    with db.begin() as connection:
        for job in jobs:
            first = now if hasattr(job.schedule, "seconds") else job.schedule.next_after(now)
            connection.execute(
                sa.text(
                    "INSERT INTO scheduled_jobs (name, due_at) VALUES (:name, :due) "
                    "ON CONFLICT (name) DO NOTHING"
                ),
                {"name": job.name, "due": first},
            )


def run_due(made: "Deployment", jobs: Sequence[Job], *, clock: Clock = system_clock) -> int:
    """Run what is due and nobody else is running; tells how many were run."""
    by_name = {job.name: job for job in jobs if not job.is_light}
    with made.db.begin() as connection:
        due = connection.execute(_DUE, {"names": list(by_name), "now": clock()}).scalars().all()
    return sum(run_alone(made, by_name[name], clock=clock) is not None for name in due)


def run_alone(made: "Deployment", job: Job, *, clock: Clock = system_clock) -> Outcome | None:
    """Run one job if it is due and nobody runs it; None where it was not run."""
    key = {"lock": LOCK, "name": job.name}
    with made.db.autocommit() as connection:
        if not _one(connection, b"SELECT pg_try_advisory_lock(%(lock)s, hashtext(%(name)s))", key):
            return None
        try:
            now = clock()
            run_id = new_id()
            next_due = job.schedule.next_after(now)
            values = {"id": run_id, "name": job.name, "now": now, "next": next_due}
            if _one(connection, _CLAIM, values) is None:
                return None
            outcome, message = _perform(made, job)
            _end(made.db, run_id, outcome, message, clock)
            return outcome
        finally:
            if not connection.broken:
                _one(connection, b"SELECT pg_advisory_unlock(%(lock)s, hashtext(%(name)s))", key)


def _one(connection: Psycopg, query: bytes, values: dict[str, Any]) -> Any:
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def _perform(made: "Deployment", job: Job) -> tuple[Outcome, str]:
    """Whatever a job raises ends this run, not the worker; its text may hold data, so only named
    errors of our own are written down with their words."""
    try:
        result = job.work(made)
    except Exception as error:
        logger().error("job_failed", job=job.name, error=type(error).__name__)
        words = str(error) if type(error).__module__.startswith("runtime.") else ""
        return "failed", f"{type(error).__name__}: {words}"[:MAX_MESSAGE].rstrip(": ")
    return "ok", "" if result is None else str(result)[:MAX_MESSAGE]


def _end(db: Database, run_id: UUID, outcome: Outcome, message: str, clock: Clock) -> None:
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE job_runs SET ended_at = :now, outcome = :outcome, message = :message "
                "WHERE id = :id"
            ),
            {"id": run_id, "now": clock(), "outcome": outcome, "message": message},
        )


def ask_run(db: Database, actor: Actor, name: str, *, clock: Clock = system_clock) -> None:
    """Have a job run now, by the next worker that looks; also while it is paused."""
    _set(db, actor, name, "is_asked = true", "job.asked", clock)


def wake(connection: sa.Connection, name: str, now: datetime) -> None:
    """Have a job run as soon as a worker looks, if the caller's transaction is kept."""
    connection.execute(
        sa.text(
            "INSERT INTO scheduled_jobs (name, due_at, is_asked) VALUES (:name, :now, true) "
            "ON CONFLICT (name) DO UPDATE SET is_asked = true"
        ),
        {"name": name, "now": now},
    )


def pause(db: Database, actor: Actor, name: str, *, clock: Clock = system_clock) -> None:
    """Keep a job from running until it is resumed."""
    _set(db, actor, name, "is_paused = true", "job.paused", clock)


def resume(db: Database, actor: Actor, name: str, *, clock: Clock = system_clock) -> None:
    """Let a paused job run again."""
    _set(db, actor, name, "is_paused = false", "job.resumed", clock)


def _set(db: Database, actor: Actor, name: str, what: str, action: str, clock: Clock) -> None:
    with db.begin() as connection:
        changed = connection.execute(
            sa.text(f"UPDATE scheduled_jobs SET {what} WHERE name = :name"),  # nosec B608 - constants above
            {"name": name},
        )
        if not changed.rowcount:
            raise NotFound("job", "There is no such job.")
        record(connection, actor, action, "job", name, clock=clock)


def note_seen(db: Database, names: Sequence[str], *, clock: Clock = system_clock) -> None:
    """Write down that the light jobs are being done, so that the page can tell."""
    with db.begin() as connection:
        connection.execute(
            sa.text("UPDATE scheduled_jobs SET seen_at = :now WHERE name = ANY(:names)"),
            {"now": clock(), "names": list(names)},
        )


def states(connection: sa.Connection) -> list[State]:
    """Every job with its last run, by name."""
    rows = connection.execute(
        sa.text(
            "SELECT j.name, j.due_at, j.is_paused, j.is_asked, j.seen_at, r.id, r.started_at, "
            "r.ended_at, r.outcome, r.message FROM scheduled_jobs j LEFT JOIN LATERAL "
            "(SELECT * FROM job_runs WHERE name = j.name ORDER BY id DESC LIMIT 1) r ON true "
            "ORDER BY j.name"
        )
    )
    return [_state(row) for row in rows]


def _state(row: sa.Row[Any]) -> State:
    last = None
    if row.id is not None:
        last = Run(row.id, row.name, row.started_at, row.ended_at, row.outcome, row.message)
    return State(row.name, row.due_at, row.is_paused, row.is_asked, row.seen_at, last)


def runs(connection: sa.Connection, name: str, *, limit: int = 50) -> list[Run]:
    """The runs of a job, newest first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, name, started_at, ended_at, outcome, message FROM job_runs "
            "WHERE name = :name ORDER BY id DESC LIMIT :limit"
        ),
        {"name": name, "limit": limit},
    )
    return [Run(*row) for row in rows]


def remove_old_runs(db: Database, *, clock: Clock = system_clock) -> int:
    """Forget runs that ended more than 90 days ago."""
    with db.begin() as connection:
        gone = connection.execute(
            sa.text("DELETE FROM job_runs WHERE ended_at < :before"),
            {"before": clock() - timedelta(days=KEEP_DAYS)},
        ).rowcount
        if gone:
            facts = {"runs": gone}
            record(connection, SYSTEM, "job.runs_removed", "job", "all", facts=facts, clock=clock)
        return gone
