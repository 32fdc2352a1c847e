"""FHIR R4 Questionnaires come in with their meaning and go out as R4 defines them."""

import base64
import json
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse

import engine
from engine.notation import parse_rule
from interchange import convert
from interchange.fhir import questionnaire_response
from interchange.fhir import write as write_questionnaire
from interchange.fhir.rules import Rules
from interchange.report import written
from tests.interchange.r4 import broken_invariants

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
YES_NO_MAYBE = [{"valueCoding": {"system": "s", "code": c}} for c in ("yes", "no", "maybe")]
ITEMS: list[Any] = [
    {"linkId": "a", "type": "integer"},
    {"linkId": "b", "type": "boolean"},
    {"linkId": "c", "type": "choice", "answerOption": YES_NO_MAYBE},
    {"linkId": "m", "type": "choice", "repeats": True, "answerOption": YES_NO_MAYBE},
    {"linkId": "d", "type": "date"},
    {"linkId": "t", "type": "string"},
]


def questionnaire(*items: Any, **head: Any) -> Any:
    return {
        "resourceType": "Questionnaire",
        "id": "q",
        "status": "active",
        "item": list(items),
        **head,
    }


def read(resource: Any, **how: Any) -> Any:
    made = convert(json.dumps(resource).encode(), "fhir", "huisheng", **how)
    assert made.document is not None, made.losses
    assert engine.check(made.document) == ()
    return made


def codes(made: Any) -> Any:
    return [(loss.code, loss.at) for loss in made.losses if loss.kind != "note"]


def asked(made: Any, answers: Any) -> Any:
    return engine.compile_survey(made.document).evaluate(answers).asked


def when(question: Any, operator: Any, **answer: Any) -> Any:
    return {"question": question, "operator": operator, **answer}


@pytest.mark.parametrize(
    ("condition", "answers", "lforms", "smart"),
    [
        (when("a", "=", answerInteger=1), {"a": 1}, True, True),
        (when("a", "!=", answerInteger=1), {}, True, False),
        (when("a", "!=", answerInteger=1), {"a": 2}, True, True),
        (when("b", "!=", answerBoolean=True), {}, True, True),
        (when("a", "<=", answerInteger=3), {}, False, False),
        (when("a", ">", answerInteger=3), {"a": 4}, True, True),
        (when("a", "exists", answerBoolean=True), {"a": 0}, True, True),
        (when("a", "exists", answerBoolean=False), {}, True, True),
        (when("c", "=", answerCoding={"system": "s", "code": "yes"}), {"c": "yes"}, True, True),
        (when("c", "=", answerCoding={"code": "yes"}), {"c": "yes"}, True, True),
        (when("c", "=", answerCoding={"system": "x", "code": "yes"}), {"c": "yes"}, False, False),
        (when("c", "!=", answerCoding={"code": "yes"}), {"c": "no"}, True, True),
        (when("c", "!=", answerCoding={"code": "yes"}), {}, True, False),
        (when("m", "=", answerCoding={"code": "yes"}), {"m": ["yes", "no"]}, True, True),
        (when("m", "!=", answerCoding={"code": "yes"}), {"m": ["yes", "no"]}, False, False),
        (when("m", "!=", answerCoding={"code": "yes"}), {"m": ["no"]}, True, True),
        (when("d", ">=", answerDate="2020-01-01"), {"d": "2020-01-02"}, True, True),
        (when("t", "=", answerString="x"), {"t": "x"}, True, True),
        (when("t", "!=", answerString="x"), {}, True, False),
    ],
)
def test_enable_when_keeps_its_truth_value_in_both_readings(
    condition: Any, answers: Any, lforms: Any, smart: Any
) -> None:
    """# R1.1.1.1c (part)"""
    resource = questionnaire(*ITEMS, {"linkId": "z", "type": "text", "enableWhen": [condition]})
    assert ("z" in asked(read(resource), answers)) == lforms
    other = read(resource, not_equal="smart-forms")
    assert codes(other) == []
    assert ("z" in asked(other, answers)) == smart


