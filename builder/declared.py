"""What a survey declares of its context, as parts `context/<name>` in an order that undo keeps."""

from typing import Any, cast

from builder.tree import Tree

HOME = "context"


def address_of(name: str) -> str:
    """The address of a declaration."""
    return f"{HOME}/{name}"


def name_in(address: str) -> str | None:
    """The name that an address declares; None where it is another part's."""
    home, _, name = address.partition("/")
    return name if home == HOME and name else None


def fields_of(tree: Tree) -> Tree:
    """The declarations by name."""
    return cast(Tree, tree.setdefault(HOME, {}))


def put_entry(node: Tree, name: str, value: Any, before: str | None) -> None:
    """Set a member of a map; a new one stands before `before`, or last."""
    is_new = name not in node
    node[name] = value
    if not is_new or before is None or before not in node:
        return
    names = [one for one in node if one != name]
    names.insert(names.index(before), name)
    reorder(node, {one: one for one in names})


def behind(node: Tree, name: str) -> str | None:
    """The member of a map that follows; None for the last, and for what is not there."""
    names = list(node)
    following = names[names.index(name) + 1 :] if name in node else []
    return following[0] if following else None


def reorder(node: Tree, renamed: dict[str, str]) -> None:
    """Bring a map into the order of `renamed`, each member under its new name."""
    entries = [(new, node[old]) for old, new in renamed.items()]
    node.clear()
    node.update(entries)
