"""The item types of a Questionnaire as our question types."""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import Any

from engine.questions.moments import is_date, is_time
from engine.text import localize
from interchange.expression import Unreadable
from interchange.fhir import extensions as ext
from interchange.fhir import fhirpath
from interchange.fhir.context import Context, carried_code
from interchange.fhir.extensions import Extensions
from interchange.fhir.scores import read_score
from interchange.fhir.toggles import offer
from interchange.names import Names, source_id
from interchange.node import Node, is_object, number_of
from interchange.refs import Ref

Made = dict[str, Any]
_OPEN = ("optionsOrString", "optionsOrType")
PICTURES = ("image/jpeg", "image/png", "image/webp")
MAX_PICTURE = 4 * 1024 * 1024
_OWN_ASSET = re.compile(r"/api/v1/assets/([0-9a-f]{64})$")
MAX_OPTIONS = 2000
USUAL_LENGTH = 2000
"""Of a text question that sets none."""


class Item:
    """An item with its extensions, and the id that its question will have."""

    def __init__(
        self, context: Context, node: Node, extensions: Extensions, made_id: str, name: str
    ) -> None:
        self.context = context
        self.node = node
        self.extensions = extensions
        self.id = made_id
        self.name = name
        self.controls = extensions.codes(ext.CONTROL)

    def know(self, ref: Ref) -> None:
        """Let later rules read the answer."""
        self.context.refs.setdefault(self.name, ref)

    def lose(self, code: str, member: str, about: object = "") -> None:
        """Note the loss of a member."""
        self.context.report.lose(code, self.node.place(member), about)


def fill(item: Item) -> Made | None:
    """The question of an item; None for one that is computed and not shown. Raises Unreadable."""
    node, context = item.node, item.context
    context.read_variables(item.extensions)
    for url in (ext.MIN_OCCURS, ext.MAX_OCCURS):
        item.extensions.all(url)
    kind = node.word("type")
    prefix = node.word("prefix")
    text = context.say(node, "text", item.name or kind)
    made: Made = {"id": item.id, "type": "statement", "text": _prefixed(prefix, text)}
    made |= source_id(item.name, item.id)
    codes = context.codes(node, "code")
    if codes:
        made["codes"] = codes
    computed = _computed(item, made)
    if computed is not None:
        return None if computed == {} else computed
    reader = _choice if node.items("answerOption") else _READERS.get(kind)
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


def _prefixed(prefix: str, text: Any) -> Any:
    if not prefix:
        return text
    if is_object(text):
        return {tag: f"{prefix} {version}" for tag, version in text.items()}
    return f"{prefix} {text}"


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


def picture(context: Context, extension: Node) -> str | None:
    """The asset id of an attachment with its data inside, or of one of ours at its address; a loss
    where it is elsewhere."""
    attachment = extension.node("valueAttachment")
    own = _OWN_ASSET.search(attachment.word("url"))
    if own is not None:
        return "sha256:" + own.group(1)
    data = attachment.word("data")
    if not data or attachment.word("contentType") not in PICTURES:
        about = attachment.word("url") or attachment.word("contentType")
        context.report.lose("picture", attachment.at, about)
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (ValueError, binascii.Error):
        content = b""
    if not 0 < len(content) <= MAX_PICTURE:
        context.report.lose("picture", attachment.at, attachment.word("title"))
        return None
    name = "sha256:" + hashlib.sha256(content).hexdigest()
    context.report.assets[name] = content
    return name


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


def _choice(item: Item, made: Made) -> None:
    node = item.node
    many = node.flag("repeats")
    made["type"] = "multi_choice" if many else "single_choice"
    names = Names((), "o")
    options: list[Made] = []
    values: list[tuple[Any, Any]] = []
    for source, weights in _sources(item):
        option = _option(item, source, weights, names, values, many)
        if option is not None and len(options) < MAX_OPTIONS:
            options.append(option)
    is_open = node.word("type") == "open-choice" or node.word("answerConstraint") in _OPEN
    if is_open:
        made_id = names.take("other")
        values.append((("", "other"), made_id))
        word = "其他" if item.context.speech.base.startswith("zh") else "Other"
        options.append({"id": made_id, "text": word, "text_entry": "required"})
    if not options or (len(options) == 1 and is_open):
        code = "value_set" if node.has("answerValueSet") else "no_choices"
        raise Unreadable(code, node.word("answerValueSet"))
    made["options"] = options
    if {"drop-down", "autocomplete", "lookup"} & set(item.controls):
        made["appearance"] = "dropdown"
    if many:
        for url, ours in ((ext.MIN_OCCURS, "min_selected"), (ext.MAX_OCCURS, "max_selected")):
            number = number_of(item.extensions.value(url))
            if isinstance(number, int) and number > 0:
                made[ours] = number
    offer(item.context, item.extensions, made, values)
    kind = "set" if many else "choice"
    if not many and any("points" in option for option in options):
        item.context.weighed.append(item.name)
    item.know(Ref(item.id, kind, tuple(values), None if many else _weights(item, made)))


