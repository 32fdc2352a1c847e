"""Data and index keys in the database, each wrapped by the envelope key."""

import secrets
from datetime import datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from runtime.kit.clock import Clock
from runtime.secrets.envelope import KEY_BYTES, Envelope

Kind = Literal["data", "index"]
KINDS: tuple[Kind, ...] = ("data", "index")
LOCK = 4801005


class StoredKey(msgspec.Struct, frozen=True):
    """One row of `data_keys`; `active` keys seal, others only open what they sealed."""

    id: int
    kind: str
    wrapped: bytes
    fingerprint: str
    active: bool
    created_at: datetime


def stored_keys(connection: sa.Connection) -> list[StoredKey]:
    """Every key that may still be needed, oldest first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, kind, wrapped, fingerprint, active, created_at FROM data_keys ORDER BY id"
        )
    )
    return [StoredKey(r[0], r[1], bytes(r[2]), r[3], r[4], r[5]) for r in rows]


def ensure_keys(connection: sa.Connection, envelope: Envelope, clock: Clock) -> list[StoredKey]:
    """The keys, drawn now where a new database has none; two who start at once agree."""
    found = stored_keys(connection)
    if {key.kind for key in found if key.active} == set(KINDS):
        return found
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    present = {key.kind for key in stored_keys(connection) if key.active}
    for kind in KINDS:
        if kind not in present:
            _draw(connection, envelope, kind, clock)
    return stored_keys(connection)


def replace_key(connection: sa.Connection, envelope: Envelope, kind: Kind, clock: Clock) -> int:
    """A new active key of this kind; the one before goes on opening. Gives the new id."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    for key in stored_keys(connection):
        envelope.unwrap(key.id, key.kind, key.wrapped, key.fingerprint)
    connection.execute(
        sa.text("UPDATE data_keys SET active = false WHERE kind = :kind AND active"),
        {"kind": kind},
    )
    return _draw(connection, envelope, kind, clock)


def rewrap_keys(connection: sa.Connection, envelope: Envelope) -> list[int]:
    """Wrap every key anew that an older envelope key wrapped; gives their ids.

    What the keys sealed is not touched. The caller's transaction makes it all or nothing.

    Raises:
        SettingsError: neither the new nor the older envelope key opens one of them.
    """
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    changed: list[int] = []
    for one in stored_keys(connection):
        key = envelope.unwrap(one.id, one.kind, one.wrapped, one.fingerprint)
        if one.fingerprint != envelope.fingerprint:
            connection.execute(
                sa.text(
                    "UPDATE data_keys SET wrapped = :wrapped, fingerprint = :mark WHERE id = :id"
                ),
                {
                    "id": one.id,
                    "wrapped": envelope.wrap(one.id, one.kind, key),
                    "mark": envelope.fingerprint,
                },
            )
            changed.append(one.id)
    return changed


def _draw(connection: sa.Connection, envelope: Envelope, kind: Kind, clock: Clock) -> int:
    key_id: int = connection.execute(sa.text("SELECT nextval('data_key_ids')")).scalar_one()
    connection.execute(
        sa.text(
            "INSERT INTO data_keys (id, kind, wrapped, fingerprint, active, created_at) "
            "VALUES (:id, :kind, :wrapped, :fingerprint, true, :now)"
        ),
        {
            "id": key_id,
            "kind": kind,
            "wrapped": envelope.wrap(key_id, kind, secrets.token_bytes(KEY_BYTES)),
            "fingerprint": envelope.fingerprint,
            "now": clock(),
        },
    )
    return key_id
