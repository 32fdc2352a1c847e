"""Random rules of workbooks: what pyxform makes of them, evaluated as XPath 1.0 by libxml2, is true
for the same answers as what we make of them."""

import io
import random
from collections import Counter
from datetime import date
from typing import Any

from lxml import etree
from pyxform.xls2xform import convert as by_pyxform

import engine
from interchange import convert
from tests.interchange.workbooks import workbook

BOOKS = 8
RULES = 60
TODAY = "2026-11-24"
CHOICES = """
list_name | name | label
yn | yes | Yes
yn | no | No
yn | 3 | Three
abc | a | A
abc | b | B
abc | c | C
"""
HEAD = """
type | name | label | relevant
integer | n | N |
integer | k | K |
decimal | w | W |
select_one yn | s | S |
select_multiple abc | m | M |
date | d | D |
text | t | T |
"""
DAYS = ["date('2020-01-01')", "date('2024-02-29')", "today()"]
ORDER = ["=", "!=", "<", "<=", ">", ">="]
ANSWERS: dict[str, list[Any]] = {
    "n": [0, 1, 2, 5], "k": [0, 2, 7], "w": [0.5, 2.5], "s": ["yes", "no", "3"],
    "m": [["a"], ["b", "c"], ["a", "b", "c"]], "d": ["2020-01-01", "2024-02-29", TODAY],
    "t": ["x", "long text"],
}  # fmt: skip
OURS = {"3": "o_3"}


def rule(dice: random.Random, depth: int = 3) -> str:
    """A rule as an author writes it, nested up to a depth."""
    if depth and dice.random() < 0.5:
        one, two = (rule(dice, depth - 1) for _ in range(2))
        return dice.choice([f"({one}) and ({two})", f"({one}) or ({two})", f"not({one})",
                            f"{one} or {two}", f"if({one}, {two}, {one})", f"({one}) = true()",
                            f"({one}) != true()", f"boolean({one})"])  # fmt: skip
    return comparison(dice)


def comparison(dice: random.Random) -> str:
    kind = dice.randrange(9)
    order = dice.choice(ORDER)
    match kind:
        case 0:
            name, value = dice.choice("nkwsmdt"), dice.choice(["=", "!="])
            return f"${{{name}}} {value} ''"
        case 1:
            option = dice.choice(["'a'", "'b'", "'zz'"])
            return f"selected(${{m}}, {option})"
        case 2:
            return f"count-selected(${{m}}) {order} {dice.randrange(4)}"
        case 3:
            return f"${{s}} {dice.choice(['=', '!='])} {dice.choice(['yes', 'no', '3', 'other'])!r}"
        case 4:
            return dice.choice([f"${{s}} {order} 3", "selected(${s}, 'yes')",
                                "string(${s}) = true()", "number(${n}) = false()",
                                "${m} = 'a'", "${m} != 'a'"])  # fmt: skip
        case 5:
            return f"${{d}} {order} {dice.choice(DAYS)}"
        case 6:
            return dice.choice(["${t} = 'x'", "${t} != 'x'", "'x' = ${t}", "true()", "false()"])
        case _:
            right = dice.choice([number(dice), str(dice.randrange(8)), f"'{dice.randrange(4)}'"])
            return f"{number(dice)} {order} {right}"


def number(dice: random.Random) -> str:
    one, two = (f"${{{dice.choice('nkw')}}}" for _ in range(2))
    return dice.choice([one, one, f"({one} + {two})", f"({one} - {two})", f"{one} * 2",
                        f"({one} div 2)", f"coalesce({one}, 0)", f"coalesce({one}, {two})",
                        f"min({one}, {two})", f"max({one}, {two}, 1)",
                        f"if({one} > 1, {two}, 4)", f"number({one})"])  # fmt: skip


class OpenRosa:
    """The functions that OpenRosa puts beside XPath 1.0, over single answers; days are numbers."""

    def text(self, value: Any) -> str:
        if isinstance(value, list):
            return value[0].text or "" if value else ""
        return value

    def value(self, value: Any) -> float:
        if isinstance(value, (bool, int, float)):
            return float(value)
        try:
            return float(self.text(value))
        except ValueError:
            return float("nan")

    def functions(self) -> dict[tuple[None, str], Any]:
        def least(best: Any) -> Any:
            def found(_: Any, *args: Any) -> float:
                values = [self.value(arg) for arg in args]
                return best(values) if all(v == v for v in values) else float("nan")

            return found

        def chosen(_: Any, where: Any, what: Any) -> bool:
            return self.text(what) in self.text(where).split()

        def first(_: Any, one: Any, two: Any) -> Any:
            return one if self.text(one) != "" else two

        made = {
            "selected": chosen, "coalesce": first, "min": least(min), "max": least(max),
            "count-selected": lambda _, where: float(len(self.text(where).split())),
            "if": lambda _, when, then, other: then if when else other,
            "date": lambda _, day: float(date.fromisoformat(self.text(day)).toordinal()),
            "today": lambda _: float(date.fromisoformat(TODAY).toordinal()),
        }  # fmt: skip
        return {(None, name): function for name, function in made.items()}


def filled(answers: dict[str, Any]) -> Any:
    """The answers as an instance; text nodes are empty without one."""
    data = etree.Element("data")
    for name in ANSWERS:
        value = answers.get(name, "")
        if name == "d" and value:
            value = date.fromisoformat(value).toordinal()
        text = " ".join(value) if isinstance(value, list) else str(value)
        etree.SubElement(data, name).text = text
    return data


def relevants(book: bytes) -> dict[str, str]:
    """By question, the XPath that pyxform writes."""
    form = etree.fromstring(by_pyxform(io.BytesIO(book)).xform.encode())
    binds = form.iter("{http://www.w3.org/2002/xforms}bind")
    return {b.get("nodeset").rsplit("/", 1)[1]: b.get("relevant") for b in binds
            if b.get("relevant")}  # fmt: skip


def our_answer(value: Any) -> Any:
    return OURS.get(value, value) if isinstance(value, str) else value


def test_random_rules_of_workbooks_keep_their_truth_value() -> None:
    """# R1.1.1.1c (part)"""
    dice = random.Random(7)
    functions = OpenRosa().functions()
    told: Counter[str] = Counter()
    for _ in range(BOOKS):
        rules = [rule(dice) for _ in range(RULES)]
        lines = [f"note | z{i} | Z | {text}" for i, text in enumerate(rules)]
        book = workbook(survey=HEAD + "\n".join(lines), choices=CHOICES)
        theirs = {name: etree.XPath(f"boolean({path})", extensions=functions)
                  for name, path in relevants(book).items()}  # fmt: skip
        made = convert(book, "xlsform", "huisheng")
        assert made.document is not None
        lost = {loss.at for loss in made.losses if loss.kind == "lost"}
        survey = engine.compile_survey(made.document)
        for _ in range(12):
            answers = {k: dice.choice(v) for k, v in ANSWERS.items() if dice.random() < 0.5}
            given = {name: our_answer(value) for name, value in answers.items()}
            asked = survey.evaluate(given, today=TODAY).asked
            for i, text in enumerate(rules):
                if f"survey!{i + 9}:relevant" in lost:
                    told["not carried"] += 1
                    continue
                told["the same"] += 1
                truth = theirs[f"z{i}"](filled(answers))
                assert (f"z{i}" in asked) == truth, (text, answers, truth)
    print("pyxform:", ", ".join(f"{count} {what}" for what, count in told.items()))
    assert told["the same"] > 9 * told["not carried"]
