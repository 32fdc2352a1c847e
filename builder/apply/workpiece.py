"""The survey while an edit works at it: a tree of its own, whose parts are found by address."""

from typing import cast

from builder.declared import name_in
from builder.edits import Refused
from builder.references import Inner
from builder.tree import INNER, Place, Tree, find, home_of, ids, to_tree
from engine.check import check_parsed
from engine.definition import Document
from engine.parse import parse_value
from engine.problems import Problem


class Workpiece:
    """A document and its tree; they differ until the tree is `read`.

    Attributes:
        made: the address of the part that was made or moved last.
        problems: what `read` found wrong with the document's meaning.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.tree = to_tree(document)
        self.problems: tuple[Problem, ...] = ()
        self.made: str | None = None

    def read(self) -> None:
        """Make a document of the tree again, and the tree what the document's written form is."""
        parsed = parse_value(self.tree)
        self.problems = check_parsed(parsed)
        if parsed.document is None or parsed.problems:
            raise Refused(*(parsed.problems or self.problems))
        self.document, self.tree = parsed.document, to_tree(parsed.document)

    def place(self, address: str) -> Place:
        """The part, or a refusal that names what is missing."""
        found = find(self.tree, address)
        if found is None:
            raise Refused(Problem("no_such_part", "", {"part": address}))
        return found

    def part(self, address: str) -> Tree:
        """A part or declared value as JSON values; the document for ""."""
        name = name_in(address)
        if name is None:
            return self.place(address).part if address else self.tree
        fields: Tree = self.tree.get("context", {})
        if name not in fields:
            raise Refused(Problem("no_such_part", "", {"part": address}))
        return fields[name]

    def home(self, address: str) -> tuple[str, str]:
        """Where a part that is there stands: the address of its owner, and the list."""
        found = home_of(self.tree, address)
        assert found is not None, "who asks has found the part"
        return found

    def taken(self, home: list[Tree], member: str) -> set[str]:
        """The ids that a new part in a list cannot have."""
        return ids_of(home) if member in INNER else ids(self.tree)


def address(into: str, member: str, name: str) -> str:
    """The address of a part in a list of another."""
    return f"{into.partition('/')[0]}/{member}/{name}" if member in INNER else name


def ids_of(home: list[Tree]) -> set[str]:
    """The ids in a list, and below them."""
    found: set[str] = set()
    for part in home:
        found.add(part["id"])
        found |= ids_of(part.get("nodes", []))
    return found


def named(address: str) -> tuple[str, Inner | None]:
    """An address as the id of its part, and what is named inside it."""
    if name_in(address) is not None:
        return address, None
    part, _, rest = address.partition("/")
    kind, _, name = rest.partition("/")
    return part, (cast(Inner, (kind, name)) if rest else None)
