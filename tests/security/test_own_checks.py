"""Our own checks find what is planted for them, and are content without it."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIN = "--hash=sha256:" + "0" * 64


def check(name: str) -> ModuleType:
    """One of the programs of `make check`."""
    spec = importlib.util.spec_from_file_location(f"check_{name}", ROOT / ".ci" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "a private key"),
        ("postgresql://huisheng:" + "8fj2kd92@db/x", "a password in an address"),
        ('SECRET_KEY = "' + 'kf83hd92jd73hs82"', "a written-down secret"),
        ("LTAI" + "5tQ8kX9vB2nM7pLw", "an access key"),
        ("hss_" + "a" * 43, "a token of ours"),
    ],
)
def test_a_planted_secret_is_found_without_being_repeated(planted: str, kind: str) -> None:
    """In any file but a lock; words of tests in tests are no secrets. # S53 (part)

    # R2.2.7 (part)
    """
    found_in = check("secrets").found_in
    faults = found_in("runtime/kit/settings.py", f"first line\n{planted}\n")
    assert len(faults) == 1 and kind in faults[0] and ":2:" in faults[0]
    assert planted not in faults[0]
    assert found_in("runtime/kit/settings.py", "password = read_password()\n") == []
    assert found_in("tests/x.py", 'password = "wrong-password-1"\n') == []


def test_an_unpinned_package_or_an_address_in_a_lock_is_found(tmp_path: Path) -> None:
    """Python's and Node's. # S64 (part) # R2.2.6 (part)"""
    locks = check("locks")
    path = tmp_path / "requirements.txt"
    path.write_text(f"alembic==1.20 \\\n    {PIN}\n")
    assert locks.faults_of_requirements(path) == []
    for planted in ("alembic>=1.20\n", "alembic==1.20\n", f"--index-url https://x\na==1 {PIN}\n"):
        path.write_text(planted)
        assert locks.faults_of_requirements(path), planted
    npm = tmp_path / "package-lock.json"
    good = {"": {}, "node_modules/a": {"version": "1", "integrity": "sha512-x"}}
    npm.write_text(json.dumps({"packages": good}))
    assert locks.faults_of_npm(npm) == []
    for planted in ({"version": "1"}, {"integrity": "sha512-x", "resolved": "https://x/a.tgz"}):
        npm.write_text(json.dumps({"packages": {"node_modules/a": planted}}))
        assert locks.faults_of_npm(npm), planted


def test_the_bill_names_what_is_installed_and_no_more(tmp_path: Path) -> None:
    """A package that is missing in it, or only in it, is seen. # S64 (part) # R2.2.6 (part)"""
    bill = check("bill")
    path = tmp_path / "bill.json"
    bill.write_bill(path)
    here = bill.installed()
    assert bill.billed(path) == here and ("litestar" in {name for name, _ in here})
    parts = json.loads(path.read_text())
    gone = parts["components"].pop()
    path.write_text(json.dumps(parts))
    assert {name for name, _ in here - bill.billed(path)} == {bill.plain_name(gone["name"])}


def test_a_row_without_its_test_is_found(tmp_path: Path) -> None:
    """The tables of security and requirements claim only what a test's own words name."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_one.py").write_text('def test_it() -> None:\n    """Does. # S22"""\n')
    table = check("security")
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    marked = table.marked_tests(tmp_path)
    assert marked == {"S22": [table.Proof("tests/test_one.py", "test_it", False)]}
    assert "| `tests/test_one.py`: it |" in table.written(text, marked)
    assert table.faults(tmp_path, text)
    rows = check("requirements")
    row = "R9." + "9.9"
    (tests / "test_two.py").write_text(f'def test_it() -> None:\n    """Does. # {row}"""\n')
    found = rows.marked_tests(tmp_path)
    assert rows.unknown_rows((ROOT / "docs" / "requirements.md").read_text("utf-8"), found)
