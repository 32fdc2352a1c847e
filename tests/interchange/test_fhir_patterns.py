"""Ways of writing a Questionnaire that others have made usual."""

import json
from typing import Any

import pytest

import engine
from engine.questions.single_choice import SingleChoice
from interchange import convert
from interchange.fhir import extensions as ext


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
