"""A second person's approval before a survey goes out: asked for, given, returned, withdrawn, void.

A request stands for the draft as it was then. Every change of the draft voids it in the same
transaction; approving takes the survey's lock first, as an edit does, so that of an approval and an
edit at the same moment exactly one comes first and decides.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.problems import Forbidden, NotFound, StateConflict, Unprocessable
from runtime.parameters.service import value_of

MAX_NOTES = 1000
WAITS_NO_LONGER = "The request waits no longer; look at it again."
State = Literal["waiting", "approved", "returned", "withdrawn", "void"]


class Approval(Struct, frozen=True):
    """A request for approval and what became of it. `seq` is that of the draft it stands for."""

    id: UUID
    survey_id: str
    seq: int
    state: State
    notes: str
    asked_at: datetime
    asked_by: str
    asked_by_name: str
    decided_at: datetime | None
    decided_by_name: str
    reason: str


class Waiting(Struct, frozen=True):
    """A request that waits, with the survey's title; `draft_by` is who changed the draft last."""

    survey_id: str
    title: dict[str, str]
    asked_at: datetime
    asked_by: str
    asked_by_name: str
    draft_by: str

    def is_for(self, user: str) -> bool:
        """Whether this person may decide: neither who asked nor who changed the draft last."""
        return user not in (self.asked_by, self.draft_by)


def is_needed(db: Database, kind: str) -> bool:
    """Whether a survey of this kind goes out only with a second person's approval."""
    if kind == "survey":
        return bool(value_of(db, "publishing.approve_surveys"))
    return bool(value_of(db, "publishing.approve_forms"))


def plain_notes(text: str) -> str:
    """What somebody wrote about a version or as a reason, as it is kept."""
    return text.replace("\0", "").replace("\r\n", "\n").strip()[:MAX_NOTES]


def newest(db: Database, survey_id: str) -> Approval | None:
    """The latest request for a survey, whatever became of it."""
    with db.begin() as connection:
        row = connection.execute(
            sa.text(f"{_SELECT} WHERE survey_id = :id ORDER BY asked_at DESC, id DESC LIMIT 1"),
            {"id": survey_id},
        ).one_or_none()
    return None if row is None else Approval(*row)


