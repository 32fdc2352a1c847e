"""Random forms of nested panels, matrices and offered choices, each under rules, and random walks
through pages with triggers: survey-core in Node and our engine show the same."""

import json
from collections import Counter

import engine
from engine.derivation import Values, truth
from interchange import convert
from tests.interchange.survey_core import (
    Author,
    asked_by_survey_core,
    our_answers,
    source,
    theirs_of,
)  # fmt: skip

FORMS = 80
WALKS = 150
TODAY = "2026-11-24"
NESTING = ("radiogroup", "checkbox")


class Builder(Author):
    """Puts rules on whatever takes one: choices, rows, columns, panels in panels."""

    def __init__(self, seed):
        super().__init__(seed)
        self.count = 0

    def named(self, word):
        self.count += 1
        return f"{word}{self.count}"

    def form(self):
        pages = []
        for _ in range(self.random.randint(1, 3)):
            page = {"name": self.named("page "), "elements": []}
            if self.elements and self.random.random() < 0.3:
                page["visibleIf"] = self.rule(2)
            for _ in range(self.random.randint(1, 3)):
                page["elements"] += self.panel(2) if self.random.random() < 0.4 else self.asked()
            pages.append(page)
        return {"pages": pages, "clearInvisibleValues": "onHidden"}

    def panel(self, depth):
        made = {"type": "panel", "name": self.named("panel "), "title": "P", "elements": []}
        if self.elements and self.random.random() < 0.4:
            made["visibleIf"] = self.rule(1)
        for _ in range(self.random.randint(0, 3)):
            nested = depth and self.random.random() < 0.3
            made["elements"] += self.panel(depth - 1) if nested else self.asked()
        return [made]

    def asked(self):
        made = self.dynamic() if self.random.random() < 0.6 else self.element()
        nested = []
        if made["type"] in NESTING and made["choices"] and self.random.random() < 0.3:
            inner = {"type": "text", "inputType": "number", "name": self.named("N ")}
            first = made["choices"][0]
            first = first if isinstance(first, dict) else {"value": first}
            made["choices"][0] = first | {"elements": [inner]}
            nested = [inner]
        plain = made
        if "rateValues" in made:
            plain = {"type": "dropdown", "name": made["name"], "choices": made["rateValues"]}
        elif "choices" in made:
            plain = made | {"choices": [value_of(choice) for choice in made["choices"]]}
        self.elements += [plain, *nested]
        return [made]

    def dynamic(self):
        """A question parts of which are offered by rule."""
        kinds = "radiogroup checkbox matrix matrixdropdown ranking comment slider buttongroup"
        kind = self.random.choice([*kinds.split(), "rates", "from"])
        made = {"type": kind, "name": self.named("D ")}
        if self.elements and self.random.random() < 0.5:
            made["visibleIf"] = self.rule(2)
        match kind:
            case "matrix":
                made |= {"rows": self.ruled(["r 1", 2]), "columns": [1, 2, "x"]}
                if self.elements and self.random.random() < 0.3:
                    made["rowsVisibleIf"] = self.by_item()
            case "matrixdropdown":
                columns = [{"name": "col"}, {"name": "Col 2", "cellType": "radiogroup"}]
                if self.elements and self.random.random() < 0.5:
                    columns[1]["visibleIf"] = self.rule(1)
                made |= {"rows": self.ruled(["r 1", 2]), "columns": columns, "choices": [1, 2, "x"]}
            case "rates":
                made |= {"type": "rating", "rateValues": [0, 0.5, 1, 1.5, 2]}
            case "from":
                sources = [e for e in self.elements if e["type"] in ("radiogroup", "checkbox")]
                made |= {"type": "checkbox", "choices": [7, 8]}
                if sources:
                    chosen = self.random.choice(sources)
                    mode = self.random.choice(["all", "selected", "unselected"])
                    made |= {"choicesFromQuestion": chosen["name"], "choicesFromQuestionMode": mode,
                             "choices": []}  # fmt: skip
            case "radiogroup" | "checkbox" | "ranking" | "buttongroup":
                made["choices"] = self.ruled([1, 2, "x"])
                if kind in ("radiogroup", "checkbox") and self.random.random() < 0.3:
                    made["showNoneItem"] = True
                if self.elements and kind != "ranking" and self.random.random() < 0.3:
                    made["choicesVisibleIf"] = self.by_item()
            case _:
                pass
        return made

    def ruled(self, values):
        if not self.elements or self.random.random() < 0.5:
            return list(values)
        return [{"value": v, "visibleIf": self.rule(1)} if self.random.random() < 0.4 else v
                for v in values]  # fmt: skip

    def by_item(self):
        numbers = [e for e in self.elements if e["type"] in ("rating", "slider")]
        if numbers and self.random.random() < 0.5:
            return f"{{item}} <= {{{self.random.choice(numbers)['name']}}}"
        return f"({self.rule(0)}) or {{item}} = 2"

    def comparison(self, element):
        name = f"{{{element['name']}}}"
        match element["type"]:
            case "ranking" | "comment":
                return f"{name} {self.random.choice(['empty', 'notempty'])}"
            case "slider":
                return f"{name} {self.order()} 50"
            case "text" if element.get("inputType") == "date" and self.random.random() < 0.4:
                return f"{name} {self.order()} {self.random.choice(['today()', 'currentDate()'])}"
            case "checkbox" | "tagbox" if not element["choices"] or self.random.random() < 0.2:
                return f"{{{element['name']}.length}} {self.order()} 1"
            case _:
                return super().comparison(element)

    def wish(self, element):
        match element["type"]:
            case "ranking":
                return None
            case "comment":
                return "门诊"
            case "slider":
                return self.random.choice([0, 50, 70])
            case "checkbox" if not element["choices"]:
                return None
            case _:
                return super().wish(element)


