"""The edits that the inputs of the builder's panel ask for, and the hidden copy by which it knows
what its author saw."""

from collections.abc import Callable
from typing import Any

import msgspec

from builder.edits import AnyEdit, SetMember, Several
from builder.tree import Tree, find, inner_by_id, to_tree, tree_of
from builder.typed import edits_of, value_at
from runtime.kit.problems import NotFound
from runtime.staff.building import LISTS, Desk
from runtime.staff.building_panel import walk_inner
from runtime.staff.fields import Fields


def carried(text: str, kind: Any, what: str) -> Any:
    """The JSON that a hidden field carries of what its author saw.

    Raises:
        NotFound: it is none of this kind, or nests too deep.
    """
    try:
        return msgspec.json.decode(text or "null", type=kind)
    except (msgspec.DecodeError, RecursionError):
        raise NotFound(what, f"The form holds no {what}.") from None


def typed_edit(desk: Desk, at: str, fields: Fields) -> AnyEdit | None:
    """The edit that the panel's inputs ask for; None where it was not sent or not touched."""
    if not fields["shown"]:
        return None
    part = desk.part(at)
    if part is None:
        raise NotFound("part", "There is no such part.")
    shown = carried(fields["shown"], dict[str, Any], "part")
    languages = desk.document.languages
    now = tree_of(part)
    edits: list[AnyEdit | None] = [edits_of(at, part, shown, fields, languages, now)]
    for member in LISTS:
        old = dict(inner_by_id(shown.get(member, [])))
        for one, own_now in walk_inner(getattr(part, member, ()), now.get(member, [])):
            if one.id in old:
                prefix = f"o:{member}/{one.id}:"
                own = {
                    f"m:{name.removeprefix(prefix)}": value
                    for name, value in fields.items()
                    if name.startswith(prefix)
                }
                if own:
                    address = f"{at}/{member}/{one.id}"
                    edits.append(edits_of(address, one, old[one.id], own, languages, own_now))
    found = [edit for edit in edits if edit is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else Several(edits=tuple(found))


def shown_after(shown: str, at: str, edit: AnyEdit | None) -> str:
    """What the panel shows once its own edit was done, and no more.

    The hidden copy follows the inputs, not what others did meanwhile: else the next save would take
    that back.
    """
    return _with_values(shown, at, edit, lambda one: one.value)


def shown_with_now(desk: Desk, at: str, shown: str, edit: AnyEdit) -> str:
    """The same where an edit was refused: what its author was told stands there now counts as seen,
    so that they may insist."""
    tree = to_tree(desk.document)

    def now(one: SetMember) -> Any:
        place = find(tree, one.of) if one.of else None
        return value_at(place.part if place is not None else tree, one.member) or msgspec.UNSET

    return _with_values(shown, at, edit, now)


def _with_values(
    shown: str, at: str, edit: AnyEdit | None, value_of: Callable[[SetMember], Any]
) -> str:
    tree: Tree = msgspec.json.decode(shown)
    for one in edit.edits if isinstance(edit, Several) else (edit,):
        if isinstance(one, SetMember):
            _set(_inside(tree, one.of.removeprefix(at)), one.member, value_of(one))
    return msgspec.json.encode(tree).decode()


def _inside(tree: Tree, rest: str) -> Tree:
    """The option, row or node `/options/id` of a shown part; the part itself for none."""
    if not rest:
        return tree
    _, member, name = rest.split("/", 2)
    return dict(inner_by_id(tree.get(member, []))).get(name, {})


def _set(node: Any, member: str, value: Any) -> None:
    *path, last = member.split("/")
    for step in path:
        if not isinstance(node.get(step), dict):
            node[step] = {}
        node = node[step]
    if value is msgspec.UNSET:
        node.pop(last, None)
    else:
        node[last] = value
