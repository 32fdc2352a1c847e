"""The survey of 200 questions and 125 rules that the engine is measured with, also as SurveyJS."""

import random
from typing import Any

Json = dict[str, Any]
PAGES = 20
KINDS = ("rating", "rating", "rating", "single_choice", "yes_no") * 2
"""The ten questions of a page; every other page has multi_choice and text in place of two."""
QUESTION_RULES, PAGE_RULES, REQUIRED_RULES = 90, 10, 25
SYMBOLS = {"eq": "=", "le": "<=", "ge": ">=", "lt": "<", "gt": ">"}


def build(seed: int = 2026) -> Json:
    """The huisheng document; rules refer to questions of earlier pages and of the same page."""
    rng = random.Random(seed)
    pages = [_page(rng, number) for number in range(PAGES)]
    questions = [q for page in pages for q in page["questions"]]
    places = rng.sample(range(10, len(questions)), QUESTION_RULES + REQUIRED_RULES)
    for place in places[:QUESTION_RULES]:
        questions[place]["show_if"] = _rule(rng, questions[:place])
    for place in places[QUESTION_RULES:]:
        questions[place]["required"] = _rule(rng, questions[:place])
    for number in rng.sample(range(2, PAGES), PAGE_RULES):
        pages[number]["show_if"] = _rule(rng, questions[: 10 * number], "any", 3)
    scores = [
        {"id": f"s{p}", "of": [q["id"] for q in page["questions"] if q["type"] == "rating"]}
        for p, page in enumerate(pages)
    ]
    return {
        "format": "huisheng.survey/1",
        "id": "bench",
        "title": "性能",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": pages,
        "scores": scores,
    }


def _page(rng: random.Random, number: int) -> Json:
    kinds = list(KINDS)
    if number % 2:
        kinds[2], kinds[7] = "multi_choice", "text"
    questions = [_question(rng, f"q{number}_{i}", kind) for i, kind in enumerate(kinds)]
    return {"id": f"p{number}", "questions": questions}


def _question(rng: random.Random, name: str, kind: str) -> Json:
    question: Json = {"id": name, "type": kind, "text": f"问题 {name}"}
    if rng.random() < 0.5 and kind != "text":
        question["required"] = True
    if kind in ("single_choice", "multi_choice"):
        question["options"] = [{"id": f"o{i}", "text": f"选项 {i}"} for i in range(5)]
    return question


def _rule(rng: random.Random, earlier: list[Json], op: str = "", count: int = 0) -> Json:
    """One to three comparisons with what stands not far before."""
    count = count or rng.choice((1, 1, 2, 3))
    parts = [_comparison(rng, rng.choice(earlier[-40:])) for _ in range(count)]
    if count == 1:
        return parts[0]
    return {"op": op or rng.choice(("all", "any", "any")), "of": parts}


def _comparison(rng: random.Random, question: Json) -> Json:
    name = question["id"]
    match question["type"]:
        case "rating":
            op, value = rng.choice((("le", 3), ("ge", 2), ("lt", 5), ("ge", 3), ("eq", 5)))
            return {"op": op, "ref": name, "value": value}
        case "single_choice":
            options = [f"o{i}" for i in rng.sample(range(5), 3)]
            return {"op": "in", "ref": name, "value": options}
        case "yes_no":
            return {"op": "eq", "ref": name, "value": rng.random() < 0.6}
        case "multi_choice":
            options = [f"o{i}" for i in rng.sample(range(5), 2)]
            return {"op": "has_any", "ref": name, "value": options}
        case _:
            return {"op": "answered", "ref": name}


def responses(document: Json, count: int, seed: int = 7) -> list[Json]:
    """Answers to all questions, a few left out in every third response."""
    rng = random.Random(seed)
    found: list[Json] = []
    for number in range(count):
        share = 0.9 if number % 3 == 0 else 1.0
        questions = [q for page in document["pages"] for q in page["questions"]]
        found.append({q["id"]: _answer(rng, q) for q in questions if rng.random() < share})
    return found


def _answer(rng: random.Random, question: Json) -> Any:
    match question["type"]:
        case "rating":
            return rng.randint(1, 5)
        case "single_choice":
            return f"o{rng.randrange(5)}"
        case "yes_no":
            return rng.random() < 0.5
        case "multi_choice":
            return [f"o{i}" for i in sorted(rng.sample(range(5), rng.randint(1, 3)))]
        case _:
            return "医生很耐心"


# -- the same form for SurveyJS -------------------------------------------------------------------


def as_surveyjs(document: Json) -> Json:
    """Pages, questions, rules and required marks as survey-core takes them."""
    return {"pages": [_surveyjs_page(page) for page in document["pages"]]}


def _surveyjs_page(page: Json) -> Json:
    made: Json = {"name": page["id"], "elements": [_element(q) for q in page["questions"]]}
    if "show_if" in page:
        made["visibleIf"] = _expression(page["show_if"])
    return made


def _element(question: Json) -> Json:
    types = {
        "single_choice": "radiogroup",
        "multi_choice": "checkbox",
        "yes_no": "boolean",
        "text": "comment",
    }
    kind = types.get(question["type"], question["type"])
    made: Json = {"type": kind, "name": question["id"], "title": question["text"]}
    if "options" in question:
        made["choices"] = [{"value": o["id"], "text": o["text"]} for o in question["options"]]
    if question["type"] == "rating":
        made |= {"rateMin": 1, "rateMax": 5}
    if question["type"] == "text":
        made["maxLength"] = 2000
    required = question.get("required")
    if required is True:
        made["isRequired"] = True
    elif required:
        made["requiredIf"] = _expression(required)
    if "show_if" in question:
        made["visibleIf"] = _expression(question["show_if"])
    return made


def _expression(rule: Json) -> str:
    match rule["op"]:
        case "all" | "any":
            word = " and " if rule["op"] == "all" else " or "
            return "(" + word.join(_expression(part) for part in rule["of"]) + ")"
        case "in" | "has_any":
            options = ", ".join(f"'{value}'" for value in rule["value"])
            return f"{{{rule['ref']}}} anyof [{options}]"
        case "answered":
            return f"{{{rule['ref']}}} notempty"
        case op:
            value = str(rule["value"]).lower()
            return f"{{{rule['ref']}}} {SYMBOLS[op]} {value}"
