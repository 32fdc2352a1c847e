"""A document as JSON values in one written form, and its parts found by their ids."""

from typing import Any, NamedTuple, cast

import msgspec

from engine.definition import Document
from engine.problems import pointer

Tree = dict[str, Any]
LISTS = ("pages", "computed", "scores", "endings", "alerts", "walks")
"""The document's lists whose entries have ids of the one shared space."""
INNER = ("options", "rows", "nodes")


class Place(NamedTuple):
    """A part in its list: the list, where in it, and the pointer to it."""

    home: list[Tree]
    position: int
    at: str

    @property
    def part(self) -> Tree:
        """The part itself."""
        return self.home[self.position]


def to_tree(document: Document) -> Tree:
    """The document as JSON values: members in the order of the format, defaults left out, texts in
    the order of the document's languages, numbered labels by number, yes before no."""
    tree: Tree = msgspec.json.decode(msgspec.json.encode(document))
    return _ordered(tree, {name: i for i, name in enumerate(document.languages)})


def own_tree(document: Document, part: msgspec.Struct) -> Tree:
    """One part of a document as JSON values in the same form; of the document itself all but its
    pages."""
    tree: Tree = msgspec.json.decode(msgspec.json.encode(part))
    if part is document:
        tree.pop("pages", None)
    return _ordered(tree, {name: i for i, name in enumerate(document.languages)})


def tree_of(part: msgspec.Struct) -> Tree:
    """One part as JSON values."""
    return msgspec.json.decode(msgspec.json.encode(part))


def write(document: Document) -> bytes:
    """The document's one written form, UTF-8 JSON."""
    return msgspec.json.encode(to_tree(document))


def _ordered(node: Any, languages: dict[str, int]) -> Any:
    """A list or map in its written order. What is neither is not asked again: a survey of 200
    questions holds thousands of plain values, and each edit writes it."""
    if isinstance(node, list):
        return [
            _ordered(one, languages) if isinstance(one, dict | list) else one
            for one in cast(list[Any], node)
        ]
    members = cast(Tree, node)
    if members:
        if members.keys() <= languages.keys():
            return dict(sorted(members.items(), key=lambda pair: languages[pair[0]]))
        members = _by_name(members)
    found: Tree = {}
    for name, value in members.items():
        is_plain = not isinstance(value, dict | list) or name in ("ext", "answers")
        found[name] = value if is_plain else _ordered(value, languages)
    return found


def _by_name(members: Tree) -> Tree:
    """Labels and points by their number, yes before no; anything else as it stands."""
    first = next(iter(members))
    if first in ("yes", "no") and members.keys() <= {"yes", "no"}:
        return dict(sorted(members.items(), reverse=True))
    if _is_whole(first) and all(map(_is_whole, members)):
        return dict(sorted(members.items(), key=lambda pair: int(pair[0])))
    return members


def _is_whole(name: str) -> bool:
    return name.removeprefix("-").isdecimal() and name.isascii()


def find(tree: Tree, address: str) -> Place | None:
    """The part of this address: an id, or `question/options/id` (or `rows`, `nodes`)."""
    name, _, inner = address.partition("/")
    place = _find_part(tree, name)
    if place is None or not inner:
        return place
    kind, _, inner_id = inner.partition("/")
    if kind not in INNER or kind not in place.part:
        return None
    return _find_inner(place.part[kind], inner_id, f"{place.at}/{kind}", kind)


def _find_part(tree: Tree, name: str) -> Place | None:
    for member in LISTS:
        home: list[Tree] = tree.get(member, [])
        for i, part in enumerate(home):
            if part.get("id") == name:
                return Place(home, i, pointer(member, i))
            questions: list[Tree] = part.get("questions", []) if member == "pages" else []
            for q, question in enumerate(questions):
                if question.get("id") == name:
                    return Place(questions, q, pointer("pages", i, "questions", q))
    return None


def _find_inner(home: list[Tree], name: str, at: str, kind: str) -> Place | None:
    for i, part in enumerate(home):
        if part.get("id") == name:
            return Place(home, i, f"{at}/{i}")
        below = _find_inner(part.get("nodes", []), name, f"{at}/{i}/nodes", kind)
        if below is not None:
            return below
    return None


def home_of(tree: Tree, address: str) -> tuple[str, str] | None:
    """Where a part lives: the `into` and the `list` of an edit that inserts it; None for no part.

    The `into` of an option is its question, that of a node below another `question/nodes/other`.
    """
    place = find(tree, address)
    if place is None:
        return None
    at = place.at.split("/")[1:]
    if "/" in address:
        part, kind, _ = address.split("/")
        above = _node_above(tree, at) if kind == "nodes" else None
        return (f"{part}/nodes/{above}" if above else part), kind
    if len(at) == 4:
        return tree["pages"][int(at[1])]["id"], "questions"
    return "", at[0]


def _node_above(tree: Tree, at: list[str]) -> str | None:
    """The id of the node that holds the one at this pointer; None at the top."""
    if at.count("nodes") < 2:
        return None
    node: Any = tree
    for step in at[:-2]:
        node = node[int(step) if isinstance(node, list) else step]
    return node["id"]


def ids(tree: Tree) -> set[str]:
    """Every id of the shared space."""
    found: set[str] = set()
    for member in LISTS:
        for part in tree.get(member, []):
            found.add(part["id"])
            found.update(question["id"] for question in part.get("questions", []))
    return found


def fresh(wanted: str, taken: set[str]) -> str:
    """`wanted`, or it with the first number that makes it new; at most 64 characters."""
    name, number = wanted, 2
    while name in taken:
        name = f"{wanted[:58]}_{number}"
        number += 1
    return name


def inner_by_id(parts: list[Tree]) -> list[tuple[str, Tree]]:
    """Options, rows or nodes by their ids, those below a node behind it."""
    found: list[tuple[str, Tree]] = []
    for part in parts:
        found += [(part["id"], part), *inner_by_id(part.get("nodes", []))]
    return found