def _weights(item: Item, made: Made) -> Callable[[], str]:
    """The weights of options as a score of one question, where a calculation adds them up."""

    def ref() -> str:
        context = item.context
        if not any("points" in option for option in made["options"]):
            raise Unreadable("no_number", item.name)
        if item.id not in context.scores:
            made_id = context.names.take(f"{item.id}_value")
            context.scores[item.id] = {"id": made_id, "of": [item.id], "method": "sum"}
        return f"score.{context.scores[item.id]['id']}"

    return ref


def _sources(item: Item) -> list[tuple[Node, Node]]:
    """The options: each with the node that may carry weights beside its coding."""
    found = [(option, option) for option in item.node.nodes("answerOption")]
    if found:
        return found
    address = item.node.word("answerValueSet")
    contained = _contained(item.context.root, address)
    if contained is None:
        return []
    concepts: list[Node] = []
    for concept in contained.node("expansion").nodes("contains"):
        concepts.append(concept)
    if not concepts:
        for include in contained.node("compose").nodes("include"):
            for concept in include.nodes("concept"):
                concept.value.setdefault("system", include.word("system"))
                concepts.append(concept)
    return [(Node({"valueCoding": c.value, "extension": c.value.get("extension")}, c.at), c)
            for c in concepts]  # fmt: skip


def _contained(root: Node, address: str) -> Node | None:
    if not address:
        return None
    for resource in root.nodes("contained"):
        if resource.word("resourceType") == "ValueSet" and (
            address == "#" + resource.word("id") or address == resource.word("url")
        ):
            return resource
    return None


def _option(
    item: Item,
    source: Node,
    weights: Node,
    names: Names,
    values: list[tuple[Any, Any]],
    many: bool,
) -> Made | None:
    context = item.context
    coding = source.node("valueCoding")
    plain = next((source.raw(k) for k in ("valueString", "valueInteger", "valueDate", "valueTime")
                  if source.has(k)), None)  # fmt: skip
    code = coding.word("code") if coding.value else ("" if plain is None else str(plain))
    code = code or coding.word("display")
    if not code:
        context.report.lose("option_value", source.at)
        return None
    made_id = names.take(code)
    values.append(((coding.word("system") if coding.value else None, code), made_id))
    text = context.say(coding, "display", code) if coding.value else code
    option: Made = {"id": made_id, "text": text, **source_id(code, made_id)}
    carried = carried_code(coding)
    if carried is not None:
        if carried.get("display") == localize(text, context.speech.base):
            del carried["display"]
        option["codes"] = [carried]
    elif plain is not None:
        kind = next(k for k in ("valueString", "valueInteger", "valueDate", "valueTime")
                    if source.has(k))  # fmt: skip
        if kind != "valueString":
            option["ext"] = option.get("ext", {}) | {"fhir_value": kind}
    own = Extensions(source)
    prefix = own.value(ext.PREFIX)
    if isinstance(prefix, str) and prefix.strip():
        option["text"] = _prefixed(prefix.strip(), option["text"])
    _points(item, own, Extensions(coding), option, many)
    if own.value(ext.EXCLUSIVE) is True and many:
        option["exclusive"] = True
    for extension in own.all(ext.ANSWER_MEDIA):
        asset = picture(context, extension)
        if asset is not None:
            option["image"] = asset
    if source.flag("initialSelected"):
        context.report.lose("default_value", source.place("initialSelected"), code)
    for extension in own.unread():
        context.report.lose("extension", extension.at, extension.word("url"))
    return option


def _points(item: Item, own: Extensions, inner: Extensions, option: Made, many: bool) -> None:
    """`itemWeight`, or the older `ordinalValue`, on the option or on its coding."""
    found = [own.value(ext.WEIGHT), own.value(ext.ORDINAL), inner.value(ext.WEIGHT),
             inner.value(ext.ORDINAL)]  # fmt: skip
    points = next((n for n in map(number_of, found) if n is not None), None)
    if points is None:
        return
    if not (-100 if many else 0) <= points <= 100:
        item.context.report.lose("points_range", own.node.at, points, low=0, high=100)
        return
    option["points"] = points


_READERS: dict[str, Callable[[Item, Made], None]] = {
    "display": _display, "boolean": _boolean, "decimal": _number, "integer": _number,
    "quantity": _number, "date": _moment, "dateTime": _moment, "time": _moment, "string": _text,
    "text": _text, "url": _text, "choice": _choice, "open-choice": _choice, "coding": _choice,
    "attachment": _attachment, "reference": _reference,
}  # fmt: skip
