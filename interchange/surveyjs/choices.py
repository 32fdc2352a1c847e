"""Options of SurveyJS questions: their ids, texts, points, and when they are offered."""

from typing import TYPE_CHECKING, Any, NamedTuple

from engine.text import localize
from interchange.expression import Unreadable
from interchange.names import Names, source_id
from interchange.node import Node, is_object
from interchange.refs import Ref
from interchange.truth import Rule, both, compare, negated, total, within_limits

if TYPE_CHECKING:
    from interchange.surveyjs.context import Context

SPECIAL = (
    ("none", "showNoneItem", "hasNone", "noneText", {"en": "None"}),
    ("refused", "showRefuseItem", "", "refuseText", {"en": "Refuse to answer"}),
    ("dontknow", "showDontKnowItem", "", "dontKnowText", {"en": "Don't know"}),
    ("other", "showOtherItem", "hasOther", "otherText", {"en": "Other (describe)"}),
)
"""Value, the member that asks for it, its older name, the member of its text, its usual text."""
_CHINESE = {
    "other": "其他（请说明）",
    "none": "以上都没有",
    "refused": "拒绝回答",
    "dontknow": "不知道",
}


MAX_COUNTED = 1000


class Options(NamedTuple):
    """Options and, for each, the value that the source stores."""

    options: list[dict[str, Any]]
    values: tuple[tuple[Any, str], ...]
    own: int
    """How many of them are the question's own, before "none" and "other"."""


def read_options(context: "Context", node: Node, special: bool, many: bool = False) -> Options:
    """The options of a question; raises Unreadable where there are none to be had."""
    context.more_options(len(node.items("choices")))
    names = Names((), "o")
    options: list[dict[str, Any]] = []
    values: list[tuple[Any, str]] = []
    for at, item in (*listed(node, "choices"), *_counted(node)):
        option = _option(context, names, values, at, item)
        if option is not None:
            options.append(option)
    _sort(node, options, values, context.speech.base)
    ruled = {option["id"] for option in options if "show_if" in option}
    for option, value in carried_forward(context, node, names):
        options.append(option)
        values.append((value, option["id"]))
    own = len(options)
    if special:
        _add_special(context, node, names, options, values, many)
    if not options:
        code = "choices_by_url" if node.has("choicesByUrl") else "no_choices"
        raise Unreadable(code, node.word("name"))
    if node.has("choicesByUrl"):
        address = node.node("choicesByUrl").word("url")
        context.report.lose("choices_by_url", node.place("choicesByUrl"), address)
    for member in ("choicesVisibleIf", "choicesEnableIf"):
        if node.has(member):
            _offer_by_rule(context, node, member, options[:own], values, ruled)
    return Options(options, tuple(values), own)


