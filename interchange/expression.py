"""The tree that foreign expressions are read into."""

from typing import Any, NamedTuple


class Unreadable(ValueError):
    """What stands there is no expression or has no counterpart; carries the code of the loss."""

    def __init__(self, code: str, about: str = "") -> None:
        super().__init__(f"{code}: {about}")
        self.code = code
        self.about = about


class Name(NamedTuple):
    """A name of the source: of a question, a part of one, or a calculated value."""

    name: str


class Call(NamedTuple):
    """An operator, or a function (its name ends in `()`), with its operands."""

    op: str
    args: tuple[Any, ...]


Tree = Name | Call | str | bool | int | float | list[Any] | None
"""A constant, a list of trees, or one of the two above."""


def names(tree: Tree) -> list[str]:
    """Every name that a tree reads, from left to right, duplicates included."""
    if isinstance(tree, Name):
        return [tree.name]
    parts = tree.args if isinstance(tree, Call) else tree if isinstance(tree, list) else ()
    return [name for part in parts for name in names(part)]


def shown(tree: Tree) -> str:
    """A tree in words, for the report."""
    match tree:
        case Name():
            return "{" + tree.name + "}"
        case Call(op, args):
            return f"{op.removesuffix('()')}({', '.join(map(shown, args))})"
        case list():
            return f"[{', '.join(map(shown, tree))}]"
        case _:
            return str(tree)
