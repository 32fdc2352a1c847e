"""The condition editor's tree: what it offers, what it keeps, what its buttons do."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from builder.apply import apply
from builder.choices import RefChoice, literal_text, refs_for, slot, slots
from builder.condition_acts import NoSuchPart, act
from builder.condition_forms import from_form
from builder.conditions import Group, Row, faults, from_rule, rows, to_rule
from builder.edits import Refused, SetMember
from builder.words import RuleWords
from engine import Document, check
from engine.derivation import Values, truth
from engine.notation import parse_rule, print_rule
from engine.ruletree import All, Answered, Not, Rule, depth
from engine.ruletree import Any as AnyOf
from engine.scope import NEVER, Scope
from tests.builder.fields import to_form
from tests.builder.test_edits import branching, document_of
from tests.builder.test_words import FORMS, options, survey_of
from tests.engine.oracle import generator

DAY = "2024-02-29"
_TRUE = {"op": "eq", "ref": "one", "value": True}


def choices(document: Document, of: str, member: str = "show_if") -> dict[str, RefChoice]:
    offered = refs_for(document, of, member, "zh-CN")
    return {one.name: one for one in offered if one.is_offered}


def sample() -> Document:
    low = {"op": "le", "ref": "care.kind", "value": 2}
    return document_of(
        {"id": "overall", "type": "rating", "text": "总体？", "labels": {"1": "差"}},
        {"id": "photo", "type": "picture_upload", "text": "照片"},
        {
            "id": "why",
            "type": "multi_choice",
            "text": "为什么",
            "options": options("等候", "态度"),
        },
        {
            "id": "care",
            "type": "matrix",
            "text": "护理",
            "rows": [{"id": "kind", "text": "态度"}],
            "scale": {"min": 1, "max": 3},
        },
        {"id": "age", "type": "number", "text": "年龄", "min": 0, "max": 120, "unit": "岁"},
        {"id": "day", "type": "date", "text": "日期", "show_if": low},
        {"id": "note", "type": "text", "text": "意见"},
        context={"visit.type": {"type": "choice", "values": ["outpatient"]}},
        scores=[{"id": "early", "of": ["overall"]}, {"id": "late", "of": ["overall", "care"]}],
        computed=[
            {"id": "c1", "value": {"op": "if", "when": low, "then": 1, "else": 2}},
            {"id": "c2", "value": {"op": "sum", "of": ["c1", "age"]}},
        ],
        alerts=[{"id": "alarm", "when": low, "notify": "head"}],
    )


# What is offered


def test_only_what_stands_earlier_is_offered() -> None:
    """Earlier questions, rows, counts, context, today, and scores that are known there.
    # R0.4 (part)"""
    document = sample()
    assert set(choices(document, "overall")) == {"visit.type", "today"}
    assert set(choices(document, "why/options/o1")) == {
        "overall", "photo", "score.early", "visit.type", "today",
    }  # fmt: skip
    before_care = choices(document, "care", "required")
    assert "why.count" in before_care and "care.kind" not in before_care
    at_day = choices(document, "day")
    assert {"care", "care.kind", "age", "score.late", "c1", "c2"} <= set(at_day)
    assert "day" not in at_day and "note" not in at_day
    later = {one.name for one in refs_for(document, "day", "show_if", "zh-CN")}
    assert {"day", "note"} <= later, "what stands later is known, though not offered"
    assert {"note", "c2"} <= set(choices(document, "alarm", "when"))
    assert not {"c1", "c2"} & set(choices(document, "c1", "value/when")), "no circle"


def test_each_offers_the_operators_and_values_that_fit() -> None:
    """A rating its steps with labels, a number its limits and unit, an upload only whether."""
    offered = choices(sample(), "note")
    assert offered["overall"].label == "1. 总体" and offered["overall"].group == "first"
    assert offered["overall"].values[:2] == (("1", "1 分（差）"), ("2", "2 分"))
    assert offered["care.kind"].label == "4. 护理 · 态度"
    assert [text for text, _ in offered["care.kind"].values] == ["1", "2", "3"]
    assert offered["why"].ops == ("has_any", "has_all", "has_none", "answered", "unanswered")
    assert offered["why"].values == (("o1", "等候"), ("o2", "态度"))
    assert [text for text, _ in offered["why.count"].values] == ["1", "2"]
    age = offered["age"]
    assert (age.minimum, age.maximum, age.unit, age.values) == (0, 120, "岁", ())
    assert {"overall", "score.late", "c2"} <= set(age.others) and "day" not in age.others
    assert offered["photo"].ops == ("answered", "unanswered") == offered["care"].ops
    assert offered["visit.type"].values == (("outpatient", "门诊"),)
    assert "answered" not in offered["today"].ops


