"""What nobody reaches is found, with the rules behind it; what somebody reaches is not accused."""

import pytest

from engine.prove import digest, warnings
from tests.engine.prove.forms import all_, choice, is_, page, proved, rating, survey


def test_a_page_behind_a_contradiction_is_unreachable_and_says_which_rule() -> None:
    made = survey(
        page("a", rating("q")),
        page("b", rating("r"), show_if=all_(is_("q", 2, "lt"), is_("q", 3, "gt"))),
    )
    found = proved(made)
    assert found.unreachable.pages == ("b",)
    assert found.unreachable.questions == ("r",)
    assert found.never == ("/pages/1/show_if",)
    assert found.witnesses["unreachable.pages.b"] == {"because": ["/pages/1/show_if"]}
    assert [(w.code, w.at) for w in warnings(found)] == [
        ("unreachable_page", "/pages/1"),
        ("never_true", "/pages/1/show_if"),
    ]


def test_a_contradiction_over_two_questions_names_both_rules() -> None:
    made = survey(
        page(
            "a",
            rating("q", required=True),
            rating("r", show_if=is_("q", 2, "le")),
            rating("u", show_if=all_({"op": "answered", "ref": "r"}, is_("q", 4, "ge"))),
        )
    )
    found = proved(made)
    assert found.unreachable.questions == ("u",)
    because = found.witnesses["/pages/0/questions/2/show_if"]["because"]
    assert because == ["/pages/0/questions/1/show_if", "/pages/0/questions/2/show_if"]


def test_a_jump_behind_an_unconditional_one_is_dead_and_its_ending_unreachable() -> None:
    made = survey(
        page("a", rating("q"), next=[{"to": "end:x"}, {"if": is_("q", 1), "to": "end:y"}]),
        endings=[{"id": "x", "text": "t"}, {"id": "y", "text": "t"}],
    )
    found = proved(made)
    assert found.unreachable.jumps == ("/pages/0/next/1",)
    assert found.unreachable.endings == ("y",)
    assert found.never == found.always == ()


def test_a_jump_to_a_hidden_page_goes_on_behind_it() -> None:
    made = survey(
        page("a", rating("q", required=True), next=[{"to": "c"}]),
        page("b", rating("r")),
        page("c", rating("u"), show_if=is_("q", 5)),
        page("d", rating("v")),
    )
    assert proved(made).unreachable.pages == ("b",)


def test_options_that_are_never_shown_or_never_fit_are_unreachable() -> None:
    hidden = {"id": "h", "text": "t", "show_if": is_("q", 9)}
    both = {"id": "e", "text": "t", "exclusive": True}
    made = survey(
        page(
            "a",
            rating("q", max=5),
            choice("c", "o", hidden),
            choice("m", "o", both, kind="multi_choice"),
        )
    )
    found = proved(made)
    assert found.unreachable.options == ("c.h",)
    assert found.constants == ("/pages/0/questions/1/options/1/show_if/value",)


def test_rules_of_an_unreachable_page_are_not_told_again() -> None:
    made = survey(
        page("a", next=[{"to": "end"}]),
        page("b", rating("q"), rating("r", show_if=is_("q", 1))),
    )
    found = proved(made)
    assert found.unreachable.pages == ("b",)
    assert found.never == found.always == ()
    assert [w.code for w in warnings(found)] == ["unreachable_page"]


def test_a_rule_that_holds_whenever_it_is_looked_at_is_always_true() -> None:
    made = survey(
        page("a", rating("q", required=True), rating("r", show_if=is_("q", 1, "ge"))),
        page("b", rating("u", show_if=is_("q", 3, "ge"), required=is_("q", 2, "ge"))),
    )
    found = proved(made)
    assert found.always == ("/pages/0/questions/1/show_if", "/pages/1/questions/0/required")


def test_silence_keeps_a_rule_from_being_always_true() -> None:
    made = survey(page("a", rating("q"), rating("r", show_if=is_("q", 1, "ge"))))
    assert proved(made).always == ()


