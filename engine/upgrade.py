"""Brings stored documents of older formats to the current one, by small named operations.

Each operation takes a decoded document of one format and returns one of the next; `upgrade` applies
them in turn, so that a document stored today can be read by every later version. The format is at
its first version, so the table is empty; the operations below are what its entries will be made of.
"""

from collections.abc import Callable, Mapping
from typing import Any

from engine.definition import FORMAT

Operation = Callable[[dict[str, Any]], dict[str, Any]]
OPERATIONS: Mapping[str, Operation] = {}
"""Format → the operation that leads to the next one."""


class UnknownFormat(ValueError):
    """The document names a format that this version does not know."""

    def __init__(self, found: object) -> None:
        super().__init__(f"unknown format {found!r}; this version reads up to {FORMAT}")
        self.found = found


def upgrade(
    document: dict[str, Any], operations: Mapping[str, Operation] = OPERATIONS
) -> dict[str, Any]:
    """The same document in the current format; one that is current already comes back as it is.

    Raises:
        UnknownFormat: it names a format that no operation starts from.
    """
    while document.get("format") != FORMAT:
        operation = operations.get(str(document.get("format")))
        if operation is None:
            raise UnknownFormat(document.get("format"))
        document = operation(document)
    return document


def rename_member(document: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The document with a top-level member under a new name, in its old place."""
    return {new if key == old else key: value for key, value in document.items()}


def set_format(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The document under another format name."""
    return document | {"format": name}