def waiting(db: Database) -> list[Waiting]:
    """All requests that wait, the oldest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT a.survey_id, s.title, a.asked_at, a.asked_by, a.asked_by_name, s.draft_by "
                "FROM survey_approvals a JOIN surveys s ON s.id = a.survey_id "
                "WHERE a.state = 'waiting' ORDER BY a.asked_at, a.id"
            )
        ).all()
    return [Waiting(*row) for row in rows]


def ask(
    db: Database,
    survey_id: str,
    seq: int,
    *,
    notes: str,
    actor: Actor,
    clock: Clock = system_clock,
) -> None:
    """Ask for the approval of the draft as it is at `seq`; an older request gives way.

    Raises:
        NotFound, StateConflict: no such survey; no draft, or it was changed since `seq`.
    """
    with db.begin() as connection:
        row = _held(connection, survey_id)
        if row.draft_seq != seq or not row.has_draft:
            raise StateConflict("changed_meanwhile", "The draft was changed; look at it again.")
        void(connection, survey_id, actor, clock)
        connection.execute(
            sa.text(
                "INSERT INTO survey_approvals (id, survey_id, seq, state, notes, asked_at, "
                "asked_by, asked_by_name) "
                "VALUES (:id, :survey, :seq, 'waiting', :notes, :now, :actor, :name)"
            ),
            {
                "id": new_id(),
                "survey": survey_id,
                "seq": seq,
                "notes": plain_notes(notes),
                "now": clock(),
                "actor": actor.id,
                "name": actor.name,
            },
        )
        _record(connection, actor, "survey.approval_asked", survey_id, seq, clock)


def give_back(
    db: Database, approval: UUID, *, reason: str, actor: Actor, clock: Clock = system_clock
) -> None:
    """Return a request with a reason.

    Raises:
        NotFound, StateConflict: no such request; it waits no longer.
        Forbidden: one's own request, or one's own last edit.
        Unprocessable: no reason.
    """
    if not plain_notes(reason):
        raise Unprocessable("reason", "Say why it is returned.", at="/reason")
    with db.begin() as connection:
        found = _decide(connection, approval, "returned", plain_notes(reason), actor, clock)
        _record(connection, actor, "survey.approval_returned", found.survey_id, found.seq, clock)


def withdraw(db: Database, approval: UUID, *, actor: Actor, clock: Clock = system_clock) -> None:
    """Take one's own request back; the draft stays as it is.

    Raises:
        NotFound, StateConflict: no such request; it waits no longer.
        Forbidden: somebody else asked.
    """
    with db.begin() as connection:
        asked, _ = _asked(connection, approval)
        if actor.id != asked.asked_by:
            raise Forbidden("withdraw_others", "Whoever asked for approval withdraws it.")
        _close(connection, asked, "withdrawn", "", actor, clock)
        _record(connection, actor, "survey.approval_withdrawn", asked.survey_id, asked.seq, clock)


def approve(connection: sa.Connection, approval: UUID, actor: Actor, clock: Clock) -> Approval:
    """Approve within the transaction that publishes.

    Raises:
        As `give_back`.
    """
    found = _decide(connection, approval, "approved", "", actor, clock)
    _record(connection, actor, "survey.approved", found.survey_id, found.seq, clock)
    return found


def void(connection: sa.Connection, survey_id: str, actor: Actor, clock: Clock) -> None:
    """Nobody can approve what the draft was: it is changed, or went out."""
    gone = connection.execute(
        sa.text(
            "UPDATE survey_approvals SET state = 'void', decided_at = :now, "
            "decided_by_name = :name WHERE survey_id = :id AND state = 'waiting' RETURNING seq"
        ),
        {"id": survey_id, "now": clock(), "name": actor.name},
    ).scalar_one_or_none()
    if gone is not None:
        _record(connection, actor, "survey.approval_voided", survey_id, gone, clock)


def _decide(
    connection: sa.Connection, approval: UUID, state: State, reason: str, actor: Actor, clock: Clock
) -> Approval:
    asked, row = _asked(connection, approval)
    if actor.id in (asked.asked_by, row.draft_by):
        raise Forbidden("approve_own", "Somebody else has to approve what you wrote or asked for.")
    if asked.seq != row.draft_seq:
        raise StateConflict("approval_void", WAITS_NO_LONGER)
    _close(connection, asked, state, reason, actor, clock)
    return asked


def _asked(connection: sa.Connection, approval: UUID) -> tuple[Approval, Any]:
    """A request, with its survey's row, held as an edit holds it."""
    found = connection.execute(sa.text(f"{_SELECT} WHERE id = :id"), {"id": approval}).one_or_none()
    if found is None:
        raise NotFound("approval", "There is no such request.")
    asked = Approval(*found)
    return asked, _held(connection, asked.survey_id)


def _close(
    connection: sa.Connection,
    asked: Approval,
    state: State,
    reason: str,
    actor: Actor,
    clock: Clock,
) -> None:
    """What became of a request that waits.

    Raises:
        StateConflict: it waits no longer.
    """
    closed = connection.execute(
        sa.text(
            "UPDATE survey_approvals SET state = :state, reason = :reason, decided_at = :now, "
            "decided_by_name = :name WHERE id = :id AND state = 'waiting' RETURNING id"
        ),
        {
            "id": asked.id,
            "state": state,
            "reason": reason,
            "now": clock(),
            "name": actor.name,
        },
    ).scalar_one_or_none()
    if closed is None:
        raise StateConflict("approval_void", WAITS_NO_LONGER)


def _held(connection: sa.Connection, survey_id: str) -> Any:
    """The survey's row, held as an edit holds it."""
    row = connection.execute(
        sa.text(
            "SELECT draft_seq, draft_by, draft IS NOT NULL AS has_draft FROM surveys "
            "WHERE id = :id FOR UPDATE"
        ),
        {"id": survey_id},
    ).one_or_none()
    if row is None:
        raise NotFound("survey", "There is no survey of this id.")
    return row


def _record(
    connection: sa.Connection, actor: Actor, action: str, survey_id: str, seq: int, clock: Clock
) -> None:
    record(connection, actor, action, "survey", survey_id, facts={"seq": seq}, clock=clock)


_SELECT = (
    "SELECT id, survey_id, seq, state, notes, asked_at, asked_by, asked_by_name, decided_at, "
    "decided_by_name, reason FROM survey_approvals"
)
