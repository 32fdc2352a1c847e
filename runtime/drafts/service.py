"""Edits of a survey's draft, kept in order with what undoes them; nobody's work is overwritten.

An edit locks the survey's row, is applied to the newest document, and is stored with its inverse in
the same transaction. Undo and redo go through the same door: each author takes back their own last
edit, and is refused where somebody else has built on it since.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct

import engine
from builder.apply import apply
from builder.edits import AnyEdit, Edited, Several
from builder.tree import write
from engine.problems import Problem
from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict
from runtime.surveys import queries
from runtime.surveys.models import Held
from runtime.surveys.rows import hold, keep_draft

PRESENT_SECONDS = 20
VERSIONS_KEPT = 100
READ_KEPT = 100
State = Literal["done", "undone", "dropped"]


class Draft(Struct, frozen=True):
    """The newest document of a survey with its problems. `seq` counts all that was ever done to the
    draft; `made` is the address of the part that an edit made, if it made one."""

    survey_id: str
    document: engine.Document
    seq: int
    version: int | None
    is_draft: bool
    problems: tuple[Problem, ...]
    made: str | None = None


class Stack(Struct, frozen=True):
    """Whether somebody has edits of their own to take back, or to do again."""

    can_undo: bool
    can_redo: bool


class Present(Struct, frozen=True):
    """Somebody who has the draft open, and where they are in it."""

    user_id: str
    name: str
    at: str


class Done(Struct, frozen=True):
    """An edit in the history."""

    seq: int
    at: datetime
    actor_name: str
    edit: AnyEdit
    state: State

    @property
    def part(self) -> str:
        """The page or question that it was done to; "" where there is not one alone."""
        edits = self.edit.edits if isinstance(self.edit, Several) else (self.edit,)
        parts = {getattr(one, "of", "").partition("/")[0] for one in edits}
        return parts.pop() if len(parts) == 1 else ""


_decode = msgspec.json.Decoder(AnyEdit).decode


def read_draft(db: Database, survey_id: str) -> Draft:
    """The newest document of a survey: the draft where there is one, else what is published.

    Raises:
        NotFound: there is no survey of this id.
    """
    with db.begin() as connection:
        return _draft(hold(connection, survey_id))


def apply_edit(
    db: Database, survey_id: str, edit: AnyEdit, actor: Actor, *, clock: Clock = system_clock
) -> Draft:
    """Do one edit; what its author had undone before can no longer be done again.

    Raises:
        NotFound: there is no survey of this id.
        builder.edits.Refused: the edit would break the survey, or what it changes was changed.
    """
    with db.begin() as connection:
        held = hold(connection, survey_id, for_update=True)
        before = _read(held.data)
        done = apply(before.document, edit, before.problems)
        seq = _keep(connection, held, done, actor, clock)
        connection.execute(_DROP, {"id": survey_id, "actor": actor.id})
        connection.execute(
            _INSERT,
            {
                "id": survey_id,
                "seq": seq,
                "now": clock(),
                "actor": actor.id,
                "actor_name": actor.name,
                "edit": msgspec.json.encode(edit),
                "inverse": msgspec.json.encode(done.inverse),
            },
        )
        _record(connection, actor, survey_id, seq, edit, clock)
        return _draft(hold(connection, survey_id), done.made)


def undo(db: Database, survey_id: str, actor: Actor, *, clock: Clock = system_clock) -> Draft:
    """Take back one's own newest edit.

    Raises:
        NotFound: there is no survey of this id.
        StateConflict: one has nothing to take back.
        builder.edits.Refused: others have built on it.
    """
    return _step(db, survey_id, actor, clock, "undo")


def redo(db: Database, survey_id: str, actor: Actor, *, clock: Clock = system_clock) -> Draft:
    """Do again what one took back last.

    Raises:
        As `undo`.
    """
    return _step(db, survey_id, actor, clock, "redo")


def _step(
    db: Database, survey_id: str, actor: Actor, clock: Clock, way: Literal["undo", "redo"]
) -> Draft:
    newest = _NEWEST_DONE if way == "undo" else _OLDEST_UNDONE
    with db.begin() as connection:
        held = hold(connection, survey_id, for_update=True)
        row = connection.execute(newest, {"id": survey_id, "actor": actor.id}).one_or_none()
        if row is None:
            raise StateConflict(f"nothing_to_{way}", f"There is nothing to {way}.")
        edit = _decode(bytes(row.inverse))
        before = _read(held.data)
        done = apply(before.document, edit, before.problems)
        seq = _keep(connection, held, done, actor, clock)
        connection.execute(
            _TURN,
            {
                "id": survey_id,
                "seq": row.seq,
                "inverse": msgspec.json.encode(done.inverse),
                "state": "undone" if way == "undo" else "done",
                "changed": seq,
            },
        )
        _record(connection, actor, survey_id, seq, edit, clock, way)
        return _draft(hold(connection, survey_id), done.made)


def stack_of(db: Database, survey_id: str, actor: Actor) -> Stack:
    """What this person could undo and redo."""
    values = {"id": survey_id, "actor": actor.id}
    with db.begin() as connection:
        return Stack(
            connection.execute(_NEWEST_DONE, values).first() is not None,
            connection.execute(_OLDEST_UNDONE, values).first() is not None,
        )


def history_of(db: Database, survey_id: str, *, after: int = 0, limit: int = 100) -> list[Done]:
    """The edits that were made, undone or done again behind `after`, newest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT changed, at, actor_name, edit, state FROM survey_edits "
                "WHERE survey_id = :id AND changed > :after ORDER BY changed DESC LIMIT :limit"
            ),
            {"id": survey_id, "after": after, "limit": limit},
        ).all()
    return [
        Done(row.changed, row.at, row.actor_name, _decode(bytes(row.edit)), row.state)
        for row in rows
    ]


