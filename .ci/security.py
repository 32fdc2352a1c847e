"""Keeps the state and test columns of docs/security.md equal to the ids that tests name.

A test that proves a row of the list from end to end holds `# S19` in its docstring, one that
proves a part of it `# S19 (part)`. Run plainly, this program prints what differs and exits 1; with
`--write` it writes the columns. A row without tests keeps what it says of its subject to come.
"""

import ast
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "security.md"
IDS = tuple(f"S{number:02}" for number in range(1, 73))
MARK = re.compile(r"(?<!\w)(S\d\d)\b( \(part\))?")
ROW = re.compile(r"^\| (S\d\d) \| (.*) \| (\w[\w/]*) \| (.*) \|$")


def marked_tests(root: Path) -> dict[str, list[str]]:
    """The tests that name each id, as `file::test`, with `(part)` behind those of a part."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                _, _, marks = (ast.get_docstring(node) or "").partition("# ")
                for name, part in sorted(set(MARK.findall(marks))):
                    found[name].append(f"`{path.relative_to(root)}::{node.name}`{part}")
    return found


def written(text: str, tests: dict[str, list[str]]) -> str:
    """The table with its state and test columns filled."""
    return "\n".join(_line(line, tests) for line in text.split("\n"))


def _line(line: str, tests: dict[str, list[str]]) -> str:
    found = ROW.match(line)
    if found is None:
        return line
    name, words, state, said = found.groups()
    named = tests.get(name, [])
    if named:
        is_met = any(not one.endswith("(part)") for one in named)
        state, said = "met" if is_met else "part", "<br>".join(named)
    elif state in ("met", "part"):
        state, said = "later", "no test names it"
    return f"| {name} | {words} | {state} | {said} |"


def counts(text: str) -> Counter[str]:
    """How many rows stand in each state."""
    return Counter(found[3] for line in text.split("\n") if (found := ROW.match(line)))


def faults(root: Path, text: str) -> list[str]:
    """What keeps the table from being true, in words."""
    tests = marked_tests(root)
    rows = Counter(found[1] for line in text.split("\n") if (found := ROW.match(line)))
    wrong = [f"{name} stands in {rows[name]} rows, not in one." for name in IDS if rows[name] != 1]
    wrong += [f"{tests[name][0]} names {name}, which is no row." for name in tests.keys() - rows]
    if written(text, tests) != text:
        wrong.append("docs/security.md is out of date; `make fix` writes its columns.")
    return wrong


def main() -> None:
    """Write the columns, or say what is wrong."""
    text = TABLE.read_text(encoding="utf-8")
    if "--write" in sys.argv:
        text = written(text, marked_tests(ROOT))
        TABLE.write_text(text, encoding="utf-8")
    wrong = faults(ROOT, text)
    said = ", ".join(f"{number} {state}" for state, number in sorted(counts(text).items()))
    print("\n".join(wrong) or f"Security list: {said}.")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
