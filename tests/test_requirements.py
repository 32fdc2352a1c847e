"""docs/requirements.md and the tests speak of the same rows."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("requirements", ROOT / ".ci/requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_that_a_test_names_is_in_the_table() -> None:
    keeper = program()
    text = (ROOT / "docs/requirements.md").read_text(encoding="utf-8")
    assert keeper.unknown_rows(text, keeper.marked_tests(ROOT)) == []


def test_a_row_loses_its_test_when_the_test_is_gone(tmp_path: Path) -> None:
    keeper = program()
    (tmp_path / "tests").mkdir()
    file = tmp_path / "tests" / "test_x.py"
    mark = "# R" + "9.1a"
    file.write_text(f'def test_it() -> None:\n    """{mark}"""\n', encoding="utf-8")
    table = "| R9.1a | Something | later |"
    filled = keeper.written(table, keeper.marked_tests(tmp_path))
    assert filled == "| R9.1a | Something | `tests/test_x.py`: it |"
    file.write_text(f'def test_it() -> None:\n    """{mark} (part)"""\n', encoding="utf-8")
    filled = keeper.written(table, keeper.marked_tests(tmp_path))
    assert filled == "| R9.1a | Something | in part: `tests/test_x.py`: it |"
    file.unlink()
    assert keeper.written(filled, keeper.marked_tests(tmp_path)) == table


def test_many_tests_of_parts_are_counted_where_they_stand() -> None:
    keeper = program()
    many = [keeper.Proof(f"tests/a/test_{n % 2}.py", f"test_it_{n}", True) for n in range(6)]
    told = "6 tests of parts: `tests/a/test_0.py` 3, `tests/a/test_1.py` 3"
    assert keeper.cell(many) == told
    wide = [keeper.Proof(f"tests/a/test_{n}.py", "test_it", True) for n in range(30)]
    assert keeper.cell(wide) == "30 tests of parts: `tests/a` 30"
    whole = [keeper.Proof("tests/b/test_b.py", "test_all_of_it_holds", False), *wide]
    assert keeper.cell(whole).startswith("`tests/b/test_b.py`: all of it holds<br>30 tests")


def test_a_row_that_a_merge_has_doubled_is_written_once() -> None:
    row = "| R9.1a | Something | later |"
    assert program().written(f"{row}\n{row}\nthe end", {}) == f"{row}\nthe end"
