"""The item types of a Questionnaire as our question types."""

from collections.abc import Callable

from engine.questions.moments import is_date, is_time
from interchange.expression import Unreadable
from interchange.fhir import extensions as ext
from interchange.fhir import fhirpath
from interchange.fhir.item import Item, Made, prefixed
from interchange.fhir.options import choice
from interchange.fhir.pictures import PICTURES, picture
from interchange.fhir.scores import read_score
from interchange.names import source_id
from interchange.node import Node, is_object, number_of
from interchange.refs import Ref

USUAL_LENGTH = 2000
"""Of a text question that sets none."""


def fill(item: Item) -> Made | None:
    """The question of an item; None for one that is computed and not shown. Raises Unreadable."""
    node, context = item.node, item.context
    context.read_variables(item.extensions)
    for url in (ext.MIN_OCCURS, ext.MAX_OCCURS):
        item.extensions.all(url)
    kind = node.word("type")
    prefix = node.word("prefix")
    text = context.say(node, "text", item.name or kind)
    made: Made = {"id": item.id, "type": "statement", "text": prefixed(prefix, text)}
    made |= source_id(item.name, item.id)
    codes = context.codes(node, "code")
    if codes:
        made["codes"] = codes
    computed = _computed(item, made)
    if computed is not None:
        return None if computed == {} else computed
    reader = choice if node.items("answerOption") else _READERS.get(kind)
    if reader is None:
        raise Unreadable("unknown_type", kind)
    reader(item, made)
    _media(item, made)
    if node.flag("required") and made["type"] != "statement":
        made["required"] = True
    if node.flag("readOnly") and made["type"] != "statement":
        item.lose("enable_if", "readOnly")
    if node.flag("repeats") and made["type"] not in ("multi_choice", "picture_upload",
                                                     "file_upload", "statement"):  # fmt: skip
        context.report.change("repeats_answer", node.place("repeats"), item.name)
    return made


def _computed(item: Item, made: Made) -> Made | None:
    """A calculated item: shown as a text with its value, {} where it is hidden."""
    expression = item.extensions.value(ext.CALCULATED)
    if not is_object(expression):
        return None
    text = fhirpath.spelt_out(str(expression.get("expression", "")), item.context.weighed)
    place = item.extensions.place(ext.CALCULATED)
    number = _score(item, made, text) or item.context.number_of(text, place)
    if number is None:
        raise Unreadable("calculated_value", text)
    if isinstance(number, str):
        item.know(Ref(number, "number"))
    if item.extensions.value(ext.HIDDEN) is True:
        return {}
    shown = "{{" + number + "}}" if isinstance(number, str) else str(number)
    text_of = made["text"]
    if is_object(text_of):
        made["text"] = {tag: f"{version} {shown}" for tag, version in text_of.items()}
    else:
        made["text"] = f"{text_of} {shown}"
    return made


def _score(item: Item, made: Made, text: str) -> str | None:
    """The ref of the score that an expression is, None where it is none."""
    found = read_score(item.context, text)
    if found is None:
        return None
    name = item.context.names.take(item.name.removeprefix("score."))
    title = {} if made["text"] == item.name else {"title": made["text"]}
    item.context.scores[item.name] = {"id": name, **title, **found}
    return f"score.{name}"


def _media(item: Item, made: Made) -> None:
    """Pictures beside a question: those that travel inside the resource."""
    for extension in item.extensions.all(ext.MEDIA):
        asset = picture(item.context, extension)
        if asset is not None:
            attachment = extension.node("valueAttachment")
            words = item.context.say(attachment, "title", item.name)
            made.setdefault("media", []).append({"asset": asset, "alt": words})


# -- types ----------------------------------------------------------------------------------


def _display(item: Item, made: Made) -> None:
    made["type"] = "statement"


def _boolean(item: Item, made: Made) -> None:
    made["type"] = "yes_no"
    item.know(Ref(item.id, "boolean", ((True, True), (False, False))))


