"""Which options SurveyJS offers, as survey-core 2.5 was seen to."""

import json
from typing import Any

import pytest

import engine
from interchange import convert

FORM: dict[str, Any] = {"elements": [
    {"type": "rating", "name": "a"},
    {"type": "radiogroup", "name": "z", "showNoneItem": True, "showOtherItem": True,
     "choicesVisibleIf": "{item} = 'x' and {a} = 1",
     "choices": ["x", "y", {"value": "own", "visibleIf": "{a} > 1"}]},
]}  # fmt: skip


@pytest.mark.parametrize(
    ("a", "offered"),
    [(None, {"none", "other"}), (1, {"x", "none", "other"}), (2, {"own", "none", "other"})],
)
def test_an_options_own_rule_takes_the_place_of_the_common_one(
    a: int | None, offered: set[str]
) -> None:
    """And "none" and "other" are under neither. # R1.1.1.1c (part)"""
    made = convert(json.dumps(FORM).encode(), "surveyjs", "huisheng")
    assert made.document is not None and made.is_lossless, made.losses
    survey = engine.compile_survey(made.document)
    found: set[str] = set()
    for option in ("x", "y", "own", "none", "other"):
        value = {"choice": "other", "text": "t"} if option == "other" else option
        if survey.evaluate({"a": a, "z": value}).answers.get("z") is not None:
            found.add(option)
    assert found == offered