@pytest.mark.parametrize(
    ("behavior", "answers", "shown"),
    [("any", {"a": 1}, True), ("all", {"a": 1}, False), ("all", {"a": 1, "b": True}, True)],
)
def test_enable_behavior_joins_conditions(behavior: Any, answers: Any, shown: Any) -> None:
    conditions = [when("a", "=", answerInteger=1), when("b", "=", answerBoolean=True)]
    item = {"linkId": "z", "type": "text", "enableWhen": conditions, "enableBehavior": behavior}
    assert ("z" in asked(read(questionnaire(*ITEMS, item)), answers)) == shown


def test_several_conditions_without_behavior_are_lost_not_guessed() -> None:
    conditions = [when("a", "=", answerInteger=1), when("b", "=", answerBoolean=True)]
    made = read(questionnaire(*ITEMS, {"linkId": "z", "type": "text", "enableWhen": conditions}))
    assert codes(made) == [("enable_behavior", "/item/6/enableBehavior")]


def test_groups_are_pages_and_inner_items_stand_under_outer_ones() -> None:
    made = read(questionnaire(
        {"linkId": "g 1", "type": "group", "text": "One", "item": [
            {"linkId": "a", "type": "boolean", "item": [
                {"linkId": "help", "type": "display", "text": "Think.", "extension": [
                    {"url": f"{CORE}questionnaire-itemControl", "valueCodeableConcept":
                     {"coding": [{"code": "help"}]}}]}]},
            {"linkId": "in", "type": "group", "text": "Inner",
             "enableWhen": [when("a", "=", answerBoolean=True)],
             "item": [{"linkId": "b", "type": "string"}]}]},
        {"linkId": "loose", "type": "string"},
        {"linkId": "again", "type": "group", "repeats": True,
         "item": [{"linkId": "x", "type": "string"}]},
    ))  # fmt: skip
    pages = [(page.id, [q.id for q in page.questions]) for page in made.document.pages]
    assert pages == [("g_1", ["a", "q_in", "b"]), ("page2", ["loose"])]
    assert made.document.pages[0].questions[0].hint == "Think."
    assert asked(made, {"a": True}) == ("a", "q_in", "b", "loose")
    assert asked(made, {}) == ("a", "loose")
    assert codes(made) == [("repeats", "/item/2"), ("repeats", "/item/2/item/0")]
    assert (made.elements, made.carried) == (8, 6)


@pytest.mark.parametrize("url", [f"{CORE}ordinalValue", f"{CORE}itemWeight"])
@pytest.mark.parametrize("inside", [True, False])
def test_weights_of_options_add_up_in_calculated_sums(url: Any, inside: Any) -> None:
    """# R1.1.1.1e (part)"""

    def option(n: int) -> Any:
        weight = [{"url": url, "valueDecimal": n}]
        coding = {"system": "http://loinc.org", "code": f"LA{n}", "display": str(n)}
        if inside:
            return {"valueCoding": coding | {"extension": weight}}
        return {"valueCoding": coding, "extension": weight}

    options = [option(n) for n in range(4)]
    items = [{"linkId": f"/phq/{i}", "type": "choice", "answerOption": options} for i in range(3)]
    links = " or ".join(f"linkId='/phq/{i}'" for i in range(3))
    path = f"%resource.item.where({links}).answer.value.ordinal().sum()"
    total = {"linkId": "total", "type": "integer", "readOnly": True, "text": "Total", "extension": [
        {"url": f"{SDC}calculatedExpression",
         "valueExpression": {"language": "text/fhirpath", "expression": path}}]}  # fmt: skip
    high = {"linkId": "high", "type": "string", "enableWhen": [when("total", ">", answerInteger=5)]}
    made = read(questionnaire(*items, total, high))
    assert codes(made) == []
    ids = [q.id for q in made.document.pages[0].questions[:3]]
    evaluation = engine.compile_survey(made.document).evaluate(dict.fromkeys(ids, "la3"))
    assert 9 in evaluation.computed.values()
    assert "high" in evaluation.asked
    question = made.document.pages[0].questions[0]
    assert question.options[3].codes[0].system == "http://loinc.org"


