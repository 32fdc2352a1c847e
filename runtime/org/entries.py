"""The entries of the plain dictionaries: adding, renaming, ordering, closing."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.departments import ID, checked_name, lock_organisation, stale
from runtime.org.models import EntryRow, Words, from_row

Direction = Literal["up", "down"]
_OF = sa.text(
    "SELECT dictionary, id, name, position, closed_on, revision FROM dictionary_entries "
    "WHERE dictionary = :dictionary ORDER BY position, id"
)
_STORE = sa.text("""
UPDATE dictionary_entries SET name = :name, closed_on = :closed_on, revision = revision + 1
WHERE dictionary = :dictionary AND id = :id AND revision = :revision
""").bindparams(sa.bindparam("name", type_=sa.JSON))
_ADD = sa.text("""
INSERT INTO dictionary_entries (dictionary, id, name, position)
VALUES (:dictionary, :id, :name, (SELECT coalesce(max(position), -1) + 1
        FROM dictionary_entries WHERE dictionary = :dictionary))
ON CONFLICT (dictionary, id) DO NOTHING
""").bindparams(sa.bindparam("name", type_=sa.JSON))


def dictionaries(db: Database) -> list[tuple[str, int]]:
    """The dictionaries by name and how many entries each has."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT dictionary, count(*) AS entries FROM dictionary_entries "
                "GROUP BY dictionary ORDER BY dictionary"
            )
        )
        return [(row.dictionary, row.entries) for row in rows]


def entries_of(db: Database, dictionary: str) -> list[EntryRow]:
    """The entries of a dictionary in order, closed ones too; none: there is no such dictionary."""
    with db.begin() as connection:
        return _entries(connection, dictionary)


def _entries(connection: sa.Connection, dictionary: str) -> list[EntryRow]:
    rows = connection.execute(_OF, {"dictionary": dictionary}).mappings()
    return [from_row(row, EntryRow) for row in rows]


def add_entry(
    db: Database,
    actor: Actor,
    dictionary: str,
    *,
    entry_id: str,
    name: Words,
    clock: Clock = system_clock,
) -> None:
    """A further entry, last in order; dictionaries themselves come with the program.

    Raises:
        NotFound: there is no such dictionary.
        StateConflict: the id is in use.
        Unprocessable: the id or the name cannot stand.
    """
    if not ID.fullmatch(entry_id):
        raise Unprocessable(
            "org_id", "An id is lower-case letters, digits and underscores.", at="/id"
        )
    name = checked_name(name)
    with db.begin() as connection:
        lock_organisation(connection)
        if not _entries(connection, dictionary):
            raise NotFound("org_entry", "There is no such dictionary.")
        values = {"dictionary": dictionary, "id": entry_id, "name": name}
        if connection.execute(_ADD, values).rowcount == 0:
            raise StateConflict("org_entry_taken", "The id is in use.", at="/id")
        _audit(connection, actor, "added", dictionary, entry_id, {"name": name}, clock)


def change_entry(
    db: Database,
    actor: Actor,
    dictionary: str,
    entry_id: str,
    *,
    revision: int,
    name: Words,
    closed_on: date | None,
    clock: Clock = system_clock,
) -> None:
    """Its words, and the day from which it is not offered any more; what named it keeps its name.

    Raises:
        NotFound: there is no such entry.
        StateConflict: somebody else changed it meanwhile.
    """
    values: dict[str, object] = {"name": checked_name(name), "closed_on": closed_on}
    with db.begin() as connection:
        lock_organisation(connection)
        before = _entry(connection, dictionary, entry_id)
        keys = {"dictionary": dictionary, "id": entry_id, "revision": revision}
        if connection.execute(_STORE, values | keys).rowcount == 0:
            raise stale()
        old = {"name": before.name, "closed_on": before.closed_on}
        facts = {"before": old, "after": values}
        _audit(connection, actor, "changed", dictionary, entry_id, facts, clock)


def move_entry(
    db: Database,
    actor: Actor,
    dictionary: str,
    entry_id: str,
    direction: Direction,
    *,
    clock: Clock = system_clock,
) -> None:
    """One place up or down; the first stays first and the last stays last.

    Raises:
        NotFound: there is no such entry.
    """
    with db.begin() as connection:
        lock_organisation(connection)
        _entry(connection, dictionary, entry_id)
        ids = [entry.id for entry in _entries(connection, dictionary)]
        here = ids.index(entry_id)
        there = here - 1 if direction == "up" else here + 1
        if not 0 <= there < len(ids):
            return
        ids[here], ids[there] = ids[there], ids[here]
        for position, each in enumerate(ids):
            connection.execute(
                sa.text(
                    "UPDATE dictionary_entries SET position = :position "
                    "WHERE dictionary = :dictionary AND id = :id"
                ),
                {"position": position, "dictionary": dictionary, "id": each},
            )
        _audit(connection, actor, "moved", dictionary, entry_id, {"place": there}, clock)


def _entry(connection: sa.Connection, dictionary: str, entry_id: str) -> EntryRow:
    for entry in _entries(connection, dictionary):
        if entry.id == entry_id:
            return entry
    raise NotFound("org_entry", "There is no such entry.")


def _audit(
    connection: sa.Connection,
    actor: Actor,
    verb: str,
    dictionary: str,
    entry_id: str,
    facts: Mapping[str, object],
    clock: Clock,
) -> None:
    record(
        connection,
        actor,
        f"dictionary.{verb}",
        "dictionary_entry",
        f"{dictionary}/{entry_id}",
        facts=facts,
        clock=clock,
    )
