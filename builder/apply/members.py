"""Edits of what a part says: one member of it, or all of it."""

from typing import Any, cast

from msgspec import UNSET

from builder.apply.workpiece import Workpiece
from builder.declared import behind, name_in, put_entry
from builder.edits import AnyEdit, Put, Refused, Replace, SetMember
from builder.tree import LISTS, Tree
from engine.problems import Problem


def set_member(piece: Workpiece, edit: SetMember) -> AnyEdit:
    """One member, at whatever depth, has another value or none."""
    node = piece.part(edit.of)
    *path, last = edit.member.split("/")
    fixed = ("id", "type", "format", *LISTS) if not edit.of else ("id", "type", "questions")
    if not path and last in fixed and name_in(edit.of) is None:
        raise Refused(Problem("not_set_so", "", {"member": last}))
    nodes = _nodes(node, path, edit.member)
    node = nodes[-1]
    now = node.get(last, UNSET)
    _require_same(edit.was, now)
    following = behind(node, last) if path else None
    if edit.value is UNSET:
        node.pop(last, None)
    else:
        put_entry(node, last, edit.value, edit.before)
    _prune(nodes, path)
    return SetMember(of=edit.of, member=edit.member, value=now, before=following)


def put(piece: Workpiece, edit: Put) -> AnyEdit:
    """A part is as given, under the id it has."""
    place = piece.place(edit.of)
    now = place.part
    _require_same(edit.was, now)
    if edit.value.get("id") != now["id"]:
        raise Refused(Problem("not_set_so", place.at, {"member": "id"}))
    place.home[place.position] = edit.value
    return Put(of=edit.of, value=now)


def replace(piece: Workpiece, edit: Replace) -> AnyEdit:
    """The document is as given, under the id it has."""
    now = piece.tree
    _require_same(edit.was, now)
    if edit.document.get("id") != now["id"]:
        raise Refused(Problem("not_set_so", "/id", {"member": "id"}))
    piece.tree = edit.document
    return Replace(document=now)


def value(piece: Workpiece, of: str, member: str) -> Any:
    """What a member holds now; UNSET where it is left out."""
    node: Any = piece.part(of)
    for name in member.split("/"):
        found = _entry(node, name)
        node = UNSET if found is None else found
    return node


def _nodes(node: Tree, path: list[str], member: str) -> list[Any]:
    """The maps along a path, made where there are none; an entry of a list by its picture."""
    nodes: list[Any] = [node]
    for name in path:
        inside: Any = _entry(nodes[-1], name)
        if inside is None and isinstance(nodes[-1], dict):
            inside = cast(Tree, nodes[-1]).setdefault(name, {})
        nodes.append(inside)
        if not isinstance(inside, (dict, list)):
            raise Refused(Problem("no_such_part", "", {"part": member}))
    if not isinstance(nodes[-1], dict):
        raise Refused(Problem("no_such_part", "", {"part": member}))
    return nodes


def _require_same(was: Any, now: Any) -> None:
    """Refuse where somebody else set another value since."""
    if was is not UNSET and was != (None if now is UNSET else now):
        raise Refused(Problem("changed_meanwhile", ""), now=now)


def _entry(node: Any, name: str) -> Any:
    """The member of a map, or the entry of a list whose picture is so called; None for none."""
    if isinstance(node, list):
        entries = cast(list[Tree], node)
        return next((one for one in entries if one.get("asset") == name), None)
    return cast(Tree, node).get(name) if isinstance(node, dict) else None


def _prune(nodes: list[Any], path: list[str]) -> None:
    """Take out the maps along a path that hold nothing any more, the inner ones first; what a part
    cannot be without stays, yet to be written."""
    needed = ("text", "alt") if "pages" not in nodes[0] else ("title",)
    for outer, name, inner in reversed(list(zip(nodes, path, nodes[1:], strict=False))):
        if not inner and isinstance(outer, dict) and name not in needed:
            cast(Tree, outer).pop(name, None)