def value_of(choice):
    return choice["value"] if isinstance(choice, dict) else choice


def offered(question, survey, evaluation):
    """What of a question is offered, in their words."""
    values = Values(survey, evaluation, None, TODAY)
    parts = question.rows if question.type == "matrix" else question.options
    rules = [getattr(part, "show_if", None) for part in parts]
    return [source(part) for part, rule in zip(parts, rules, strict=True)
            if rule is None or truth(rule, values) is True]  # fmt: skip


def test_panels_rows_columns_and_choices_are_shown_as_survey_core_shows_them():
    """# R1.1.1.1c (part)"""
    cases, made = [], []
    for seed in range(FORMS):
        author = Builder(seed)
        form = author.form()
        conversion = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
        if conversion.document is None:
            continue
        lost = {loss.code for loss in conversion.losses if loss.kind != "note"}
        assert lost <= {"empty", "number_as_text", "panel_heading"}, (lost, conversion.losses, form)
        for _ in range(4):
            cases.append({"form": form, "wishes": {k: v for k, v in author.wishes().items() if v}})
            made.append((engine.compile_survey(conversion.document), lost))
    told = Counter()
    for case, (survey, lost), theirs in zip(cases, made, asked_by_survey_core(cases), strict=True):
        if "number_as_text" in lost:
            continue
        questions = {source(q): q for q in survey.scope.questions.values()}
        given = our_answers(questions, theirs["answers"])
        evaluation = survey.evaluate(given, today=TODAY)
        where = json.dumps([case, theirs, given], ensure_ascii=False)
        shown = {source(q) for q in questions.values() if q.id in evaluation.asked}
        panels = [name for name in questions if name in shown and name.startswith("panel ")]
        if "panel_heading" not in lost:
            assert panels == theirs["panels"], where
        asked = [theirs_of(questions[name]) for name in questions
                 if name in shown and not name.startswith("panel ")]  # fmt: skip
        assert list(dict.fromkeys(asked)) == theirs["visible"], where
        for name, parts in theirs["offered"].items():
            question = questions.get(name)
            if question is not None and hasattr(question, "options"):
                ours = offered(question, survey, evaluation)
                assert ours == [plain(part) for part in parts], (name, where)
                told["questions with what they offer"] += 1
        told["fillings"] += 1
        told["panels shown"] += len(panels)
    print("survey-core:", ", ".join(f"{count} {what}" for what, count in told.items()), "same")
    assert told["fillings"] > 200 and told["panels shown"] > 100


def plain(value):
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
