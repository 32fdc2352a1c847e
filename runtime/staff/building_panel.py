"""The properties of one part as the panel shows them: inputs, choices, what stands inside."""

from typing import Any, cast

import msgspec
from msgspec import Struct

from builder.entries import members_of
from builder.panel import Property, properties_of
from builder.tree import Tree, inner_by_id, own_tree
from builder.typed import shown_lines, text_inputs, value_at
from engine.definition import Page
from runtime.kit.words import catalogue
from runtime.staff.building import LISTS, READY, TYPES, Desk
from runtime.staff.building_rules import slots_of
from runtime.staff.fields import Fields
from runtime.staff.offered import OPEN, Offer


def panel_of(desk: Desk, at: str, typed: Fields | None, shown: str | None) -> dict[str, Any]:
    """What `build/panel.html` needs for the part with this id, the survey's head for none.

    `typed` is what stands in the inputs in place of the document's values; `shown` what the author
    saw there, where that is older than the document.
    """
    at = at if desk.part_in(desk.document, at) is not None else ""
    part: Any = desk.part(at)
    own = own_tree(desk.document, part)
    given = typed if typed is not None else Fields()
    return {
        "at": at,
        "kind": "page" if isinstance(part, Page) else "question" if at else "head",
        "type": getattr(part, "type", "") if at else "",
        "part": part,
        "properties": properties(desk, part, own, given),
        "lists": lists_of(desk, part, own, given) if at else (),
        "shown": msgspec.json.encode(own).decode() if shown is None else shown,
        "types": tuple(TYPES),
        "slots": slots_of(desk, part),
        "pages": [
            (one.id, number, desk.text(one.title))
            for number, one in enumerate(desk.document.pages, 1)
        ],
        "languages_of": desk.document.languages,
    }


class Input(Struct, frozen=True):
    """One input of the panel: its name in the form, its label and what it holds."""

    name: str
    label: str
    value: str


class Shown(Struct, frozen=True):
    """One property of the panel with its inputs."""

    rule: Property
    label: str
    help: str
    inputs: tuple[Input, ...]
    choices: tuple[tuple[str, str], ...] = ()
    offers: tuple[Offer, ...] = ()
    none: str = ""
    """What choosing nothing means."""
    others: str | None = None
    """What else is typed into a list beside the offers; None where nothing else may stand."""


class Inner(Struct, frozen=True):
    """An option, row or node in the panel, a node with those below it."""

    id: str
    list: str
    into: str
    inputs: tuple[Input, ...]
    more: tuple[Shown, ...]
    name: str
    below: "tuple[Inner, ...]" = ()


class Listed(Struct, frozen=True):
    """A list inside a question: what it is called, its entries, what is offered for it at once."""

    member: str
    label: str
    entries: tuple[Inner, ...]
    has_other: bool
    ready: tuple[tuple[str, str], ...]


def properties(desk: Desk, part: Any, tree: Tree, typed: Fields, prefix: str = "m") -> list[Shown]:
    """The inputs for the members of a part."""
    tag = str(part.__struct_config__.tag or "")
    return [_shown_property(desk, one, tree, typed, prefix, tag) for one in properties_of(part)]


def _shown_property(
    desk: Desk, one: Property, tree: Tree, typed: Fields, prefix: str, tag: str
) -> Shown:
    last = one.member.rpartition("/")[2]
    words = catalogue(desk.lang)
    of = (tag, "question") if prefix == "m" and tag in TYPES else (tag,)
    own = (f"build_member_{kind}.{last}" for kind in of)
    choices = tuple((value, desk.label("value", f"{last}.{value}")) for value in one.values)
    inputs = tuple(_inputs(desk, one, tree, typed, prefix))
    offers: tuple[Offer, ...] = ()
    others = None
    if one.kind in ("line", "list"):
        offers, others = _offered(desk, one, inputs[0].value)
    return Shown(
        one,
        next((words[code] for code in own if code in words), desk.label("member", last)),
        words.get(f"build_help_{tag}.{last}") or words.get(f"build_help_{last}", ""),
        inputs,
        choices if one.kind == "choice" else (),
        offers,
        words.get(f"build_unset_{last}", ""),
        others,
    )


def _offered(desk: Desk, one: Property, value: str) -> tuple[tuple[Offer, ...], str | None]:
    """The offers with the chosen ones marked, what is chosen but not offered (any more) last; and
    what else a list holds that may hold more."""
    known = desk.offers.of(one.member)
    if not known and one.member not in desk.offers.members:
        return (), None
    chosen = [value] if one.kind == "line" else [part.strip() for part in value.split(",")]
    codes = {offer.code for offer in known}
    rest = [code for code in chosen if code and code not in codes]
    marked = [msgspec.structs.replace(offer, is_on=offer.code in chosen) for offer in known]
    if one.member in OPEN:
        return tuple(marked), ", ".join(rest)
    return (*marked, *(Offer(code, desk.offers.gone(code), is_on=True) for code in rest)), None


