"""A row of an imported table: its cells checked against what is known, its faults told."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.org.departments import MAX_NAME

BATCH = 2_000
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
NumberedRow = tuple[int, Mapping[str, str]]


class Column(msgspec.Struct, frozen=True):
    """A column by its id and the headings it may stand under, the one of the template first."""

    id: str
    headings: tuple[str, ...]
    is_required: bool = False
    example: str = ""


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row cannot be taken over; row 0 is the file as a whole."""

    row: int
    code: str
    column: str = ""
    params: dict[str, str] = {}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the database as it shall be; `before` is what it was, if it was there."""

    key: str
    values: dict[str, Any]
    is_new: bool
    before: dict[str, Any] = {}


class Known:
    """What the database holds already, read once, under the organisation's lock."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.sites: dict[str, str] = {}
        for row in connection.execute(sa.text("SELECT id, name, code FROM sites")):
            for name in (row.code, row.name.get("zh-CN"), row.id):
                if name:
                    self.sites[name] = row.id
        rows = connection.execute(
            sa.text("SELECT id, name, parent, code, kind, sites, closed_on FROM departments")
        ).mappings()
        self.departments: dict[str, dict[str, Any]] = {row["id"]: dict(row) for row in rows}

    def directory(self, more: Iterable[Mapping[str, Any]] = ()) -> dict[str, str | None]:
        """Ids, codes and Chinese names → department id; None where a name fits several."""
        all_of = dict(self.departments)
        all_of |= {row["id"]: dict(row) for row in more}
        found: dict[str, str | None] = {}
        for key, row in all_of.items():
            name = row["name"].get("zh-CN")
            if name:
                found[name] = None if name in found and found[name] != key else key
        found |= {row["code"]: key for key, row in all_of.items() if row["code"]}
        return found | {key: key for key in all_of}


class Checked:
    """One row being checked: its cells by column, and where its problems go."""

    def __init__(
        self,
        row: int,
        values: Mapping[str, str],
        columns: Sequence[Column],
        problems: list[RowProblem],
    ) -> None:
        self.row = row
        self.values = values
        self.headings = {column.id: column.headings[0] for column in columns}
        self.problems = problems

    def text(self, column: str) -> str:
        """A cell's text, empty where there is none."""
        return self.values.get(column, "")

    def has(self, column: str) -> bool:
        """Whether the table has the column at all: what it has not stays as it is."""
        return column in self.values

    def refuse(self, column: str, code: str, **params: object) -> None:
        """Note a problem of a cell."""
        told = {name: str(value)[:60] for name, value in params.items()}
        self.problems.append(
            RowProblem(row=self.row, column=self.headings.get(column, ""), code=code, params=told)
        )

    def required(self, column: str, limit: int = MAX_NAME) -> str:
        """A cell that must hold something, not too long."""
        text = self.text(column)
        if not text:
            self.refuse(column, "missing")
        return self.bounded(column, limit)

    def bounded(self, column: str, limit: int = MAX_NAME) -> str:
        """A cell, not too long."""
        text = self.text(column)
        if len(text) > limit:
            self.refuse(column, "too_long", limit=limit)
        return text[:limit]

    def day(self, column: str) -> date | None:
        """A cell that holds a date or nothing."""
        text = self.text(column)
        found = parse_day(text)
        if text and found is None:
            self.refuse(column, "date", value=text)
        return found

    def department(self, column: str, directory: Mapping[str, str | None]) -> str | None:
        """A cell that names a department by id, code or Chinese name."""
        text = self.text(column)
        if not text:
            return None
        if text not in directory:
            self.refuse(column, "department_unknown", value=text)
        elif directory[text] is None:
            self.refuse(column, "department_twice", value=text)
        return directory.get(text)

    def site(self, column: str, known: Known) -> str | None:
        """A cell that names a site by id, code or Chinese name."""
        text = self.text(column)
        if text and text not in known.sites:
            self.refuse(column, "site_unknown", value=text)
        return known.sites.get(text)


def parse_day(text: str) -> date | None:
    """2021-01-31, 2021/1/31, 2021.1.31, 20210131 or 2021年1月31日; None: no date."""
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return date(year, month, day)
    except ValueError:
        return None


Compare = Callable[[Sequence[NumberedRow], Known, list[RowProblem]], tuple[list[Change], int]]
Apply = Callable[[sa.Connection, Sequence[Change], str, datetime], None]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of table: its columns, how rows become changes, how changes are stored."""

    columns: tuple[Column, ...]
    compare: Compare
    apply: Apply


def once(seen: dict[Any, int], key: Any, row: Checked, column: str) -> None:
    """Refuse what an earlier row already holds."""
    if key in seen:
        row.refuse(column, "row_twice", other=seen[key])
    seen.setdefault(key, row.row)


def words(row: Checked, column: str, before: Mapping[str, str] | None) -> dict[str, str]:
    """Chinese and English; a language whose column the table has not stays as it was."""
    found = dict(before or {})
    for lang, name in (("zh-CN", f"{column}_zh"), ("en", f"{column}_en")):
        if row.has(name):
            found.pop(lang, None)
            if row.bounded(name):
                found[lang] = row.text(name)
    return found


def batches(rows: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """Rows as JSON for the database, so many at a time."""
    for start in range(0, len(rows), BATCH):
        yield msgspec.json.encode(rows[start : start + BATCH]).decode()
