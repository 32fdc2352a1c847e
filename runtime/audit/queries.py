"""Finding lines of the audit trail, newest first, a page at a time."""

from collections.abc import Generator
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Line
from runtime.audit.verify import line_of

COLUMNS = (
    "month, id, at, actor_kind, actor_id, actor_name, address, channel, session, action, "
    "object_type, object_id, outcome, site, facts::text AS facts"
)


class Filters(Struct, frozen=True):
    """What is looked for; what is empty does not narrow.

    `kind` is who acts, `person` an id or a name, `action` a whole one or an area such as
    `account.`, `object_id` an id; `since` is inclusive and `until` is not.
    """

    kind: str = ""
    person: str = ""
    action: str = ""
    object_id: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def used(self) -> list[str]:
        """The names of the filters that narrow."""
        return [name for name in self.__struct_fields__ if getattr(self, name)]


class Place(Struct, frozen=True):
    """Where a page begins: behind this line."""

    at: datetime
    id: UUID


class Found(Struct, frozen=True):
    """One page; `next` is where the one after begins, or None behind the last."""

    lines: tuple[Line, ...]
    next: Place | None


_CLAUSES = {
    "kind": "actor_kind = :kind",
    "person": "(actor_id = :person OR (actor_name = :person AND actor_name <> ''))",
    "action": "action = :action",
    "object_id": "object_id = :object_id",
    "outcome": "outcome = :outcome",
    "since": "at >= :since",
    "until": "at < :until",
}
_AREA = "starts_with(action, :action)"
_NO_PATIENT = "actor_kind = :kind AND actor_kind <> 'patient'"  # as the index of others says
_NOT_OK = "outcome = :outcome AND outcome <> 'ok'"  # as the small index of these says


def search(
    connection: sa.Connection, filters: Filters, *, after: Place | None = None, limit: int = 50
) -> Found:
    """The newest lines that fit, behind `after`."""
    clauses = [_clause(name, filters) for name in filters.used()]
    values: dict[str, Any] = {name: getattr(filters, name) for name in filters.used()}
    if after is not None:
        clauses.append("(at, id) < (:after_at, :after_id)")
        values |= {"after_at": after.at, "after_id": after.id}
    where = " AND ".join(clauses) or "true"
    query = (
        f"SELECT {COLUMNS} FROM audit_lines WHERE {where} ORDER BY at DESC, id DESC LIMIT :limit"  # nosec B608 - clauses of this module, values bound
    )
    rows = connection.execute(sa.text(query), values | {"limit": limit + 1}).all()
    lines = tuple(line_of(row) for row in rows[:limit])
    return Found(lines, Place(lines[-1].at, lines[-1].id) if len(rows) > limit else None)


def _clause(name: str, filters: Filters) -> str:
    if name == "action" and filters.action.endswith("."):
        return _AREA
    if name == "kind" and filters.kind != "patient":
        return _NO_PATIENT
    if name == "outcome" and filters.outcome != "ok":
        return _NOT_OK
    return _CLAUSES[name]


def search_all(
    connection: sa.Connection, filters: Filters, *, most: int, page: int = 2000
) -> Generator[Line]:
    """Up to `most` lines that fit, newest first."""
    after: Place | None = None
    while most > 0:
        found = search(connection, filters, after=after, limit=min(page, most))
        yield from found.lines
        most -= len(found.lines)
        after = found.next
        if after is None:
            return