def test_a_computed_value_stays_known_where_it_is_used() -> None:
    """Its own rule may look only at what stands before its first use."""
    document = document_of(
        {"id": "one", "type": "yes_no", "text": "一"},
        {"id": "two", "type": "yes_no", "text": "二"},
        {"id": "three", "type": "yes_no", "text": "三（{{total}}）"},
        {"id": "four", "type": "yes_no", "text": "四"},
        computed=[
            {"id": "c", "value": {"op": "if", "when": _TRUE, "then": 1, "else": 0}},
            {"id": "total", "value": {"op": "sum", "of": ["c", 1]}},
        ],
    )
    assert set(choices(document, "c", "value/when")) == {"one", "two", "today"}


def test_a_department_is_chosen_by_its_name() -> None:
    """From what the hospital has; ticked options keep the order of the question."""
    document = document_of(
        {"id": "where", "type": "department", "text": "哪个科室"},
        {"id": "why", "type": "multi_choice", "text": "为什么", "options": options("等", "态度")},
        {"id": "note", "type": "text", "text": "意见"},
    )
    names = {"skin": "皮肤科", "bone": "骨科"}
    entries = {"department": tuple(names.items())}
    refs = refs_for(document, "note", "show_if", "zh-CN", names, entries)
    offered = {one.name: one for one in refs}
    assert offered["where"].values == (("skin", "皮肤科"), ("bone", "骨科"))
    fields = {
        "c.0.ref": "where", "c.0.op": "eq", "c.0.value.0": "bone",
        "c.1.ref": "why", "c.1.op": "has_all", "c.1.is.o2": "on", "c.1.is.o1": "on",
    }  # fmt: skip
    rule = to_rule(from_form(fields, refs))
    assert rule is not None and print_rule(rule) == "where == bone and why has_all (o1, o2)"
    said = RuleWords(Scope(document), "zh-CN", names=names).sentence(rule)
    assert said.startswith("「哪个科室」选了「骨科」，并且")


def test_every_rule_of_a_document_stands_in_a_slot() -> None:
    """By the same address under which an edit sets it."""
    document = sample()
    found = {(one.of, one.member) for one in slots(document)}
    assert {
        ("first", "show_if"), ("first", "next"), ("day", "show_if"), ("day", "required"),
        ("why/options/o1", "show_if"), ("care/rows/kind", "show_if"), ("alarm", "when"),
        ("c1", "value/when"),
    } <= found  # fmt: skip
    assert ("c2", "value/when") not in found
    assert slot(document, "alarm", "when") == next(s for s in slots(document) if s.place == NEVER
                                                   and s.of == "alarm")  # fmt: skip
    assert slot(document, "nobody", "show_if") is None


def one_row(rng: random.Random, offered: list[RefChoice]) -> Row:
    choice = rng.choice(offered)
    op = rng.choice(choice.ops)
    if op in ("answered", "unanswered"):
        return Row(choice.name, op)
    if choice.others and op not in ("in",) and rng.random() < 0.3:
        return Row(choice.name, op, other=rng.choice(choice.others))
    plain = {"number": ["2", "2.5"], "date": [DAY], "time": ["09:00"], "text": ["红"]}
    texts = [text for text, _ in choice.values] or plain[choice.kind]
    chosen = rng.sample(texts, min(len(texts), 2)) if op.startswith(("in", "has")) else texts[:1]
    fields = {"c.how": "all", "c.0.ref": choice.name, "c.0.op": op}
    fields |= {f"c.0.value.{i}": text for i, text in enumerate(chosen)}
    row = from_form(fields, offered).parts[0]
    assert isinstance(row, Row)
    return row


@settings(max_examples=80, deadline=None)
@given(st.integers(0, FORMS - 1), st.randoms(use_true_random=False))
def test_whatever_is_offered_is_accepted(seed: int, rng: Any) -> None:
    """Any ref, operator and value that the editor offers at any place makes a sound document."""
    _, survey, _ = survey_of(seed)
    here = rng.choice([one for one in slots(survey.document) if one.member != "next"])
    offered = list(choices(survey.document, here.of, here.member).values())
    rule = to_rule(Group(parts=(one_row(rng, offered), one_row(rng, offered))))
    assert rule is not None
    value = msgspec.json.decode(msgspec.json.encode(rule))
    try:
        apply(survey.document, SetMember(of=here.of, member=here.member, value=value))
    except Refused as refused:
        raise AssertionError((rule, refused.problems)) from refused


