"""Ways of writing a Questionnaire that others have made usual."""

import hashlib
import json
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

import engine
from engine.questions.moments import DateQuestion
from engine.questions.single_choice import SingleChoice
from interchange import convert
from interchange.bundle import packed
from interchange.fhir import extensions as ext
from tests.interchange.workbooks import workbook


def option(code: str, display: str, *extensions: dict[str, Any]) -> dict[str, Any]:
    return {"extension": list(extensions), "valueCoding": {"code": code, "display": display}}


@pytest.mark.parametrize(("where", "value"), [("", 3), (".where(linkId != 'q0')", 2)])
def test_a_sum_over_all_weights_names_what_has_them(where: str, value: int) -> None:
    """The way LHC-Forms' own questionnaires add up. # R1.1.1.1e (part)"""
    yes = option("y", "Yes", {"url": ext.WEIGHT, "valueDecimal": 1})
    no = option("n", "No", {"url": ext.PREFIX, "valueString": "a."})
    items: list[Any] = [
        {"linkId": f"q{i}", "type": "choice", "answerOption": [yes, no]} for i in range(3)
    ]
    path = f"%resource.repeat(item){where}.answer.weight().sum()"
    total = {"url": ext.CALCULATED, "valueExpression": {"expression": path}}
    items.append({"linkId": "total", "type": "decimal", "text": "Total", "extension": [total]})
    made = convert(
        json.dumps({"resourceType": "Questionnaire", "item": items}).encode(), "fhir", "huisheng"
    )
    assert made.document is not None and made.is_lossless, made.losses
    first = made.document.pages[0].questions[0]
    assert isinstance(first, SingleChoice) and first.options[1].text == "a. No"
    answers: dict[str, Any] = dict.fromkeys(["q0", "q1", "q2"], "y")
    assert value in engine.compile_survey(made.document).evaluate(answers).computed.values()


def survey(*questions: dict[str, Any]) -> bytes:
    document = {
        "format": "huisheng.survey/1", "id": "f", "title": "F", "languages": ["en"],
        "kind": "survey", "pages": [{"id": "p", "questions": list(questions)}],
    }  # fmt: skip
    return json.dumps(document).encode()


def test_a_limit_of_today_goes_out_and_comes_back() -> None:
    """As an expression in place of the value (R4 JSON, primitive extensions)."""
    out = convert(
        survey({"id": "d", "type": "date", "text": "D", "max": "today"}), "huisheng", "fhir"
    )
    assert out.is_lossless and out.resource is not None, out.losses
    back = convert(json.dumps(out.resource).encode(), "fhir", "huisheng")
    assert back.document is not None and back.is_lossless, back.losses
    question = back.document.pages[0].questions[0]
    assert isinstance(question, DateQuestion) and question.max == "today"


def test_what_a_questionnaire_has_no_place_for_is_named() -> None:
    """Nothing that a question says goes missing without a line in the report."""
    told = convert(
        survey(
            {"id": "r", "type": "rating", "text": "R", "reverse": True, "dimension": "service"},
            {"id": "y", "type": "yes_no", "text": "Y", "tags": ["core"], "labels": {"yes": "Ja"},
             "points": {"yes": 0, "no": 100}},
            {"id": "d", "type": "department", "text": "D", "within": {"sites": ["a"]}},
            {"id": "t", "type": "text", "text": "T", "privacy": "sensitive", "pattern": "[a-z]",
             "pattern_message": "One letter"},
        ),
        "huisheng",
        "fhir",
    ).losses  # fmt: skip
    assert {loss.at.removeprefix("/pages/0/questions/") for loss in told} == {
        "0/reverse", "0/dimension", "1/tags", "1/labels", "1/points", "2/within", "3/privacy",
        "3/pattern_message",
    }  # fmt: skip


def test_pictures_of_a_bundle_travel_inside_the_questionnaire() -> None:
    picture = b"\x89PNG picture"
    asset = "sha256:" + hashlib.sha256(picture).hexdigest()
    media = [{"asset": asset, "alt": "Map"}]
    document = survey({"id": "s", "type": "statement", "text": "S", "media": media})
    out = convert(packed(document, {asset: picture}), "huisheng", "fhir")
    assert out.is_lossless and out.resource is not None, out.losses
    Questionnaire.model_validate(out.resource)
    back = convert(json.dumps(out.resource).encode(), "fhir", "huisheng")
    assert back.document is not None and back.assets == {asset: picture}
    assert back.document.pages[0].questions[0].media[0].asset == asset


def test_options_in_another_file_are_refused_with_their_place() -> None:
    table = "type | name | label\nselect_one_from_file a.csv | f | F\ninteger | n | N"
    made = convert(workbook(survey=table), "xlsform", "huisheng")
    assert [(loss.code, loss.at) for loss in made.losses] == [
        ("choices_from_file", "survey!2:type")
    ]
