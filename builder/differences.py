"""What a new version of a survey changes, part by part, for people: texts word by word, rules as
rules, everything else as it was and as it is. Pure; `engine.compare` says what changed."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from engine.compare import Change, changes
from engine.definition import Document
from engine.ruletree import RuleNode

MAX_TOKENS = 3000
"""Longer texts are shown whole, as they were and as they are."""
ALIKE = 0.4
"""Texts that share less are two texts rather than one reworded."""
_TOKEN = re.compile(r"[A-Za-z0-9_'’]+|\s+|.", re.DOTALL)
TEXTS = frozenset("title description text hint alt labels pattern_message unit".split())


Kind = Literal["same", "gone", "new"]


class Piece(Struct, frozen=True):
    """A stretch of a text: in both versions, or only in one."""

    kind: Kind
    text: str


class MemberChange(Struct, frozen=True):
    """A member that differs. A text has `pieces` and perhaps its `lang`; a rule is `old` and `new`
    as rules; anything else is `old` and `new` as JSON values. None is nothing."""

    member: str
    kind: Literal["text", "rule", "value"]
    old: Any = None
    new: Any = None
    pieces: tuple[Piece, ...] = ()
    lang: str = ""


class Difference(Struct, frozen=True):
    """One part that was added, removed, moved or changed, with its old and new self."""

    change: Change
    old: Any
    new: Any
    members: tuple[MemberChange, ...]


def differences(old: Document, new: Document) -> tuple[Difference, ...]:
    """Every part that is not what or where it was."""
    return tuple(_difference(old, new, change) for change in changes(old, new))


def _difference(old: Document, new: Document, change: Change) -> Difference:
    was = None if change.old is None else part_at(old, change.old)
    is_now = None if change.new is None else part_at(new, change.new)
    members = tuple(one for member in change.members for one in _member(was, is_now, member))
    return Difference(change, was, is_now, members)


def part_at(document: Document, pointer: str) -> Any:
    """The part that a pointer of a change leads to."""
    node: Any = document
    for step in pointer.split("/")[1:]:
        node = node[int(step)] if step.isdigit() else getattr(node, step)
    return node


def _member(old: Any, new: Any, member: str) -> Iterator[MemberChange]:
    was, is_now = _value(old, member), _value(new, member)
    if isinstance(was, RuleNode) or isinstance(is_now, RuleNode):
        yield MemberChange(member, "rule", was, is_now)
    elif member == "next":
        yield MemberChange(member, "rule", was or (), is_now or ())
    elif member in TEXTS:
        yield from _texts(member, was, is_now)
    else:
        yield MemberChange(member, "value", _plain(was), _plain(is_now))


def _value(part: Any, member: str) -> Any:
    return getattr(part, member, getattr(part, f"{member}_", None))


def _plain(value: Any) -> Any:
    return None if value is None else msgspec.to_builtins(value)


def _texts(member: str, old: Any, new: Any) -> Iterator[MemberChange]:
    """A text in each language in which it differs; labels by what they stand at, too."""
    was, is_now = dict(_spelled(old)), dict(_spelled(new))
    for key in dict.fromkeys([*was, *is_now]):
        if was.get(key) != is_now.get(key):
            pieces = reworded(was.get(key, ""), is_now.get(key, ""))
            yield MemberChange(member, "text", pieces=pieces, lang=key)


def _spelled(text: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(text, str):
        yield at, text
    elif isinstance(text, dict):
        for key, one in cast(dict[str, Any], text).items():
            yield from _spelled(one, f"{at} {key}".strip())


def reworded(old: str, new: str) -> tuple[Piece, ...]:
    """The new text against the old one: a Chinese character at a time, other words whole."""
    one, two = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(one) > MAX_TOKENS or len(two) > MAX_TOKENS:
        return _pieces(("gone", old), ("new", new))
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    if matcher.ratio() < ALIKE:
        return _pieces(("gone", old), ("new", new))
    found: list[tuple[Kind, str]] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(one[a:b])))
        else:
            found.append(("gone", "".join(one[a:b])))
            found.append(("new", "".join(two[c:d])))
    return _pieces(*found)


def _pieces(*found: tuple[Kind, str]) -> tuple[Piece, ...]:
    return tuple(Piece(kind, text) for kind, text in found if text)
