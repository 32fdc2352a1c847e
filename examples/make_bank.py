"""Writes the demo's question bank as tables: `python -m examples.make_bank`.

`bank/questions.jsonl` is what people edit; CSV and XLSX say the same, as the export writes them.
"""

from datetime import UTC, datetime
from pathlib import Path

from runtime.bank.content import Content, check_question
from runtime.bank.exporting import export
from runtime.bank.models import Item, Place
from runtime.bank.reading import Line, read_file

FOLDER = Path(__file__).parent / "bank"
Tree = dict[tuple[str, ...], Place]


def write() -> None:
    """Write the two tables."""
    tree: Tree = {}
    content = (FOLDER / "questions.jsonl").read_bytes()
    read = [one for one in read_file(content) if isinstance(one, Line)]
    items = [_item(number, one, tree) for number, one in enumerate(read, 1)]
    places = {one.id: one for one in tree.values()}
    for format in ("csv", "xlsx"):
        table = b"".join(export(items, places, format, "zh-CN"))
        (FOLDER / f"questions.{format}").write_bytes(table)


def _item(number: int, line: Line, tree: Tree) -> Item:
    content = check_question(line.question)
    assert isinstance(content, Content), (line, content)
    return Item(
        id=content.question.id,
        seq=number,
        place=_place(line, tree),
        type=content.question.type,
        tags=line.tags or (),
        state="active",
        version=1,
        revision=1,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        question=content.data,
    )


def _place(line: Line, tree: Tree) -> int:
    path: tuple[int, ...] = ()
    for depth, name in enumerate(line.path, 1):
        key = tuple(one["zh-CN"] for one in line.path[:depth])
        if key not in tree:
            made = len(tree) + 1
            parent = path[-1] if path else None
            tree[key] = Place(made, parent, name, made, None, 1, (*path, made))
        path = tree[key].path
    return tree[tuple(one["zh-CN"] for one in line.path)].id


if __name__ == "__main__":
    write()
