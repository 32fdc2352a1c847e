"""Importing departments, aliases and staff from a table: checked whole, then all or nothing."""

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import openpyxl

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.words import say
from runtime.org.departments import lock_organisation
from runtime.org.import_plans import PLANS
from runtime.org.import_rows import Change, Known, RowProblem
from runtime.org.tabular import Cell, TableRefused, read_table

Kind = Literal["departments", "aliases", "staff"]
MAX_PROBLEMS = 200
_HEADING_NOTE = re.compile(r"[（(][^（()）]*+[)）]|\*|\s")


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did or would do; with problems, nothing was changed."""

    kind: Kind
    rows: int
    added: int = 0
    changed: int = 0
    same: int = 0
    problems: tuple[RowProblem, ...] = ()
    unlisted: int = 0
    is_dry: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether the table was (or could be) taken over."""
        return not self.problems


def import_table(
    db: Database,
    actor: Actor,
    kind: Kind,
    content: bytes,
    *,
    dry_run: bool,
    clock: Clock = system_clock,
) -> Report:
    """Take a table over in one transaction, or tell by row why not; the same twice changes nothing.

    A dry run does everything, the database's own checks too, and takes it back.
    """
    problems: list[RowProblem] = []
    try:
        rows = list(_rows(kind, content, problems))
    except TableRefused as refused:
        params = {name: str(value) for name, value in refused.params.items()}
        found = RowProblem(row=refused.row, code=refused.code, params=params)
        return Report(kind=kind, rows=0, problems=(found,), is_dry=dry_run)
    with db.engine.connect() as connection, connection.begin() as transaction:
        lock_organisation(connection)
        plan = PLANS[kind]
        changes, same = plan.compare(rows, Known(connection), problems)
        if problems:
            transaction.rollback()
            return _refused(kind, len(rows), problems, dry_run=dry_run)
        plan.apply(connection, changes, actor.name, clock())
        report = _report(kind, rows, changes, same, dry_run=dry_run)
        if dry_run:
            transaction.rollback()
        elif changes:
            facts = {
                "kind": kind,
                "sha256": hashlib.sha256(content).hexdigest(),
                "added": report.added,
                "changed": report.changed,
                "first": [change.key for change in changes[:50]],
            }
            record(
                connection,
                actor,
                "organisation.imported",
                "organisation",
                kind,
                facts=facts,
                clock=clock,
            )
    return report


def _report(
    kind: Kind, rows: Sequence[Any], changes: Sequence[Change], same: int, *, dry_run: bool
) -> Report:
    added = sum(change.is_new for change in changes)
    return Report(
        kind=kind,
        rows=len(rows),
        added=added,
        changed=len(changes) - added,
        same=same,
        is_dry=dry_run,
    )


def _refused(kind: Kind, rows: int, problems: list[RowProblem], *, dry_run: bool) -> Report:
    listed = sorted(problems, key=lambda one: one.row)[:MAX_PROBLEMS]
    return Report(
        kind=kind,
        rows=rows,
        problems=tuple(listed),
        unlisted=len(problems) - len(listed),
        is_dry=dry_run,
    )


def _rows(
    kind: Kind, content: bytes, problems: list[RowProblem]
) -> Iterator[tuple[int, dict[str, str]]]:
    table = read_table(content)
    number, heading = next(table)
    places = _places(kind, number, heading)
    for row, cells in table:
        values: dict[str, str] = {}
        for column, place in places.items():
            cell = cells[place] if place < len(cells) else Cell("")
            if cell.fault:
                problems.append(
                    RowProblem(row=row, column=_shown(kind, column), code=f"cell_{cell.fault}")
                )
            values[column] = cell.text
        yield row, values


def _places(kind: Kind, number: int, heading: Sequence[Cell]) -> dict[str, int]:
    """Column ids → where they stand, by their Chinese or English headings."""
    columns = PLANS[kind].columns
    ids = {name.lower(): column.id for column in columns for name in (column.id, *column.headings)}
    places: dict[str, int] = {}
    for place, cell in enumerate(heading):
        if not cell.text:
            continue
        found = ids.get(_HEADING_NOTE.sub("", cell.text).lower())
        if found is None:
            raise TableRefused("heading_unknown", row=number, heading=cell.text[:40])
        if found in places:
            raise TableRefused("heading_twice", row=number, heading=cell.text[:40])
        places[found] = place
    for column in columns:
        if column.is_required and column.id not in places:
            raise TableRefused("heading_missing", row=number, heading=column.headings[0])
    return places


def _shown(kind: Kind, column: str) -> str:
    return next(one.headings[0] for one in PLANS[kind].columns if one.id == column)


def in_words(problem: RowProblem, lang: str) -> str:
    """Where, what, and what to do about it."""
    where = ""
    if problem.row:
        where = say("org_import_row", lang, row=problem.row)
    if problem.column:
        where += say("org_import_column", lang, column=problem.column)
    what = say(f"org_import_{problem.code}", lang, **problem.params)
    return f"{where}{what}"


def template(kind: Kind) -> bytes:
    """An empty table to fill in: headings, what they mean, one example row."""
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet(kind)
    columns = PLANS[kind].columns
    sheet.append([f"{column.headings[0]}{'*' if column.is_required else ''}" for column in columns])
    sheet.append([column.example for column in columns])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
