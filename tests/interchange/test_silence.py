"""What a source says and a survey cannot is told with its place, in Chinese too: nothing is dropped
or changed in silence."""

import json
from typing import Any

import pytest

import engine
from engine.questions.single_choice import SingleChoice
from interchange import Conversion, convert, summary
from tests.interchange.workbooks import workbook

Made = dict[str, Any]
T: Made = {"type": "text", "name": "t"}
AB = ["b", "a"]


def surveyjs(*elements: Made, **head: Any) -> Conversion:
    pages = [{"name": "p", "elements": list(elements)}]
    return convert(json.dumps({"pages": pages, **head}).encode(), "surveyjs", "huisheng")


def told(made: Conversion) -> list[tuple[str, str]]:
    """What is missing or different, and where; each in Chinese words."""
    report = summary(made, "surveyjs", "huisheng", "zh-CN")
    for loss in report["losses"]:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in loss["why"]), loss
    return [(loss["code"], loss["at"]) for loss in report["losses"]]


@pytest.mark.parametrize(
    ("element", "code", "member"),
    [
        ({"type": "dropdown", "choices": AB, "choicesByUrl": {"url": "x"}},
         "choices_by_url", "choicesByUrl"),
        ({"type": "panel", "elements": [T], "requiredIf": "{t} = 1"},
         "panel_required", "requiredIf"),
        ({"type": "expression", "expression": "1 + 1", "format": "{0} kg"}, "member", "format"),
        ({"type": "text", "title": "Hello {later}"}, "placeholder", "title"),
        ({"type": "text", "title": "Hello {panel.name}"}, "placeholder", "title"),
        ({"type": "radiogroup", "choices": AB, "showOtherItem": True,
          "storeOthersAsComment": False}, "other_as_value", "showOtherItem"),
        ({"type": "matrix", "rows": AB, "columns": AB, "hideIfRowsEmpty": True},
         "member", "hideIfRowsEmpty"),
        ({"type": "text", "valueName": "shared"}, "shared_value", "valueName"),
        ({"type": "text", "validators": [{"type": "regex", "regex": "a"},
                                         {"type": "regex", "regex": "b"}]},
         "validator", "validators/1"),
    ],
)  # fmt: skip
def test_a_member_of_a_surveyjs_element_is_told(element: Made, code: str, member: str) -> None:
    first = {"type": "text", "name": "s", "valueName": "shared"}
    last = {"type": "text", "name": "later"}
    made = surveyjs(first, {"name": "q", **element}, last)
    assert told(made) == [(code, f"/pages/0/elements/1/{member}")]


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("mode", "display", "enable_if"), ("questionOrder", "random", "member"),
        ("maxTextLength", 10, "member"), ("navigateToUrl", "https://x.org", "member"),
        ("cookieName", "once", "member"),
    ],
)  # fmt: skip
def test_a_member_of_a_surveyjs_form_is_told(member: str, value: Any, code: str) -> None:
    assert told(surveyjs(T, **{member: value})) == [(code, f"/{member}")]


def test_words_around_the_questions_have_a_note() -> None:
    made = surveyjs(T | {"title": "{visit}", "requiredErrorText": "!"}, completeText="Send")
    notes = [(loss.code, loss.at) for loss in made.losses]
    assert sorted(notes) == [
        ("placeholder_left", "/pages/0/elements/0/title"),
        ("wording", "/completeText"),
        ("wording", "/pages/0/elements/0/requiredErrorText"),
    ]
    assert made.is_lossless


def test_members_of_a_surveyjs_form_that_say_the_usual_are_no_loss() -> None:
    made = surveyjs(T, mode="edit", questionOrder="initial", showTitle=False)
    assert made.is_lossless


def test_a_page_of_which_one_answer_is_wanted_is_told() -> None:
    form = {"pages": [{"name": "p", "isRequired": True, "elements": [T]}]}
    made = convert(json.dumps(form).encode(), "surveyjs", "huisheng")
    assert told(made) == [("panel_required", "/pages/0/isRequired")]


def options(made: Conversion) -> list[str]:
    assert made.document is not None
    question = made.document.pages[0].questions[0]
    assert isinstance(question, SingleChoice)
    return [str(option.text) for option in question.options]


@pytest.mark.parametrize(
    ("order", "shown"), [("asc", ["a", "b"]), ("desc", ["b", "a"]), ("none", ["b", "a"])]
)
def test_options_stand_in_the_order_in_which_they_are_shown(order: str, shown: list[str]) -> None:
    made = surveyjs({"type": "radiogroup", "name": "q", "choices": AB, "choicesOrder": order})
    assert options(made) == shown and made.is_lossless


def test_numbers_that_a_dropdown_counts_up_become_its_options() -> None:
    made = surveyjs(
        {"type": "dropdown", "name": "q", "choicesMin": 2, "choicesMax": 8, "choicesStep": 3}, T
    )
    assert options(made) == ["2", "5", "8"] and made.is_lossless


def test_calculated_values_are_shown_inside_texts() -> None:
    number = {"type": "text", "inputType": "number", "name": "n"}
    made = surveyjs(
        number, {"type": "text", "name": "u", "title": "Twice: {double}"},
        calculatedValues=[{"name": "double", "expression": "{n} * 2"}],
    )  # fmt: skip
    assert made.is_lossless and made.document is not None
    assert "{{" in str(made.document.pages[0].questions[1].text)
    assert engine.check(made.document) == ()


SHEET = """
    type | name | label | hint | relevant | media::image | readonly
    begin group | g | G | H | | g.png | yes
    text | t | Hello ${later} | | | |
    end group | | | | | |
    select_one l | s | S ${nobody} | | | |
    text | later | L <b>x</b> | | | |
"""
CHOICES = "list_name | name | label | media::audio\nl | a | A | a.mp3\nl | b | B |"
SETTINGS = "form_title | form_id | version | instance_name\nT | f | 3 | concat('a')"


def test_everything_of_a_workbook_that_is_not_carried_is_told_with_its_cell() -> None:
    book = workbook(survey=SHEET, choices=CHOICES, settings=SETTINGS)
    made = convert(book, "xlsform", "huisheng")
    assert sorted(told(made)) == [
        ("enable_if", "survey!2:readonly"),
        ("markup", "survey!6:label"),
        ("member", "settings!2:instance_name"),
        ("member", "survey!2:hint"),
        ("picture", "choices!2:media::audio"),
        ("picture", "survey!2:media::image"),
        ("placeholder", "survey!3:label"),
        ("placeholder", "survey!5:label"),
    ]
    notes = [(loss.code, loss.at) for loss in made.losses if loss.kind == "note"]
    assert notes == [("setting", "settings!2:version")]


def test_what_modifies_a_fhir_item_is_told() -> None:
    cqf = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
    resource = {"resourceType": "Questionnaire", "item": [
        {"linkId": "g", "type": "group", "required": True, "item": [
            {"linkId": "a", "type": "string", "text": "a", "_text": {"extension": [
                {"url": cqf, "valueExpression": {"expression": "'x'"}}]},
             "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]}]}]}  # fmt: skip
    made = convert(json.dumps(resource).encode(), "fhir", "huisheng")
    assert told(made) == [
        ("extension", "/item/0/item/0/_text/extension/0"),
        ("member", "/item/0/item/0/modifierExtension"),
        ("panel_required", "/item/0/required"),
    ]
