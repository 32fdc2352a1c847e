"""The properties of every part, read from its schema."""

import typing
from typing import Any, Literal

import msgspec
import pytest
from msgspec import UNSET

from builder.apply import apply
from builder.blanks import new_page, new_question, new_survey
from builder.edits import Insert, SetMember, Several
from builder.panel import is_elsewhere, properties_of, schema_of
from builder.tree import find, to_tree
from builder.typed import BadValue, edits_of, shown_lines
from engine import check, parse
from engine.definition import (
    Alert,
    Computed,
    ContextField,
    Document,
    Ending,
    Page,
    Score,
    Within,
)
from engine.parts import MatrixOption, MatrixRow, Node, Option
from engine.questions import Question
from runtime.kit.words import catalogue

TYPES = typing.get_args(Question)


def _survey() -> Document:
    made = new_survey("form_20261124", "一份问卷", "survey", ("zh-CN", "en"))
    document = parse(msgspec.json.encode(made)).document
    assert document is not None
    return document


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__struct_config__.tag)
def test_every_type_begins_with_what_its_schema_asks_for(kind: Any) -> None:
    """And has a panel; nothing but texts still to be written is missing. # R0.4 (part)"""
    added = apply(
        _survey(), Insert(into="page", list="questions", value=new_question(kind, "consent"))
    )
    faults = {problem.code for problem in check(added.document)}
    assert faults <= {"missing_text"}, faults
    question = added.document.pages[0].questions[0]
    members = {one.member: one for one in properties_of(question)}
    assert members["text"].kind == "text" and members["required"].kind == "required"
    assert {"id", "type", "show_if", "options"}.isdisjoint(members)
    fields = {one.encode_name for one in msgspec.structs.fields(kind)}
    assert fields >= {member.partition("/")[0] for member in members}
    shown = find(to_tree(added.document), question.id)
    assert shown is not None
    assert edits_of(question.id, question, shown.part, {}, ("zh-CN", "en")) is None


PARTS: tuple[Any, ...] = (
    Document, Page, Score, Computed, Ending, Alert, ContextField, Option, MatrixOption, MatrixRow,
    Node, *TYPES,
)  # fmt: skip


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_every_member_of_every_part_has_its_place(kind: Any) -> None:
    """In the panel, or in a place of its own that is named; only `ext` is written as JSON.

    # R0.4 (part)
    """
    panel = {one.member.partition("/")[0]: one for one in schema_of(kind)}
    members = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert all(is_elsewhere(kind, member) for member in members - panel.keys())
    assert panel.keys() <= members
    assert {name for name, one in panel.items() if one.kind == "json"} <= {"ext"}
    assert all(catalogue("zh-CN").get(f"build_member_{name.rpartition('/')[2]}") for name in panel)


class _Grown(Score, frozen=True, kw_only=True):
    """A score with members that no builder has heard of."""

    rounding: Literal["up", "down"] | None = None
    target: Within | None = None


def test_a_member_that_is_added_to_a_part_has_its_input_at_once() -> None:
    """With what fits its type, also inside a struct. # R0.4 (part)"""
    found = {one.member: one for one in schema_of(_Grown)}
    assert (found["rounding"].kind, found["rounding"].values) == ("choice", ("up", "down"))
    assert found["target/working_hours"].kind == "whole"
    part = _Grown(id="s", of=("a",))
    form = {"m:rounding": "up", "m:target/working_hours": "8"}
    edit = edits_of("s", part, {"id": "s", "of": ["a"]}, form, ("zh-CN",))
    assert isinstance(edit, Several)
    assert [(one.member, one.value) for one in edit.edits if isinstance(one, SetMember)] == [
        ("rounding", "up"),
        ("target/working_hours", 8),
    ]


