"""Reading a parameter's value, changing it within its limits, its history and undo."""

import threading
import time
import weakref
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.parameters.registry import BY_NAME, Parameter, Value

CACHE_SECONDS = 3.0

_cached: weakref.WeakKeyDictionary[Database, tuple[float, dict[str, Value]]] = (
    weakref.WeakKeyDictionary()
)
_lock = threading.Lock()


class Change(Struct, frozen=True):
    """One change; None stands for the default."""

    id: UUID
    name: str
    at: datetime
    actor_id: str
    actor_name: str
    old: Value | None
    new: Value | None


def value_of(db: Database, name: str, default: Value | None = None) -> Value:
    """The value in force: what staff set, else `default` (a setting), else the registry's.

    Read anew after three seconds, at once in the process that changed it.
    """
    parameter = BY_NAME[name]
    stored = _stored(db)
    if name in stored:
        return stored[name]
    return parameter.default if default is None else default


def number_of(db: Database, name: str, default: int | None = None) -> int:
    """`value_of` for a whole number."""
    return int(value_of(db, name, default))


def _stored(db: Database) -> dict[str, Value]:
    with _lock:
        at, values = _cached.get(db, (0.0, {}))
    if at and time.monotonic() < at + CACHE_SECONDS:
        return values
    with db.begin() as connection:
        rows = connection.execute(sa.text("SELECT name, value FROM parameters")).all()
    values = {row.name: row.value for row in rows if row.name in BY_NAME}
    with _lock:
        _cached[db] = (time.monotonic(), values)
    return values


def parse(name: str, text: str) -> Value:
    """The value that a form's text stands for.

    Raises:
        NotFound: no such parameter.
        Unprocessable: not of its type.
    """
    parameter = _known(name)
    words = text.strip().lower()
    if parameter.kind == "yes_or_no":
        if words in ("yes", "no"):
            return words == "yes"
    elif words.isascii() and words.isdigit() and len(words) < 10:
        return int(words)
    raise Unprocessable("parameter_kind", "The value is not of this parameter's type.", at="/value")


def change(
    db: Database, actor: Actor, name: str, value: Value | None, *, clock: Clock = system_clock
) -> None:
    """Set a parameter, or give it back to its default with None; written to history and audit.

    Raises:
        NotFound: no such parameter.
        Unprocessable: outside its limits.
    """
    parameter = _known(name)
    if value is not None:
        _require_within(parameter, value)
    with db.begin() as connection:
        old = _locked(connection, name)
        if old != value or type(old) is not type(value):
            _write(connection, actor, name, old, value, clock)
    _forget(db)


def undo(db: Database, actor: Actor, change_id: UUID, *, clock: Clock = system_clock) -> None:
    """Give back the value from before the newest change of a parameter, as a change of its own.

    Raises:
        NotFound: no such change.
        StateConflict: it was changed again since.
    """
    with db.begin() as connection:
        row = connection.execute(
            sa.text("SELECT name, old FROM parameter_changes WHERE id = :id"), {"id": change_id}
        ).one_or_none()
        if row is None:
            raise NotFound("parameter_change", "There is no such change.")
        current = _locked(connection, row.name)
        if history(connection, row.name)[0].id != change_id:
            raise StateConflict("parameter_changed", "The parameter was changed again since.")
        if row.old is not None:
            _require_within(_known(row.name), row.old)
        _write(connection, actor, row.name, current, row.old, clock)
    _forget(db)


def history(connection: sa.Connection, name: str, *, limit: int = 50) -> list[Change]:
    """The changes of a parameter, newest first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, name, at, actor_id, actor_name, old, new FROM parameter_changes "
            "WHERE name = :name ORDER BY id DESC LIMIT :limit"
        ),
        {"name": name, "limit": limit},
    )
    return [Change(*row) for row in rows]


def _known(name: str) -> Parameter:
    parameter = BY_NAME.get(name)
    if parameter is None:
        raise NotFound("parameter", "There is no such parameter.")
    return parameter


def _require_within(parameter: Parameter, value: Value) -> None:
    is_flag = isinstance(value, bool)
    if is_flag != (parameter.kind == "yes_or_no"):
        raise Unprocessable("parameter_kind", "The value is of another type.", at="/value")
    if not is_flag and not parameter.minimum <= value <= parameter.maximum:
        limits = f"{parameter.minimum} to {parameter.maximum}"
        raise Unprocessable("parameter_limits", f"The value must be from {limits}.", at="/value")


def _locked(connection: sa.Connection, name: str) -> Value | None:
    """The stored value; changes of one parameter go one after the other."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(4801007, hashtext(:n))"), {"n": name})
    query = sa.text("SELECT value FROM parameters WHERE name = :name")
    return connection.execute(query, {"name": name}).scalar_one_or_none()


def _write(
    connection: sa.Connection,
    actor: Actor,
    name: str,
    old: Value | None,
    new: Value | None,
    clock: Clock,
) -> None:
    now = clock()
    if new is None:
        connection.execute(sa.text("DELETE FROM parameters WHERE name = :name"), {"name": name})
    else:
        connection.execute(
            sa.text(
                "INSERT INTO parameters (name, value, changed_at) VALUES "
                "(:name, CAST(:value AS jsonb), :now) ON CONFLICT (name) "
                "DO UPDATE SET value = EXCLUDED.value, changed_at = EXCLUDED.changed_at"
            ),
            {"name": name, "value": _json(new), "now": now},
        )
    connection.execute(
        sa.text(
            "INSERT INTO parameter_changes (id, name, at, actor_id, actor_name, old, new) VALUES "
            "(:id, :name, :at, :actor, :actor_name, CAST(:old AS jsonb), CAST(:new AS jsonb))"
        ),
        {
            "id": new_id(),
            "name": name,
            "at": now,
            "actor": actor.id,
            "actor_name": actor.name,
            "old": _json(old),
            "new": _json(new),
        },
    )
    facts: dict[str, Any] = {"old": old, "new": new}
    record(connection, actor, "parameter.changed", "parameter", name, facts=facts, clock=clock)


def _json(value: Value | None) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _forget(db: Database) -> None:
    with _lock:
        _cached.pop(db, None)
