"""What a new version changes, for people."""

from hypothesis import given
from hypothesis import strategies as st

from builder.differences import differences, reworded
from engine.parse import parse_value
from tests.runtime.conftest import survey_with


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_spell_both_texts(old: str, new: str) -> None:
    """Without what is new the old text stands there, without what is gone the new one."""
    pieces = reworded(old, new)
    assert "".join(p.text for p in pieces if p.kind != "new") == old
    assert "".join(p.text for p in pieces if p.kind != "gone") == new


def test_a_reworded_question_shows_the_words_that_differ() -> None:
    """Chinese by the character, other words whole. # R0.4 (part)"""
    pieces = reworded("护士的态度好吗？", "医生的态度好吗？")
    assert [(p.kind, p.text) for p in pieces] == [
        ("gone", "护士"),
        ("new", "医生"),
        ("same", "的态度好吗？"),
    ]
    assert ("new", "doctor") in [(p.kind, p.text) for p in reworded("The nurse", "The doctor")]


def test_every_kind_of_change_is_named_with_what_it_was_and_is() -> None:
    """Texts, rules, limits, parts that came and went. # R0.4 (part)"""
    changed = survey_with()
    questions = changed["pages"][0]["questions"]
    questions[0]["text"]["zh-CN"] = "总体感觉？"
    questions[1]["show_if"]["value"] = 2
    questions[1]["options"].pop()
    changed["pages"][1]["questions"][2]["max_files"] = 5
    before = parse_value(survey_with()).document
    after = parse_value(changed).document
    assert before is not None and after is not None
    found = {one.change.id: one for one in differences(before, after)}
    assert [m.kind for m in found["overall"].members] == ["text"]
    assert found["overall"].members[0].lang == "zh-CN"
    assert [m.kind for m in found["why"].members] == ["rule"]
    assert found["why.attitude"].change.kind == "removed"
    assert (found["photo"].members[0].old, found["photo"].members[0].new) == (2, 5)
    assert differences(before, before) == ()
