"""How far somebody's rights reach into the rows of the hospital."""

from collections.abc import Iterable

from msgspec import Struct

Names = tuple[str, ...] | None


class Reach(Struct, frozen=True):
    """The rows within sight; None is all, subtrees already expanded.

    Where several roles add up to less than all their sites in all their departments, `parts` are
    what each of them reaches, and the other members only bound them: whoever looks after one site
    and, everywhere, after one department sees the two, not the hospital.
    """

    sites: Names
    departments: Names
    whistleblow: bool
    parts: "tuple[Reach, ...]" = ()

    @property
    def is_nothing(self) -> bool:
        """Whether no row can be within it."""
        return self.sites == () or self.departments == ()

    def holds(self, site: str | None, department: str | None, *, is_whistleblow: bool) -> bool:
        """Whether a row of this place and kind is within it."""
        if self.parts:
            places = (site, department)
            return any(one.holds(*places, is_whistleblow=is_whistleblow) for one in self.parts)
        return (
            (self.sites is None or site in self.sites)
            and (self.departments is None or department in self.departments)
            and (self.whistleblow or not is_whistleblow)
        )


NOTHING = Reach((), (), False)
EVERYTHING = Reach(None, None, True)
"""What the program's own work reaches: submitting, numbering, delivering, rotating keys."""


def sum_of(reaches: Iterable[Reach]) -> Reach:
    """All that any of these reaches, and nothing else."""
    parts: list[Reach] = []
    for reach in reaches:
        for part in reach.parts or (reach,):
            if not part.is_nothing:
                parts = _added(parts, part)
    if len(parts) <= 1:
        return parts[0] if parts else NOTHING
    sites, departments = parts[0].sites, parts[0].departments
    for one in parts[1:]:
        sites, departments = _union(sites, one.sites), _union(departments, one.departments)
    return Reach(sites, departments, any(one.whistleblow for one in parts), tuple(parts))


def meet_of(one: Reach, other: Reach) -> Reach:
    """What both of them reach."""
    return sum_of(
        Reach(
            _intersection(mine.sites, theirs.sites),
            _intersection(mine.departments, theirs.departments),
            mine.whistleblow and theirs.whistleblow,
        )
        for mine in one.parts or (one,)
        for theirs in other.parts or (other,)
    )


def _added(parts: list[Reach], new: Reach) -> list[Reach]:
    """The parts with one more, which is joined to another as long as it can be without a gap."""
    for part in parts:
        if (joined := _joined(part, new)) is not None:
            return _added([one for one in parts if one is not part], joined)
    return [*parts, new]


def _joined(one: Reach, other: Reach) -> Reach | None:
    """One part that reaches exactly what the two do; None where there is none."""
    sites, departments = _union(one.sites, other.sites), _union(one.departments, other.departments)
    both = Reach(sites, departments, one.whistleblow or other.whistleblow)
    if both in (one, other):
        return both
    differing = (
        one.sites != other.sites,
        one.departments != other.departments,
        one.whistleblow != other.whistleblow,
    )
    return both if sum(differing) == 1 else None


def _union(one: Names, other: Names) -> Names:
    return None if one is None or other is None else tuple(sorted({*one, *other}))


def _intersection(one: Names, other: Names) -> Names:
    if one is None or other is None:
        return other if one is None else one
    return tuple(sorted(set(one) & set(other)))