@pytest.mark.parametrize(
    ("path", "answers", "value"),
    [
        ("%resource.item.where(linkId='a').answer.value + 1", {"a": 2}, 3),
        ("%resource.item.where(linkId='a').answer.value + %two", {"a": 2, "a2": 3}, 5),
        ("%resource.item.where(linkId='a').answer.value + %two", {"a": 2}, None),
        ("(%two - 1) * 2", {"a2": 3}, 4),
        ("%context.item.where(linkId='a' or linkId='a2').answer.value.sum()", {"a": 2}, 2),
    ],
)
def test_calculated_expressions_are_computed(path: Any, answers: Any, value: Any) -> None:
    link = "%resource.item.where(linkId = 'a2').answer.value"
    two = {"name": "two", "expression": link}
    calc = {"linkId": "x", "type": "decimal", "extension": [
        {"url": f"{SDC}calculatedExpression",
         "valueExpression": {"expression": path}}]}  # fmt: skip
    made = read(questionnaire(ITEMS[0], {"linkId": "a2", "type": "decimal"}, calc, extension=[
        {"url": f"{CORE}variable", "valueExpression": two}]))  # fmt: skip
    assert codes(made) == []
    computed = engine.compile_survey(made.document).evaluate(answers).computed
    shown = made.document.pages[0].questions[2].text
    assert computed[shown.split("{{")[1].rstrip("}")] == value


def test_pictures_inside_the_resource_become_assets() -> None:
    picture = {"contentType": "image/png", "data": base64.b64encode(b"png").decode(), "title": "P"}
    far = {"contentType": "image/png", "url": "http://example.org/x.png"}
    made = read(questionnaire(
        {"linkId": "a", "type": "boolean", "extension": [
            {"url": f"{SDC}itemMedia", "valueAttachment": picture},
            {"url": f"{SDC}itemMedia", "valueAttachment": far}]},
    ))  # fmt: skip
    media = made.document.pages[0].questions[0].media
    assert [m.asset for m in media] == list(made.assets) and made.assets[media[0].asset] == b"png"
    assert codes(made) == [("picture", "/item/0/extension/1/valueAttachment")]


def test_contained_value_sets_translations_and_limits_come_along() -> None:
    made = read(questionnaire(
        {"linkId": "c", "type": "open-choice", "answerValueSet": "#v", "required": True,
         "text": "颜色", "_text": {"extension": [{"url": f"{CORE}translation", "extension": [
             {"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": "Colour"}]}]}},
        {"linkId": "n", "type": "decimal", "extension": [
            {"url": f"{CORE}minValue", "valueDecimal": 1.5},
            {"url": f"{CORE}questionnaire-unit", "valueCoding": {"code": "kg"}}]},
        {"linkId": "far", "type": "choice", "answerValueSet": "http://hl7.org/fhir/ValueSet/x"},
        language="zh", contained=[{"resourceType": "ValueSet", "id": "v", "compose": {"include": [
            {"system": "s", "concept": [{"code": "red", "display": "红"}, {"code": "blue"}]}]}}],
    ))  # fmt: skip
    document = made.document
    choice, number = document.pages[0].questions
    assert document.languages == ("zh-CN", "en")
    assert choice.text == {"zh-CN": "颜色", "en": "Colour"} and choice.required
    assert [(o.id, o.text_entry) for o in choice.options] == [
        ("red", None), ("blue", None), ("other", "required"),
    ]  # fmt: skip
    assert (number.min, number.unit) == (1.5, "kg")
    assert codes(made) == [("value_set", "/item/2")]


