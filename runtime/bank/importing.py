"""Reading a file of questions for the bank: each row checked, and kept on disk until all are.

Nothing is locked meanwhile: people go on working in the bank while a long file is read. What is
found here is taken over by `runtime.bank.taking`, which asks the bank again.
"""

import tempfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any, cast

import msgspec
import sqlalchemy as sa
from msgspec import Struct, structs

from engine.text import localize
from runtime.bank.content import Content, Refused, check_questions, sameness
from runtime.bank.folding import fold
from runtime.bank.reading import Line, Read, RowProblem
from runtime.kit.db import Database

BATCH = 500
_LENGTH_BYTES = 4

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


class Ready(Struct, frozen=True):
    """What is stored of a checked question, lists of numbers as the database writes them."""

    type: str
    data: bytes
    digest: bytes
    folded: str
    grams: str
    sameness: bytes
    bands: str


class Wish(Struct):
    """A row that is to be stored; `was_there` says whether the bank had its id when it was read."""

    line: Line
    id: str
    same: bytes
    has_own_id: bool
    was_there: bool = False
    ready: Ready | None = None


class Batch(Struct):
    """Some rows of a file: how many, what is wrong with some, what the others wish."""

    rows: int
    bad: int
    problems: list[RowProblem]
    wishes: list[Wish]


class Spool:
    """Checked rows on disk, read back in their order."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, batch: Batch) -> None:
        """Keep a batch behind the others."""
        packed = zlib.compress(msgspec.json.encode(batch), 1)
        self._file.write(len(packed).to_bytes(_LENGTH_BYTES) + packed)

    def __iter__(self) -> Iterator[Batch]:
        self._file.seek(0)
        while length := self._file.read(_LENGTH_BYTES):
            packed = self._file.read(int.from_bytes(length))
            yield msgspec.json.decode(zlib.decompress(packed), type=Batch)


@contextmanager
def spooled() -> Generator[Spool]:
    """A spool that is gone afterwards, whatever happens."""
    with tempfile.TemporaryFile() as file:
        yield Spool(file)


def check_rows(
    db: Database, rows: Iterable[Read], spool: Spool, progress: Callable[[Counts], None]
) -> int:
    """Check what a file says and keep it in `spool`; how many rows there are.

    Raises:
        TableRefused: the file turns out to be no table of questions.
    """
    counts = Counts()
    stream = iter(rows)
    while found := list(islice(stream, BATCH)):
        batch = _checked(db, found)
        spool.add(batch)
        counts = counts.plus(rows=batch.rows, bad=batch.bad)
        progress(counts)
    return counts.rows


def _checked(db: Database, found: list[Read]) -> Batch:
    problems = [one for one in found if isinstance(one, RowProblem)]
    bad = len({(one.sheet, one.row) for one in problems})
    wishes = [_wish(one) for one in found if isinstance(one, Line)]
    rows = len(wishes) + bad
    _look_up(db, wishes)
    good: list[Wish] = []
    for wish, content in zip(
        wishes, check_questions([_with_id(one) for one in wishes]), strict=True
    ):
        if isinstance(content, Refused):
            bad += 1
            problems += refused_content(wish.line, content)
        else:
            wish.ready = ready_of(content)
            wish.line = structs.replace(wish.line, question={})
            good.append(wish)
    return Batch(rows, bad, problems, good)


def _wish(line: Line) -> Wish:
    """The row with its id: its own, or one that follows from what it says."""
    question = line.question
    said = fold(localize(_text(question), "zh-CN"))
    same = sameness(str(question.get("type")), said)
    own = question.get("id")
    has_own = not (own is None or own == "")
    return Wish(line, str(own) if has_own else f"q_{same.hex()[:12]}", same, has_own)


def _look_up(db: Database, wishes: list[Wish]) -> None:
    """A row without an id that says what the bank says already means that question."""
    with db.begin() as connection:
        known = known_sames(connection, [one.same for one in wishes])
        for one in wishes:
            if not one.has_own_id:
                one.id = known.get(one.same, one.id)
        there = known_ids(connection, [one.id for one in wishes])
    for one in wishes:
        one.was_there = one.id in there


def known_sames(connection: sa.Connection, wanted: list[bytes]) -> dict[bytes, str]:
    """The oldest questions of the bank that say the same, by what they say."""
    rows = connection.execute(
        sa.text(
            "SELECT sameness, id, seq FROM bank_items "
            "WHERE sameness = ANY(CAST(:wanted AS bytea[]))"
        ),
        {"wanted": wanted},
    )
    oldest_last = sorted(rows, key=lambda row: row.seq, reverse=True)
    return {bytes(row.sameness): row.id for row in oldest_last}


def known_ids(connection: sa.Connection, ids: list[str]) -> set[str]:
    """Those of these ids that the bank has."""
    found = connection.execute(
        sa.text("SELECT id FROM bank_items WHERE id = ANY(:ids)"),
        {"ids": [one for one in ids if "\0" not in one]},
    )
    return set(found.scalars())


def ready_of(content: Content) -> Ready:
    """What is stored of it, worked out before anything is locked."""
    return Ready(
        content.question.type,
        content.data,
        content.digest,
        content.folded,
        _array(content.grams),
        content.sameness,
        _array(content.bands),
    )


def _array(numbers: list[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


def refused_content(line: Line, refused: Refused) -> list[RowProblem]:
    """What the engine finds wrong with a row, told at its columns."""
    return [
        RowProblem(
            sheet=line.sheet,
            row=line.row,
            column=column_at(problem.at, problem.params.get("key", "")),
            code=problem.code,
            params=dict(problem.params),
            of_engine=not problem.code.startswith("bank_"),
        )
        for problem in refused.problems[:5]
    ]


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


def _with_id(one: Wish) -> Any:
    return one.line.question | {"id": one.id} if not one.has_own_id else one.line.question
