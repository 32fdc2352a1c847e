"""The bank as a file that the import takes: XLSX, CSV or JSONL, written as it is read."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Literal

import msgspec
import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.cell import get_column_letter

from runtime.audit.export import neutral_cell
from runtime.bank.columns import COLUMNS, cells_of, heading_of
from runtime.bank.lines import shown_text
from runtime.bank.models import Item, Place
from runtime.kit.problems import Unprocessable

Format = Literal["xlsx", "csv", "jsonl"]
MEDIA: Mapping[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "jsonl": "application/jsonl",
}
CHUNK = 200
PIECE_BYTES = 64 * 1024
STATES = {"active": "在用", "retired": "停用"}


def export(
    items: Iterable[Item], tree: Mapping[int, Place], format: Format, lang: str
) -> Iterator[bytes]:
    """The questions in a format, in pieces."""
    match format:
        case "csv":
            yield from _csv(items, tree, lang)
        case "jsonl":
            yield from _jsonl(items, tree)
        case "xlsx":
            yield from _xlsx(items, tree, lang)


def at_most(most: int, items: Iterable[Item]) -> Iterator[Item]:
    """All of them, if they are no more.

    Raises:
        Unprocessable: there are more.
    """
    for number, one in enumerate(items):
        if number == most:
            raise Unprocessable("bank_export_many", f"More than {most:,} questions.")
        yield one


def row_of(item: Item, tree: Mapping[int, Place]) -> list[str]:
    """The cells of an item in the order of the columns."""
    cells = cells_of(msgspec.json.decode(item.question))
    names = [shown_text(tree[one].name) for one in tree[item.place].path]
    scene, category, subcategory = (*names, "", "")[:3]
    cells |= {
        "scene": scene, "category": category, "subcategory": subcategory,
        "tags": "，".join(item.tags), "state": STATES[item.state],
    }  # fmt: skip
    return [cells[column.id] for column in COLUMNS]


def _csv(items: Iterable[Item], tree: Mapping[int, Place], lang: str) -> Iterator[bytes]:
    """UTF-8 with the mark by which Excel knows it; nothing that a spreadsheet would run."""
    yield b"\xef\xbb\xbf"
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow([heading_of(column.id, lang) for column in COLUMNS])
    for number, item in enumerate(items, 1):
        out.writerow([neutral_cell(cell) for cell in row_of(item, tree)])
        if number % CHUNK == 0:
            yield _emptied(file)
    yield _emptied(file)


def _emptied(file: io.StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()


def _jsonl(items: Iterable[Item], tree: Mapping[int, Place]) -> Iterator[bytes]:
    for item in items:
        path = [tree[one].name for one in tree[item.place].path]
        line: dict[str, Any] = dict(zip(("scene", "category", "subcategory"), path, strict=False))
        line |= {"tags": item.tags, "state": item.state, "question": msgspec.Raw(item.question)}
        yield msgspec.json.encode(line) + b"\n"


def _xlsx(items: Iterable[Item], tree: Mapping[int, Place], lang: str) -> Iterator[bytes]:
    """The rows wait in files, so that memory does not grow with them."""
    book = openpyxl.Workbook(write_only=True)
    sheet: Any = book.create_sheet("题目" if lang == "zh-CN" else "Questions")
    sheet.freeze_panes = "A2"
    for number, column in enumerate(COLUMNS, 1):
        letter = get_column_letter(number)
        sheet.column_dimensions[letter].width = column.width
    sheet.append([heading_of(column.id, lang) for column in COLUMNS])
    for item in items:
        sheet.append([_text_cell(sheet, cell) for cell in row_of(item, tree)])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        yield from pieces_of(file)


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """What was written into a file, from its beginning."""
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece


def _text_cell(sheet: Any, text: str) -> Any:
    """Text stays text, whatever it begins with."""
    if not text:
        return None
    plain = ILLEGAL_CHARACTERS_RE.sub("", text)
    if not plain.startswith("="):
        return plain
    cell: Any = WriteOnlyCell(sheet, value=plain)
    cell.data_type = "s"
    return cell
