"""Replacing a key while the programs go on: new key, everything sealed anew, old key removed.

A row is written anew only where it still holds what was read, so a writer never loses; the foreign
keys on `key_id` refuse to remove a key that any row still needs, and refuse rows under a key that
is gone.
"""

import time
from collections.abc import Callable

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from runtime.kit.problems import StateConflict
from runtime.secrets.keys import Kind, replace_key, stored_keys
from runtime.secrets.vault import Vault

BATCH = 500
PASSES = 100
WAIT = 2  # times the seconds after which each program reads its keys anew

Reseal = Callable[[sa.Connection, Vault, int], int]
"""Writes one batch of rows of the old keys anew; gives how many it met."""


class KeyLine(msgspec.Struct, frozen=True):
    """One key and how many rows need it."""

    id: int
    kind: str
    active: bool
    rows: int


COUNTED: dict[str, tuple[str, ...]] = {
    "data": ("session_personal", "response_personal"),
    "index": ("response_lookups",),
}
"""Tables whose column `key_id` says which key a row needs."""


def status(vault: Vault) -> list[KeyLine]:
    """Every key with the number of rows that need it, oldest first."""
    with vault.db.begin_everywhere() as connection:
        return [
            KeyLine(key.id, key.kind, key.active, _rows(connection, key.kind, key.id))
            for key in stored_keys(connection)
        ]


def _rows(connection: sa.Connection, kind: str, key_id: int) -> int:
    counts = (
        connection.execute(
            sa.text(f"SELECT count(*) FROM {table} WHERE key_id = :id"),  # nosec B608 - ours
            {"id": key_id},
        ).scalar_one()
        for table in COUNTED[kind]
    )
    return sum(counts)


def begin(vault: Vault, kind: Kind) -> int:
    """A new key that seals from now on; other programs follow within seconds. Gives its id."""
    with vault.db.begin() as connection:
        key_id = replace_key(connection, vault.envelope, kind, vault.clock)
    vault.check()
    return key_id


def reseal(vault: Vault, steps: tuple[Reseal, ...]) -> int:
    """Run each step in batches, a transaction each, until nothing is left; gives the rows done."""
    done = 0
    for step in steps:
        while True:
            with vault.db.begin_everywhere() as connection:
                count = step(connection, vault, BATCH)
            done += count
            if not count:
                break
    return done


def retire(vault: Vault, steps: tuple[Reseal, ...]) -> list[int]:
    """Seal anew what late writers left and remove every key that is no longer active.

    Raises:
        StateConflict: rows still need an old key after many passes; nothing was lost.
    """
    old = [line.id for line in status(vault) if not line.active]
    for key_id in old:
        _remove(vault, steps, key_id)
    vault.check()
    return old


def _remove(vault: Vault, steps: tuple[Reseal, ...], key_id: int) -> None:
    for _ in range(PASSES):
        reseal(vault, steps)
        try:
            with vault.db.begin_everywhere() as connection:
                connection.execute(
                    sa.text("DELETE FROM data_keys WHERE id = :id AND NOT active"), {"id": key_id}
                )
        except IntegrityError:
            time.sleep(vault.refresh_seconds / 10)
            continue
        return
    raise StateConflict("key_in_use", f"Key {key_id} is still in use; try again later.")


def rotate(vault: Vault, kinds: tuple[Kind, ...], steps: tuple[Reseal, ...]) -> list[int]:
    """New keys of these kinds, everything under them, the old ones removed; gives the removed.

    Before anything is written anew lies the time in which every program reads its keys anew.
    """
    for kind in kinds:
        begin(vault, kind)
    time.sleep(WAIT * vault.refresh_seconds)
    reseal(vault, steps)
    return retire(vault, steps)
