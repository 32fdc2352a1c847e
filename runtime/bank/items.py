"""Questions of the bank: made, changed in versions, tagged, moved, retired; never removed.

A version never changes: surveys name it, and the database grants no more than to add one.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.bank.content import Content
from runtime.bank.models import Item, State, Version
from runtime.bank.places import share_bank
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import NotFound, StateConflict, Unprocessable

MAX_TAGS = 20
MAX_TAG = 30
MAX_VERSION = 2**31 - 1
ITEM = (
    "SELECT i.id, i.seq, i.place, i.type, i.tags, i.state, i.version, i.revision, i.updated_at, "
    "v.question FROM bank_items i JOIN bank_versions v ON v.item = i.id AND v.version = i.version "
)


def get_item(connection: sa.Connection, item: str) -> Item:
    """One question with its newest content.

    Raises:
        NotFound: there is none of this id.
    """
    row = connection.execute(sa.text(ITEM + "WHERE i.id = :id"), {"id": item}).one_or_none()
    if row is None:
        raise NotFound("bank_item", "There is no such question in the bank.")
    return as_item(row)


def as_item(row: Any) -> Item:
    """An item out of a row of `ITEM`."""
    return Item(
        id=row.id,
        seq=row.seq,
        place=row.place,
        type=row.type,
        tags=tuple(row.tags),
        state=row.state,
        version=row.version,
        revision=row.revision,
        updated_at=row.updated_at,
        question=bytes(row.question),
    )


def versions_of(connection: sa.Connection, item: str) -> list[Version]:
    """Every content that an item ever had, the newest first."""
    rows = connection.execute(
        sa.text(
            "SELECT version, question, made_at, made_by FROM bank_versions WHERE item = :id "
            "ORDER BY version DESC"
        ),
        {"id": item},
    )
    return [Version(row.version, bytes(row.question), row.made_at, row.made_by) for row in rows]


def question_of(connection: sa.Connection, item: str, version: int) -> bytes | None:
    """The content of one version; None where there is none."""
    if not 0 < version <= MAX_VERSION:
        return None
    found = connection.execute(
        sa.text("SELECT question FROM bank_versions WHERE item = :id AND version = :version"),
        {"id": item, "version": version},
    ).scalar()
    return None if found is None else bytes(found)


def same_item(connection: sa.Connection, content: Content, but: str = "") -> str | None:
    """Another question of the same type that says the same."""
    return connection.execute(
        sa.text(
            "SELECT id FROM bank_items WHERE sameness = :same AND id <> :but ORDER BY seq LIMIT 1"
        ),
        {"same": content.sameness, "but": but},
    ).scalar()


def clean_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags without blanks and repetitions, in the order given.

    Raises:
        Unprocessable: too many, or one is too long.
    """
    found = tuple(dict.fromkeys(tag for tag in (" ".join(one.split()) for one in tags) if tag))
    if len(found) > MAX_TAGS:
        raise Unprocessable("bank_tags_many", f"{MAX_TAGS} tags at most.", at="/tags")
    if any(len(tag) > MAX_TAG for tag in found):
        raise Unprocessable("bank_tag_long", f"A tag has {MAX_TAG} characters at most.", at="/tags")
    return found


def create_item(
    connection: sa.Connection,
    actor: Actor,
    content: Content,
    place: int,
    tags: Sequence[str],
    *,
    clock: Clock = system_clock,
) -> None:
    """Put a new question into the bank, as its version 1.

    Raises:
        StateConflict: its id is taken; a file is being taken over right now.
        Unprocessable: see `clean_tags`; the place is closed or unknown.
    """
    share_bank(connection)
    require_open(connection, place)
    question = content.question
    made = connection.execute(
        sa.text(
            "INSERT INTO bank_items (id, place, type, tags, version, digest, folded, grams, "
            "sameness, bands, updated_at) VALUES (:id, :place, :type, :tags, 1, :digest, :folded, "
            ":grams, :sameness, :bands, :now) ON CONFLICT (id) DO NOTHING"
        ),
        _values(content, clock)
        | {"place": place, "type": question.type, "tags": list(clean_tags(tags))},
    )
    if not made.rowcount:
        raise StateConflict("bank_id_taken", "The bank has a question of this id already.")
    _add_version(connection, actor, content, 1, clock)
    record(connection, actor, "bank.item_added", "bank_item", question.id, clock=clock)


