"""How far somebody's rights reach into the rows of the hospital."""

from msgspec import Struct


class Reach(Struct, frozen=True):
    """The rows within sight; None is all, subtrees already expanded."""

    sites: tuple[str, ...] | None
    departments: tuple[str, ...] | None
    whistleblow: bool


NOTHING = Reach((), (), False)
EVERYTHING = Reach(None, None, True)
"""What the program's own work reaches: submitting, numbering, delivering, rotating keys."""
