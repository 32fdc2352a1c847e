"""Finding questions of the bank: by words, place, tag, type and state, a page at a time.

Words are always looked up in the index of pairs. Left to itself the planner may walk along the
order of the list instead and look at each text, which is slow where the finds stand far behind.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from runtime.bank.folding import NEAR, fold, likeness, wanted
from runtime.bank.items import ITEM, as_item
from runtime.bank.models import Item

PAGE_SIZE = 50
MAX_WORDS = 8
MAX_COUNTED = 1_000
CANDIDATES = 200
EXPORT_BATCH = 1_000


class Search(Struct, frozen=True, kw_only=True):
    """What is looked for; an empty member does not restrict. `places` are places with all below."""

    words: str = ""
    places: tuple[int, ...] | None = None
    type: str = ""
    tag: str = ""
    with_retired: bool = False


def find_items(
    connection: sa.Connection, search: Search, *, after: int = 0, limit: int = PAGE_SIZE
) -> tuple[list[Item], int | None]:
    """The questions behind the one with `seq` `after`, and where the next page begins."""
    conditions, values = _conditions(search)
    order = "i.seq + 0" if "grams" in values else "i.seq"  # the sum keeps off the index of seq
    page = (
        f"SELECT i.id FROM bank_items i WHERE {order} > :after{conditions} "  # nosec B608 - our own words
        f"ORDER BY {order} LIMIT :limit"
    )
    rows = connection.execute(
        sa.text(f"{ITEM} WHERE i.id IN ({page}) ORDER BY i.seq"),  # nosec B608 - our own words
        values | {"after": after, "limit": limit + 1},
    ).all()
    items = [as_item(row) for row in rows[:limit]]
    return items, items[-1].seq if len(rows) > limit else None


def count_items(connection: sa.Connection, search: Search) -> int:
    """How many there are; whoever has more than a thousand is told 1,001."""
    conditions, values = _conditions(search)
    return connection.execute(
        sa.text(
            f"SELECT count(*) FROM (SELECT FROM bank_items i WHERE true{conditions} "  # nosec B608 - our own words
            "LIMIT :most) found"
        ),
        values | {"most": MAX_COUNTED + 1},
    ).scalar_one()


def _conditions(search: Search) -> tuple[str, dict[str, Any]]:
    found: list[str] = []
    values: dict[str, Any] = {}
    words = fold(search.words).split()[:MAX_WORDS]
    if words:
        found.append("i.grams @> CAST(:grams AS integer[])")
        values["grams"] = wanted(words)
        for number, word in enumerate(words):
            found.append(f"strpos(i.folded, :word{number}) > 0")
            values[f"word{number}"] = word
    elif search.words.strip():
        found.append("false")
    if search.places is not None:
        found.append("i.place = ANY(CAST(:places AS integer[]))")
        values["places"] = list(search.places)
    if search.type:
        found.append("i.type = :type")
        values["type"] = search.type
    if search.tag:
        found.append("i.tags @> ARRAY[CAST(:tag AS text)]")
        values["tag"] = search.tag
    if not search.with_retired:
        found.append("i.state = 'active'")
    return "".join(f" AND {one}" for one in found), values


def every_item(connection: sa.Connection, search: Search) -> Iterator[Item]:
    """All of them in their order, read in batches."""
    after: int | None = 0
    while after is not None:
        items, after = find_items(connection, search, after=after, limit=EXPORT_BATCH)
        yield from items


def tags_in_use(connection: sa.Connection, limit: int = 200) -> list[str]:
    """The tags that questions bear, the most frequent first."""
    rows = connection.execute(
        sa.text(
            "SELECT tag FROM bank_items, unnest(tags) tag GROUP BY tag "
            "ORDER BY count(*) DESC, tag LIMIT :limit"
        ),
        {"limit": limit},
    )
    return list(rows.scalars())


def counts_by_place(connection: sa.Connection) -> dict[int, int]:
    """How many questions stand at each place itself."""
    rows = connection.execute(
        sa.text(
            "SELECT place, count(*) AS number FROM bank_items WHERE state = 'active' GROUP BY place"
        )
    )
    return {row.place: row.number for row in rows}


def near_items(
    connection: sa.Connection, bands: Sequence[int], folded: str, but: str = ""
) -> list[tuple[str, float]]:
    """Questions that say nearly the same in their whole text, the likest first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, folded FROM bank_items WHERE bands && CAST(:bands AS integer[]) "
            "AND id <> :but LIMIT :most"
        ),
        {"bands": list(bands), "but": but, "most": CANDIDATES},
    )
    found = [(row.id, likeness(folded, row.folded)) for row in rows]
    return sorted((one for one in found if one[1] >= NEAR), key=lambda one: -one[1])[:5]
