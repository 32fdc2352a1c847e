"""Importing a file into the bank as one act: tried or taken, all or the good rows, audited."""

import hashlib
from collections.abc import Callable
from contextlib import suppress

from msgspec import Struct, structs

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.bank.importing import Counts, Tell, check_rows, spooled
from runtime.bank.reading import RowProblem, read_file
from runtime.bank.taking import take_checked
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.org.tabular import TableRefused

Progress = Callable[[Counts, int], None]
"""Told of what was counted so far, and of how many rows were checked or stored: each is both."""
STEPS = 2
"""Each row is checked, then stored."""


class Wanted(Struct, frozen=True, kw_only=True):
    """How a file is to be taken: only tried; not at all where a row is bad; duplicates too."""

    is_dry: bool = False
    all_or_nothing: bool = False
    take_duplicates: bool = False


class Outcome(Struct, frozen=True):
    """What an import did or would do; `is_taken` says whether anything was kept."""

    counts: Counts
    is_taken: bool


class _TakenBack(Exception):
    """Ends the transaction of a trial, and of a file with bad rows that was to be taken whole."""


def import_file(
    db: Database,
    actor: Actor,
    content: bytes,
    wanted: Wanted,
    *,
    name: str = "",
    tell: Tell = lambda _: None,
    progress: Progress = lambda _c, _n: None,
    finish: Callable[[object, Outcome], None] = lambda _c, _o: None,
    clock: Clock = system_clock,
) -> Outcome:
    """Read and check a file, then take it over in one transaction; `finish` writes beside it in the
    same one. Only that transaction holds the bank.

    A file that is no table of questions is told as one problem of row 0, and nothing is taken.
    """
    with spooled() as spool:
        try:
            rows = check_rows(db, read_file(content), spool, lambda c: progress(c, c.rows))
        except TableRefused as refused:
            tell(_of_file(refused))
            return Outcome(Counts(bad=1), False)
        outcome = Outcome(Counts(), False)
        with suppress(_TakenBack), db.begin() as connection:
            counts = take_checked(
                connection,
                actor,
                spool,
                tell=tell,
                take_duplicates=wanted.take_duplicates,
                progress=lambda c: progress(structs.replace(c, rows=rows), rows + c.rows),
                clock=clock,
            )
            is_kept = not wanted.is_dry and not (wanted.all_or_nothing and counts.bad)
            outcome = Outcome(counts, is_kept)
            if not is_kept:
                raise _TakenBack
            if counts.new or counts.changed:
                facts = {"sha256": hashlib.sha256(content).hexdigest(), "counts": counts}
                record(
                    connection, actor, "bank.imported", "bank", name or "file", facts=facts,
                    clock=clock,
                )  # fmt: skip
            finish(connection, outcome)
    return outcome


def _of_file(refused: TableRefused) -> RowProblem:
    return RowProblem(
        row=refused.row,
        code=refused.code,
        params={name: str(value) for name, value in refused.params.items()},
    )
