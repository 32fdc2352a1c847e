"""docs/security.md says what the tests prove, no more."""

import importlib.util
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def table() -> Any:
    """The program that keeps the table."""
    spec = importlib.util.spec_from_file_location("security_table", ROOT / ".ci" / "security.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_id_stands_in_one_row_with_the_tests_that_name_it() -> None:
    """S01 to S72 once each, and every test that names one is there; `make fix` writes it."""
    assert table().faults(ROOT, TEXT) == []


def test_each_named_test_exists() -> None:
    """A test in the table is a function of that file."""
    named = re.findall(r"`(tests/[\w/.-]+)::(\w+)`", TEXT)
    assert len(named) >= 10
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"


def test_each_line_of_the_standard_leads_to_a_row() -> None:
    """An ASVS id stands once and points to an id of the list."""
    lines = re.findall(r"(?m)^\| (\d+\.\d+\.\d+) \| [^|]+ \| (\S+) \|$", TEXT)
    assert len(lines) >= 60
    assert len({one for one, _ in lines}) == len(lines)
    assert {row for _, row in lines} <= set(table().IDS)


def test_a_missing_row_and_a_stale_state_are_faults() -> None:
    """The check sees a row that is gone and one that claims too much."""
    lines = TEXT.split("\n")
    gone = "\n".join(line for line in lines if not line.startswith("| S31 |"))
    assert any("S31" in fault for fault in table().faults(ROOT, gone))
    claimed = re.sub(
        r"(?m)^\| S45 \| (.*) \| later \| .* \|$", r"| S45 | \1 | met | trust me |", TEXT
    )
    assert table().faults(ROOT, claimed)
