"""The bank's tree: scene, category, sub-category; staff name, order, close and add places."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.bank.models import LEVELS, Place
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import NotFound, StateConflict, Unprocessable

LOCK = 4_801_011
HAND_WAIT = "3s"
"""So long does a hand's edit wait for the bank; an import may hold it longer."""
MAX_NAME = 60


def read_tree(connection: sa.Connection) -> list[Place]:
    """Every place, each before those below it, siblings in their order."""
    rows = connection.execute(
        sa.text(
            "SELECT id, parent, name, position, closed_at, revision FROM bank_places "
            "ORDER BY position, id"
        )
    ).all()
    below: dict[int | None, list[Any]] = {}
    for row in rows:
        below.setdefault(row.parent, []).append(row)
    return list(_walk(below, None, ()))


def _walk(
    below: Mapping[int | None, Sequence[Any]], parent: int | None, path: tuple[int, ...]
) -> Iterable[Place]:
    for row in below.get(parent, ()):
        own = (*path, row.id)
        yield Place(row.id, row.parent, row.name, row.position, row.closed_at, row.revision, own)
        yield from _walk(below, row.id, own)


def within(tree: Iterable[Place], place: int) -> list[int]:
    """A place and all below it."""
    return [one.id for one in tree if place in one.path]


def add_place(
    connection: sa.Connection,
    actor: Actor,
    parent: int | None,
    name: Mapping[str, str],
    *,
    clock: Clock = system_clock,
) -> int:
    """Add a place as the last below `parent`; a scene for None.

    Raises:
        NotFound: there is no such parent.
        Unprocessable: the name is missing or too long, or the parent is a sub-category.
        StateConflict: its parent has one of this name already.
    """
    lock_tree(connection)
    tree = {one.id: one for one in read_tree(connection)}
    if parent is not None and parent not in tree:
        raise NotFound("bank_place", "There is no such place in the bank.")
    if parent is not None and len(tree[parent].path) == len(LEVELS):
        raise Unprocessable("bank_place_depth", "A sub-category has nothing below it.")
    own = _checked(name)
    _require_free(tree.values(), parent, own, None)
    made = _insert(connection, parent, own)
    facts = {"parent": parent, "name": own}
    record(connection, actor, "bank.place_added", "bank_place", str(made), facts=facts, clock=clock)
    return made


def ensure_path(connection: sa.Connection, names: Sequence[Mapping[str, str]]) -> int:
    """The place that these names lead to, added where it is missing; the tree is locked already."""
    parent: int | None = None
    for name in names:
        found = connection.execute(
            sa.text(
                "SELECT id FROM bank_places WHERE coalesce(parent, 0) = coalesce(:parent, 0) "
                "AND name->>'zh-CN' = :name"
            ),
            {"parent": parent, "name": name["zh-CN"]},
        ).scalar()
        parent = found if found is not None else _insert(connection, parent, dict(name))
    assert parent is not None, "a path has a scene"
    return parent


def lock_tree(connection: sa.Connection) -> None:
    """Nobody else changes the tree until this transaction ends.

    Raises:
        StateConflict: as `share_bank`.
    """
    _hold(connection, "pg_advisory_xact_lock")


def share_bank(connection: sa.Connection) -> None:
    """No file is taken over until this transaction ends; others may change questions meanwhile.

    Raises:
        StateConflict: a file is being taken over right now.
    """
    _hold(connection, "pg_advisory_xact_lock_shared")


def _hold(connection: sa.Connection, function: str) -> None:
    try:
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{HAND_WAIT}'"))
        connection.execute(sa.text(f"SELECT {function}(:lock)"), {"lock": LOCK})  # nosec B608 - our own words
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise StateConflict(
                "bank_busy", "A file is being taken over into the bank; try again in a moment."
            ) from None
        raise


def _insert(connection: sa.Connection, parent: int | None, name: dict[str, str]) -> int:
    return connection.execute(
        sa.text(
            "INSERT INTO bank_places (parent, name, position) SELECT :parent, "
            "CAST(:name AS jsonb), coalesce(max(position), 0) + 1 FROM bank_places "
            "WHERE coalesce(parent, 0) = coalesce(:parent, 0) RETURNING id"
        ),
        {"parent": parent, "name": msgspec.json.encode(name).decode()},
    ).scalar_one()