def _number(item: Item, made: Made) -> None:
    low, high = (number_of(item.extensions.value(url)) for url in (ext.MIN, ext.MAX))
    is_whole = item.node.word("type") == "integer"
    steps = isinstance(low, int) and isinstance(high, int) and 0 < high - low <= 10
    if is_whole and steps and "slider" in item.controls:
        made |= {"type": "rating", "min": low, "max": high, "style": "numbers"}
    else:
        made["type"] = "number"
        made |= {k: v for k, v in (("min", low), ("max", high)) if v is not None}
        places = number_of(item.extensions.value(ext.DECIMALS))
        if is_whole:
            made["step"] = 1
        elif isinstance(places, int) and 0 < places <= 6:
            made["step"] = 10**-places
        unit = item.extensions.value(ext.UNIT)
        if is_object(unit):
            words = Node(unit)
            made["unit"] = words.word("display") or words.word("code") or "—"
    item.know(Ref(item.id, "number"))


def _moment(item: Item, made: Made) -> None:
    kind = item.node.word("type")
    made["type"] = "time" if kind == "time" else "date"
    if kind == "dateTime":
        item.context.report.change("input_type", item.node.place("type"), kind)
    fits: Callable[[object], bool] = is_time if kind == "time" else is_date
    for url, ours in ((ext.MIN, "min"), (ext.MAX, "max")):
        value = item.extensions.value(url)
        expression = item.extensions.expression(url)
        if expression == "today()" and kind != "time":
            made[ours] = "today"
            continue
        value = expression or value
        if isinstance(value, str) and not expression:
            value = value[:5] if kind == "time" else value[:10]
            if fits(value):
                made[ours] = value
                continue
        if value is not None:
            item.lose("limit", "extension", str(value))
    item.know(Ref(item.id, "time" if kind == "time" else "date"))


def _text(item: Item, made: Made) -> None:
    made["type"] = "text"
    if item.node.word("type") == "text":
        made["lines"] = 4
    longest = item.node.whole("maxLength")
    if longest is not None and longest > 0 and longest != USUAL_LENGTH:
        made["max_length"] = min(longest, 20_000)
    least = number_of(item.extensions.value(ext.MIN_LENGTH))
    if isinstance(least, int) and least > 0:
        made["min_length"] = min(least, 20_000)
    pattern = item.extensions.value(ext.REGEX)
    if isinstance(pattern, str):
        made["pattern"] = pattern
    item.know(Ref(item.id, "text"))


def _attachment(item: Item, made: Made) -> None:
    types = [str(v) for e in item.extensions.all(ext.MIME)
             for k, v in e.value.items() if k.startswith("value")]  # fmt: skip
    pictures = bool(types) and all(t.startswith("image/") for t in types)
    made["type"] = "picture_upload" if pictures else "file_upload"
    known = [t for t in types if t in PICTURES or (not pictures and t == "application/pdf")]
    if known:
        made["types"] = sorted(set(known))
    elif types:
        item.lose("file_types", "extension", ", ".join(types))
    size = number_of(item.extensions.value(ext.MAX_SIZE))
    if size is not None and size > 0:
        made["max_bytes"] = max(1, min(int(size * 1024 * 1024), 50 * 1024 * 1024))
    most = number_of(item.extensions.value(ext.MAX_OCCURS))
    made["max_files"] = min(int(most), 20) if most else (20 if item.node.flag("repeats") else 1)
    item.know(Ref(item.id, "opaque"))


def _reference(item: Item, made: Made) -> None:
    """A department or a member of the staff where the resource says so."""
    kinds = [str(v) for e in item.extensions.all(ext.REFERENCE)
             for k, v in e.value.items() if k.startswith("value")]  # fmt: skip
    if "Practitioner" in kinds or "PractitionerRole" in kinds:
        made["type"] = "staff"
    elif "Organization" in kinds or "Location" in kinds:
        made["type"] = "department"
    else:
        raise Unreadable("unknown_type", "reference")
    item.know(Ref(item.id, "opaque"))


_READERS: dict[str, Callable[[Item, Made], None]] = {
    "display": _display, "boolean": _boolean, "decimal": _number, "integer": _number,
    "quantity": _number, "date": _moment, "dateTime": _moment, "time": _moment, "string": _text,
    "text": _text, "url": _text, "choice": choice, "open-choice": choice, "coding": choice,
    "attachment": _attachment, "reference": _reference,
}  # fmt: skip
