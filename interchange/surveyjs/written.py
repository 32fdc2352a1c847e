"""SurveyJS questions that are answered in writing: texts, numbers, days and times."""

import re

from engine.questions.moments import is_date, is_time
from interchange.expression import Unreadable
from interchange.node import Node
from interchange.refs import Ref
from interchange.surveyjs.asked import Asked, Made, joined
from interchange.surveyjs.members import ASIDE


def text(asked: Asked) -> list[Made]:
    """One line: text, a number, a date or a time by its `inputType`."""
    kind = asked.node.word("inputType") or "text"
    validators = list(asked.node.nodes("validators"))
    numeric = any(v.word("type") in ("numeric", "numericvalidator") for v in validators)
    if kind in ("number", "range") or numeric:
        return _number(asked, validators)
    if kind in ("date", "time"):
        return _moment(asked, kind)
    if kind not in ("text", "email", "tel", "url", "password", "search"):
        asked.context.report.change("input_type", asked.node.place("inputType"), kind)
    made = asked.head("text")
    if kind == "email":
        made["format"] = "email"
    return _written(asked, made, validators)


def comment(asked: Asked) -> list[Made]:
    """Several lines of text."""
    rows = asked.whole("rows", 1, 50) or 4
    made = asked.head("text") | {"lines": max(2, rows)}
    asked.node.skip("autoGrow", "allowResize", "acceptCarriageReturn")
    return _written(asked, made, list(asked.node.nodes("validators")))


def _written(asked: Asked, made: Made, validators: list[Node]) -> list[Made]:
    longest = asked.node.whole("maxLength")
    if longest is not None and longest > 0:
        made["max_length"] = min(longest, 20_000)
    for validator in validators:
        _text_validator(asked, made, validator)
    asked.know(Ref(asked.id, "text"))
    return [made]


def _text_validator(asked: Asked, made: Made, validator: Node) -> None:
    match validator.word("type").removesuffix("validator"):
        case "text":
            for theirs, ours in (("minLength", "min_length"), ("maxLength", "max_length")):
                value = validator.whole(theirs)
                if value:
                    made[ours] = min(value, 20_000)
            if validator.value.get("allowDigits") is False:
                asked.context.report.lose("validator", validator.at, "allowDigits")
            asked.node.skip("validators")
        case "regex" if "pattern" in made:
            asked.context.report.lose("validator", validator.at, validator.word("regex"))
        case "regex":
            made["pattern"] = whole_pattern(
                validator.word("regex"), validator.flag("caseInsensitive")
            )
            if validator.has("text"):
                made["pattern_message"] = asked.context.say(
                    validator.raw("text"), "", validator.place("text")
                )
        case "email":
            made["format"] = "email"
        case other:
            asked.context.report.lose("validator", validator.at, other)


def whole_pattern(pattern: str, ignores_case: bool = False) -> str:
    """A pattern that is searched for as one that fits the whole text."""
    body = pattern
    starts, ends = body.startswith("^"), body.endswith("$") and not body.endswith("\\$")
    alternatives = "|" in body
    if not (starts and ends) or alternatives:
        body = f"(?s:.*)(?:{pattern})(?s:.*)"
    else:
        body = body[1:-1]
    return f"(?i:{body})" if ignores_case else body


def _number(asked: Asked, validators: list[Node]) -> list[Made]:
    node = asked.node
    made = asked.head("number")
    for theirs, ours in (("min", "min"), ("max", "max"), ("step", "step")):
        value = node.number(theirs)
        if value is not None:
            made[ours] = value
        elif node.has(theirs) and node.raw(theirs) != "any":
            asked.lose("limit", theirs)
    for validator in validators:
        if validator.word("type").removesuffix("validator") != "numeric":
            asked.context.report.lose("validator", validator.at, validator.word("type"))
            continue
        for theirs, ours in (("minValue", "min"), ("maxValue", "max")):
            value = validator.number(theirs)
            if value is not None:
                narrow = max if ours == "min" else min
                made[ours] = narrow(value, made.get(ours, value))
    if "step" in made:
        asked.context.report.note("step_binds", node.place("step"), made["step"])
    node.skip("maxLength")
    asked.know(Ref(asked.id, "number"))
    return [made]


def _moment(asked: Asked, kind: str) -> list[Made]:
    made = asked.head(kind)
    fits = is_date if kind == "date" else is_time
    for member, ours in (("min", "min"), ("max", "max"),
                         ("minValueExpression", "min"), ("maxValueExpression", "max")):  # fmt: skip
        raw = asked.node.raw(member)
        if raw in (None, ""):
            continue
        limit = str(raw).strip()
        if kind == "date" and re.fullmatch(r"=?(today|currentDate)\(\)", limit):
            made[ours] = "today"
        elif fits(limit):
            made[ours] = limit
        else:
            asked.lose("limit", member)
    for validator in asked.node.nodes("validators"):
        asked.context.report.lose("validator", validator.at, validator.word("type"))
    asked.node.skip("step", "maxLength")
    asked.know(Ref(asked.id, "date" if kind == "date" else "time"))
    return [made]


def multipletext(asked: Asked) -> list[Made]:
    """Several short texts: a question each."""
    found: list[Made] = []
    head = asked.context.say(asked.node.raw("title"), asked.name, asked.node.place("title"))
    asked.node.skip("colCount", "itemSize", "itemErrorLocation", "itemTitleWidth")
    for item in asked.node.nodes("items"):
        name = item.word("name")
        made_id = asked.context.names.take(f"{asked.id}_{name}"[:120])
        part = Asked(asked.context, item, made_id, f"{asked.name}.{name}")
        item.value.setdefault("title", name)
        made = text(part)[0]
        made["text"] = joined(head, made["text"])
        made["ext"] = {"source_id": f"{asked.name}.{name}"}
        if item.flag("isRequired"):
            made["required"] = True
        asked.context.report.made(made_id, item.at)
        for member in item.unread(ASIDE):
            asked.context.report.lose("member", item.place(member), member)
        found.append(made)
    if not found:
        raise Unreadable("no_choices", asked.name)
    parts = tuple(made["id"] for made in found)
    asked.know(Ref(parts[0], "opaque", parts=parts))
    return found