def survey(questions: Any, **more: Any) -> Any:
    return engine.parse(json.dumps({
        "format": "huisheng.survey/1", "id": "a_form", "title": {"zh-CN": "表", "en": "Form"},
        "languages": ["zh-CN", "en"], "kind": "survey",
        "pages": [{"id": "p", "questions": questions}], **more,
    }).encode()).document  # fmt: skip


QUESTIONS: list[Any] = [
    {"id": "r", "type": "rating", "text": "R", "required": True},
    {"id": "s", "type": "single_choice", "text": "S", "options": [
        {"id": "x", "text": "X", "points": 0}, {"id": "y", "text": "Y", "points": 100}]},
    {"id": "m", "type": "multi_choice", "text": "M", "max_selected": 2, "options": [
        {"id": "x", "text": "X"}, {"id": "y", "text": "Y"},
        {"id": "none", "text": "-", "exclusive": True}]},
    {"id": "b", "type": "yes_no", "text": {"zh-CN": "是", "en": "Yes"}, "hint": "H"},
    {"id": "n", "type": "number", "text": "N", "min": 0.5, "unit": "kg"},
    {"id": "d", "type": "date", "text": "D", "max": "2030-01-01"},
    {"id": "t", "type": "text", "text": "T", "lines": 3, "pattern": "[a-z]+"},
    {"id": "g", "type": "matrix", "text": "G", "required": True, "scale": {"min": 1, "max": 5},
     "rows": [{"id": "r1", "text": "1"}, {"id": "r2", "text": "2"}]},
    {"id": "k", "type": "ranking", "text": "K", "options": [
        {"id": "x", "text": "X"}, {"id": "y", "text": "Y"}]},
    {"id": "f", "type": "file_upload", "text": "F"},
    {"id": "h", "type": "statement", "text": "H"},
    {"id": "o", "type": "single_choice", "text": "O", "options": [
        {"id": "x", "text": "X"}, {"id": "other", "text": "O", "text_entry": "required"}]},
    {"id": "dep", "type": "department", "text": "Dep"},
    {"id": "ti", "type": "time", "text": "Ti"},
    {"id": "co", "type": "consent", "text": "Co", "document": "doc", "version": 1},
    {"id": "nps", "type": "nps", "text": "Nps"},
    {"id": "ca", "type": "cascade", "text": "Ca", "nodes": [{"id": "u", "text": "U"}]},
]  # fmt: skip


def test_a_questionnaire_is_what_r4_defines() -> None:
    computed = [{"id": "all", "value": {"op": "sum", "of": ["r", "n"]}}]
    scores = [{"id": "sc", "of": ["s"], "method": "sum"}]
    document = survey(QUESTIONS, computed=computed, scores=scores)
    resource: Any = write_questionnaire(document).resource
    Questionnaire.model_validate(resource)
    assert broken_invariants(resource) == []
    items = {item["linkId"]: item for item in resource["item"][0]["item"]}
    assert (items["s"]["type"], items["m"]["repeats"], items["o"]["type"]) == (
        "choice", True, "open-choice",
    )  # fmt: skip
    paths = [e["valueExpression"]["expression"] for item in resource["item"][1:]
             for e in item["extension"] if "valueExpression" in e]  # fmt: skip
    answers = "%resource.repeat(item).where(linkId='s').answer.value.ordinal()"
    assert paths[1] == f"iif({answers}.exists(), {answers}.sum(), {{}})"
    assert "where(linkId='r' or linkId='n').answer.value.sum()" in paths[0]


