"""What the question bank holds: places of its tree, items, their versions, where they are used."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["active", "retired"]
LEVELS = ("scene", "category", "subcategory")
"""The levels of the tree, from its top."""


class Place(Struct, frozen=True):
    """A scene, a category or a sub-category; `path` leads to it from the top, itself the last."""

    id: int
    parent: int | None
    name: dict[str, str]
    position: int
    closed_at: datetime | None
    revision: int
    path: tuple[int, ...]

    @property
    def level(self) -> str:
        """Which of `LEVELS`."""
        return LEVELS[len(self.path) - 1]


class Item(Struct, frozen=True, kw_only=True):
    """A question of the bank with its newest content; `seq` is its place in lists."""

    id: str
    seq: int
    place: int
    type: str
    tags: tuple[str, ...]
    state: State
    version: int
    revision: int
    updated_at: datetime
    question: bytes


class Version(Struct, frozen=True):
    """One content of an item; it never changes."""

    version: int
    question: bytes
    made_at: datetime
    made_by: str


class Use(Struct, frozen=True):
    """A question of a survey that came from the bank."""

    item: str
    version: int
    survey: str
    question: str
    is_draft: bool
