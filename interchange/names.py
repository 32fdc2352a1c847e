"""Ids that fit the format, made of foreign names."""

import re
from collections.abc import Iterable

from engine.check import ID
from engine.definition import RESERVED

_OTHER = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_MOST = 56


class Names:
    """One space of ids: what fits stays, what does not is made to fit, nothing is used twice."""

    def __init__(self, taken: Iterable[str] = RESERVED, prefix: str = "q") -> None:
        self.taken = set(taken)
        self.prefix = prefix
        self._next: dict[str, int] = {}

    def take(self, foreign: object) -> str:
        """An id for a foreign name that nothing else has."""
        wanted = fitted(str(foreign), self.prefix)
        made = wanted
        while made in self.taken:
            number = self._next[wanted] = self._next.get(wanted, 1) + 1
            made = f"{wanted[:_MOST]}_{number}"
        self.taken.add(made)
        return made


def fitted(name: str, prefix: str) -> str:
    """The name where it fits the id pattern, else one made of it."""
    if ID.fullmatch(name):
        return f"{prefix}_{name}" if name in RESERVED else name
    plain = _OTHER.sub("_", _HUMP.sub("_", name).lower()).strip("_")
    if not plain or not plain[0].isalpha():
        plain = f"{prefix}_{plain}".rstrip("_")
    return plain[:_MOST].rstrip("_")


def source_id(foreign: object, made: str) -> dict[str, object]:
    """The `ext` member that keeps a foreign name that is not the id."""
    return {} if str(foreign) == made else {"ext": {"source_id": str(foreign)}}
