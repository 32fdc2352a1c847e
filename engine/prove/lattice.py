"""The values that a number, a date or a time can take, as whole units, exactly."""

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

UNIT = 10**6
"""Numbers have at most six decimals: one unit is a millionth."""
DIGITS = 15


class Lattice(NamedTuple):
    """The units `origin + n·step` from `low` to `high`.

    With `decimal` only those that can be written with 15 digits belong to it (numbers).
    """

    low: int
    high: int
    step: int = 1
    origin: int = 0
    decimal: bool = False

    def at_least(self, unit: int) -> int | None:
        """The smallest element that is not below `unit`."""
        found = self._next(max(unit, self.low), 1)
        return found if found is not None and found <= self.high else None

    def at_most(self, unit: int) -> int | None:
        """The largest element that is not above `unit`."""
        found = self._next(min(unit, self.high), -1)
        return found if found is not None and found >= self.low else None

    def has(self, unit: int) -> bool:
        """Whether the unit is an element."""
        return self.at_least(unit) == unit

    def piece(self, low: int, high: int) -> tuple[int, int] | None:
        """The first and the last element between two units, None where there is none."""
        first, last = self.at_least(low), self.at_most(high)
        return None if first is None or last is None or first > last else (first, last)

    @property
    def is_uneven(self) -> bool:
        """Whether large elements are further apart (15 digits do not reach every millionth)."""
        return self.decimal and max(abs(self.low), abs(self.high)) >= 10**DIGITS

    def brackets(self) -> Iterator[tuple[int, int]]:
        """For uneven lattices: (multiples of, below this magnitude)."""
        for j in range(7):
            yield 10**j, 10 ** (DIGITS + j)

    def _next(self, unit: int, sign: int) -> int | None:
        for _ in range(32):
            grain = _grain(unit) if self.decimal else 1
            found = _multiple(unit, sign, self.step, self.origin, grain)
            if found is None:
                unit = _edge(unit) if sign * unit < 0 else _outer(unit)
                if abs(unit) > 10**22:
                    return None
                continue
            if not self.decimal or (_grain(found) == grain):
                return found
            # Another bracket: coarser ones want a closer look, finer ones a start at their edge.
            unit = found if _grain(found) > grain else _edge(unit)
        return None


def _edge(unit: int) -> int:
    """The first value towards zero that has one digit less."""
    edge = 10 ** (len(str(abs(unit))) - 1) - 1
    return edge if unit >= 0 else -edge


def _outer(unit: int) -> int:
    """The first value away from zero that has one digit more."""
    edge = 10 ** len(str(abs(unit)))
    return edge if unit >= 0 else -edge


def _grain(unit: int) -> int:
    return 10 ** max(0, len(str(abs(unit))) - DIGITS)


def _multiple(unit: int, sign: int, step: int, origin: int, grain: int) -> int | None:
    """The nearest value at or beyond `unit` that is `origin` modulo `step`, 0 modulo `grain`."""
    if grain == 1:
        whole, start = step, origin
    else:
        shared = gcd(step, grain)
        if origin % shared:
            return None
        turns = grain // shared
        n = (-(origin // shared) * pow(step // shared, -1, turns)) % turns if turns > 1 else 0
        whole, start = lcm(step, grain), origin + step * n
    offset = (start - unit) % whole
    return unit + offset if sign > 0 else unit - ((unit - start) % whole)


def units(value: Fraction) -> tuple[int, int]:
    """The units next to a number: (at or below, at or above)."""
    scaled = value * UNIT
    return scaled.__floor__(), scaled.__ceil__()
