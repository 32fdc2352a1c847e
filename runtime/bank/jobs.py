"""Imports that wait for the worker: asked for, taken once, told of; survivors of any crash.

An import is a row. The job takes it in one transaction with its questions, so a worker that is
killed leaves it waiting, or done, never half; the next worker begins anew. How far it has come is
written beside, by a connection of its own.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.bank.importing import Counts
from runtime.bank.reading import RowProblem, rows_about
from runtime.bank.service import STEPS, Outcome, Wanted, import_file
from runtime.jobs.service import wake
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.logging import logger
from runtime.kit.problems import NotFound, Overloaded

if TYPE_CHECKING:
    from runtime.wiring import Deployment

JOB = "bank_imports"
State = Literal["waiting", "running", "done", "refused", "failed"]
MAX_TOLD = 5_000
"""So many problems are kept with an import; the command line tells them all."""
MAX_TRIES = 3
KEEP_DAYS = 90


class Import(Struct, frozen=True, kw_only=True):
    """An import as its asker sees it; `more` problems are not in the report."""

    id: UUID
    name: str
    wanted: Wanted
    state: State
    progress: float
    counts: Counts
    report: tuple[RowProblem, ...]
    more: int
    asked_at: datetime
    ended_at: datetime | None
    asked_by: str


class _Report(Struct):
    """What the column `report` holds."""

    told: list[RowProblem] = []
    more: int = 0

    def tell(self, problem: RowProblem) -> None:
        """Keep a problem, or count it."""
        if len(self.told) < MAX_TOLD:
            self.told.append(problem)
        else:
            self.more += 1


def ask_import(
    db: Database,
    actor: Actor,
    content: bytes,
    name: str,
    wanted: Wanted,
    *,
    clock: Clock = system_clock,
) -> UUID:
    """Keep a file until the worker takes it; the import's id."""
    made = new_id()
    now = clock()
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO bank_imports (id, name, content, is_dry, all_or_nothing, "
                "take_duplicates, actor, asked_at, report) VALUES (:id, :name, :content, :dry, "
                ":all, :duplicates, CAST(:actor AS jsonb), :now, :report)"
            ),
            {
                "id": made,
                "name": name.replace("\0", "")[-100:],
                "content": content,
                "dry": wanted.is_dry,
                "all": wanted.all_or_nothing,
                "duplicates": wanted.take_duplicates,
                "actor": msgspec.json.encode(actor).decode(),
                "now": now,
                "report": msgspec.json.encode(_Report()),
            },
        )
        wake(connection, JOB, now)
        facts = {"bytes": len(content), "dry": wanted.is_dry}
        record(
            connection, actor, "bank.import_asked", "bank_import", str(made), facts=facts,
            clock=clock,
        )  # fmt: skip
    return made


_READ = (
    "SELECT id, name, is_dry, all_or_nothing, take_duplicates, state, progress, counts, report, "
    "asked_at, ended_at, actor->>'name' AS asked_by FROM bank_imports "
)


