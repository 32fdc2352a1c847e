"""The question types of XLSForm as ours."""

import re
from typing import Any

from interchange.expression import Unreadable
from interchange.names import Names, source_id
from interchange.node import number_of
from interchange.refs import Ref
from interchange.xlsform import constraints, xpath
from interchange.xlsform.context import Context
from interchange.xlsform.workbook import Row

Made = dict[str, Any]
MAX_RATING = 10
_SELECT = re.compile(
    r"(select_one|select one|select_one from|select one from|select1|select_multiple|"
    r"select multiple|select all that apply from|select all that apply|rank)(?: from)? (\S+)"
    r"( or[_ ]other| or specify other)?",
    re.IGNORECASE,
)
_SIMPLE = {
    "text": "text", "string": "text", "integer": "number", "int": "number", "decimal": "number",
    "date": "date", "time": "time", "note": "statement", "image": "picture_upload",
    "photo": "picture_upload", "file": "file_upload", "range": "number",
    "acknowledge": "single_choice", "trigger": "single_choice", "barcode": "text",
    "datetime": "text", "date time": "text",
}  # fmt: skip
_KINDS = {"text": "text", "number": "number", "date": "date", "time": "time"}


def fill(context: Context, row: Row, kind: str, made: Made) -> Ref:
    """Put type and members into a question; what rules may read of it. Raises Unreadable."""
    select = _SELECT.fullmatch(kind)
    if select is not None:
        return _choice(context, row, made, select)
    ours = _SIMPLE.get(kind.lower())
    if ours is None:
        is_elsewhere = "_from_file" in kind or "_external" in kind
        raise Unreadable("choices_from_file" if is_elsewhere else "unknown_type", kind)
    made["type"] = ours
    word = kind.lower()
    if ours == "single_choice":
        made["options"] = [{"id": "ok", "text": "OK", "ext": {"source_id": "OK"}}]
        return Ref(made["id"], "choice", (("OK", "ok"),))
    if word in ("barcode", "datetime", "date time"):
        context.report.change("input_type", row.place("type"), kind)
    if word in ("integer", "int"):
        made["step"] = 1
    if word == "range":
        _range(context, row, made)
    if ours == "text" and "multiline" in row.get("appearance"):
        made["lines"] = 4
    if ours == "text" and (rows := number_of(row.get("rows"))):
        made["lines"] = max(1, min(50, int(rows)))
    if ours == "picture_upload":
        if "signature" in row.get("appearance"):
            made["type"] = "signature"
        else:
            made["max_files"] = 1
    if ours == "file_upload":
        made["max_files"] = 1
    return Ref(made["id"], _KINDS.get(made["type"], "opaque"))  # type: ignore[arg-type]


def _range(context: Context, row: Row, made: Made) -> None:
    """Whole steps of one are a rating, others a number with a step."""
    found = dict(re.findall(r"\b(\w++)\s*+=\s*+(-?[\d.]+)", row.get("parameters")))
    low, high, step = (number_of(found.get(key, str(usual))) for key, usual in
                       (("start", 0), ("end", 10), ("step", 1)))  # fmt: skip
    if low is None or high is None or step is None:
        raise Unreadable("rating_range", row.get("parameters"))
    if low > high:
        low, high = high, low
    step = abs(step)
    whole = step == 1 and isinstance(low, int) and isinstance(high, int)
    if whole and 0 < high - low <= MAX_RATING:
        made["type"] = "rating"
        stars = "rating" in row.get("appearance")
        made |= {"min": low, "max": high, "style": "stars" if stars else "numbers"}
    else:
        made |= {"min": low, "max": high, "step": step}


def _choice(context: Context, row: Row, made: Made, select: re.Match[str]) -> Ref:
    if "search(" in row.get("appearance").replace(" ", ""):
        raise Unreadable("choices_from_file", row.get("appearance"))
    word, name, other = select.group(1).lower(), select.group(2), select.group(3)
    many = "multiple" in word or "all" in word
    made["type"] = "ranking" if word == "rank" else "multi_choice" if many else "single_choice"
    choices = context.lists.get(name, [])
    if not choices:
        raise Unreadable("no_choices", name)
    context.more_options(len(choices))
    names = Names((), "o")
    values: list[tuple[Any, str]] = []
    options: list[Made] = []
    made["options"] = options
    for choice in choices:
        option = _option(context, row, choice, names, values)
        if option is not None:
            options.append(option)
    if other:
        _add_other(context, options, names, values)
    if not options:
        raise Unreadable("no_choices", name)
    appearance = row.get("appearance")
    if made["type"] != "ranking" and ("minimal" in appearance or "autocomplete" in appearance):
        made["appearance"] = "dropdown"
    if "randomize" in row.get("parameters").replace(" ", "") and "false" not in row.get(
        "parameters"
    ):
        made["shuffle"] = True
    kind = {"ranking": "opaque", "multi_choice": "set"}.get(made["type"], "choice")
    return Ref(made["id"], kind, tuple(values))  # type: ignore[arg-type]


def _option(
    context: Context, row: Row, choice: Row, names: Names, values: list[tuple[Any, str]]
) -> Made | None:
    value = choice.get("name", "value")
    if not value:
        context.report.lose("option_value", choice.place("name"), choice.get("label"))
        return None
    made_id = names.take(value)
    values.append((value, made_id))
    label = context.said(context.labels(choice, "label"), value, choice.place("label"))
    option: Made = {"id": made_id, "text": label}
    option |= source_id(value, made_id)
    for column, text in choice.cells.items():
        if text and column.split("::")[0] in ("media", "image", "audio", "video", "big-image"):
            context.report.lose("picture", choice.place(column), text)
    chosen = row.get("choice_filter")
    if chosen:
        rule = context.rule_of(chosen, row.place("choice_filter"), item=choice)
        if rule is not None and rule != {"op": "all", "of": []}:
            option["show_if"] = rule
    return option


def _add_other(
    context: Context, options: list[Made], names: Names, values: list[tuple[Any, str]]
) -> None:
    """`or_other`: the list's own "other" where it has one, else one more option, takes a text."""
    own = next((literal for value, literal in values if value == "other"), None)
    if own is not None:
        next(o for o in options if o["id"] == own)["text_entry"] = "optional"
        return
    made_id = names.take("other")
    values.append(("other", made_id))
    word = "其他" if context.speech.base.startswith("zh") else "Other"
    options.append({"id": made_id, "text": context.said({"": word}, word),
                    "text_entry": "optional", **source_id("other", made_id)})  # fmt: skip


def constrain(context: Context, row: Row, made: Made) -> None:
    """Limits from the constraint; what of it has no counterpart is lost."""
    text = row.get("constraint")
    if not text:
        return
    try:
        is_said = constraints.apply(made, xpath.read(text))
    except Unreadable:
        is_said = False
    if not is_said:
        context.report.lose("validator", row.place("constraint"), text)
    message = context.labels(row, "constraint_message")
    if message and "pattern" in made:
        made["pattern_message"] = context.said(message, "—", row.place("constraint_message"))
    elif message:
        context.report.note("message", row.place("constraint_message"))
