"""Reads foreign JSON without trusting its shape, and remembers what was read of it."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard, cast

from engine.problems import pointer


class Node:
    """One object of a foreign document with its place.

    Each reader answers "nothing" (None, "", [], False) for a member of another kind than it reads;
    what nobody read is found by `unread`.
    """

    def __init__(self, value: Any, at: str = "") -> None:
        self.value: dict[str, Any] = cast(Any, value) if isinstance(value, dict) else {}
        self.at = at
        self.read: set[str] = set()

    def place(self, *path: str | int) -> str:
        """The pointer of a member."""
        return self.at + pointer(*path)

    def has(self, key: str) -> bool:
        """Whether the member is there and not null."""
        return self.value.get(key) is not None

    def raw(self, key: str) -> Any:
        """The member as it came, None where it is missing."""
        self.read.add(key)
        return self.value.get(key)

    def word(self, key: str) -> str:
        """A text without surrounding white space, "" for anything else."""
        found = self.raw(key)
        return found.strip() if isinstance(found, str) else ""

    def number(self, key: str) -> int | float | None:
        """A number, also where it is written as text; None for anything else."""
        return number_of(self.raw(key))

    def whole(self, key: str) -> int | None:
        """A whole number."""
        found = self.number(key)
        return int(found) if found is not None and float(found).is_integer() else None

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean."""
        found = self.raw(key)
        return found if isinstance(found, bool) else default

    def items(self, key: str) -> list[Any]:
        """A list, empty where there is none."""
        found = self.raw(key)
        return cast(list[Any], found) if isinstance(found, list) else []

    def nodes(self, key: str) -> Iterator["Node"]:
        """The objects of a list."""
        for i, item in enumerate(self.items(key)):
            if isinstance(item, dict):
                yield Node(item, self.place(key, i))

    def node(self, key: str) -> "Node":
        """An object, empty where there is none."""
        return Node(self.raw(key), self.place(key))

    def skip(self, *keys: str) -> None:
        """Say that members need not be read."""
        self.read.update(keys)

    def unread(self, known: Iterable[str] = ()) -> list[str]:
        """The members that say something and that nobody read."""
        rest = self.value.keys() - self.read - set(known)
        return sorted(key for key in rest if self.value[key] not in (None, "", [], {}, False))


def number_of(value: Any) -> int | float | None:
    """A finite number, also where it is written as text."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value) if any(c in value for c in ".eE") else int(value)
        except ValueError:
            return None
    if not isinstance(value, (int, float)) or value != value or abs(value) > 1e15:
        return None
    return int(value) if float(value).is_integer() else value


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether decoded JSON is an object."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether decoded JSON is a list."""
    return isinstance(value, list)
