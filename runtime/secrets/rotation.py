"""Replacing a key while the programs go on: new key, everything sealed anew, old key removed.

A row is written anew only where it still holds what was read, so a writer never loses; the foreign
keys on `key_id` refuse to remove a key that any row still needs, and refuse rows under a key that
is gone.
"""

import time
from collections.abc import Callable, Mapping

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


Count = Callable[[sa.Connection, Vault], Mapping[int, Mapping[str, int]]]
"""Rows by key and place, for indexes that stand beside no key id."""


class KeyLine(msgspec.Struct, frozen=True):
    """One key and how many rows need it, by table and column.

    `is_rewrapped` tells whether today's envelope key wrapped it.
    """

    id: int
    kind: str
    active: bool
    is_rewrapped: bool
    places: dict[str, int]

    @property
    def rows(self) -> int:
        """How many need it in all."""
        return sum(self.places.values())


_PLACES = sa.text("""
SELECT c.conrelid::regclass::text AS place, a.attname AS key_column
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.confrelid = 'data_keys'::regclass AND c.conparentid = 0
ORDER BY 1, 2
""")
"""Every table that refers to a key, from the very foreign keys that keep it from being removed."""


def places(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """Where rows name the key they need: shown name to table and column."""
    found = connection.execute(_PLACES).all()
    return {_shown(row.place, row.key_column): (row.place, row.key_column) for row in found}


def _shown(table: str, column: str) -> str:
    return table if column == "key_id" else f"{table}.{column.removesuffix('_key')}"


def status(vault: Vault, counts: tuple[Count, ...] = ()) -> list[KeyLine]:
    """Every key with the number of rows that need it, oldest first."""
    needed: dict[int, dict[str, int]] = {}
    with vault.db.begin_everywhere() as connection:
        connection.execute(sa.text("SET LOCAL statement_timeout = '10min'"))
        for place, (table, column) in places(connection).items():
            rows = connection.execute(
                sa.text(
                    f"SELECT {column} AS id, count(*) AS number FROM {table} "  # nosec B608 - read
                    f"WHERE {column} IS NOT NULL GROUP BY 1"  # from the database's own catalogue
                )
            )
            for row in rows:
                needed.setdefault(row.id, {})[place] = row.number
        for count in counts:
            for key_id, found in count(connection, vault).items():
                needed.setdefault(key_id, {}).update(found)
        keys = stored_keys(connection)
    mark = vault.envelope.fingerprint
    return [
        KeyLine(key.id, key.kind, key.active, key.fingerprint == mark, needed.get(key.id, {}))
        for key in keys
    ]


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
    with vault.db.begin() as connection:
        old = [key.id for key in stored_keys(connection) if not key.active]
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