def get_import(db: Database, import_id: UUID) -> Import:
    """One import.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        row = connection.execute(sa.text(_READ + "WHERE id = :id"), {"id": import_id}).one_or_none()
    if row is None:
        raise NotFound("job", "There is no such job.")
    return _import(row)


def recent_imports(connection: sa.Connection, limit: int = 10) -> Sequence[Import]:
    """The last imports, the newest first."""
    rows = connection.execute(
        sa.text(_READ + "ORDER BY asked_at DESC LIMIT :limit"), {"limit": limit}
    )
    return [_import(row) for row in rows]


def _import(row: Any) -> Import:
    report = msgspec.json.decode(bytes(row.report), type=_Report)
    return Import(
        id=row.id,
        name=row.name,
        wanted=Wanted(
            is_dry=row.is_dry,
            all_or_nothing=row.all_or_nothing,
            take_duplicates=row.take_duplicates,
        ),
        state=row.state,
        progress=round(row.progress, 3),
        counts=msgspec.convert(row.counts, Counts),
        report=tuple(report.told),
        more=report.more,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        asked_by=row.asked_by,
    )


# The worker's part


def take_imports(made: "Deployment") -> str:
    """Take every import that waits, the oldest first; one job of all workers runs this."""
    taken = 0
    while (found := _next(made.db, made.clock)) is not None:
        _take(made.db, found, made.clock)
        taken += 1
    _forget(made.db, made.clock)
    return str(taken) if taken else ""


def _next(db: Database, clock: Clock) -> Any | None:
    """The oldest import that is not over: also one whose worker was lost. What has killed three
    workers is given up."""
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE bank_imports SET state = 'failed', ended_at = :now, content = NULL "
                "WHERE state = 'running' AND tries >= :most"
            ),
            {"most": MAX_TRIES, "now": clock()},
        )
        return connection.execute(
            sa.text(
                "UPDATE bank_imports SET state = 'running', tries = tries + 1, progress = 0, "
                "counts = '{}' "
                "WHERE id = (SELECT id FROM bank_imports WHERE state IN ('waiting', 'running') "
                "ORDER BY asked_at LIMIT 1) RETURNING id, name, content, is_dry, all_or_nothing, "
                "take_duplicates, actor"
            )
        ).one_or_none()


def _take(db: Database, row: Any, clock: Clock) -> None:
    """Take one import; whatever the file does to the program ends this import, not the worker."""
    content = bytes(row.content)
    wanted = Wanted(
        is_dry=row.is_dry,
        all_or_nothing=row.all_or_nothing,
        take_duplicates=row.take_duplicates,
    )
    report = _Report()
    total = STEPS * rows_about(content)

    def progress(counts: Counts, steps: int) -> None:
        with suppress(Overloaded):
            _note(db, row.id, counts, min(0.99, steps / total) if total else 0.0)

    def finish(connection: Any, outcome: Outcome) -> None:
        _end(connection, row.id, outcome, report, wanted, clock)

    try:
        outcome = import_file(
            db,
            msgspec.convert(row.actor, Actor),
            content,
            wanted,
            name=row.name,
            tell=report.tell,
            progress=progress,
            finish=finish,
            clock=clock,
        )
    except Overloaded:
        raise
    except Exception as error:
        logger().error("bank_import_failed", error=type(error).__name__)
        _fail(db, row.id, clock)
        return
    if not outcome.is_taken:
        with db.begin() as connection:
            finish(connection, outcome)


def _note(db: Database, import_id: UUID, counts: Counts, progress: float) -> None:
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE bank_imports SET progress = :progress, counts = CAST(:counts AS jsonb) "
                "WHERE id = :id"
            ),
            {
                "id": import_id,
                "progress": progress,
                "counts": msgspec.json.encode(counts).decode(),
            },
        )


def _end(
    connection: sa.Connection,
    import_id: UUID,
    outcome: Outcome,
    report: _Report,
    wanted: Wanted,
    clock: Clock,
) -> None:
    is_done = outcome.is_taken or (wanted.is_dry and outcome.counts.rows > 0)
    connection.execute(
        sa.text(
            "UPDATE bank_imports SET state = :state, progress = 1, content = NULL, "
            "counts = CAST(:counts AS jsonb), report = :report, ended_at = :now WHERE id = :id"
        ),
        {
            "id": import_id,
            "state": "done" if is_done else "refused",
            "counts": msgspec.json.encode(outcome.counts).decode(),
            "report": msgspec.json.encode(report),
            "now": clock(),
        },
    )


def _fail(db: Database, import_id: UUID, clock: Clock) -> None:
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE bank_imports SET state = 'failed', ended_at = :now, content = NULL "
                "WHERE id = :id"
            ),
            {"id": import_id, "now": clock()},
        )


def _forget(db: Database, clock: Clock) -> None:
    with db.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM bank_imports WHERE ended_at < :before"),
            {"before": clock() - timedelta(days=KEEP_DAYS)},
        )
