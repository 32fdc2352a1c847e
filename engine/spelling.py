"""What somebody probably meant who wrote a word that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 64
"""Longer words are nobody's slip, and comparing takes time by their length."""
ALIKE = 0.7


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None where none is alike enough."""
    if len(word) > LONGEST:
        return None
    by_lower = {name.lower(): name for name in sorted(known)}
    found = get_close_matches(word.lower(), by_lower, 1, ALIKE)
    return by_lower[found[0]] if found else None