# Rules there and back


@settings(max_examples=150, deadline=None)
@given(st.integers(0, FORMS - 1), st.randoms(use_true_random=False))
def test_a_rule_keeps_its_meaning_through_the_editor(seed: int, rng: Any) -> None:
    """Over random answers: true, false and unknown; its form gives the same tree back."""
    tree, survey, rules = survey_of(seed)
    offered = refs_for(survey.document, survey.document.pages[0].id, "show_if", "zh-CN")
    there: dict[Rule, Rule] = {}
    for rule in (*rules, *(Not(of=AnyOf(of=(rule, All(of=())))) for rule in rules)):
        group = from_rule(rule)
        back = to_rule(group)
        assert back is not None and depth(back) <= depth(rule)
        there[rule] = back
        assert to_rule(from_form(to_form(group), offered)) == back or any(
            isinstance(row, Row) and row.is_bare for _, row in rows(group)
        )
    for _ in range(4):
        answers = generator.answers(rng, tree, 0.8)
        context = generator.context(rng, tree)
        said = survey.evaluate(answers, context, DAY)
        values = Values(survey, said, context, DAY)
        for rule, back in there.items():
            assert truth(rule, values) is truth(back, values), (rule, back)


@pytest.mark.parametrize(
    "notation",
    [
        "all()",
        "any()",
        "not not answered(note)",
        "not (overall == 1 or not (age > 2 and day > $today))",
        "why has_any ()",
        "not why has_any ()",
        'note == "甲\\n乙"',
        "all(any(all(overall <= 2.0)))",
    ],
)
def test_odd_rules_go_through_too(notation: str) -> None:
    """Empty groups and lists, double negations, numbers with a zero behind the point."""
    rule = parse_rule(notation)
    back = to_rule(from_rule(rule))
    assert (back is not None and from_rule(back) == from_rule(rule)) or notation.startswith(
        "all(any"
    )
    assert from_rule(None) == Group() and to_rule(Group()) is None


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"ref": "", "op": "eq"}, "choose_ref"),
        ({"ref": "overall", "op": "eq"}, "give_value"),
        ({"ref": "why", "op": "has_any"}, "give_value"),
        ({"ref": "age", "op": "le", "value.0": "三"}, "bad_value"),
        ({"ref": "day", "op": "le", "value.0": "2024-13-01"}, "bad_value"),
        ({"ref": "note", "op": "answered"}, "not_earlier"),
        ({"ref": "age", "op": "le", "other": "c9"}, "not_earlier"),
        ({"ref": "age", "op": "le", "value.0": "3"}, None),
        ({"ref": "age", "op": "le", "other": "overall"}, None),
        ({"ref": "why", "op": "has_any", "is.o1": "on"}, None),
    ],
)
def test_an_unfinished_row_says_what_it_lacks_and_makes_no_rule(
    fields: dict[str, str], fault: str | None
) -> None:
    """What was typed is kept."""
    document = sample()
    refs = refs_for(document, "note", "show_if", "zh-CN")
    form = {"c.how": "all"} | {f"c.0.{name}": value for name, value in fields.items()}
    group = from_form(form, refs)
    assert faults(group, refs) == ({(0,): fault} if fault else {})
    assert (to_rule(group) is None) == (fault not in (None, "not_earlier"))
    again = to_form(group)
    assert all(again.get(f"c.0.{n}") == v for n, v in fields.items() if n != "is.o1")


def test_a_row_whose_question_was_changed_takes_what_fits() -> None:
    """The operator stays where it fits; options of another question do not."""
    refs = refs_for(sample(), "note", "show_if", "zh-CN")
    form = {"c.how": "all", "c.0.ref": "overall", "c.0.op": "has_any", "c.0.is.o1": "on"}
    assert from_form(form, refs).parts == (Row("overall", "le", typed=("o1",)),)
    form |= {"c.0.ref": "why", "c.0.op": "le", "c.0.value.0": "3"}
    assert from_form(form, refs).parts == (Row("why", "has_any", ("o1",)),)
    form = {"c.how": "all", "c.0.ref": "age", "c.0.op": "le", "c.0.other": "day"}
    assert from_form(form, refs).parts == (Row("age", "le"),), "no number is like a day"


