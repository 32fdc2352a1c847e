"""The options of a choice item: their codes, texts, weights, and where they stand."""

from collections.abc import Callable
from typing import Any

from engine.text import localize
from interchange.expression import Unreadable
from interchange.fhir import extensions as ext
from interchange.fhir.context import carried_code
from interchange.fhir.extensions import Extensions
from interchange.fhir.item import Item, Made, prefixed
from interchange.fhir.pictures import picture
from interchange.fhir.toggles import offer
from interchange.names import Names, source_id
from interchange.node import Node, number_of
from interchange.refs import Ref

_OPEN = ("optionsOrString", "optionsOrType")
MAX_OPTIONS = 2000


def choice(item: Item, made: Made) -> None:
    """A choice, of one or of several options; raises Unreadable where there are none."""
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
        option["text"] = prefixed(prefix.strip(), option["text"])
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