def changes_of_others(
    db: Database, survey_id: str, actor: Actor, since: datetime, *, limit: int = 100
) -> list[Done]:
    """What others did to the draft since a moment, newest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT changed, at, actor_name, edit, state FROM survey_edits "
                "WHERE survey_id = :id AND actor_id <> :actor AND at > :since "
                "ORDER BY changed DESC LIMIT :limit"
            ),
            {"id": survey_id, "actor": actor.id, "since": since, "limit": limit},
        ).all()
    return [
        Done(row.changed, row.at, row.actor_name, _decode(bytes(row.edit)), row.state)
        for row in rows
    ]


def note_present(
    db: Database, survey_id: str, actor: Actor, at: str, *, clock: Clock = system_clock
) -> list[Present]:
    """Say that this person has the draft open at a part; the others who have, by name."""
    now = clock()
    with db.begin() as connection:
        connection.execute(
            _PRESENT,
            {"id": survey_id, "user": actor.id, "name": actor.name, "at": at[:200], "now": now},
        )
        rows = connection.execute(
            sa.text(
                "SELECT user_id, name, place FROM survey_editors WHERE survey_id = :id "
                "AND user_id <> :user AND seen_at > :since ORDER BY name, user_id"
            ),
            {
                "id": survey_id,
                "user": actor.id,
                "since": now - timedelta(seconds=PRESENT_SECONDS),
            },
        ).all()
    return [Present(row.user_id, row.name, row.place) for row in rows]


def seq_of(db: Database, survey_id: str) -> int:
    """How much was ever done to the draft.

    Raises:
        NotFound: there is no survey of this id.
    """
    with db.begin() as connection:
        seq = connection.execute(
            sa.text("SELECT draft_seq FROM surveys WHERE id = :id"), {"id": survey_id}
        ).scalar_one_or_none()
    if seq is None:
        raise NotFound("survey", "There is no survey of this id.")
    return seq


class _Read(Struct, frozen=True):
    """A stored document and its problems."""

    document: engine.Document
    problems: tuple[Problem, ...]


def _read(data: bytes) -> _Read:
    """What was stored, read once: a draft is looked at again with each key that is pressed."""
    known = _known.get(data)
    if known is None:
        document = engine.parse(data).document
        assert document is not None, "only what can be read is stored"
        known = _keep_read(data, _Read(document, engine.check(document)))
    return known


def _keep_read(data: bytes, read: _Read) -> _Read:
    if len(_known) >= READ_KEPT:
        _known.clear()
    _known[data] = read
    return read


_known: dict[bytes, _Read] = {}
"""Documents that were read lately."""


def _draft(held: Held, made: str | None = None) -> Draft:
    read = _read(held.data)
    return Draft(held.id, read.document, held.seq, held.version, held.is_draft, read.problems, made)


def _keep(connection: sa.Connection, held: Held, done: Edited, actor: Actor, clock: Clock) -> int:
    """Store the document; the number of this change. What says the same as the published version
    is no draft any more."""
    data = write(done.document)
    _keep_read(data, _Read(done.document, done.problems))
    is_published = held.version is not None and data == _published(connection, held)
    kept = None if is_published else data
    return keep_draft(connection, done.document, kept, actor, clock)


def _published(connection: sa.Connection, held: Held) -> bytes:
    """The published version in the written form of edits; versions never change."""
    assert held.digest is not None and held.version is not None
    if held.digest not in _written:
        parsed = engine.parse(queries.document_of(connection, held.id, held.version)).document
        assert parsed is not None, "only what can be read is published"
        if len(_written) >= VERSIONS_KEPT:
            _written.clear()
        _written[held.digest] = write(parsed)
    return _written[held.digest]


_written: dict[str, bytes] = {}
"""Published versions in the written form, by their digest."""


def _record(
    connection: sa.Connection,
    actor: Actor,
    survey_id: str,
    seq: int,
    edit: AnyEdit,
    clock: Clock,
    way: str = "edit",
) -> None:
    config: Any = type(edit).__struct_config__
    facts = {"seq": seq, "way": way, "do": config.tag, "of": getattr(edit, "of", "")}
    record(connection, actor, "survey.edited", "survey", survey_id, facts=facts, clock=clock)


_INSERT = sa.text(
    "INSERT INTO survey_edits (survey_id, seq, changed, at, actor_id, actor_name, edit, inverse, "
    "state) VALUES (:id, :seq, :seq, :now, :actor, :actor_name, :edit, :inverse, 'done')"
)
_DROP = sa.text(
    "UPDATE survey_edits SET state = 'dropped' "
    "WHERE survey_id = :id AND actor_id = :actor AND state = 'undone'"
)
_NEWEST_DONE = sa.text(
    "SELECT seq, inverse FROM survey_edits WHERE survey_id = :id AND actor_id = :actor "
    "AND state = 'done' ORDER BY seq DESC LIMIT 1"
)
_OLDEST_UNDONE = sa.text(
    "SELECT seq, inverse FROM survey_edits WHERE survey_id = :id AND actor_id = :actor "
    "AND state = 'undone' ORDER BY seq LIMIT 1"
)
_TURN = sa.text(
    "UPDATE survey_edits SET inverse = :inverse, state = :state, changed = :changed "
    "WHERE survey_id = :id AND seq = :seq"
)
_PRESENT = sa.text(
    "INSERT INTO survey_editors (survey_id, user_id, name, place, seen_at) "
    "VALUES (:id, :user, :name, :at, :now) ON CONFLICT (survey_id, user_id) "
    "DO UPDATE SET name = EXCLUDED.name, place = EXCLUDED.place, seen_at = EXCLUDED.seen_at"
)
