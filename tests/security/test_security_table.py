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
    """A sentence in the table is the name of a test of that file."""
    told = re.findall(r"`(tests/[\w/.-]+\.py)`: ([^<|]+)", TEXT)
    named = [(path, name.strip()) for path, names in told for name in names.split(";")]
    assert len(named) >= 100
    for path, name in named:
        function = f"def test_{name.replace(' ', '_')}("
        assert function in (ROOT / path).read_text(encoding="utf-8"), f"{path}: {name}"


def test_each_line_of_the_standard_leads_to_a_row_or_says_why_not() -> None:
    """Every ASVS id once, with the state of the rows of the list that it names."""
    lines = [found.groups() for found in map(table().ASVS_ROW.match, TEXT.split("\n")) if found]
    assert len(lines) == len({name for name, *_ in lines}) == 217, "levels 1 and 2 less 10 and 17"
    for name, _, state, see in lines:
        rows = set(re.findall(r"S\d\d", see))
        assert rows <= set(table().IDS), name
        assert rows or see.startswith("`") or state in ("n/a", "later", "part", "accepted"), name
    assert [name for name, _, state, _ in lines if state == "accepted"] == ["6.2.5", "6.2.10"]


def test_a_missing_row_and_a_stale_state_are_faults() -> None:
    """The check sees a row that is gone and one that claims too much."""
    lines = TEXT.split("\n")
    gone = "\n".join(line for line in lines if not line.startswith("| S31 |"))
    assert any("S31" in fault for fault in table().faults(ROOT, gone))
    claimed = re.sub(
        r"(?m)^\| S09 \| (.*) \| later \| .* \|$", r"| S09 | \1 | met | trust me |", TEXT
    )
    assert table().faults(ROOT, claimed)
