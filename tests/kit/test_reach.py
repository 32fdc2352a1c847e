"""Adding up what several roles reach, against rows looked at one by one."""

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from runtime.kit.reach import EVERYTHING, NOTHING, Reach, meet_of, sum_of

NAMES = st.one_of(
    st.none(),
    st.lists(st.sampled_from(("a", "b", "c")), unique=True).map(lambda one: tuple(sorted(one))),
)
BOXES = st.builds(Reach, NAMES, NAMES, st.booleans())
ROWS = [
    (site, department, kind)
    for site, department, kind in product("abcd", ("a", "b", "c", "d", None), (False, True))
]


def rows_of(reach: Reach) -> set[tuple[str, str | None, bool]]:
    return {one for one in ROWS if reach.holds(one[0], one[1], is_whistleblow=one[2])}


@given(st.lists(BOXES, max_size=5))
def test_a_sum_reaches_what_any_of_them_reaches_and_nothing_else(boxes: list[Reach]) -> None:
    """In any order, and added to itself. # S36 (part) S38 (part)"""
    expected = set[tuple[str, str | None, bool]]().union(*map(rows_of, boxes))
    found = sum_of(boxes)
    assert rows_of(found) == expected
    assert rows_of(sum_of(reversed(boxes))) == expected
    assert rows_of(sum_of((found, found))) == expected


@given(st.lists(BOXES, max_size=4), st.lists(BOXES, max_size=4))
def test_what_two_reach_is_what_each_of_them_reaches(one: list[Reach], other: list[Reach]) -> None:
    """# S38 (part)"""
    both = meet_of(sum_of(one), sum_of(other))
    assert rows_of(both) == rows_of(sum_of(one)) & rows_of(sum_of(other))


@given(st.lists(BOXES, min_size=2, max_size=5))
def test_the_other_members_bound_the_parts(boxes: list[Reach]) -> None:
    """An index serves the bounds, so no row of a part may stand outside them."""
    found = sum_of(boxes)
    assert rows_of(found) <= rows_of(Reach(found.sites, found.departments, found.whistleblow))
    assert all(not one.parts for one in found.parts)


def test_a_site_and_a_department_are_not_the_hospital() -> None:
    """One role at a site and another for a department everywhere. # S36 (part)"""
    found = sum_of((Reach(("north",), None, False), Reach(None, ("skin",), False)))
    assert found.holds("north", "eye", is_whistleblow=False)
    assert found.holds("south", "skin", is_whistleblow=False)
    assert not found.holds("south", "eye", is_whistleblow=False)


def test_what_one_role_could_say_stays_one() -> None:
    """Sites add up to sites, whatever is within another goes, and all is all."""
    sites = [Reach((name,), ("skin",), False) for name in ("north", "south", "west")]
    for some in combinations(sites, 2):
        assert sum_of(some).parts == ()
    assert sum_of(sites) == Reach(("north", "south", "west"), ("skin",), False)
    assert sum_of((EVERYTHING, *sites)) == EVERYTHING
    assert sum_of(()) == sum_of((NOTHING, Reach(("a",), (), True))) == NOTHING