def _inputs(desk: Desk, one: Property, tree: Tree, typed: Fields, prefix: str) -> list[Input]:
    def made(member: str, label: str) -> Input:
        name = f"{prefix}:{member}"
        return Input(name, label, typed[name] if name in typed else _shown(tree, member, one))

    if one.kind == "text":
        return [
            made(member, desk.label("language", language) if language else "")
            for member, language in text_inputs(one.member, tree, desk.document.languages)
        ]
    if one.kind == "texts":
        several = len(desk.document.languages) > 1
        return [
            made(
                member,
                f"{_key(desk, key)} {desk.label('language', language)}"
                if several and language
                else _key(desk, key),
            )
            for key in one.values
            for member, language in text_inputs(
                f"{one.member}/{key}", tree, desk.document.languages
            )
        ]
    if one.kind == "points":
        return [made(f"{one.member}/{key}", _key(desk, key)) for key in one.values]
    return [made(one.member, "")]


def _key(desk: Desk, key: str) -> str:
    return desk.label("key", key) if key in ("yes", "no") else key


def _shown(tree: Tree, member: str, one: Property) -> str:
    value = value_at(tree, member)
    if one.kind in ("yes_no", "required"):
        is_on = one.default if value is None else value
        return "on" if is_on else ""
    if value is None:
        value = one.default if one.kind in ("whole", "choice") else None
    if value is None:
        return ""
    if one.kind == "list":
        return ", ".join(value)
    if one.kind == "lines":
        return shown_lines(one, value)
    if one.kind == "some":
        if isinstance(value, list):
            return ", ".join(cast(list[str], value))
        return "" if value is True else str(int(value))
    if one.kind == "json":
        return msgspec.json.format(msgspec.json.encode(value), indent=1).decode()
    return str(value)


def lists_of(desk: Desk, part: Any, tree: Tree, typed: Fields) -> tuple[Listed, ...]:
    """The options, rows and nodes of a question, each list for itself; the options of a matrix only
    where its rows are answered by them."""
    tag = str(part.__struct_config__.tag)
    shown = [one for one in LISTS if hasattr(part, one)]
    if getattr(part, "scale", None) is not None:
        shown.remove("options")
    label = catalogue(desk.lang)

    def listed(member: str) -> Listed:
        own = members_of(part, member)
        named = label.get(f"build_member_{tag}.{member}") or desk.label("member", member)
        ready = READY if tag in ("single_choice", "matrix") and member == "options" else ()
        words = tuple((one, desk.say(f"ready_{one}").replace("|", " / ")) for one in ready)
        entries = _entries(desk, part, tree, typed, member)
        return Listed(member, named, entries, "text_entry" in own, words)

    return tuple(map(listed, shown[::-1] if tag == "matrix" else shown))


def _entries(desk: Desk, part: Any, tree: Tree, typed: Fields, member: str) -> tuple[Inner, ...]:
    """The options, rows or nodes of a question, a cascade's nodes with those below them."""

    def made(parts: Any, trees: list[Tree], into: str) -> tuple[Inner, ...]:
        return tuple(one_of(one, own, into) for one, own in zip(parts, trees, strict=True))

    def one_of(one: Any, own: Tree, into: str) -> Inner:
        shown = properties(desk, one, own, typed, f"o:{member}/{one.id}")
        text = next(p for p in shown if p.rule.member == "text")
        rest = tuple(p for p in shown if p.rule.member not in ("text", "codes", "ext", "image"))
        below = made(getattr(one, "nodes", ()), own.get("nodes", []), f"{part.id}/nodes/{one.id}")
        name = desk.text(one.text) or desk.say("unnamed_entry", n=places[one.id])
        return Inner(one.id, member, into, text.inputs, rest, name, below)

    places = {name: n for n, (name, _) in enumerate(inner_by_id(tree.get(member, [])), 1)}
    return made(getattr(part, member), tree.get(member, []), part.id)


def walk_inner(parts: Any, trees: list[Tree]) -> list[tuple[Any, Tree]]:
    """Options, rows or nodes with their JSON values, those below a node behind it."""
    found: list[tuple[Any, Tree]] = []
    for part, tree in zip(parts, trees, strict=True):
        found += [(part, tree), *walk_inner(getattr(part, "nodes", ()), tree.get("nodes", []))]
    return found
