"""Taking checked rows over into the bank: the good ones stored, the others told, twice nothing.

Only this part holds the bank: one transaction, a batch at a time, so that memory is bounded and
whoever is killed half way leaves nothing behind. What people did since the rows were read counts.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import psycopg
import sqlalchemy as sa
from msgspec import Struct, structs

from runtime.audit.models import Actor
from runtime.bank.content import Refused, check_question
from runtime.bank.importing import (
    Batch,
    Counts,
    Ready,
    Spool,
    Tell,
    Wish,
    known_sames,
    ready_of,
    refused_content,
)
from runtime.bank.items import clean_tags
from runtime.bank.places import LOCK, ensure_path, read_tree
from runtime.bank.queries import near_items
from runtime.bank.reading import Line, RowProblem
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import Unprocessable

NEAR_LOOKED_AT = 200
"""Near duplicates are looked for among so many new questions: nobody reads more such hints."""


class _Stored(Struct):
    """What the bank holds of an item already."""

    place: int
    type: str
    tags: tuple[str, ...]
    state: str
    version: int
    digest: bytes
    sameness: bytes


Placed = tuple[int, list[str], str]
"""Place, tags and state as a row wants them."""


def take_checked(
    connection: sa.Connection,
    actor: Actor,
    spool: Spool,
    *,
    tell: Tell,
    take_duplicates: bool = False,
    progress: Callable[[Counts], None] = lambda _: None,
    clock: Clock = system_clock,
) -> Counts:
    """Store what the rows say; each problem is told, and a row with one is not taken.

    Nobody else imports, adds or changes questions until the transaction ends.
    """
    lock_bank(connection)
    taker = _Taker(connection, actor, tell, take_duplicates, clock)
    for batch in spool:
        taker.take(batch)
        progress(taker.counts)
    return taker.counts


def lock_bank(connection: sa.Connection) -> None:
    """Nobody else changes the bank until this transaction ends; it may wait for its turn longer."""
    connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '300s'"))
    connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(sa.text("SET LOCAL statement_timeout = '60s'"))
    # Statistics are of before: a table that grows in one transaction would be read whole each time.
    connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


class _Taker:
    """One import under way."""

    def __init__(
        self,
        connection: sa.Connection,
        actor: Actor,
        tell: Tell,
        take_duplicates: bool,
        clock: Clock,
    ) -> None:
        self.connection = connection
        self.actor = actor
        self.told: list[RowProblem] = []
        self.tell_caller = tell
        self.take_duplicates = take_duplicates
        self.now = clock()
        self.counts = Counts()
        self.ids: dict[str, int] = {}
        self.sames: dict[bytes, str] = {}
        self.looked_at = 0
        self.places = _Places(connection)

    def take(self, batch: Batch) -> None:
        """Store one batch."""
        self.told += batch.problems
        self.counts = self.counts.plus(rows=batch.rows, bad=batch.bad)
        self._store(self._without_duplicates(batch.wishes))
        self.counts = structs.replace(self.counts, places=self.places.added)
        self.told.sort(key=lambda one: one.row)  # stable: of one sheet within a batch, or nearly
        for one in self.told:
            self.tell_caller(one)
        self.told.clear()

    # What a row means

    def _without_duplicates(self, wishes: list[Wish]) -> list[Wish]:
        """Those that say something of their own; a row without an id that says what the bank says
        already means that question."""
        known = known_sames(self.connection, [one.same for one in wishes])
        stored = self._stored([one.id for one in wishes])
        return [one for one in wishes if self._is_kept(one, known.get(one.same), stored)]

    def _is_kept(self, one: Wish, other: str | None, stored: dict[str, _Stored]) -> bool:
        twin = self.sames.get(one.same)
        if not one.has_own_id and other is not None and other != one.id:
            if not self._means(one, other):
                return False
            stored |= self._stored([other])
        if one.id in self.ids or (twin is not None and not one.has_own_id):
            self._tell_twice(one, twin)
            return False
        mine = stored.get(one.id)
        if mine is not None and one.has_own_id and not one.was_there:
            self._refuse(one.line, "made_meanwhile", "id", id=one.id)
            return False
        is_same_as_ever = mine is not None and mine.sameness == one.same
        double = twin or (other if other != one.id else None)
        if double is not None and not is_same_as_ever and not self.take_duplicates:
            self._refuse(one.line, "duplicate", "text", kind="duplicate", id=double)
            return False
        self.ids[one.id] = one.line.row
        self.sames.setdefault(one.same, one.id)
        return True

    def _means(self, one: Wish, other: str) -> bool:
        """The row as a question that the bank has since it was read."""
        content = check_question(msgspec.json.decode(_ready(one).data) | {"id": other})
        if isinstance(content, Refused):
            self.counts = self.counts.plus(bad=1)
            self.told += refused_content(one.line, content)
            return False
        one.id, one.ready = other, ready_of(content)
        return True

    def _tell_twice(self, one: Wish, twin: str | None) -> None:
        if one.has_own_id:
            self._refuse(one.line, "id_twice", "id", id=one.id, first=self.ids[one.id])
        else:
            self._refuse(one.line, "duplicate", "text", kind="duplicate", id=twin or one.id)

    def _refuse(
        self, line: Line, code: str, column: str, *, kind: str = "bad", **params: object
    ) -> None:
        self.counts = self.counts.plus(**{kind: 1})
        self.told.append(
            RowProblem(
                sheet=line.sheet,
                row=line.row,
                column=column,
                code=code,
                kind=kind,
                params={name: str(value)[:60] for name, value in params.items()},
            )
        )

    # What the bank holds

    def _stored(self, ids: list[str]) -> dict[str, _Stored]:
        rows = self.connection.execute(
            sa.text(
                "SELECT id, place, type, tags, state, version, digest, sameness FROM bank_items "
                "WHERE id = ANY(:ids)"
            ),
            {"ids": [one for one in ids if "\0" not in one]},
        )
        return {
            row.id: _Stored(
                row.place,
                row.type,
                tuple(row.tags),
                row.state,
                row.version,
                bytes(row.digest),
                bytes(row.sameness),
            )
            for row in rows
        }

    # Storing

    def _store(self, wishes: list[Wish]) -> None:
        stored = self._stored([one.id for one in wishes])
        new: list[tuple[Wish, int, list[str], str]] = []
        changed: list[tuple[Wish, _Stored, int, list[str], str]] = []
        for one in wishes:
            mine = stored.get(one.id)
            placed = self._placed(one, mine)
            if placed is None:
                continue
            if mine is None:
                new.append((one, *placed))
            elif self._differs(one, mine, placed):
                changed.append((one, mine, *placed))
            else:
                self.counts = self.counts.plus(unchanged=1)
        self._hint_near([one[0] for one in new])
        self._add(new)
        self._change(changed)
        self.counts = self.counts.plus(new=len(new), changed=len(changed))

    def _placed(self, one: Wish, mine: _Stored | None) -> Placed | None:
        """Place, tags and state as the row wants them; what it does not say stays as it is."""
        if mine is not None and mine.type != _ready(one).type:
            self._refuse(one.line, "type_changed", "type", id=one.id)
            return None
        try:
            tags = one.line.tags
            own = list(clean_tags(tags)) if tags is not None else list(mine.tags if mine else ())
        except Unprocessable as error:
            self._refuse(one.line, error.code, "tags")
            return None
        place = self.places.find(one.line.path)
        if place is None:
            self._refuse(one.line, "place_closed", "scene", place=one.line.path[-1]["zh-CN"])
            return None
        return place, own, one.line.state or (mine.state if mine else "active")

    def _differs(self, one: Wish, mine: _Stored, placed: Placed) -> bool:
        now = (mine.digest, mine.place, list(mine.tags), mine.state)
        return now != (_ready(one).digest, *placed)

    def _add(self, new: list[tuple[Wish, int, list[str], str]]) -> None:
        if not new:
            return
        cursor = _cursor(self.connection)
        with cursor.copy(
            "COPY bank_items (id, place, type, tags, state, version, digest, folded, grams, "
            "sameness, bands, updated_at) FROM STDIN"
        ) as copy:
            for one, place, tags, state in new:
                c = _ready(one)
                copy.write_row(
                    (one.id, place, c.type, tags, state, 1, c.digest, c.folded, c.grams,
                     c.sameness, c.bands, self.now)
                )  # fmt: skip
        self._add_versions([(one, 1) for one, *_ in new])

    def _add_versions(self, found: list[tuple[Wish, int]]) -> None:
        with _cursor(self.connection).copy(
            "COPY bank_versions (item, version, question, made_at, made_by) FROM STDIN"
        ) as copy:
            for one, version in found:
                data = _ready(one).data
                copy.write_row((one.id, version, data, self.now, self.actor.name))

    def _change(self, changed: list[tuple[Wish, _Stored, int, list[str], str]]) -> None:
        if not changed:
            return
        reworded: list[tuple[Wish, int]] = []
        rows: list[dict[str, Any]] = []
        for one, mine, place, tags, state in changed:
            c = _ready(one)
            version = mine.version + (c.digest != mine.digest)
            if version > mine.version:
                reworded.append((one, version))
            rows.append(
                {"id": one.id, "place": place, "tags": tags, "state": state, "version": version,
                 "digest": c.digest, "folded": c.folded, "grams": c.grams, "same": c.sameness,
                 "bands": c.bands, "now": self.now}
            )  # fmt: skip
        self.connection.execute(_UPDATE, rows)
        self._add_versions(reworded)

    def _hint_near(self, new: list[Wish]) -> None:
        """Tell of questions that say nearly the same; they are taken all the same."""
        for one in new[: NEAR_LOOKED_AT - self.looked_at]:
            self.looked_at += 1
            c = _ready(one)
            for other, alike in near_items(self.connection, _numbers(c.bands), c.folded, one.id)[
                :1
            ]:
                self.told.append(
                    RowProblem(
                        sheet=one.line.sheet,
                        row=one.line.row,
                        column="text",
                        code="near",
                        kind="hint",
                        params={"id": other, "alike": f"{alike:.0%}"},
                    )
                )


class _Places:
    """The tree during an import: names lead to places, missing ones are added."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.added = 0
        self.known: dict[tuple[str, ...], int | None] = {}
        tree = {one.id: one for one in read_tree(connection)}
        for one in tree.values():
            is_open = all(tree[above].closed_at is None for above in one.path)
            for lang in ("en", "zh-CN"):
                names = tuple(tree[above].name.get(lang, "") for above in one.path)
                if all(names):
                    self.known[names] = one.id if is_open else None

    def find(self, path: tuple[dict[str, str], ...]) -> int | None:
        """The place, made if it is not there; None where it is closed."""
        names = tuple(name["zh-CN"] for name in path)
        if names not in self.known:
            before = self._count()
            self.known[names] = ensure_path(self.connection, path)
            self.added += self._count() - before
        return self.known[names]

    def _count(self) -> int:
        return self.connection.execute(sa.text("SELECT count(*) FROM bank_places")).scalar_one()


def _numbers(array: str) -> list[int]:
    return [int(one) for one in array[1:-1].split(",") if one]


def _ready(one: Wish) -> Ready:
    assert one.ready is not None, "only what was checked is kept"
    return one.ready


def _cursor(connection: sa.Connection) -> psycopg.Cursor[Any]:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return driver.cursor()


_UPDATE = sa.text(
    "UPDATE bank_items SET place = :place, tags = :tags, state = :state, version = :version, "
    "digest = :digest, folded = :folded, grams = CAST(:grams AS integer[]), sameness = :same, "
    "bands = CAST(:bands AS integer[]), "
    "revision = revision + 1, updated_at = :now WHERE id = :id"
)
