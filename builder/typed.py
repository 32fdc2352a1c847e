"""What a filled-in panel asks for: what was typed, read by the kind of each property, as edits."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import UNSET, Struct

from builder.edits import AnyEdit, SetMember, Several
from builder.panel import Property, properties_of
from builder.tree import Tree

MAX_TYPED = 20_000
BAR = "|"


class BadValue(ValueError):
    """What was typed is no value of this member: `member` and the `code` of what is wrong."""

    def __init__(self, member: str, code: str) -> None:
        super().__init__(f"{member}: {code}")
        self.member = member
        self.code = code


def edits_of(
    of: str,
    part: Struct,
    shown: Tree,
    form: Mapping[str, str],
    languages: tuple[str, ...],
    now: Tree | None = None,
) -> AnyEdit | None:
    """The edit that a filled-in panel asks for; None where nothing differs from what was shown.

    `shown` is the part as its author saw it, from the form's own hidden copy: what they did not
    touch is left as it is, whoever changed it meanwhile. What stands there already (`now`) needs no
    edit: a form that is sent twice says nothing new.

    Raises:
        BadValue: a typed value is of the wrong kind.
    """
    edits: list[AnyEdit] = []
    for one in properties_of(part):
        for member, key in _inputs(one, shown, languages):
            name = f"m:{member}"
            if name not in form and one.kind not in ("yes_no", "required"):
                continue
            was = _at(shown, member)
            value = _read(one, key, form.get(name, ""), was)
            if value != was and (now is None or value != _at(now, member)):
                seen = None if was is UNSET else was
                edits.append(SetMember(of=of, member=member, value=value, was=seen))
    edits += _carried_labels(of, part, edits)
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Several(edits=tuple(edits))


def _carried_labels(of: str, part: Struct, edits: list[AnyEdit]) -> list[AnyEdit]:
    """What the end of a scale is called goes along where the end is moved."""
    found: list[AnyEdit] = []
    for one in edits:
        inside, _, last = one.member.rpartition("/") if isinstance(one, SetMember) else ("", "", "")
        holder: Any = getattr(part, inside, None) if inside else part
        labels: Tree = getattr(holder, "labels", {}) if last in ("min", "max") else {}
        old = str(getattr(holder, last)) if labels else ""
        if isinstance(one, SetMember) and old in labels and type(one.value) is int:
            at = f"{inside}/labels" if inside else "labels"
            found.append(SetMember(of=of, member=f"{at}/{old}", was=labels[old]))
            if str(one.value) not in labels:
                found.append(SetMember(of=of, member=f"{at}/{one.value}", value=labels[old]))
    return found


def _inputs(one: Property, shown: Tree, languages: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """The inputs of a property: each with the member that it sets."""
    if one.kind == "text":
        return text_inputs(one.member, shown, languages)
    if one.kind == "texts":
        return [
            (member, None)
            for key in one.values
            for member, _ in text_inputs(f"{one.member}/{key}", shown, languages)
        ]
    if one.kind == "points":
        return [(f"{one.member}/{key}", key) for key in one.values]
    return [(one.member, None)]


def text_inputs(
    member: str, shown: Tree, languages: tuple[str, ...]
) -> list[tuple[str, str | None]]:
    """A text is typed in once where one string serves every language, else in each of them."""
    if isinstance(_at(shown, member), str):
        return [(member, None)]
    return [(f"{member}/{language}", language) for language in languages]


def value_at(shown: Tree, member: str) -> Any:
    """What a member holds, for the form; None where it is left out."""
    found = _at(shown, member)
    return None if found is UNSET else found


def _at(shown: Tree, member: str) -> Any:
    node: Any = shown
    for step in member.split("/"):
        node = cast(Tree, node).get(step, UNSET) if isinstance(node, dict) else UNSET
    return node


def _read(one: Property, key: str | None, typed: str, was: Any) -> Any:
    """The value that was typed; UNSET for the default, which documents leave out."""
    text = typed.strip().replace("\r\n", "\n")
    if len(text) > MAX_TYPED:
        raise BadValue(one.member, "too_long")
    match one.kind:
        case "required":
            is_rule = isinstance(was, dict)
            return cast(Any, was) if is_rule else (True if text else UNSET)
        case "yes_no":
            return True if text else (UNSET if not one.default else False)
        case "text" | "texts" | "line":
            return text or UNSET
        case "choice":
            return _choice(one, text)
        case "whole" | "points" | "number":
            return _number(one, text, was)
        case "list":
            return _list(text, was)
        case "lines" if isinstance(was, list) and text == shown_lines(one, cast(Any, was)).strip():
            return cast(Any, was)
        case "lines":
            return [_line(one, row) for row in text.split("\n") if row.strip()] or UNSET
        case "some":
            return _some(one, text, was)
        case "json":
            return _json(one, text)


def _list(text: str, was: Any) -> Any:
    """Words between commas; the order of what is only ticked says nothing."""
    words = text.replace("，", ",").replace("\n", ",").split(",")
    found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    is_same = isinstance(was, list) and sorted(found) == sorted(cast(list[str], was))
    return cast(Any, was) if is_same else found or UNSET


def _line(one: Property, row: str) -> Tree:
    """An entry from its words between bars; words that may be missing come last."""
    words = [word.strip() for word in row.split(BAR)]
    if len(words) > len(one.values) or not words[0]:
        raise BadValue(one.member, "line")
    return {name: word for name, word in zip(one.values, words, strict=False) if word}


def _some(one: Property, text: str, was: Any) -> Any:
    if not text:
        return UNSET
    if text.isascii() and text.isdecimal() and len(text) < 4:
        return was if was is False and text == "1" else int(text)
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def shown_lines(one: Property, entries: list[Tree]) -> str:
    """Entries as they are typed in, one a line."""
    rows = ([entry.get(name, "") for name in one.values] for entry in entries)
    return "\n".join(f" {BAR} ".join(row).rstrip(f" {BAR}") for row in rows)


def _choice(one: Property, text: str) -> Any:
    if text and text not in one.values:
        raise BadValue(one.member, "choice")
    return UNSET if not text or text == one.default else text


def _number(one: Property, text: str, was: Any) -> Any:
    if not text:
        return UNSET
    try:
        value = float(text) if one.kind != "whole" and not text.lstrip("-").isdigit() else int(text)
    except ValueError:
        raise BadValue(one.member, "number") from None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not abs(value) < 1e15:
        raise BadValue(one.member, "number")
    below = one.minimum is not None and value < one.minimum
    if below or (one.maximum is not None and value > one.maximum):
        raise BadValue(one.member, "limits")
    is_left_out = one.kind == "whole" and value == one.default and was is UNSET
    return UNSET if is_left_out else value


def _json(one: Property, text: str) -> Any:
    if not text:
        return UNSET
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise BadValue(one.member, "json") from None
