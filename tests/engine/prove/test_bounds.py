"""The bounds of scores and computed values are the best there are."""

from typing import Any

import pytest

from tests.engine.prove.forms import choice, is_, page, proved, rating, survey


def test_a_mean_counts_only_who_was_asked() -> None:
    made = survey(
        page(
            "a",
            rating("q", required=True),
            rating("r", required=True, show_if=is_("q", 3, "ge"), reverse=True),
        ),
        scores=[{"id": "s", "of": ["q", "r"]}],
    )
    assert proved(made).scores == {"s": (0.0, 100.0)}


def test_coupled_members_keep_a_mean_from_its_ends() -> None:
    made = survey(
        page(
            "a",
            rating("q", required=True),
            rating("r", required=True, max=3, show_if=is_("q", 4, "ge"), reverse=True),
            choice("c", {"id": "o", "text": "t", "points": 30}, required=True),
        ),
        scores=[{"id": "s", "of": ["q", "r", "c"], "weights": {"q": 3, "r": 0.5}}],
    )
    assert proved(made).scores == {"s": (7.5, 84.44)}


def test_scores_round_half_to_even() -> None:
    made = survey(
        page("a", choice("c", {"id": "o", "text": "t", "points": 0.125}, required=True)),
        scores=[{"id": "s", "of": ["c"]}],
    )
    assert proved(made).scores == {"s": (0.12, 0.12)}


def test_a_score_that_never_has_a_value_has_no_bounds() -> None:
    made = survey(
        page("a", rating("q", show_if={"op": "any", "of": []})), scores=[{"id": "s", "of": ["q"]}]
    )
    assert proved(made).scores == {"s": (None, None)}


def test_a_sum_over_a_clamped_choice_and_a_matrix() -> None:
    options = [{"id": o, "text": "t", "points": p} for o, p in (("x", 80), ("y", 50), ("z", -90))]
    grid: dict[str, Any] = {
        "id": "g", "type": "matrix", "text": "t", "required": True, "not_applicable": True,
        "rows": [{"id": "a1", "text": "t"}, {"id": "a2", "text": "t"}],
        "scale": {"min": 1, "max": 4},
    }  # fmt: skip
    made = survey(
        page("a", choice("m", *options, kind="multi_choice", required=True), grid),
        scores=[{"id": "s", "of": ["m", "g"], "method": "sum"}],
    )
    assert proved(made).scores == {"s": (0.0, 200.0)}


def test_two_means_are_compared_exactly() -> None:
    made = survey(
        page("a", rating("q", required=True), rating("r", required=True)),
        page("b", rating("u"), show_if={"op": "gt", "ref": "score.s", "other": "score.t"}),
        scores=[{"id": "s", "of": ["q"]}, {"id": "t", "of": ["q", "score.s"]}],
    )
    assert proved(made).unreachable.pages == ("b",)


@pytest.mark.parametrize(
    ("value", "bounds"),
    [
        ({"op": "sum", "of": ["q", "r", 2]}, (3.0, 12.0)),
        ({"op": "sub", "of": ["q", "r"]}, (-4.0, 4.0)),
        ({"op": "mul", "of": [-2, "q"]}, (-10.0, -2.0)),
        ({"op": "div", "of": [10, "q"]}, (2.0, 10.0)),
        ({"op": "div", "of": ["q", 4]}, (0.25, 1.25)),
        ({"op": "mean", "of": ["q", "r"]}, (1.0, 5.0)),
        ({"op": "min", "of": ["q", "r", 3]}, (1.0, 3.0)),
        ({"op": "max", "of": ["q", "r", 3]}, (3.0, 5.0)),
        ({"op": "count", "of": ["q", "r", 3]}, (2.0, 3.0)),
        ({"op": "if", "when": is_("q", 2, "le"), "then": "q", "else": 0}, (0.0, 2.0)),
    ],
)
def test_computed_values_have_exact_bounds(
    value: dict[str, Any], bounds: tuple[float, float]
) -> None:
    made = survey(
        page("a", rating("q", required=True), rating("r")), computed=[{"id": "v", "value": value}]
    )
    found = proved(made)
    assert found.computed == {"v": bounds}
    assert not found.undecided


def test_a_number_without_limits_is_bounded_by_what_can_be_written() -> None:
    made = survey(
        page("a", {"id": "n", "type": "number", "text": "t"}),
        computed=[{"id": "v", "value": {"op": "mul", "of": ["n", 1]}}],
    )
    assert proved(made).computed == {"v": (-999999999999999.0, 999999999999999.0)}
