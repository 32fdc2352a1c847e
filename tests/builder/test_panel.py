"""The properties of every part, read from its schema."""

import typing
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from builder.edits import Insert, SetMember, Several, apply
from builder.panel import BadValue, edits_of, new_page, new_question, new_survey, properties_of
from builder.tree import find, to_tree
from engine import check, parse
from engine.definition import Document
from engine.questions import Question

TYPES = typing.get_args(Question)
WORDS = {"question": "新题", "option": "选项", "row": "行", "document": "consent"}


def _survey() -> Document:
    made = new_survey("form_20261124", "一份问卷", "survey", ("zh-CN", "en"), "第一页")
    document = parse(msgspec.json.encode(made)).document
    assert document is not None
    return document


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__struct_config__.tag)
def test_every_type_begins_with_what_its_schema_asks_for(kind: Any) -> None:
    """And has a panel; nothing but texts still to be written is missing. # R0.4 (part)"""
    added = apply(
        _survey(), Insert(into="page", list="questions", value=new_question(kind, "zh-CN", WORDS))
    )
    faults = {problem.code for problem in check(added.document)}
    assert faults <= {"missing_text"}, faults
    question = added.document.pages[0].questions[0]
    members = {one.member: one for one in properties_of(question)}
    assert members["text"].kind == "text" and members["required"].kind == "required"
    assert {"id", "type", "show_if", "options"}.isdisjoint(members)
    fields = {one.encode_name for one in msgspec.structs.fields(kind)}
    assert fields >= members.keys()
    shown = find(to_tree(added.document), question.id)
    assert shown is not None
    assert edits_of(question.id, question, shown.part, {}, ("zh-CN", "en")) is None


def _rating(**members: Any) -> tuple[Document, Any, dict[str, Any]]:
    value = new_question(next(t for t in TYPES if t.__name__ == "Rating"), "zh-CN", WORDS)
    document = apply(
        _survey(), Insert(into="page", list="questions", value=value | members)
    ).document
    found = find(to_tree(document), "rating")
    assert found is not None
    return document, document.pages[0].questions[0], found.part


def test_a_form_sets_just_what_was_changed() -> None:
    """Texts by language, numbers, choices, labels, and back to the default."""
    document, question, shown = _rating()
    languages = document.languages
    form = {
        "m:text/zh-CN": "新题", "m:text/en": "How was it?", "m:max": "10", "m:style": "numbers",
        "m:required": "on", "m:labels/1/zh-CN": "差", "m:tags": "a，b, ",
    }  # fmt: skip
    edit = edits_of("rating", question, shown, form, languages)
    assert isinstance(edit, Several)
    after = apply(document, edit).document.pages[0].questions[0]
    rating: Any = after
    assert rating.text == {"zh-CN": "新题", "en": "How was it?"}
    assert (rating.max, rating.style, rating.required) == (10, "numbers", True)
    assert (rating.labels, rating.tags) == ({"1": {"zh-CN": "差"}}, ("a", "b"))
    assert {one.member for one in edit.edits if isinstance(one, SetMember)} == {
        "text/en", "max", "style", "required", "labels/1/zh-CN", "tags",
    }  # fmt: skip
    back = edits_of("rating", after, {**shown, "style": "numbers"}, {"m:style": "stars"}, languages)
    assert back == SetMember(of="rating", member="style", value=UNSET, was="numbers")


def test_what_was_not_touched_is_left_to_others() -> None:
    """The form compares with what it showed, not with what stands there now."""
    document, question, shown = _rating(hint={"zh-CN": "看到的"})
    changed = apply(
        document, SetMember(of="rating", member="hint/zh-CN", value="别人改的")
    ).document
    form = {"m:hint/zh-CN": "看到的", "m:max": "7"}
    edit = edits_of("rating", question, shown, form, document.languages)
    assert edit is not None
    rating: Any = apply(changed, edit).document.pages[0].questions[0]
    assert (rating.hint, rating.max) == ({"zh-CN": "别人改的"}, 7)


@pytest.mark.parametrize(
    ("member", "typed", "code"),
    [
        ("max", "ten", "number"), ("max", "1e400", "number"), ("max", "九", "number"),
        ("style", "roses", "choice"), ("codes", "{", "json"), ("text/en", "x" * 20_001, "too_long"),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_named(member: str, typed: str, code: str) -> None:
    """With the member that it was typed into."""
    document, question, shown = _rating()
    with pytest.raises(BadValue) as bad:
        edits_of("rating", question, shown, {f"m:{member}": typed}, document.languages)
    assert (bad.value.member, bad.value.code) == (member.partition("/")[0], code)


def test_a_rule_that_makes_it_required_is_not_lost() -> None:
    """The box in the panel does not touch a condition."""
    rule = {"op": "answered", "ref": "first"}
    document, question, shown = _rating()
    first = new_question(next(t for t in TYPES if t.__name__ == "YesNo"), "zh-CN", WORDS)
    document = apply(
        document,
        Insert(into="page", list="questions", before="rating", value=first | {"id": "first"}),
    ).document
    document = apply(document, SetMember(of="rating", member="required", value=rule)).document
    question = document.pages[0].questions[1]
    shown = shown | {"required": rule}
    assert edits_of("rating", question, shown, {"m:max": "5"}, document.languages) is None


def test_a_page_and_the_head_have_panels_too() -> None:
    """From the same schema."""
    document = _survey()
    assert [one.member for one in properties_of(document.pages[0])][:2] == ["title", "description"]
    assert {"title", "kind", "identity"} <= {one.member for one in properties_of(document)}
    assert new_page("zh-CN", "一")["questions"] == []
