"""Reading a table that staff upload, XLSX or CSV: row by row, within bounds, trusting nothing."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
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


def read_table(content: bytes) -> Iterator[Row]:
    """The rows that hold anything, the heading first; told XLSX from CSV by content.

    Raises:
        TableRefused: while reading, at the first thing that makes the table unusable.
    """
    if not content.strip():
        raise TableRefused("empty_file")
    if len(content) > MAX_FILE_BYTES:
        raise TableRefused("file_size", limit="20 MB")
    if content.startswith(_OLE):
        raise TableRefused("old_excel")
    if content.startswith(_ZIP):
        yield from _within_bounds(_read_xlsx(content))
    else:
        yield from _within_bounds(_read_csv(content))


def _within_bounds(rows: Iterator[Row]) -> Iterator[Row]:
    count = 0
    for number, cells in rows:
        if not any(cell.text or cell.fault for cell in cells):
            if number > SHEET_ROWS:
                raise TableRefused("too_many_rows", row=number, limit=MAX_ROWS)
            continue
        count += 1
        if count > MAX_ROWS + 1:
            raise TableRefused("too_many_rows", row=number, limit=MAX_ROWS)
        yield number, cells
    if not count:
        raise TableRefused("empty_file")


def _read_xlsx(content: bytes) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_sizes(archive)
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
            try:
                sheet: Any = book.worksheets[0]
                _refuse_merged(archive, sheet)
                sheet.reset_dimensions()  # what the file says of its size need not be true
                for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
                    yield number, [_cell(one) for one in cells]
            finally:
                book.close()
    except TableRefused:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise TableRefused("not_excel") from error
    except (SyntaxError, TypeError, AttributeError, NotImplementedError, OSError) as error:
        raise TableRefused("not_excel") from error  # a broken part of a broken workbook


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


def _cell(cell: Any) -> Cell:
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
    return Cell(_plain(str(value)))


def _number(value: float, shown_as: str) -> str:
    """A code that was kept as a number, with the leading zeros that its format shows."""
    if value != value or abs(value) > 1e15:
        return ""
    text = str(int(value)) if value == int(value) else repr(value)
    return text.zfill(len(shown_as)) if shown_as and set(shown_as) == {"0"} else text


def _read_csv(content: bytes) -> Iterator[Row]:
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS:
                raise TableRefused("too_many_columns", row=reader.line_num, limit=MAX_COLUMNS)
            yield reader.line_num, [_csv_cell(one) for one in cells]
    except csv.Error as error:
        raise TableRefused("not_csv", row=reader.line_num) from error


def _csv_cell(text: str) -> Cell:
    plain = _plain(text)
    return Cell("", "formula") if plain.startswith(("=", "@")) else Cell(plain)


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


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_CELL]
