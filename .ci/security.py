"""Keeps the columns of docs/security.md equal to what tests name.

A test that proves a row of the list from end to end holds `# S19` in its docstring, one that
proves a part of it `# S19 (part)`. Run plainly, this program prints what differs and exits 1; with
`--write` it writes the columns; with an id (`S19`) it lists the tests. A row keeps what it says of
its subject to come: all of it without tests, what stands behind *to come:* with tests of a part. An
id of ASVS has the state of the rows that it names, the weakest counting.
"""

import re
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from proofs import Proof, cell, proofs

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "security.md"
IDS = tuple(f"S{number:02}" for number in range(1, 73))
MARK = re.compile(r"(?<!\w)(S\d\d)\b( \(part\))?")
TO_COME = "<br>*to come:* "
STATES = ("later", "part", "met")
ASVS_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.*) \| ([\w/]+) \| (.*) \|$")
ROW = re.compile(r"^\| (S\d\d) \| (.*) \| (\w[\w/]*) \| (.*) \|$")


def marked_tests(root: Path) -> dict[str, list[Proof]]:
    """The tests that name each id."""
    return proofs(root, lambda _, docstring: MARK.findall((docstring or "").partition("# ")[2]))


def written(text: str, tests: dict[str, list[Proof]]) -> str:
    """Both tables with their columns filled."""
    text = "\n".join(_line(line, tests) for line in text.split("\n"))
    states = {found[1]: found[3] for line in text.split("\n") if (found := ROW.match(line))}
    return "\n".join(_asvs_line(line, states) for line in text.split("\n"))


def _line(line: str, tests: dict[str, list[Proof]]) -> str:
    found = ROW.match(line)
    if found is None:
        return line
    name, words, state, said = found.groups()
    named = tests.get(name, [])
    if named:
        is_met = not all(one.is_part for one in named)
        rest = said.partition(TO_COME)[2]
        state, said = "met" if is_met else "part", cell(named)
        said += TO_COME + rest if rest and not is_met else ""
    elif state in ("met", "part"):
        state, said = "later", "no test names it"
    return f"| {name} | {words} | {state} | {said} |"


def _asvs_line(line: str, states: dict[str, str]) -> str:
    found = ASVS_ROW.match(line)
    if found is None:
        return line
    name, words, state, see = found.groups()
    rows = re.findall(r"\bS\d\d\b", see)
    if rows:
        state = min((states.get(row, "later") for row in rows), key=STATES.index)
        if state == "later" and any(states.get(row, "later") != "later" for row in rows):
            state = "part"
    elif re.fullmatch(r"`[^`]+`", see):
        state = "met" if (ROOT / see.strip("`")).exists() else "later"
    return f"| {name} | {words} | {state} | {see} |"


def asvs_counts(text: str) -> Counter[str]:
    """How many ids of ASVS stand in each state."""
    return Counter(found[3] for line in text.split("\n") if (found := ASVS_ROW.match(line)))


def counts(text: str) -> Counter[str]:
    """How many rows stand in each state."""
    return Counter(found[3] for line in text.split("\n") if (found := ROW.match(line)))


def faults(root: Path, text: str) -> list[str]:
    """What keeps the table from being true, in words."""
    tests = marked_tests(root)
    rows = Counter(found[1] for line in text.split("\n") if (found := ROW.match(line)))
    wrong = [f"{name} stands in {rows[name]} rows, not in one." for name in IDS if rows[name] != 1]
    wrong += [f"{tests[name][0]} names {name}, which is no row." for name in tests.keys() - rows]
    wrong += [
        f"{found[1]} is met in part; say behind {TO_COME!r} what is to come."
        for line in text.split("\n")
        if (found := ROW.match(line)) and found[3] == "part" and TO_COME not in found[4]
    ]
    if written(text, tests) != text:
        wrong.append("docs/security.md is out of date; `make fix` writes its columns.")
    return wrong


def main() -> None:
    """Write the columns, list an id's tests, or say what is wrong."""
    text = TABLE.read_text(encoding="utf-8")
    if names := [name for name in sys.argv[1:] if name in IDS]:
        tests = marked_tests(ROOT)
        print("\n".join(str(one) for name in names for one in tests.get(name, [])))
        return
    if "--write" in sys.argv:
        text = written(text, marked_tests(ROOT))
        TABLE.write_text(text, encoding="utf-8")
    wrong = faults(ROOT, text)
    for name, counted in (("Security list", counts(text)), ("ASVS", asvs_counts(text))):
        said = ", ".join(f"{number} {state}" for state, number in sorted(counted.items()))
        wrong or print(f"{name}: {said}.")
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