RULES = [
    "r <= 3", "not r <= 3", "r != 3", "not answered(r)", "answered(r) and r == 2", "s == x",
    "s in (x, y)", "not s == x", "m has_any (x, y)", "m has_all (x, y)", "m has_none (x)",
    "not m has_any (x)", "b == true", "not b == true", "n > 1.5", 'd >= "2020-01-01"',
    "g.r1 >= 3", "r <= 3 and s == x", "r <= 3 or s == x", "not (r <= 3 or s == x)",
    "not answered(r) or r != 1", "r <= 2 and (s == x or b == true)",
]  # fmt: skip
ANSWERS: list[dict[str, Any]] = [
    {}, {"r": 1}, {"r": 2}, {"r": 3}, {"r": 4}, {"s": "x"}, {"s": "y"}, {"m": ["x"]},
    {"m": ["y"]}, {"m": ["x", "y"]}, {"m": ["none"]}, {"b": True}, {"b": False}, {"n": 1},
    {"n": 2}, {"d": "2020-01-01"}, {"d": "2019-12-31"}, {"g": {"r1": 3}}, {"g": {"r1": 1}},
    {"r": 2, "s": "x"}, {"r": 5, "s": "y"}, {"r": 1, "b": True},
]  # fmt: skip


def with_rule(rule: Any) -> Any:
    raw = written(survey([*QUESTIONS, {"id": "z", "type": "text", "text": "Z"}]))
    shown = json.loads(msgspec.json.encode(parse_rule(rule)))
    raw["pages"][0]["questions"][-1]["show_if"] = shown
    document: Any = engine.parse(json.dumps(raw).encode()).document
    assert engine.check(document) == ()
    return document


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("reading", ["lforms", "smart-forms"])
def test_a_rule_written_and_read_again_is_true_for_the_same_answers(
    rule: Any, reading: Any
) -> None:
    """# R1.1.1.1c (part)"""
    document = with_rule(rule)
    resource: Any = write_questionnaire(document).resource
    last = resource["item"][0]["item"][-1]
    Questionnaire.model_validate(resource)
    assert broken_invariants(resource) == []
    if "enableWhen" not in last:
        assert "enableWhenExpression" in last["extension"][0]["url"]
        return
    again = read(resource, not_equal=reading)
    before, after = engine.compile_survey(document), engine.compile_survey(again.document)
    rows = {q.ext.get("source_id"): q.id for p in again.document.pages for q in p.questions}
    for answers in ANSWERS:
        theirs = {k: v for k, v in answers.items() if k != "g"}
        theirs |= {rows[f"g.{row}"]: v for row, v in answers.get("g", {}).items()}
        same = ("z" in before.evaluate(answers).asked) == ("z" in after.evaluate(theirs).asked)
        assert same, (answers, last["enableWhen"])


def test_what_is_not_flat_becomes_fhirpath() -> None:
    document = survey(QUESTIONS)
    enabled = Rules(document).enabled(parse_rule("r <= 2 and (s == x or not b == true)"))
    assert enabled.conditions == []
    assert enabled.expression == (
        "(%resource.repeat(item).where(linkId='r').answer.value.where($this <= 2).exists() and "
        "(%resource.repeat(item).where(linkId='s').answer.value.where(code='x').exists() or "
        "%resource.repeat(item).where(linkId='b').answer.value.where($this != true).exists()))"
    )


def test_every_not_equal_stands_beside_an_exists() -> None:
    document = survey(QUESTIONS)
    for rule in ("r != 3", "m has_none (x)", "not s == x", "not s in (x, y)"):
        conditions = Rules(document).enabled(parse_rule(rule)).conditions
        for condition in conditions:
            if condition["operator"] == "!=":
                exists = when(condition["question"], "exists", answerBoolean=True)
                assert exists in conditions


def test_a_form_goes_out_and_comes_back_the_same() -> None:
    """Read, written, read: the second document is the first."""
    made = read(questionnaire(
        {"linkId": "g1", "type": "group", "text": "One", "item": [
            *ITEMS, {"linkId": "z", "type": "text", "maxLength": 2000, "text": "Z",
                     "enableWhen": [when("c", "=", answerCoding={"system": "s", "code": "no"})]}]},
        url="http://example.org/q", version="3", publisher="P", title="T", name="Q",
    ))  # fmt: skip
    out = write_questionnaire(made.document)
    again = read(out.resource)
    assert codes(made) == codes(again) == []
    assert out.is_lossless
    assert written(again.document) == written(made.document)


