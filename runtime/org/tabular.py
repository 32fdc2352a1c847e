"""Reading a table that staff upload, XLSX or CSV: row by row, within bounds, trusting nothing."""

import csv
import io
import re
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import msgspec
import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_STRINGS_BYTES = 64 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 30
MAX_CELL = 1_000
SHEET_ROWS = 1_048_576  # ECMA-376 part 1, what a sheet can hold
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^<>]{0,100}?ref="([A-Z0-9:]{1,20})"')
_CHUNK = 1024 * 1024


class TableRefused(Exception):
    """The whole table, or one place in it, cannot be read; `code` is worded by the catalogue."""

    def __init__(self, code: str, *, row: int = 0, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.row = row
        self.params = params


class Cell(msgspec.Struct, frozen=True):
    """A cell's text; `fault` names what makes it unusable: formula or error."""

    text: str
    fault: str = ""


Row = tuple[int, Sequence[Cell]]
"""A row's number, as the spreadsheet program shows it, and its cells."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How large a table may be. `as_written` keeps the lines of a cell and finds fault with cells
    that are too long, instead of making one line of them and cutting it."""

    file_bytes: int = MAX_FILE_BYTES
    rows: int = MAX_ROWS
    columns: int = MAX_COLUMNS
    cell: int = MAX_CELL
    as_written: bool = False


USUAL = Limits()


def read_table(content: bytes, limits: Limits = USUAL) -> Iterator[Row]:
    """The rows of the first sheet that hold anything, the heading first.

    Raises:
        TableRefused: while reading, at the first thing that makes the table unusable.
    """
    for _, rows in read_sheets(content, limits):
        yield from rows
        return


def read_sheets(content: bytes, limits: Limits = USUAL) -> Iterator[tuple[str, Iterator[Row]]]:
    """Each visible sheet's name and rows, to be read in this order; one without a name for CSV.
    XLSX is told from CSV by content.

    Raises:
        TableRefused: as `read_table`.
    """
    if not content.strip():
        raise TableRefused("empty_file")
    if len(content) > limits.file_bytes:
        raise TableRefused("file_size", limit=f"{limits.file_bytes // 1024 // 1024} MB")
    if content.startswith(_OLE):
        raise TableRefused("old_excel")
    if content.startswith(_ZIP):
        yield from _xlsx_sheets(content, limits)
    else:
        yield "", _within_bounds(_read_csv(content, limits), limits)


def _within_bounds(rows: Iterator[Row], limits: Limits) -> Iterator[Row]:
    count = 0
    for number, cells in rows:
        if not any(cell.text or cell.fault for cell in cells):
            if number > SHEET_ROWS:
                raise TableRefused("too_many_rows", row=number, limit=limits.rows)
            continue
        count += 1
        if count > limits.rows + 1:
            raise TableRefused("too_many_rows", row=number, limit=limits.rows)
        yield number, cells
    if not count:
        raise TableRefused("empty_file")


@contextmanager
def _excel_or_refused() -> Generator[None]:
    """Whatever a broken workbook makes its reader raise is one refusal."""
    try:
        yield
    except TableRefused:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise TableRefused("not_excel") from error
    except (SyntaxError, TypeError, AttributeError, NotImplementedError, OSError) as error:
        raise TableRefused("not_excel") from error  # a broken part of a broken workbook


def _xlsx_sheets(content: bytes, limits: Limits) -> Iterator[tuple[str, Iterator[Row]]]:
    with _excel_or_refused():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_sizes(archive)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
            try:
                sheets: list[Any] = [s for s in book.worksheets if s.sheet_state == "visible"]
                for sheet in sheets:
                    yield sheet.title, _within_bounds(_xlsx_rows(archive, sheet, limits), limits)
            finally:
                book.close()


def _xlsx_rows(archive: zipfile.ZipFile, sheet: Any, limits: Limits) -> Iterator[Row]:
    with _excel_or_refused():
        _refuse_merged(archive, sheet)
        sheet.reset_dimensions()  # what the file says of its size need not be true
        for number, cells in enumerate(sheet.iter_rows(max_col=limits.columns), start=1):
            yield number, [_cell(one, limits) for one in cells]


def _check_sizes(archive: zipfile.ZipFile) -> None:
    """Refuse by the sizes in the directory, beyond which `zipfile` unpacks nothing."""
    members = archive.infolist()
    if len({member.filename for member in members}) != len(members):
        raise TableRefused("not_excel")
    sizes = {member.filename: member.file_size for member in members}
    strings = sum(size for name, size in sizes.items() if "sharedstrings" in name.lower())
    if sum(sizes.values()) > MAX_UNPACKED_BYTES or strings > MAX_STRINGS_BYTES:
        raise TableRefused("unpacked")


def _refuse_merged(archive: zipfile.ZipFile, sheet: Any) -> None:
    """Merged cells leave all but the first empty, which reads as missing values."""
    path: str = sheet._worksheet_path
    with archive.open(path.lstrip("/")) as part:
        kept = b""
        while chunk := part.read(_CHUNK):
            found = _MERGED.search(kept + chunk)
            if found:
                raise TableRefused("merged", cells=found[1].decode("ascii"))
            kept = chunk[-200:]


def _cell(cell: Any, limits: Limits) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if cell.data_type == "f":
        return Cell("", "formula")
    if cell.data_type == "e":
        return Cell(str(value), "error")
    if isinstance(value, datetime):
        return Cell(value.date().isoformat())
    if isinstance(value, date):
        return Cell(value.isoformat())
    if isinstance(value, bool):
        return Cell("1" if value else "0")
    if isinstance(value, int | float):
        return Cell(_number(value, cell.number_format or ""))
    return _text_cell(str(value), limits)


def _text_cell(text: str, limits: Limits) -> Cell:
    if not limits.as_written:
        return Cell(" ".join(text.replace("\0", "").split())[: limits.cell])
    if len(text) > limits.cell:
        return Cell("", "long")
    lines = text.replace("\0", "").replace("\r\n", "\n").split("\n")
    return Cell("\n".join(line.strip() for line in lines).strip())


def _number(value: float, shown_as: str) -> str:
    """A code that was kept as a number, with the leading zeros that its format shows."""
    if value != value or abs(value) > 1e15:
        return ""
    text = str(int(value)) if value == int(value) else repr(value)
    return text.zfill(len(shown_as)) if shown_as and set(shown_as) == {"0"} else text


def _read_csv(content: bytes, limits: Limits) -> Iterator[Row]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > limits.columns:
                raise TableRefused("too_many_columns", row=number, limit=limits.columns)
            yield number, [_csv_cell(one, limits) for one in cells]
    except csv.Error as error:
        raise TableRefused("not_csv", row=reader.line_num) from error


def _csv_cell(text: str, limits: Limits) -> Cell:
    cell = _text_cell(text, limits)
    return Cell("", "formula") if cell.text.startswith(("=", "@")) else cell


def _decoded(content: bytes) -> str:
    """UTF-8, else GB18030, in which Chinese Excel saves CSV."""
    if content.startswith(_UTF16) or b"\0" in content:
        raise TableRefused("encoding")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableRefused("encoding")
