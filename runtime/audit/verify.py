"""Recomputing the chain, and naming what was altered, deleted, cut off or is not sealed yet."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from runtime.audit.anchors import Anchor
from runtime.audit.chain import START, chained
from runtime.audit.models import Line
from runtime.kit.clock import Clock, system_clock

LATE = timedelta(minutes=5)
"""The sealer runs every second; a line that waits this long is a fault, not a tail."""

Kind = Literal["altered", "deleted", "seal_deleted", "tail_cut", "anchor", "unsealed_late"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `seq` is the place in the chain where it is known."""

    kind: Kind
    seq: int | None
    line: UUID | None
    at: datetime | None = None


@dataclass(slots=True)
class Report:
    """What a verification found; an unsealed tail that is young is no fault."""

    sealed: int = 0
    archived: int = 0
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    anchors: int = 0
    head: int = 0
    faults: list[Fault] = field(default_factory=list["Fault"])

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found to be wrong."""
        return not self.faults


ArchivedLines = Mapping[UUID, Line]

_SEALS = sa.text("""
SELECT s.seq, s.line AS sealed, s.hash, a.removed_at IS NOT NULL AS removed,
       l.month, l.id, l.at, l.actor_kind, l.actor_id, l.actor_name, l.address, l.channel,
       l.session, l.action, l.object_type, l.object_id, l.outcome, l.site, l.facts::text AS facts
FROM audit_seals s
LEFT JOIN audit_lines l ON l.month = s.month AND l.id = s.line
LEFT JOIN audit_archives a ON a.month = s.month
WHERE s.seq > :after ORDER BY s.seq LIMIT :limit
""")
_WAITING = sa.text("""
SELECT u.id, l.at, l.id IS NULL AS gone FROM audit_unsealed u
LEFT JOIN audit_lines l ON u.id = l.id AND u.month = l.month ORDER BY 1
""")
_UNSEALED = sa.text("""
SELECT COALESCE(u.id, l.id) AS id, l.at, l.id IS NULL AS gone
FROM audit_lines l
FULL JOIN audit_unsealed u ON u.id = l.id AND u.month = l.month
WHERE NOT EXISTS (SELECT FROM audit_seals s WHERE s.line = COALESCE(u.id, l.id))
ORDER BY 1
""")
STRIDE = 5000


def verify(
    connection: sa.Connection,
    *,
    anchors: Sequence[Anchor] = (),
    archived: ArchivedLines | None = None,
    after: int = 0,
    clock: Clock = system_clock,
) -> Report:
    """Recompute the chain behind place `after` (0: all of it) and compare it with the anchors.

    `archived` holds the lines of months that were archived and removed; where it is None those
    are counted and taken on trust. Must be the first in its transaction. With `after`, lines that
    bypassed the sealer are not looked for, which takes a look at every line.
    """
    connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    report = Report()
    head = connection.execute(sa.text("SELECT seq, hash FROM audit_head")).one()
    report.head = head.seq
    awaited = {anchor.seq: anchor for anchor in anchors if anchor.seq > after or anchor.seq == 0}
    place, previous = after, _hash_at(connection, after)
    for row in _rows(connection, after):
        report.faults += (
            Fault("seal_deleted", seq, None) for seq in range(place + 1, min(row.seq, place + 1001))
        )
        fault = None if row.seq != place + 1 else _check(report, row, previous, archived)
        if fault:
            report.faults.append(fault)
        if row.seq in awaited and awaited[row.seq].hash != row.hash.hex():
            report.faults.append(Fault("anchor", row.seq, row.sealed, awaited[row.seq].at))
        place, previous = row.seq, row.hash
    _check_end(report, place, previous, head.hash)
    for anchor in awaited.values():
        if anchor.seq > place:
            report.faults.append(Fault("tail_cut", anchor.seq, None, anchor.at))
    report.anchors = len(awaited)
    waiting = connection.execute(_WAITING if after else _UNSEALED)
    _name_unsealed(waiting.all(), report, clock() - LATE)
    return report


def _hash_at(connection: sa.Connection, seq: int) -> bytes:
    if seq == 0:
        return START
    found = connection.execute(
        sa.text("SELECT hash FROM audit_seals WHERE seq = :seq"), {"seq": seq}
    ).scalar_one_or_none()
    return b"" if found is None else bytes(found)


def _rows(connection: sa.Connection, after: int) -> Generator[sa.Row[Any]]:
    """The seals and their lines in order, a stride at a time."""
    while True:
        rows = connection.execute(_SEALS, {"after": after, "limit": STRIDE}).all()
        yield from rows
        if len(rows) < STRIDE:
            return
        after = rows[-1].seq


def _check(
    report: Report, row: sa.Row[Any], previous: bytes, archived: ArchivedLines | None
) -> Fault | None:
    report.sealed += 1
    line = None if row.id is None else line_of(row)
    if line is None and row.removed:
        report.archived += 1
        if archived is None:
            return None
        line = archived.get(row.sealed)
    if line is None:
        return Fault("deleted", row.seq, row.sealed)
    if chained(previous, row.seq, line) != row.hash:
        return Fault("altered", row.seq, row.sealed, line.at)
    return None


def line_of(row: sa.Row[Any]) -> Line:
    """The line that a row of `audit_lines` holds, with `facts` as text."""
    return Line(**{name: getattr(row, name) for name in Line.__struct_fields__})


def _check_end(report: Report, place: int, last: bytes, head_hash: bytes) -> None:
    if place < report.head:
        report.faults.append(Fault("tail_cut", report.head, None))
    elif place > report.head or last != head_hash:
        report.faults.append(Fault("altered", place, None))


def _name_unsealed(waiting: Sequence[sa.Row[Any]], report: Report, late: datetime) -> None:
    for row in waiting:
        if row.gone:
            report.faults.append(Fault("deleted", None, row.id))
            continue
        report.unsealed += 1
        report.oldest_unsealed = min(report.oldest_unsealed or row.at, row.at)
        if row.at < late:
            report.faults.append(Fault("unsealed_late", None, row.id, row.at))