def test_a_response_is_what_r4_defines() -> None:
    document = survey(QUESTIONS)
    answers = {
        "r": 4, "s": "x", "m": ["x", "y"], "b": False, "n": 2.5, "d": "2026-01-02", "t": "abc",
        "g": {"r1": 3, "r2": {"not_applicable": True}}, "k": ["y", "x"], "f": ["a1"],
        "o": {"choice": "other", "text": "别的"}, "dep": "cardio", "ti": "09:30",
        "co": {"agreed": True, "version": 1}, "nps": 10, "ca": "u",
    }  # fmt: skip
    made = questionnaire_response(
        document, answers, response_id="00000000-0000-0000-0000-000000000001", version=2,
        authored="2026-01-02T03:04:05+08:00", language="zh-CN",
    )  # fmt: skip
    QuestionnaireResponse.model_validate(made)
    items = {item["linkId"]: item for item in made["item"][0]["item"]}
    assert made["questionnaire"] == "urn:huisheng:survey:a_form|2"
    assert items["s"]["answer"] == [{"valueCoding": {"code": "x", "display": "X"}}]
    assert items["g"]["item"] == [{"linkId": "g.r1", "answer": [{"valueInteger": 3}]}]
    assert items["o"]["answer"] == [{"valueString": "别的"}]
    assert items["n"]["answer"] == [{"valueDecimal": 2.5}]
    assert len(items) == len(answers)
    resource: Any = write_questionnaire(document).resource
    links = {item["linkId"] for item in resource["item"][0]["item"]}
    assert items.keys() <= links


def test_odd_answers_are_what_r4_defines() -> None:
    """Numbers past 32 bits, decimals, several files, a text beside an option that is not "other",
    an "other" without a text, rows that do not apply, and nothing at all."""
    entered: Any = {"id": "e", "type": "multi_choice", "text": "E", "options": [
        {"id": "x", "text": "X", "text_entry": "optional"},
        {"id": "other", "text": "O", "text_entry": "optional"}]}  # fmt: skip
    document = survey(
        [*QUESTIONS, entered, {"id": "big", "type": "number", "text": "B", "step": 1}]
    )
    answers: Any = {
        "n": 0.000001, "big": 3_000_000_000, "f": ["a1", "a2"], "t": "一\n二 “三”\t<四>",
        "g": {"r1": {"not_applicable": True}}, "m": ["x", "y"], "o": "other", "d": "2024-02-29",
        "e": [{"choice": "x", "text": "左"}, "other"], "co": {"agreed": False, "version": 1},
    }  # fmt: skip
    head = {
        "response_id": "r",
        "version": 1,
        "authored": "2026-01-02T03:04:05Z",
        "language": "zh-CN",
    }
    made = questionnaire_response(document, answers, **head)
    QuestionnaireResponse.model_validate(made)
    items = {item["linkId"]: item.get("answer") for item in made["item"][0]["item"]}
    assert items.keys() == answers.keys() - {"g"}
    assert items["big"] == [{"valueDecimal": 3_000_000_000}]
    assert [one["valueAttachment"]["title"] for one in items["f"]] == ["a1", "a2"]
    assert items["e"][0] == {"valueCoding": {"code": "x", "display": "左"}}
    nothing = questionnaire_response(document, {}, **head)
    assert "item" not in nothing and QuestionnaireResponse.model_validate(nothing)


NO_FORMS: list[Any] = [
    {}, {"resourceType": "Patient"}, {"resourceType": "Questionnaire"},
     {"resourceType": "Questionnaire", "item": [1, None, {"item": {}}]},
     {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]},
]  # fmt: skip


@pytest.mark.parametrize("resource", NO_FORMS)
def test_what_is_no_questionnaire_is_answered_with_a_report(resource: Any) -> None:
    made = convert(json.dumps(resource).encode(), "fhir", "huisheng")
    assert made.document is None and made.losses
