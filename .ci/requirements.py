"""Keeps the test column of docs/requirements.md equal to the rows that tests name.

A test that proves a row from end to end holds `# R1.1.1.1c` in its docstring, one that proves a
part of it `# R1.1.1.1c (part)`. Run plainly, this program prints what differs and exits 1; with
`--write` it writes the column; with a row (`R1.1.1.1c`) it lists the row's tests.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from proofs import Proof, cell, proofs

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "requirements.md"
MARK = re.compile(r"# (R\d+(?:\.\d+)*[a-z]?)\b( \(part\))?")
ROW = re.compile(r"^\| (R[\d.]+[a-z]?) \| (.*) \| (.*) \|$")
LATER = "later"


def marked_tests(root: Path) -> dict[str, list[Proof]]:
    """The tests that name each row."""
    return proofs(root, lambda source, _: MARK.findall(source))


def written(text: str, tests: dict[str, list[Proof]]) -> str:
    """The table with its test column filled, each row once; a row without a test keeps what it says
    of later.
    """
    seen: set[str] = set()
    kept: list[str] = []
    for line in text.split("\n"):
        found = ROW.match(line)
        if found is None or found[1] not in seen:
            kept.append(_line(line, tests))
        seen |= {found[1]} if found else set()
    return "\n".join(kept)


def _line(line: str, tests: dict[str, list[Proof]]) -> str:
    found = ROW.match(line)
    if found is None:
        return line
    row, requirement, said = found.groups()
    kept = said if said.startswith(LATER) else LATER
    return f"| {row} | {requirement} | {cell(tests.get(row, [])) or kept} |"


def unknown_rows(text: str, tests: dict[str, list[Proof]]) -> list[str]:
    """Rows that tests name and the table does not have."""
    rows = {found[1] for line in text.split("\n") if (found := ROW.match(line))}
    return sorted(tests.keys() - rows)


def main() -> None:
    """Write the column, list a row's tests, or say what is out of date."""
    tests, text = marked_tests(ROOT), TABLE.read_text(encoding="utf-8")
    if rows := [name for name in sys.argv[1:] if name in tests]:
        print("\n".join(str(one) for row in rows for one in tests[row]))
        return
    faults = [f"{tests[row][0]} names {row}, which is no row." for row in unknown_rows(text, tests)]
    if "--write" in sys.argv:
        TABLE.write_text(written(text, tests), encoding="utf-8")
    elif written(text, tests) != text:
        faults.append("docs/requirements.md is out of date; `make fix` writes its test column.")
    print("\n".join(faults) or f"Requirements: {len(tests)} rows have tests.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
