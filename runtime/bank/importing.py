"""Taking a file of questions over: good rows are taken, bad ones told, twice changes nothing.

Everything happens in the caller's transaction, a batch at a time, so that memory is bounded and
whoever is killed half way leaves nothing behind.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast

import psycopg
import sqlalchemy as sa
from msgspec import Struct, structs

from engine.text import localize
from runtime.audit.models import Actor
from runtime.bank.content import Content, Refused, check_questions, sameness
from runtime.bank.folding import fold
from runtime.bank.items import clean_tags
from runtime.bank.places import LOCK, ensure_path, read_tree
from runtime.bank.queries import near_items
from runtime.bank.reading import Line, Read, RowProblem
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import Unprocessable

BATCH = 500
NEAR_LOOKED_AT = 200
"""Near duplicates are looked for among so many new questions: nobody reads more such hints."""

Tell = Callable[[RowProblem], None]


class Counts(Struct, frozen=True, kw_only=True):
    """How many rows there were and what became of them; `places` were added to the tree."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    bad: int = 0
    duplicate: int = 0
    places: int = 0

    def plus(self, **more: int) -> "Counts":
        """With some of them raised."""
        return structs.replace(self, **{k: getattr(self, k) + n for k, n in more.items()})


class _Stored(Struct):
    """What the bank holds of an item already."""

    place: int
    type: str
    tags: tuple[str, ...]
    state: str
    version: int
    digest: bytes
    sameness: bytes


class _Wish(Struct):
    """A row that is to be stored, once its content is checked."""

    line: Line
    id: str
    same: bytes
    has_own_id: bool
    content: Content | None = None


def take_rows(
    connection: sa.Connection,
    actor: Actor,
    rows: Iterable[Read],
    *,
    tell: Tell,
    take_duplicates: bool = False,
    progress: Callable[[Counts], None] = lambda _: None,
    clock: Clock = system_clock,
) -> Counts:
    """Store what the rows say; each problem is told, and a row with one is not taken.

    Nobody else imports, adds or changes questions until the transaction ends.

    Raises:
        TableRefused: the file turns out to be no table of questions.
    """
    taker = _Taker(connection, actor, tell, take_duplicates, clock)
    for batch in _batches(rows):
        taker.take(batch)
        progress(taker.counts)
    return taker.counts