def _counted(node: Node) -> list[tuple[str, Any]]:
    """The numbers from `choicesMin` to `choicesMax` (a dropdown's own way of options)."""
    low, high, step = node.number("choicesMin"), node.number("choicesMax"), node.number(
        "choicesStep")  # fmt: skip
    if node.word("type") != "dropdown" or low is None or high is None or (step or 1) <= 0:
        return []
    count = min(int((high - low) // (step or 1)) + 1, MAX_COUNTED) if high >= low else 0
    return [(node.place("choicesMax"), low + n * (step or 1)) for n in range(count)]


def _sort(
    node: Node, options: list[dict[str, Any]], values: list[tuple[Any, str]], base: str
) -> None:
    """Options in the order of their texts, where the source shows them so."""
    order = node.word("choicesOrder")
    if order in ("asc", "desc"):
        both = sorted(zip(options, values, strict=True), reverse=order == "desc",
                      key=lambda one: str(localize(one[0]["text"], base)))  # fmt: skip
        options[:] = [option for option, _ in both]
        values[:] = [value for _, value in both]


def listed(node: Node, key: str) -> list[tuple[str, Any]]:
    """The items of a list of values, each with its place."""
    return [(node.place(key, i), item) for i, item in enumerate(node.items(key))]


def value_and_text(item: Any, at: str) -> tuple[Any, Any, Node]:
    """The stored value, the text (None: the value), and the item as a node."""
    if is_object(item):
        node = Node(item, at)
        value = node.raw("value")
        return value, node.raw("text"), node
    return item, None, Node({}, at)


def _option(
    context: "Context", names: Names, values: list[tuple[Any, str]], at: str, item: Any
) -> dict[str, Any] | None:
    value, text, node = value_and_text(item, at)
    if not isinstance(value, (str, int, float)) or value == "":
        context.report.lose("option_value", at, value)
        return None
    made = names.take(_plain(value))
    values.append((value, made))
    option: dict[str, Any] = {"id": made, "text": context.say(text, _plain(value), at)}
    option |= source_id(_plain(value), made)
    _image(context, node, option)
    points = node.number("score") if node.has("score") else node.number("points")
    if points is not None:
        option["points"] = points
    if node.word("visibleIf"):
        rule = context.rule(node, "visibleIf")
        if rule is not None:
            option["show_if"] = rule
    for member in node.unread(("elements", "icon")):
        context.report.lose("member", node.place(member), member)
    return option


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _image(context: "Context", node: Node, option: dict[str, Any]) -> None:
    if node.has("imageLink"):
        link = node.raw("imageLink")
        context.report.lose("picture", node.place("imageLink"), str(link)[:120])
        if isinstance(link, str) and len(link) < 2000:
            option["ext"] = {**option.get("ext", {}), "image_link": link}


def _add_special(
    context: "Context",
    node: Node,
    names: Names,
    options: list[dict[str, Any]],
    values: list[tuple[Any, str]],
    many: bool,
) -> None:
    for value, wanted, older, text, usual in SPECIAL:
        asked = node.flag(wanted) or (bool(older) and node.flag(older))
        given = node.raw(text)
        if not asked:
            continue
        made = names.take(value)
        values.append((value, made))
        word = _CHINESE[value] if context.speech.base.startswith("zh") else usual["en"]
        option: dict[str, Any] = {"id": made, "text": context.say(given, word, node.place(text))}
        option |= source_id(value, made)
        if value == "other":
            option["text_entry"] = "required"
            if node.raw("storeOthersAsComment") is False or context.others_are_values:
                context.report.change("other_as_value", node.place(wanted), node.word("name"))
        elif many:
            option["exclusive"] = True
        if node.word("choicesOrder") == "random":
            option["fixed"] = True
        options.append(option)


def carried_forward(
    context: "Context", node: Node, names: Names
) -> list[tuple[dict[str, Any], Any]]:
    """Options that are another question's, offered where they were chosen (or not) there."""
    source = node.word("choicesFromQuestion")
    if not source:
        node.skip("choicesFromQuestionMode")
        return []
    place = node.place("choicesFromQuestion")
    mode = node.word("choicesFromQuestionMode") or "all"
    origin = context.options.get(source)
    ref = context.refs.get(source)
    if origin is None or ref is None:
        context.report.lose("choices_from_question", place, source)
        return []
    found: list[tuple[dict[str, Any], Any]] = []
    pairs = zip(origin.options[: origin.own], origin.values, strict=False)
    for option, (value, literal) in pairs:
        made: dict[str, Any] = {"id": names.take(option["id"]), "text": option["text"]}
        made |= source_id(_plain(value), made["id"])
        rules = [option["show_if"]] if "show_if" in option else []
        if mode in ("selected", "unselected"):
            rule = chosen(ref, literal)
            rules.append(rule if mode == "selected" else negated(rule))
        if rules:
            made["show_if"] = within_limits(both(*rules))
        found.append((made, value))
    return found


def chosen(ref: Ref, literal: Any) -> Rule:
    """Whether an option is chosen."""
    if ref.kind == "set":
        return total(compare("has_any", ref.ref, [literal]), ref.ref)
    return total(compare("eq", ref.ref, literal), ref.ref)


def _offer_by_rule(
    context: "Context",
    node: Node,
    member: str,
    options: list[dict[str, Any]],
    values: list[tuple[Any, str]],
    ruled: set[str],
) -> None:
    """A rule over `{item}`, tried for each option; an option's own rule takes its place there."""
    if member == "choicesEnableIf":
        node.skip(member)
        context.report.lose("enable_if", node.place(member), node.word(member))
        return
    stored = {made: value for value, made in values}
    for option in options:
        if option["id"] in ruled:
            continue
        rule = context.rule(node, member, item=stored[option["id"]])
        if rule is None:
            return
        option["show_if"] = rule if "show_if" not in option else {
            "op": "all", "of": [option["show_if"], rule]}  # fmt: skip


def scored(options: list[dict[str, Any]]) -> bool:
    """Whether an option carries points."""
    return any("points" in option for option in options)
