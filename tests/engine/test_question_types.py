"""One contract over every question type: what a new type must bring is named here."""

import json
from typing import get_args

import msgspec
import pytest

import engine
from engine import journey
from engine.export import export_columns, export_row
from engine.prove import prove
from engine.questions import AnyQuestionView, Question

OPTIONS = [{"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}]
SAMPLES = {
    "single_choice": ({"options": OPTIONS}, "a", "z"),
    "multi_choice": ({"options": OPTIONS}, ["a"], ["z"]),
    "rating": ({}, 3, 9),
    "nps": ({}, 10, 11),
    "matrix": (
        {"rows": [{"id": "r", "text": "行"}], "scale": {"min": 1, "max": 5}},
        {"r": 2},
        {"r": 6},
    ),
    "ranking": ({"options": OPTIONS}, ["b", "a"], ["a", "a"]),
    "yes_no": ({}, True, "yes"),
    "text": ({}, "很好", 3),
    "number": ({"max": 10}, 2.5, 11),
    "date": ({}, "2026-01-31", "2026-02-30"),
    "time": ({}, "09:30", "9:30"),
    "department": ({}, "surgery", "no such id!"),
    "staff": ({}, "staff_1", 7),
    "cascade": ({"nodes": [{"id": "n", "text": "节"}]}, "n", "m"),
    "picture_upload": ({}, ["att1"], "att1"),
    "file_upload": ({}, ["att1", "att2"], ["a", "b", "c", "d"]),
    "signature": ({}, "att1", ["att1"]),
    "consent": (
        {"document": "privacy", "version": 2},
        {"agreed": True, "version": 2},
        {"agreed": True, "version": 1},
    ),
    "statement": ({}, None, None),
}
TYPES = [kind.__struct_config__.tag for kind in get_args(Question)]


def load(kind, **more):
    question = {"id": "q", "type": kind, "text": "问", **SAMPLES[kind][0], **more}
    document = {
        "format": "huisheng.survey/1",
        "id": "one",
        "title": "一题",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [{"id": "p", "questions": [question]}],
    }
    return engine.load(json.dumps(document).encode())


def test_every_type_has_a_view_and_a_sample():
    views = [view.__struct_config__.tag for view in get_args(AnyQuestionView)]
    assert views == TYPES
    assert set(SAMPLES) == set(TYPES)


@pytest.mark.parametrize("kind", [k for k in TYPES if k != "statement"])
def test_a_good_value_is_kept_a_bad_one_is_one_problem_and_none_is_missing(kind):
    """# R1.1.1.1b"""
    survey = load(kind, required=True)
    _, good, bad = SAMPLES[kind]
    kept = survey.evaluate({"q": good})
    assert kept.answers == {"q": good}
    assert kept.complete
    refused = survey.evaluate({"q": bad})
    assert refused.answers == {}
    assert len(refused.problems) == 1
    assert refused.problems[0].code != "required"
    for nothing in (None, "", [], "  "):
        missing = survey.evaluate({"q": nothing})
        assert {p.code for p in missing.problems} == {"required"}
        assert survey.evaluate({"q": nothing}).dropped == ()


@pytest.mark.parametrize("kind", TYPES)
def test_hostile_values_are_problems_and_never_exceptions(kind):
    survey = load(kind)
    for value in (
        0, -1, 1e300, True, "\x00", "𠀀" * 3000, [], [[]], [{}], {}, {"a": {}}, [None],
        {"choice": []}, {"not_applicable": True}, {"agreed": 1, "version": True}, {"r": []},
        {"r": {"x": 1}}, ["a"] * 99, {"choice": "a", "text": {}}, [["a"]], "a" * 100_000,
    ):  # fmt: skip
        evaluation = survey.evaluate({"q": value})
        view_of(survey, evaluation, {"q": value})


def view_of(survey, evaluation, answers):
    at = journey.start(survey, evaluation)
    frame = engine.Frame(marks="all")
    return engine.page_view(survey, evaluation, at, answers, frame=frame)


@pytest.mark.parametrize("kind", TYPES)
def test_the_view_encodes_with_the_types_tag_and_the_value(kind):
    survey = load(kind)
    good = SAMPLES[kind][1]
    sent = msgspec.json.decode(
        msgspec.json.encode(view_of(survey, survey.evaluate({"q": good}), {"q": good}))
    )
    question = sent["questions"][0]
    assert question["type"] == kind
    assert question["value"] == good
    assert {"id", "text", "hint", "required", "refresh", "problem"} <= question.keys()


@pytest.mark.parametrize("kind", TYPES)
def test_the_export_has_the_same_columns_with_and_without_an_answer(kind):
    survey = load(kind)
    good = SAMPLES[kind][1]
    row = export_row(survey, survey.evaluate({"q": good}))
    assert tuple(row) == export_columns(survey)
    if kind != "statement":
        assert any(cell is not None for name, cell in row.items() if name != "ending")


@pytest.mark.parametrize("kind", [k for k in TYPES if k != "statement"])
def test_the_proof_knows_the_values_of_the_type(kind):
    """A rule on its answer is settled, and a rule that no answer meets is found. # R0.5 (part)"""
    survey = load(kind)
    document = json.loads(msgspec.json.encode(survey.document))
    [page] = document["pages"]
    shown = [{"op": "answered", "ref": "q"}, *compared(survey.document.pages[0].questions[0])]
    page["questions"] += [
        {"id": f"then{n}", "type": "statement", "text": "好", "show_if": rule}
        for n, rule in enumerate(shown)
    ]
    never = {"op": "all", "of": [shown[0], {"op": "not", "of": shown[0]}]}
    page["questions"].append({"id": "no", "type": "statement", "text": "无", "show_if": never})
    findings = prove(engine.load(msgspec.json.encode(document)).document)
    assert (list(findings.undecided), list(findings.unreachable.questions)) == ([], ["no"])


def compared(question):
    """A comparison that the sample's good value meets, where rules can compare the type."""
    value = SAMPLES[question.type][1]
    match question.facets().get("", None):
        case facet if facet is None or facet.kind == "opaque":
            return []
        case facet if facet.kind == "set":
            return [{"op": "has_any", "ref": "q", "value": value}]
        case facet if facet.kind == "boolean" and isinstance(value, dict):
            return [{"op": "eq", "ref": "q", "value": value["agreed"]}]
        case _:
            return [{"op": "eq", "ref": "q", "value": value}]