def change_place(
    connection: sa.Connection,
    actor: Actor,
    place: int,
    revision: int,
    name: Mapping[str, str],
    *,
    is_closed: bool,
    clock: Clock = system_clock,
) -> None:
    """Rename a place, close it (nothing new is put there, what is there stays) or open it again.

    Raises:
        NotFound, Unprocessable, StateConflict: as `add_place`; or somebody changed it meanwhile.
    """
    lock_tree(connection)
    tree = read_tree(connection)
    known = _known(tree, place)
    if known.revision != revision:
        raise StateConflict("changed_meanwhile", "Somebody changed this meanwhile; look again.")
    own = _checked(name)
    _require_free(tree, known.parent, own, place)
    closed_at = (known.closed_at or clock()) if is_closed else None
    connection.execute(
        sa.text(
            "UPDATE bank_places SET name = CAST(:name AS jsonb), closed_at = :closed, "
            "revision = revision + 1 WHERE id = :id"
        ),
        {"name": msgspec.json.encode(own).decode(), "closed": closed_at, "id": place},
    )
    facts = {"old": known.name, "new": own, "closed": is_closed}
    record(
        connection, actor, "bank.place_changed", "bank_place", str(place), facts=facts, clock=clock
    )


def move_place(
    connection: sa.Connection,
    actor: Actor,
    place: int,
    steps: int,
    *,
    clock: Clock = system_clock,
) -> None:
    """Move a place up (-1) or down (1) among its siblings; at the end nothing happens.

    Raises:
        NotFound: there is no such place.
    """
    lock_tree(connection)
    tree = read_tree(connection)
    known = _known(tree, place)
    siblings = [one.id for one in tree if one.parent == known.parent]
    at = siblings.index(place)
    to = at + steps
    if not 0 <= to < len(siblings):
        return
    siblings.insert(to, siblings.pop(at))
    for position, one in enumerate(siblings, 1):
        connection.execute(
            sa.text("UPDATE bank_places SET position = :position WHERE id = :id"),
            {"position": position, "id": one},
        )
    facts = {"steps": steps}
    record(
        connection, actor, "bank.place_moved", "bank_place", str(place), facts=facts, clock=clock
    )


def remove_place(
    connection: sa.Connection, actor: Actor, place: int, *, clock: Clock = system_clock
) -> None:
    """Remove a place that holds nothing.

    Raises:
        NotFound: there is no such place.
        StateConflict: questions or places stand below it.
    """
    lock_tree(connection)
    known = _known(read_tree(connection), place)
    is_used = connection.execute(
        sa.text(
            "SELECT EXISTS (SELECT FROM bank_places WHERE parent = :id) "
            "OR EXISTS (SELECT FROM bank_items WHERE place = :id)"
        ),
        {"id": place},
    ).scalar_one()
    if is_used:
        raise StateConflict("bank_place_used", "Something stands here still; close it instead.")
    connection.execute(sa.text("DELETE FROM bank_places WHERE id = :id"), {"id": place})
    facts = {"name": known.name}
    record(
        connection, actor, "bank.place_removed", "bank_place", str(place), facts=facts, clock=clock
    )


def _known(tree: Iterable[Place], place: int) -> Place:
    for one in tree:
        if one.id == place:
            return one
    raise NotFound("bank_place", "There is no such place in the bank.")


def _checked(name: Mapping[str, str]) -> dict[str, str]:
    own = {lang: " ".join(text.split()) for lang, text in name.items() if text.strip()}
    if not own.get("zh-CN"):
        raise Unprocessable("bank_place_name", "Give the place a Chinese name.", at="/name")
    if any(len(text) > MAX_NAME for text in own.values()):
        raise Unprocessable("bank_place_name_long", "A name has 60 characters at most.", at="/name")
    return own


def _require_free(
    tree: Iterable[Place], parent: int | None, name: Mapping[str, str], but: int | None
) -> None:
    for one in tree:
        if one.parent == parent and one.id != but and one.name["zh-CN"] == name["zh-CN"]:
            raise StateConflict("bank_place_twice", "There is a place of this name already.")