def test_context_may_be_absent() -> None:
    made = survey(
        page("a", rating("q", show_if=is_("visit.type", ["x", "y"], "in"))),
        context={"visit.type": {"type": "choice", "values": ["x", "y"]}},
    )
    found = proved(made)
    assert found.always == found.never == ()


def test_two_days_are_ordered_through_today() -> None:
    made = survey(
        page(
            "a",
            {"id": "born", "type": "date", "text": "t", "max": "today", "required": True},
            {"id": "due", "type": "date", "text": "t", "min": "today", "required": True},
            rating("r", show_if={"op": "gt", "ref": "born", "other": "due"}),
        )
    )
    assert proved(made).never == ("/pages/0/questions/2/show_if",)


@pytest.mark.parametrize(
    ("limits", "constant", "is_reached"),
    [
        ({"max_length": 2}, "abc", False),
        ({"max_length": 3}, "abc", True),
        ({"pattern": "[0-9]{2}"}, "1a", False),
        ({"pattern": "[0-9]{2}"}, "17", True),
        ({"format": "phone_cn"}, "13800138000", True),
        ({"format": "phone_cn"}, "12345", False),
        ({}, " a", False),
    ],
)
def test_texts_are_held_against_the_questions_own_limits(
    limits: dict[str, object], constant: str, is_reached: bool
) -> None:
    made = survey(
        page("a", {"id": "t", "type": "text", "text": "t", **limits}),
        page("b", rating("q"), show_if=is_("t", constant)),
    )
    found = proved(made)
    assert (found.unreachable.pages == ()) is is_reached
    assert bool(found.constants) is not is_reached


def test_a_text_of_which_there_are_only_two_is_one_or_the_other() -> None:
    made = survey(
        page("a", {"id": "t", "type": "text", "text": "t", "pattern": "red|blue"}),
        page("b", rating("q"), show_if=all_(is_("t", "red", "ne"), is_("t", "blue", "ne"))),
    )
    assert proved(made).unreachable.pages == ("b",)


def test_numbers_keep_to_their_steps() -> None:
    made = survey(
        page("a", {"id": "n", "type": "number", "text": "t", "min": 0, "max": 1, "step": 0.4}),
        page("b", rating("q"), show_if=all_(is_("n", 0.4, "gt"), is_("n", 0.8, "lt"))),
        page("c", rating("r"), show_if=is_("n", 0.8)),
    )
    assert proved(made).unreachable.pages == ("b",)


def test_between_two_neighbouring_millionths_there_is_nothing() -> None:
    made = survey(
        page("a", {"id": "n", "type": "number", "text": "t"}),
        page("b", rating("q"), show_if=all_(is_("n", 0.000001, "gt"), is_("n", 0.000003, "lt"))),
        page("c", rating("r"), show_if=all_(is_("n", 0.000001, "gt"), is_("n", 0.000002, "lt"))),
    )
    assert proved(made).unreachable.pages == ("c",)


def test_without_time_nothing_is_guessed() -> None:
    made = survey(
        page("a", rating("q")),
        page("b", rating("r"), show_if=all_(is_("q", 2, "lt"), is_("q", 3, "gt"))),
    )
    found = proved(made, 0.0)
    assert not found.unreachable.pages
    assert found.undecided


def test_the_digest_changes_with_the_warnings_alone() -> None:
    plain = proved(survey(page("a", rating("q"))))
    other = proved(survey(page("a", rating("q", required=True))))
    warned = proved(survey(page("a", rating("q"), next=[{"to": "end"}, {"to": "end"}])))
    assert digest(plain) == digest(other) != digest(warned)


def test_every_warning_is_worded_in_both_languages() -> None:
    import engine

    made = survey(
        page("a", choice("c", {"id": "h", "text": "t", "show_if": is_("v", 9)}, required=True)),
        page("b", rating("r")),
        context={"v": {"type": "number", "max": 3}},
    )
    found = warnings(proved(made))
    assert found
    for warning in found:
        assert warning.severity == "warning"
        for language in ("zh-CN", "en"):
            said = engine.word(warning, language)
            assert said != warning.code
            assert "{" not in said