def test_a_struct_inside_a_part_is_begun_and_ended_by_its_inputs() -> None:
    """An emptied one is gone; codes are lines of words. # R0.4 (part)"""
    alert = {"id": "bad", "when": {"op": "answered", "ref": "rating"}, "notify": "head"}
    document, _, _ = _rating()
    document = apply(document, Insert(into="", list="alerts", value=alert)).document
    form = {"m:within/working_hours": "16"}
    edit = edits_of("bad", document.alerts[0], alert, form, document.languages)
    assert edit is not None
    after = apply(document, edit).document
    assert after.alerts[0].within == Within(working_hours=16)
    shown = alert | {"within": {"working_hours": 16}}
    back = edits_of("bad", after.alerts[0], shown, {"m:within/working_hours": ""}, ("zh-CN", "en"))
    assert back is not None and apply(after, back).document == document
    question = document.pages[0].questions[0]
    codes = {"m:codes": "loinc | 1234-5 | Pain\n\nhis|77"}
    edit = edits_of("rating", question, {"id": "rating"}, codes, document.languages)
    assert edit is not None
    question = apply(document, edit).document.pages[0].questions[0]
    assert [(c.system, c.code, c.display) for c in question.codes] == [
        ("loinc", "1234-5", "Pain"),
        ("his", "77", None),
    ]


def test_a_code_with_a_bar_in_it_hinders_no_other_edit() -> None:
    """It cannot be typed, but it stays."""
    codes = [{"system": "a|b", "code": "c", "display": "d"}]
    document, question, shown = _rating(codes=codes)
    rule = next(one for one in properties_of(question) if one.member == "codes")
    form = {"m:codes": shown_lines(rule, codes), "m:max": "7"}
    edit = edits_of("rating", question, shown, form, document.languages)
    assert edit == SetMember(of="rating", member="max", value=7, was=None)


@pytest.mark.parametrize(
    ("typed", "value"), [("", UNSET), ("2", 2), ("a，b", ["a", "b"]), ("a", ["a"])]
)
def test_rows_that_are_needed_are_a_number_or_named(typed: str, value: Any) -> None:
    """Nothing typed is all of them."""
    kind = next(t for t in TYPES if t.__name__ == "Matrix")
    rows = [{"id": "a", "text": "a"}, {"id": "b", "text": "b"}]
    made = new_question(kind, "consent") | {"rows": rows, "rows_required": 1}
    document = apply(_survey(), Insert(into="page", list="questions", value=made)).document
    question = document.pages[0].questions[0]
    edit = edits_of("matrix", question, made, {"m:rows_required": typed}, ("zh-CN", "en"))
    assert edit == SetMember(of="matrix", member="rows_required", value=value, was=1)
    assert edit is not None and apply(document, edit)


def _rating(**members: Any) -> tuple[Document, Any, dict[str, Any]]:
    value = new_question(next(t for t in TYPES if t.__name__ == "Rating"), "consent")
    value["text"] = {"zh-CN": "新题"}
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


def test_the_name_of_a_scales_end_goes_along_with_the_end() -> None:
    """Ten steps in place of five: the best is called so, not one in the middle. # R0.4 (part)"""
    ends = {"1": {"zh-CN": "差"}, "5": {"zh-CN": "好"}}
    document, question, shown = _rating(labels=ends)
    edit = edits_of("rating", question, shown, {"m:max": "10"}, document.languages)
    assert edit is not None
    rating: Any = apply(document, edit).document.pages[0].questions[0]
    assert rating.labels == {"1": {"zh-CN": "差"}, "10": {"zh-CN": "好"}}
    matrix = new_question(next(t for t in TYPES if t.__name__ == "Matrix"), "consent")
    matrix["scale"] = {"min": 1, "max": 5, "labels": ends}
    document = apply(_survey(), Insert(into="page", list="questions", value=matrix)).document
    question = document.pages[0].questions[0]
    edit = edits_of("matrix", question, matrix, {"m:scale/max": "3"}, document.languages)
    assert edit is not None
    found: Any = apply(document, edit).document.pages[0].questions[0]
    assert found.scale.labels == {"1": {"zh-CN": "差"}, "3": {"zh-CN": "好"}}


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
        ("style", "roses", "choice"), ("ext", "{", "json"), ("codes", "|x", "line"),
        ("codes", "a|b|c|d", "line"),
        ("text/en", "x" * 20_001, "too_long"),
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
    first = new_question(next(t for t in TYPES if t.__name__ == "YesNo"), "consent")
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
    assert new_page()["questions"] == []