def _batches(rows: Iterable[Read]) -> Iterator[list[Read]]:
    """The first batch is read before anything is locked."""
    stream = iter(rows)
    while batch := list(islice(stream, BATCH)):
        yield batch


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
        self.tell = self.told.append
        self.tell_caller = tell
        self.take_duplicates = take_duplicates
        self.now = clock()
        self.counts = Counts()
        self.ids: dict[str, int] = {}
        self.sames: dict[bytes, str] = {}
        self.looked_at = 0
        self.places: _Places | None = None

    def take(self, batch: Sequence[Read]) -> None:
        """Store one batch."""
        if self.places is None:
            lock_bank(self.connection)
            self.places = _Places(self.connection)
        bad_rows = {(one.sheet, one.row) for one in batch if isinstance(one, RowProblem)}
        for one in batch:
            if isinstance(one, RowProblem):
                self.tell(one)
        lines = [one for one in batch if isinstance(one, Line)]
        self.counts = self.counts.plus(rows=len(lines) + len(bad_rows), bad=len(bad_rows))
        wishes = self._without_duplicates([self._wish(one) for one in lines])
        self._store(self._checked(wishes))
        self.counts = structs.replace(self.counts, places=self.places.added)
        self.told.sort(key=lambda one: one.row)  # stable: of one sheet within a batch, or nearly
        for one in self.told:
            self.tell_caller(one)
        self.told.clear()

    # What a row means

    def _wish(self, line: Line) -> _Wish:
        """The row with its id: its own, or one that follows from what it says."""
        question = line.question
        said = fold(localize(_text(question), "zh-CN"))
        same = sameness(str(question.get("type")), said)
        own = question.get("id")
        has_own = not (own is None or own == "")
        return _Wish(line, str(own) if has_own else f"q_{same.hex()[:12]}", same, has_own)

    def _without_duplicates(self, wishes: list[_Wish]) -> list[_Wish]:
        """Those that say something of their own; a row without an id that says what the bank says
        already means that question."""
        known = self._known_sames([one.same for one in wishes])
        stored = self._stored([one.id for one in wishes])
        kept: list[_Wish] = []
        for one in wishes:
            twin = self.sames.get(one.same)
            other = known.get(one.same)
            if not one.has_own_id and other is not None:
                one.id = other
            if one.id in self.ids or (twin is not None and not one.has_own_id):
                self._tell_twice(one, twin)
                continue
            mine = stored.get(one.id)
            is_same_as_ever = mine is not None and mine.sameness == one.same
            double = twin or (other if other != one.id else None)
            if double is not None and not is_same_as_ever and not self.take_duplicates:
                self._refuse(one.line, "duplicate", "text", kind="duplicate", id=double)
                continue
            self.ids[one.id] = one.line.row
            self.sames.setdefault(one.same, one.id)
            kept.append(one)
        return kept

    def _tell_twice(self, one: _Wish, twin: str | None) -> None:
        if one.has_own_id:
            self._refuse(one.line, "id_twice", "id", id=one.id, first=self.ids[one.id])
        else:
            self._refuse(one.line, "duplicate", "text", kind="duplicate", id=twin or one.id)

    def _checked(self, wishes: list[_Wish]) -> list[_Wish]:
        """Those that the engine finds nothing wrong with, with their content."""
        found = check_questions([_with_id(one) for one in wishes])
        good: list[_Wish] = []
        for wish, content in zip(wishes, found, strict=True):
            if isinstance(content, Refused):
                self._refuse_content(wish, content)
            else:
                wish.content = content
                good.append(wish)
        return good

    def _refuse_content(self, wish: _Wish, refused: Refused) -> None:
        self.counts = self.counts.plus(bad=1)
        for problem in refused.problems[:5]:
            self.tell(
                RowProblem(
                    sheet=wish.line.sheet,
                    row=wish.line.row,
                    column=column_at(problem.at, problem.params.get("key", "")),
                    code=problem.code,
                    params=dict(problem.params),
                    of_engine=not problem.code.startswith("bank_"),
                )
            )

    def _refuse(
        self, line: Line, code: str, column: str, *, kind: str = "bad", **params: object
    ) -> None:
        self.counts = self.counts.plus(**{kind: 1})
        self.tell(
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

    def _known_sames(self, wanted: list[bytes]) -> dict[bytes, str]:
        rows = self.connection.execute(
            sa.text(
                "SELECT DISTINCT ON (sameness) sameness, id FROM bank_items "
                "WHERE sameness = ANY(CAST(:wanted AS bytea[])) ORDER BY sameness, seq"
            ),
            {"wanted": wanted},
        )
        return {bytes(row.sameness): row.id for row in rows}

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

    def _store(self, wishes: list[_Wish]) -> None:
        stored = self._stored([one.id for one in wishes])
        new: list[tuple[_Wish, int, list[str], str]] = []
        changed: list[tuple[_Wish, _Stored, int, list[str], str]] = []
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

    def _placed(self, one: _Wish, mine: _Stored | None) -> tuple[int, list[str], str] | None:
        """Place, tags and state as the row wants them; what it does not say stays as it is."""
        assert one.content is not None and self.places is not None
        if mine is not None and mine.type != one.content.question.type:
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

    def _differs(self, one: _Wish, mine: _Stored, placed: tuple[int, list[str], str]) -> bool:
        assert one.content is not None
        now = (mine.digest, mine.place, list(mine.tags), mine.state)
        return now != (one.content.digest, *placed)

    def _add(self, new: list[tuple[_Wish, int, list[str], str]]) -> None:
        if not new:
            return
        cursor = _cursor(self.connection)
        with cursor.copy(
            "COPY bank_items (id, place, type, tags, state, version, digest, folded, grams, "
            "sameness, bands, updated_at) FROM STDIN"
        ) as copy:
            for one, place, tags, state in new:
                c = cast(Content, one.content)
                copy.write_row(
                    (one.id, place, c.question.type, tags, state, 1, c.digest, c.folded, c.grams,
                     c.sameness, c.bands, self.now)
                )  # fmt: skip
        self._add_versions([(one, 1) for one, *_ in new])

    def _add_versions(self, found: list[tuple[_Wish, int]]) -> None:
        with _cursor(self.connection).copy(
            "COPY bank_versions (item, version, question, made_at, made_by) FROM STDIN"
        ) as copy:
            for one, version in found:
                data = cast(Content, one.content).data
                copy.write_row((one.id, version, data, self.now, self.actor.name))

    def _change(self, changed: list[tuple[_Wish, _Stored, int, list[str], str]]) -> None:
        if not changed:
            return
        reworded: list[tuple[_Wish, int]] = []
        rows: list[dict[str, Any]] = []
        for one, mine, place, tags, state in changed:
            c = cast(Content, one.content)
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

    def _hint_near(self, new: list[_Wish]) -> None:
        """Tell of questions that say nearly the same; they are taken all the same."""
        for one in new[: NEAR_LOOKED_AT - self.looked_at]:
            self.looked_at += 1
            c = cast(Content, one.content)
            for other, alike in near_items(self.connection, c.bands, c.folded, one.id)[:1]:
                self.tell(
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


def lock_bank(connection: sa.Connection) -> None:
    """Nobody else changes the bank until this transaction ends; it may wait for its rows longer."""
    connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = '300s'"))
    connection.execute(sa.text("SET LOCAL lock_timeout = '60s'"))
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def column_at(pointer: str, key: str = "") -> str:
    """The column of a table in which a problem of a question stands, "" where there is none;
    `key` is the member that the question as a whole lacks."""
    member, _, rest = pointer.removeprefix("/").partition("/")
    member = member or key
    if member in ("text", "hint"):
        return f"{member}_en" if rest == "en" else member
    return {
        "scale": "labels", "min_length": "min", "max_length": "max", "min_selected": "min",
        "max_selected": "max", "max_files": "max", "nodes": "more",
    }.get(member, member)  # fmt: skip


def _text(question: dict[str, Any]) -> Any:
    """A question's text as far as it is one."""
    text = question.get("text")
    if isinstance(text, str):
        return text
    if isinstance(text, dict):
        return {str(k): v for k, v in cast(dict[Any, Any], text).items() if isinstance(v, str)}
    return ""


def _with_id(one: _Wish) -> Any:
    return one.line.question if one.has_own_id else one.line.question | {"id": one.id}


def _cursor(connection: sa.Connection) -> psycopg.Cursor[Any]:
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    return driver.cursor()


_UPDATE = sa.text(
    "UPDATE bank_items SET place = :place, tags = :tags, state = :state, version = :version, "
    "digest = :digest, folded = :folded, grams = :grams, sameness = :same, bands = :bands, "
    "revision = revision + 1, updated_at = :now WHERE id = :id"
)

__all__ = ["Counts", "column_at", "lock_bank", "take_rows"]