def change_item(
    connection: sa.Connection,
    actor: Actor,
    content: Content,
    revision: int,
    *,
    clock: Clock = system_clock,
) -> int:
    """Give a question another content, as its next version; the version that it has then.

    Raises:
        NotFound: there is no such question.
        StateConflict: somebody changed it since `revision`; a file is being taken over right now.
        Unprocessable: another type is another question.
    """
    known = _lock(connection, content.question.id, revision)
    if known.type != content.question.type:
        raise Unprocessable("bank_type", "Another type is another question: make a new one.")
    if bytes(known.digest) == content.digest:
        return known.version
    version = known.version + 1
    connection.execute(
        sa.text(
            "UPDATE bank_items SET version = :version, digest = :digest, folded = :folded, "
            "grams = :grams, sameness = :sameness, bands = :bands, revision = revision + 1, "
            "updated_at = :now WHERE id = :id"
        ),
        _values(content, clock) | {"version": version},
    )
    _add_version(connection, actor, content, version, clock)
    facts = {"version": version}
    record(
        connection,
        actor,
        "bank.item_changed",
        "bank_item",
        content.question.id,
        facts=facts,
        clock=clock,
    )
    return version


def place_item(
    connection: sa.Connection,
    actor: Actor,
    item: str,
    revision: int,
    *,
    place: int,
    tags: Sequence[str],
    state: State,
    clock: Clock = system_clock,
) -> None:
    """Say where a question stands, how it is tagged, and whether it is still offered.

    Raises:
        NotFound, StateConflict: as `change_item`.
        Unprocessable: see `clean_tags`; the place is closed or unknown.
    """
    known = _lock(connection, item, revision)
    own = clean_tags(tags)
    if (known.place, tuple(known.tags), known.state) == (place, own, state):
        return
    if place != known.place:
        require_open(connection, place)
    connection.execute(
        sa.text(
            "UPDATE bank_items SET place = :place, tags = :tags, state = :state, "
            "revision = revision + 1, updated_at = :now WHERE id = :id"
        ),
        {"id": item, "place": place, "tags": list(own), "state": state, "now": clock()},
    )
    facts = {"place": place, "tags": own, "state": state}
    record(connection, actor, "bank.item_placed", "bank_item", item, facts=facts, clock=clock)


def _lock(connection: sa.Connection, item: str, revision: int) -> Any:
    share_bank(connection)
    row = connection.execute(
        sa.text(
            "SELECT place, type, tags, state, version, digest, revision FROM bank_items "
            "WHERE id = :id FOR UPDATE"
        ),
        {"id": item},
    ).one_or_none()
    if row is None:
        raise NotFound("bank_item", "There is no such question in the bank.")
    if row.revision != revision:
        raise StateConflict("changed_meanwhile", "Somebody changed this meanwhile; look again.")
    return row


def require_open(connection: sa.Connection, place: int) -> None:
    """Refuse a place that is closed or unknown.

    Raises:
        Unprocessable: see above.
    """
    is_open = connection.execute(
        sa.text(
            "WITH RECURSIVE up AS (SELECT id, parent, closed_at FROM bank_places WHERE id = :id "
            "UNION ALL SELECT p.id, p.parent, p.closed_at FROM bank_places p "
            "JOIN up ON p.id = up.parent) SELECT bool_and(closed_at IS NULL) FROM up"
        ),
        {"id": place},
    ).scalar()
    if not is_open:
        raise Unprocessable("bank_place_closed", "Choose a place that is open.", at="/place")


def _values(content: Content, clock: Clock) -> dict[str, Any]:
    return {
        "id": content.question.id,
        "digest": content.digest,
        "folded": content.folded,
        "grams": content.grams,
        "sameness": content.sameness,
        "bands": content.bands,
        "now": clock(),
    }


def _add_version(
    connection: sa.Connection, actor: Actor, content: Content, version: int, clock: Clock
) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO bank_versions (item, version, question, made_at, made_by) "
            "VALUES (:id, :version, :data, :now, :by)"
        ),
        {
            "id": content.question.id,
            "version": version,
            "data": content.data,
            "now": clock(),
            "by": actor.name,
        },
    )
