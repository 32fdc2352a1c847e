"""Edits of names: a part is called otherwise, or copied, and whatever names it follows."""

import copy
from typing import Any, cast

import msgspec

from builder.apply.workpiece import Workpiece, address, named
from builder.declared import address_of, fields_of, name_in, reorder
from builder.edits import AnyEdit, Duplicate, Refused, Remove, Rename
from builder.references import Inner, Reference, references
from builder.tree import INNER, Tree, fresh
from engine.problems import Problem
from engine.text import Text, rename_placeholders


def rename(piece: Workpiece, edit: Rename) -> AnyEdit:
    """A part, or a declared value, has another id."""
    if (declared := name_in(edit.of)) is not None:
        return _redeclare(piece, edit, declared)
    place = piece.place(edit.of)
    part, inner = named(edit.of)
    old = place.part["id"]
    taken = piece.taken(place.home, inner[0] if inner else "")
    if edit.to != old and edit.to in taken:
        raise Refused(Problem("duplicate_id", place.at, {"id": edit.to}))
    mentions = [mention for mention in references(piece.document) if _names(mention, part, inner)]
    for mention in sorted(mentions, key=lambda m: m.at.count("/"), reverse=True):
        _follow(piece.tree, mention, old, edit.to, inner)
    piece.place(edit.of).part["id"] = edit.to
    piece.made = address(part, inner[0], edit.to) if inner else edit.to
    return Rename(of=piece.made, to=old)


def _redeclare(piece: Workpiece, edit: Rename, old: str) -> AnyEdit:
    """Give a declared value another name; rules, texts and walks follow."""
    piece.part(edit.of)
    fields = fields_of(piece.tree)
    if edit.to != old and edit.to in fields:
        raise Refused(Problem("duplicate_id", "/context", {"id": edit.to}))
    for mention in references(piece.document):
        if mention.id == edit.of:
            _follow(piece.tree, mention, old, edit.to)
    reorder(fields, {name: edit.to if name == old else name for name in fields})
    piece.made = address_of(edit.to)
    return Rename(of=piece.made, to=old)


def duplicate(piece: Workpiece, edit: Duplicate) -> AnyEdit:
    """A copy stands behind the part; what it says of itself it says of the copy."""
    place = piece.place(edit.of)
    into, member = piece.home(edit.of)
    value = copy.deepcopy(place.part)
    taken = piece.taken(place.home, member)
    own = [value, *cast(list[Tree], value.get("questions", []))]
    names = {one["id"]: fresh(one["id"], taken) for one in own}
    if member not in INNER:
        for mention in references(piece.document):
            is_within = mention.id in names and mention.at.startswith(place.at + "/")
            if is_within and _names(mention, mention.id, None):
                local = msgspec.structs.replace(mention, at=mention.at[len(place.at) :])
                _follow(value, local, mention.id, names[mention.id])
    for one in own:
        one["id"] = names[one["id"]]
    place.home.insert(place.position + 1, value)
    piece.made = address(into, member, value["id"])
    return Remove(of=piece.made)


def _names(mention: Reference, part: str, inner: Inner | None) -> bool:
    """Whether a mention spells the id of this part, or of this option, row or node of it."""
    if mention.id != part:
        return False
    if inner is not None:
        return mention.inner == inner
    return mention.inner is None or mention.form in ("ref", "text")


def _follow(tree: Tree, mention: Reference, old: str, new: str, inner: Inner | None = None) -> None:
    """Let one mention name the part, or the option, row or node of it, by its new id."""
    *path, last = [step.replace("~1", "/").replace("~0", "~") for step in mention.at.split("/")[1:]]
    node: Any = tree
    for step in path:
        node = node[int(step) if isinstance(node, list) else step]
    key: Any = int(last) if isinstance(node, list) else last
    renamed = _renamed(mention, old, new, inner)
    match mention.form:
        case "key":
            members = cast(Tree, node)
            entries = [(renamed if name == last else name, one) for name, one in members.items()]
            members.clear()
            members.update(entries)
        case "text":
            node[key] = rename_placeholders(cast(Text, node[key]), mention.name, renamed)
        case _:
            node[key] = renamed


def _renamed(mention: Reference, old: str, new: str, inner: Inner | None) -> str:
    """How a mention spells the new id: `new`, `new.row`, `score.new`, `end:new`, `question.new`."""
    name = mention.name
    if inner is not None:
        return new if name == old else f"{name.removesuffix(old)}{new}"
    for prefix in ("score.", "end:"):
        if name == prefix + old:
            return prefix + new
    return new + name.removeprefix(old)