def test_forged_forms_are_only_odd_trees() -> None:
    """Too deep, too many, unknown words: left out, never an exception."""
    deep = {f"c{'.0' * n}.how": "any" for n in range(20)}
    assert sum(1 for _ in rows(from_form(deep, ()))) == 8
    many = {f"c.{n}.ref": "x" for n in range(999)}
    assert sum(1 for _ in rows(from_form(many, ()))) < 300
    odd = {"c.how": "<b>", "c.-1.ref": "a", "c.x.ref": "a", "c.0.op": "drop", "c.0.ref": "a' --"}
    assert from_form(odd, ()).parts == (Row("a' --"),)
    assert from_form({"c.0.value.0": "1" * 10_000, "c.0.ref": "age", "c.0.op": "eq"},
                     refs_for(sample(), "note", "show_if", "zh-CN")).parts[0] == Row(
        "age", "eq", typed=("1" * 10_000,)
    )  # fmt: skip


# Buttons

A, B, C = (Row(ref=name, op="answered") for name in "abc")
TREE = Group("all", parts=(A, Group("any", parts=(B, C))))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("add", Group("all", parts=(*TREE.parts, Row()))),
        ("add 0", Group("all", parts=(A, Row(), TREE.parts[1]))),
        ("add 1", Group("all", parts=(A, Group("any", parts=(B, C, Row()))))),
        ("add 1.0", Group("all", parts=(A, Group("any", parts=(B, Row(), C))))),
        ("group", Group("all", parts=(*TREE.parts, Group("any", parts=(Row(),))))),
        ("group 0", Group("all", parts=(Group("any", parts=(A, Row())), TREE.parts[1]))),
        ("group 1.1", Group("all", parts=(A, Group("any", parts=(B, Group(parts=(C, Row()))))))),
        ("ungroup 1", TREE),
        ("not 0", Group("all", parts=(Row("a", "unanswered"), TREE.parts[1]))),
        ("not", Group("all", True, TREE.parts)),
        ("up 1", Group("all", parts=(TREE.parts[1], A))),
        ("up 1.1", Group("all", parts=(A, Group("any", parts=(C, B))))),
        ("down 1.0", Group("all", parts=(A, Group("any", parts=(C, B))))),
        ("down 1", TREE),
        ("copy 0", Group("all", parts=(A, A, TREE.parts[1]))),
        ("remove 0", Group("all", parts=(TREE.parts[1],))),
        ("remove 1.0", Group("all", parts=(A, Group("any", parts=(C,))))),
        ("clear", Group()),
    ],
)
def test_a_button_changes_the_tree(asked: str, expected: Group) -> None:
    """Each by verb and path."""
    assert act(TREE, asked) == expected


def test_the_last_row_of_a_group_takes_its_brackets_along() -> None:
    """No empty brackets stay."""
    assert act(act(TREE, "remove 1.0"), "remove 1.0") == Group("all", parts=(A,))
    once = act(act(TREE, "remove 1.0"), "ungroup 1")
    assert once == Group("all", parts=(A, C))


@pytest.mark.parametrize("asked", ["", "drop 0", "add 9", "up", "not 0.0", "group x", "add 1.0.0"])
def test_a_path_that_leads_nowhere_is_refused(asked: str) -> None:
    """Also for a page that is old."""
    with pytest.raises(NoSuchPart):
        act(TREE, asked)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_is_pressed_the_form_holds_the_tree(rng: Any) -> None:
    """Any buttons after one another; the fields say the same tree."""
    group = Group()
    for _ in range(12):
        paths = ["", *(".".join(map(str, path)) for path, _ in rows(group))]
        verbs = ["add", "group", "not", "up", "down", "copy", "remove", "ungroup"]
        try:
            group = act(group, f"{rng.choice(verbs)} {rng.choice(paths)}")
        except NoSuchPart:
            continue
        if all(len(path) <= 8 for path, _ in rows(group)):
            assert from_form(to_form(group), ()) == group


def test_the_engine_agrees_that_the_examples_need_no_change() -> None:
    """A rule that was opened and saved without a touch is the same rule, but for brackets."""
    document = branching()
    assert not check(document)
    for survey in (document, sample()):
        for placed in engine.compile_survey(survey).scope.rules():
            assert to_rule(from_rule(placed.rule)) == placed.rule
    assert to_rule(from_rule(Answered(ref="a"))) == Answered(ref="a")
    assert literal_text(True) == "true" and literal_text(2.0) == "2"
