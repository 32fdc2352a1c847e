"""Which tests name the rows of a table, and the cell that leads from a row to them.

A cell tells what was proved as sentences, which are the tests' own names: `tests/test_x.py`: it
works stands for `test_it_works` there. Where many tests prove parts of a row, the cell counts them
by file, or by folder; `.ci/requirements.py R0.4` and `.ci/security.py S19` print every one.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

FEW = 3
FILES = 8

Marks = Callable[[str, str | None], Iterable[tuple[str, str]]]
"""The marks in a test's source and docstring: (row, " (part)" or "")."""


class Proof(NamedTuple):
    """A test that names a row; without a name a file of JavaScript's tests."""

    file: str
    test: str
    is_part: bool

    def __str__(self) -> str:
        whole = f"{self.file}::{self.test}" if self.test else self.file
        return f"{whole}{' (part)' if self.is_part else ''}"


def proofs(root: Path, marks: Marks) -> dict[str, list[Proof]]:
    """The tests that name each row, in the order of their files."""
    found: dict[str, list[Proof]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "# " not in text:
            continue
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                for row, part in sorted(set(marks(source, ast.get_docstring(node)))):
                    found[row].append(Proof(str(path.relative_to(root)), node.name, bool(part)))
    for path in sorted((root / "tests" / "js").glob("*.test.*js")):
        for row, part in sorted(set(marks(path.read_text(encoding="utf-8"), None))):
            found[row].append(Proof(str(path.relative_to(root)), "", bool(part)))
    return found


def cell(found: list[Proof]) -> str:
    """What a table says of a row's tests; empty without tests."""
    whole = [one for one in found if not one.is_part]
    parts = [one for one in found if one.is_part]
    lines = _sentences(whole)
    if len(parts) > FEW:
        lines.append(f"{len(parts)} tests of parts: {_counted(parts)}")
    else:
        lines += [f"in part: {line}" for line in _sentences(parts)]
    return "<br>".join(lines)


def _sentences(found: list[Proof]) -> list[str]:
    by_file: dict[str, list[str]] = defaultdict(list)
    for one in found:
        by_file[one.file].append(one.test.removeprefix("test_").replace("_", " "))
    return [f"`{file}`: {'; '.join(names)}".removesuffix(": ") for file, names in by_file.items()]


def _counted(parts: list[Proof]) -> str:
    places = Counter(one.file for one in parts)
    if len(places) > FILES:
        places = Counter(one.file.rpartition("/")[0] for one in parts)
    return ", ".join(f"`{place}` {number}" for place, number in places.items())
