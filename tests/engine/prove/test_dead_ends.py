"""Required questions that nobody, or not everybody, can answer are found."""

from typing import Any

import pytest

from tests.engine.prove.forms import choice, is_, page, proved, rating, survey


@pytest.mark.parametrize(
    "question",
    [
        choice("x", "o", "p", kind="multi_choice", min_selected=3),
        {"id": "x", "type": "text", "text": "t", "pattern": "[0-9]{5}", "max_length": 4},
        {"id": "x", "type": "text", "text": "t", "pattern": "ab", "min_length": 3},
        choice("x", {"id": "o", "text": "t", "show_if": {"op": "any", "of": []}}),
        choice("x", {"id": "o", "text": "t", "show_if": {"op": "any", "of": []}}, kind="ranking"),
    ],
)
def test_a_required_question_that_no_answer_satisfies_is_named(question: dict[str, Any]) -> None:
    made = survey(page("a", {**question, "required": True}))
    found = proved(made)
    assert found.unsatisfiable == ("x",)
    assert found.every_path_ends is False
    assert found.unreachable.pages == ("a",)


def test_a_question_that_only_some_cannot_answer_is_a_dead_end() -> None:
    made = survey(
        page(
            "a",
            rating("q"),
            choice("x", {"id": "o", "text": "t", "show_if": is_("q", 3, "ge")}, required=True),
        )
    )
    found = proved(made)
    assert found.dead_ends == ("x",)
    assert found.unsatisfiable == ()
    assert found.every_path_ends is False
    assert found.unreachable.pages == ()


def test_a_day_after_today_cannot_be_before_a_fixed_one_for_ever() -> None:
    made = survey(
        page(
            "a",
            {
                "id": "d", "type": "date", "text": "t", "min": "today", "max": "2026-12-31",
                "required": True,
            },
        )
    )  # fmt: skip
    assert proved(made).dead_ends == ("d",)


def test_a_matrix_without_rows_to_show_asks_for_nothing() -> None:
    row: dict[str, Any] = {"id": "r", "text": "t", "show_if": {"op": "any", "of": []}}
    grid: dict[str, Any] = {
        "id": "g", "type": "matrix", "text": "t", "rows": [row], "scale": {"min": 1, "max": 3},
        "required": True,
    }  # fmt: skip
    found = proved(survey(page("a", grid)))
    assert found.every_path_ends is True
    assert found.unreachable.options == ("g.r",)
