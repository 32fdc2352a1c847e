"""The demo's question bank: three files that say the same, each taken without a complaint."""

from pathlib import Path

import examples
from runtime.bank.content import Content, check_question
from runtime.bank.reading import Line, read_file

FOLDER = Path(examples.__file__).parent / "bank"


def read(format: str) -> list[tuple[bytes, tuple[dict[str, str], ...], tuple[str, ...] | None]]:
    """Each question as it would be stored, its path and its tags."""
    found: list[tuple[bytes, tuple[dict[str, str], ...], tuple[str, ...] | None]] = []
    for row in read_file((FOLDER / f"questions.{format}").read_bytes()):
        assert isinstance(row, Line), row
        content = check_question(row.question)
        assert isinstance(content, Content), content
        found.append((content.data, row.path, row.tags))
    return found


def test_the_three_files_say_the_same() -> None:
    """Questions, places and tags; each scene has its questions. # R1.2.1.3 (part)"""
    lines = read("jsonl")
    assert read("csv") == lines == read("xlsx")
    assert len(lines) >= 60
    assert {path[0]["zh-CN"] for _, path, _ in lines} == {"门诊", "急诊", "住院", "体检"}
    assert all(len(path) >= 2 for _, path, _ in lines)
