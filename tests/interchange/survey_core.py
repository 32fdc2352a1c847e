"""Asks the real survey-core in Node, writes random forms for it, and puts answers to them into our
words."""

import json
import random
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = ["门诊", "Yes", "b c", "true", "0", "07", "none"]
NUMBERS = [0, 1, 2, 3, 4.5, -1]
DAYS = ["2020-01-01", "2024-02-29", "1999-12-31"]


def asked_by_survey_core(cases):
    return told_by_survey_core("survey_core.mjs", cases)


def told_by_survey_core(script, asked):
    node = subprocess.run([ROOT / ".ci/tool", "node"], capture_output=True, text=True, check=True)
    done = subprocess.run(
        [node.stdout.strip(), ROOT / "tests/interchange" / script],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


class Author:
    """Writes a form whose rules look back, and what a patient would like to answer."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.elements = []

    def form(self):
        pages = []
        for p in range(self.random.randint(1, 3)):
            page = {"name": f"page {p}", "elements": []}
            if self.elements and self.random.random() < 0.4:
                page["visibleIf"] = self.rule(3)
            elements = []
            for _ in range(self.random.randint(2, 5)):
                elements.append(self.element())
            self.elements += elements
            if self.random.random() < 0.3:
                panel = {"type": "panel", "name": f"panel {p}", "elements": elements[1:]}
                if len(self.elements) > len(elements):
                    panel["visibleIf"] = self.rule(2, self.elements[: -len(elements)])
                elements = [elements[0], panel]
            page["elements"] = elements
            pages.append(page)
        return {
            "pages": pages,
            "clearInvisibleValues": "onHidden",
            "calculatedValues": [{"name": "calc", "expression": self.number(self.elements[:2])}],
        }

    def element(self):
        kind = self.random.choice(
            ["radiogroup", "dropdown", "checkbox", "rating", "boolean", "number", "date", "text",
             "matrix", "tagbox", "multipletext", "matrixdropdown", "imagepicker"]
        )  # fmt: skip
        made = {"type": kind, "name": f"Q {self.random.choice('abc')}"
                f"{self.random.randrange(10**6)}"}  # fmt: skip
        if kind == "multipletext":
            made["items"] = [{"name": "one"}, {"name": "two 2"}]
        elif kind == "matrixdropdown":
            made |= {"rows": ["r 1", 2], "columns": [{"name": "col"}, {"name": "Col 2"}]}
            made |= {"choices": [1, 2, "x"]}
        elif kind in ("radiogroup", "dropdown", "checkbox", "tagbox", "imagepicker"):
            pool = self.random.choice([[1, 2, 3, 4], ["a", "B", "c"], [*WORDS, "9"], ["x", 2]])
            made["choices"] = list(pool)
            if kind == "radiogroup" and self.random.random() < 0.3:
                made["showOtherItem"] = True
        elif kind == "rating" and self.random.random() < 0.5:
            made |= {"rateMin": 0, "rateMax": 10}
        elif kind in ("number", "date"):
            made |= {"type": "text", "inputType": kind}
        elif kind == "matrix":
            made |= {"rows": ["r 1", 2], "columns": [1, 2, "x"]}
        elif kind == "boolean" and self.random.random() < 0.3:
            made |= {"valueTrue": "J", "valueFalse": "N"}
        if self.elements:
            if self.random.random() < 0.6:
                made["visibleIf"] = self.rule(3)
            if self.random.random() < 0.3:
                made["requiredIf"] = self.rule(2)
        return made

    def rule(self, depth, of=None):
        of = self.elements if of is None else of
        chance = self.random.random()
        if depth and chance < 0.25:
            return f"({self.rule(depth - 1, of)}) and ({self.rule(depth - 1, of)})"
        if depth and chance < 0.5:
            return f"({self.rule(depth - 1, of)}) or ({self.rule(depth - 1, of)})"
        if depth and chance < 0.7:
            return f"!({self.rule(depth - 1, of)})"
        if chance < 0.78:
            return f"{self.number(of)} {self.order()} {self.random.choice(NUMBERS)}"
        return self.comparison(self.random.choice(of))

    def order(self):
        return self.random.choice(["=", "<>", "<", "<=", ">", ">="])

    def number(self, of):
        fits = [e for e in of if e["type"] == "rating" or e.get("inputType") == "number"]
        if not fits:
            return "1"
        one, two = (f"{{{self.random.choice(fits)['name']}}}" for _ in range(2))
        return self.random.choice([
            f"({one} + {two})", f"({one} - {two})", f"({one} * 2)", f"sum({one}, {two})",
            f"avg({one}, {two})", f"({one} / 2)", f"iif({one} > 2, {two}, 1)",
        ])  # fmt: skip

    def comparison(self, element):
        name = f"{{{element['name']}}}"
        if self.random.random() < 0.2:
            return f"{name} {self.random.choice(['empty', 'notempty'])}"
        match element["type"]:
            case "rating":
                return f"{name} {self.order()} {self.random.choice(NUMBERS)}"
            case "boolean":
                value = self.random.choice(["true", "false", "'J'", "'N'", "'true'"])
                return f"{name} {self.random.choice(['=', '<>'])} {value}"
            case "text" if element.get("inputType") == "number":
                return f"{name} {self.order()} {self.random.choice([*NUMBERS, quoted('2')])}"
            case "text" if element.get("inputType") == "date":
                return f"{name} {self.order()} {quoted(self.random.choice(DAYS))}"
            case "text":
                return f"{name} {self.random.choice(['=', '<>'])} '门诊'"
            case "matrix":
                cell = f"{{{element['name']}.{self.random.choice(['r 1', '2'])}}}"
                return f"{cell} {self.order()} {self.random.choice(['1', '2', quoted('x')])}"
            case "multipletext":
                part = f"{{{element['name']}.{self.random.choice(['one', 'two 2'])}}}"
                return f"{part} {self.random.choice(['=', '<>'])} '门诊'"
            case "matrixdropdown":
                row, column = self.random.choice(["r 1", "2"]), self.random.choice(["col", "Col 2"])
                cell = f"{{{element['name']}.{row}.{column}}}"
                return f"{cell} {self.order()} {self.random.choice(['1', '2', quoted('x')])}"
            case "checkbox" | "tagbox":
                op = self.random.choice(
                    ["anyof", "allof", "noneof", "contains", "notcontains", "="]
                )
                some = self.random.sample(element["choices"], self.random.randint(1, 2))
                if op == "contains" and self.random.random() < 0.5:
                    return f"{name} contains {quoted(some[0])}"
                return f"{name} {op} [{', '.join(map(quoted, some))}]"
            case _:
                values = [*element["choices"], "other", "zz"]
                op = self.random.choice(["=", "<>", "anyof", "noneof", ">=", "<", "contains"])
                if op in ("anyof", "noneof"):
                    some = self.random.sample(values, 2)
                    return f"{name} {op} [{', '.join(map(quoted, some))}]"
                return f"{name} {op} {quoted(self.random.choice(values))}"

    def triggers(self, pages):
        """Early ends and jumps to a later page's first question."""
        found = [{"type": "complete", "expression": self.rule(1)}]
        if len(pages) > 2:
            first = pages[0]["elements"]
            goal = pages[2]["elements"][0]["name"]
            own = [e for e in first if e["type"] != "panel"]
            found.append({"type": "skip", "expression": self.rule(0, own), "gotoName": goal})
        return found

    def wishes(self):
        return {e["name"]: self.wish(e) for e in self.elements if self.random.random() < 0.75}

    def wish(self, element):
        match element["type"]:
            case "rating":
                low, high = element.get("rateMin", 1), element.get("rateMax", 5)
                return self.random.randint(low, high)
            case "boolean":
                yes, no = element.get("valueTrue", True), element.get("valueFalse", False)
                return self.random.choice([yes, no])
            case "text" if element.get("inputType") == "number":
                return self.random.choice(NUMBERS)
            case "text" if element.get("inputType") == "date":
                return self.random.choice(DAYS)
            case "text":
                return self.random.choice(["门诊", "急诊"])
            case "matrix":
                rows = self.random.sample(["r 1", "2"], self.random.randint(1, 2))
                return {row: self.random.choice([1, 2, "x"]) for row in rows}
            case "multipletext":
                return {self.random.choice(["one", "two 2"]): self.random.choice(["门诊", "x"])}
            case "matrixdropdown":
                return {row: {self.random.choice(["col", "Col 2"]): self.random.choice([1, "x"])}
                        for row in self.random.sample(["r 1", "2"], 1)}  # fmt: skip
            case "checkbox" | "tagbox":
                return self.random.sample(element["choices"], self.random.randint(1, 2))
            case _:
                return self.random.choice(element["choices"])


def quoted(value):
    return f"'{value}'"


def source(part):
    return part.ext.get("source_id", part.id)


def our_answer(question, value):
    """An answer in survey-core's words, in ours."""

    def option(options, wanted):
        return next(o.id for o in options if source(o) == str(wanted))

    match question.type:
        case "single_choice":
            return option(question.options, value)
        case "multi_choice":
            return [option(question.options, item) for item in value]
        case "matrix":
            return {option(question.rows, row): option(question.options, cell)
                    for row, cell in value.items()}  # fmt: skip
        case "yes_no":
            return value in (True, "J")
        case _:
            return value


def our_answers(questions, theirs):
    """All answers of a filling, where one question of theirs may be several of ours."""
    found = {}
    for name, value in theirs.items():
        if name in questions:
            found[questions[name].id] = our_answer(questions[name], value)
        elif f"{name}.*.col" in questions:
            for column in ("col", "Col 2"):
                question = questions[f"{name}.*.{column}"]
                cells = {row: cell[column] for row, cell in value.items() if column in cell}
                found[question.id] = our_answer(question, cells)
        else:
            for item, text in value.items():
                found[questions[f"{name}.{item}"].id] = text
    return found


def theirs_of(question):
    """The question of theirs that one of ours stands for."""
    return source(question).split(".")[0]
