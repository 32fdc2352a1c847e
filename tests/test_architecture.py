"""The engine stays pure: what import contracts cannot see is looked for in its source."""

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "engine").rglob("*.py"))
MIGRATIONS = ROOT / "runtime" / "migrations" / "versions"
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter"}
INPUT_OUTPUT = {"open", "print", "input", "breakpoint", "__import__"}


def forbidden_calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=holder, attr=name)) if name in CLOCKS:
                if ast.unparse(holder).rsplit(".", 1)[-1] in ("datetime", "date", "time"):
                    yield f"line {node.lineno}: reads the clock ({name})"
            case ast.Call(func=ast.Name(id=name)) if name in INPUT_OUTPUT:
                yield f"line {node.lineno}: calls {name}"
            case _:
                pass


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES])
def test_the_engine_reads_no_clock_and_opens_nothing(path: Path) -> None:
    assert list(forbidden_calls(ast.parse(path.read_bytes()))) == []


def test_a_clock_would_be_found() -> None:
    source = "import datetime\ndatetime.datetime.now()\ndatetime.date.today()\nopen('x')\n"
    assert len(list(forbidden_calls(ast.parse(source)))) == 3


@pytest.mark.parametrize("package", ["engine", "renderers", "interchange", "runtime"])
def test_every_module_opens_with_a_sentence(package: str) -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / package).rglob("*.py"))
        if not (ast.get_docstring(ast.parse(path.read_bytes())) or path.read_bytes() == b"")
    ]
    assert silent == []


def test_migrations_stand_one_behind_the_other() -> None:
    """Two that were written side by side would leave a database that nobody can migrate."""
    texts = [path.read_text("utf-8") for path in sorted(MIGRATIONS.glob("0*.py"))]
    chain = [re.findall(r'^(?:down_)?revision.* = "?(\w+)"?$', text, re.M) for text in texts]
    assert [own for own, _ in chain] == [f"{number:04}" for number in range(1, len(texts) + 1)]
    assert [before for _, before in chain[1:]] == [own for own, _ in chain[:-1]]


def test_no_merge_was_left_half_done() -> None:
    """Its marks would stand in what people read, where no compiler trips over them."""
    marks = re.compile(rb"^(?:<{7} |>{7} |={7}$)", re.M)
    kinds = {".py", ".md", ".json", ".html", ".css", ".js", ".toml", ".txt", ".yml", ""}
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)  # noqa: S607 - asks git which files there are
    files = [ROOT / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name]
    assert files
    looked_at = [path for path in files if path.suffix in kinds and path.is_file()]
    broken = [str(path) for path in looked_at if marks.search(path.read_bytes())]
    assert broken == []
