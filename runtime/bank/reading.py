"""A file of questions as rows: XLSX and CSV by their headings, JSONL a question a line.

Rows that cannot be read are problems among the others; only a file that is no table at all is
refused as a whole.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec import Struct

from engine.parse import Malformed, decode_json
from engine.reading import read_struct
from runtime.bank.columns import COLUMNS, MAX_CELL, OPTION_COLUMNS, Badly, column_of, question_of
from runtime.bank.lines import text_of
from runtime.org.tabular import Cell, Limits, Row, TableRefused, read_sheets

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ROWS = 100_000
MAX_LINE = 256 * 1024
LIMITS = Limits(
    file_bytes=MAX_FILE_BYTES,
    rows=MAX_ROWS,
    columns=len(COLUMNS) + OPTION_COLUMNS + 20,
    cell=MAX_CELL,
    as_written=True,
)
STATES = {"": None, "在用": "active", "active": "active", "停用": "retired", "retired": "retired"}
_DIMENSION = re.compile(rb'<dimension ref="[A-Z]+\d+:[A-Z]+(\d+)"')


class RowProblem(Struct, frozen=True, kw_only=True):
    """What is to be told of a row: where, a code that the catalogue words, and how grave it is.

    `bad` and `duplicate` rows are not taken; a `hint` is. Row 0 is the file as a whole. `of_engine`
    problems are worded by the engine.
    """

    row: int
    code: str
    sheet: str = ""
    column: str = ""
    params: dict[str, Any] = {}
    kind: str = "bad"
    of_engine: bool = False


class Line(Struct, frozen=True, kw_only=True):
    """A row as it says: a question with perhaps no id, its path in the tree, tags, state.

    None for tags or state: the file does not say.
    """

    sheet: str
    row: int
    question: dict[str, Any]
    path: tuple[dict[str, str], ...]
    tags: tuple[str, ...] | None
    state: str | None


Read = Line | RowProblem


def read_file(content: bytes) -> Iterator[Read]:
    """The rows of a file, told by its content.

    Raises:
        TableRefused: while reading, when the file is no table of questions.
    """
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        yield from _read_jsonl(content)
        return
    has_any = False
    for sheet, rows in read_sheets(content, LIMITS):
        places = None
        try:
            for number, cells in rows:
                if places is None:
                    places = _places(number, cells, is_lenient=bool(sheet))
                    if not places:
                        break
                    has_any = True
                    continue
                yield from _read_row(sheet, number, cells, places)
        except TableRefused as refused:
            if refused.code != "empty_file" or not sheet:
                raise
    if not has_any:
        raise TableRefused("no_heading")


def rows_about(content: bytes) -> int:
    """About how many rows there are, for a progress bar; 0 where the file does not say."""
    if not content.startswith(b"PK"):
        return content.count(b"\n")

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            heads = [archive.open(n).read(4096) for n in archive.namelist() if "worksheets/" in n]
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return 0
    return sum(int(found[1]) for head in heads if (found := _DIMENSION.search(head)))


def _places(number: int, heading: Sequence[Cell], *, is_lenient: bool) -> dict[int, str]:
    """Where each column stands. A sheet of a workbook without any heading of ours (notes, lists) is
    passed over; one heading of ours, and all the others must be known."""
    found = {place: column_of(cell.text) for place, cell in enumerate(heading) if cell.text}
    known = [name for name in found.values() if name]
    if is_lenient and len(known) < 2:
        return {}
    for place, name in found.items():
        if name is None:
            raise TableRefused("heading_unknown", row=number, heading=heading[place].text[:40])
        if known.count(name) > 1:
            raise TableRefused("heading_twice", row=number, heading=heading[place].text[:40])
    for column in COLUMNS:
        if column.is_required and column.id not in known:
            raise TableRefused("heading_missing", row=number, heading=column.headings[0])
    return cast(dict[int, str], found)


def _read_row(
    sheet: str, number: int, cells: Sequence[Cell], places: Mapping[int, str]
) -> Iterator[Read]:
    values: dict[str, str] = {}
    is_bad = False
    for place, column in places.items():
        cell = cells[place] if place < len(cells) else Cell("")
        if cell.fault:
            yield RowProblem(sheet=sheet, row=number, column=column, code=f"cell_{cell.fault}")
            is_bad = True
        values[column] = _without_mark(cell.text)
    if is_bad:
        return
    yield from _line(sheet, number, values)


def _without_mark(text: str) -> str:
    """The text without the apostrophe that keeps spreadsheets from running it (as we write it)."""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ")[:1] in "=+-@＝＋－＠" else text


def _line(sheet: str, number: int, values: Mapping[str, str]) -> Iterator[Read]:
    try:
        question = question_of(values)
    except Badly as bad:
        for column, one in bad.found:
            yield RowProblem(
                sheet=sheet, row=number, column=column, code=one.code, params=one.params
            )
        return
    state = STATES.get(values.get("state", "").lower(), "?")
    if state == "?":
        yield RowProblem(sheet=sheet, row=number, column="state", code="state")
        return
    names = [values.get(column, "") for column in ("scene", "category", "subcategory")]
    path, fault = _path([text_of(" ".join(one.split())) if one else None for one in names])
    if fault:
        yield RowProblem(sheet=sheet, row=number, column=fault, code="missing")
        return
    yield Line(
        sheet=sheet,
        row=number,
        question=question,
        path=path,
        tags=tuple(re.split(r"[,，、;；\n]", values["tags"])) if "tags" in values else None,
        state=state,
    )


def _path(names: Sequence[dict[str, str] | None]) -> tuple[tuple[dict[str, str], ...], str]:
    """The names down to the last one that is given, and the column in which one is missing."""
    given = [place for place, name in enumerate(names) if name]
    levels = ("scene", "category", "subcategory")
    if not given:
        return (), levels[0]
    for place in range(given[-1] + 1):
        if not names[place]:
            return (), levels[place]
    return tuple(name for name in names if name), ""


# JSONL


class JsonLine(Struct, forbid_unknown_fields=True):
    """One line of JSONL: where the question stands, its tags, and the question whole."""

    scene: str | dict[str, str]
    question: dict[str, Any]
    category: str | dict[str, str] | None = None
    subcategory: str | dict[str, str] | None = None
    tags: tuple[str, ...] | None = None
    state: str | None = None


def _read_jsonl(content: bytes) -> Iterator[Read]:
    if len(content) > MAX_FILE_BYTES:
        raise TableRefused("file_size", limit=f"{MAX_FILE_BYTES // 1024 // 1024} MB")
    count = 0
    for number, line in enumerate(io.BytesIO(content.removeprefix(b"\xef\xbb\xbf")), 1):
        if not line.strip():
            continue
        count += 1
        if count > MAX_ROWS:
            raise TableRefused("too_many_rows", row=number, limit=MAX_ROWS)
        yield _json_line(number, line)


def _json_line(number: int, data: bytes) -> Read:
    try:
        value, problems = decode_json(data, MAX_LINE)
    except Malformed as error:
        found = error.problem
        return RowProblem(row=number, code=found.code, params=found.params, of_engine=True)
    if problems:
        found = problems[0]
        return RowProblem(row=number, code=found.code, params=found.params, of_engine=True)
    try:
        line = msgspec.convert(value, JsonLine)
    except msgspec.ValidationError:
        return _unfit(number, value)
    names = [_name(one) for one in (line.scene, line.category, line.subcategory)]
    path, fault = _path(names)
    if fault:
        return RowProblem(row=number, column=fault, code="missing")
    state = STATES.get((line.state or "").lower(), "?")
    if state == "?":
        return RowProblem(row=number, column="state", code="state")
    return Line(
        sheet="", row=number, question=line.question, path=path, tags=line.tags, state=state
    )


def _unfit(number: int, value: Any) -> RowProblem:
    """What is wrong with a line of another shape, as documents are told it."""
    _, reader = read_struct(JsonLine, value)
    found = reader.problems[0]
    column = found.at.removeprefix("/").partition("/")[0] or str(found.params.get("key", ""))
    return RowProblem(
        row=number, column=column, code=found.code, params=found.params, of_engine=True
    )


def _name(given: str | dict[str, str] | None) -> dict[str, str] | None:
    if isinstance(given, str):
        return {"zh-CN": " ".join(given.split())} if given.strip() else None
    if not given:
        return None
    named = {lang: " ".join(text.split()) for lang, text in given.items() if text.strip()}
    if not named:
        return None
    return {"zh-CN": next(iter(named.values())), **named}


__all__ = ["Line", "Read", "Row", "RowProblem", "read_file", "rows_about"]
