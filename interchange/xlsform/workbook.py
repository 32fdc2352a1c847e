"""Opens an XLSForm workbook within bounds: its three sheets as rows of texts with their places."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, NamedTuple, cast

import openpyxl
from defusedxml.ElementTree import ParseError
from openpyxl.utils.exceptions import InvalidFileException

MAX_BYTES = 8 * 1024 * 1024
MAX_UNPACKED = 64 * 1024 * 1024
MAX_PARTS = 500
MAX_ROWS = 20_000
MAX_COLUMNS = 200
MAX_EMPTY = 1000
"""Rows without a word, one after another, end a sheet: some are formatted down to the last."""
MAX_CELL = 32_767
ALIASES = {
    "bind::relevant": "relevant", "bind::required": "required", "bind::constraint": "constraint",
    "bind::calculate": "calculation", "bind::readonly": "readonly", "caption": "label",
    "bind::jr::constraintmsg": "constraint_message", "bind::jr::requiredmsg": "required_message",
    "text": "label", "list_name": "list_name", "relevance": "relevant", "value": "name",
}  # fmt: skip
"""Column headings of older workbooks (`pyxform/aliases.py`)."""
SHEETS = ("survey", "choices", "settings")
_FORMULA = re.compile(rb"<f[ >/]")


class NoWorkbook(ValueError):
    """The bytes are no workbook within bounds; carries the code of the loss."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Row(NamedTuple):
    """A row: its cells by column heading, and where it stands."""

    sheet: str
    number: int
    cells: dict[str, str]

    def get(self, *headings: str) -> str:
        """The first of these cells that says something."""
        return next((self.cells[h] for h in headings if self.cells.get(h)), "")

    def place(self, column: str = "") -> str:
        """`sheet!row:column`."""
        return f"{self.sheet}!{self.number}" + (f":{column}" if column else "")


class Workbook(NamedTuple):
    """The sheets that make a form, without empty rows."""

    survey: list[Row]
    choices: list[Row]
    settings: list[Row]
    others: list[str]
    formulas: list[str]
    """Places of cells with a formula whose outcome no program has stored yet."""


def opened(data: bytes) -> Workbook:
    """The workbook's sheets; raises NoWorkbook."""
    _measure(data)
    try:
        with warnings.catch_warnings(action="ignore"):  # of parts of Excel's that are no form's
            found, others = _sheets(data)
            formulas = _formulas(data, found)
    except NoWorkbook:
        raise
    except (InvalidFileException, zipfile.BadZipFile, ParseError, ValueError, KeyError, TypeError,
            AttributeError, IndexError, OSError, EOFError) as error:  # fmt: skip
        raise NoWorkbook("no_workbook") from error
    if "survey" not in found:
        raise NoWorkbook("no_survey_sheet")
    choices, settings = (found.get(name, []) for name in SHEETS[1:])
    return Workbook(found["survey"], choices, settings, others, formulas)


def _sheets(data: bytes) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of the form's sheets, and the titles of all others."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    found: dict[str, list[Row]] = {}
    others: list[str] = []
    for sheet in cast(list[Any], book.worksheets):
        name = str(sheet.title).strip().lower()
        if name in SHEETS and name not in found:
            found[name] = list(_rows(sheet, name))
        else:
            others.append(str(sheet.title))
    book.close()
    return found, others


def _formulas(data: bytes, found: dict[str, list[Row]]) -> list[str]:
    """Where the form's sheets hold formulas without an outcome: they read as empty cells."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        if not any(_FORMULA.search(archive.read(name)) for name in sheets):
            return []
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    known = {row.place(column) for rows in found.values() for row in rows for column in row.cells}
    places: list[str] = []
    for sheet in cast(list[Any], book.worksheets):
        name = str(sheet.title).strip().lower()
        if name in SHEETS:
            written = (row.place(h) for row in _rows(sheet, name) for h, text in row.cells.items()
                       if text.startswith("="))  # fmt: skip
            places += [place for place in written if place not in known]
    book.close()
    return places


def _measure(data: bytes) -> None:
    """Refuse what is too large before anything of it is unpacked."""
    if len(data) > MAX_BYTES:
        raise NoWorkbook("too_large", bytes=len(data), max=MAX_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise NoWorkbook("no_workbook") from error
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
        raise NoWorkbook("too_large", bytes=unpacked, max=MAX_UNPACKED)


def _rows(sheet: Any, name: str) -> Iterator[Row]:
    headings: list[str] = []
    empty = 0
    rows = sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS + 1, values_only=True)
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise NoWorkbook("too_many_rows", max=MAX_ROWS)
        texts = [_text(cell) for cell in cells]
        empty = 0 if any(texts) else empty + 1
        if empty > MAX_EMPTY:
            return
        if not headings:
            headings = _headings(texts)
            if len(headings) > MAX_COLUMNS and headings[MAX_COLUMNS]:
                raise NoWorkbook("too_many_columns", max=MAX_COLUMNS)
            continue
        found = {h: t for h, t in zip(headings, texts, strict=False) if h and t}
        if found:
            yield Row(name, number, found)


def _headings(texts: list[str]) -> list[str]:
    """The headings of a row, none where it is empty; one that is there already gets a number, so
    that no reader knows its column."""
    found: list[str] = []
    for text in texts if any(texts) else ():
        name = _heading(text)
        found.append(f"{name} ({found.count(name) + 1})" if name in found and name else name)
    return found


def _heading(text: str) -> str:
    """`Label :: English` as `label::English`; old single colons are double ones."""
    parts = [part.strip() for part in text.replace("::", ":").split(":")]
    head = parts[0].lower().replace(" ", "_")
    name = "::".join([ALIASES.get(head, head), *parts[1:]])
    return ALIASES.get(name.lower(), name)


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)[:MAX_CELL].strip()
