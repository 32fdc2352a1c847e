"""The conformance files through every renderer: the same questions, read back out of each."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest

import engine
from engine import journey
from renderers import miniprogram
from renderers.kiosk.render import render_page as render_kiosk
from renderers.web import read_answers
from renderers.web.render import render_page as render_web
from tests.conformance.replay import Case, cases, document_bytes, same, seen
from tests.renderers.readback import Shown, posted, shown_questions
from tests.renderers.schema_reading import faults
from tests.renderers.test_miniprogram import SCHEMA

CASES = [case for case in cases() if "view" in case.body]
HTML: dict[str, Callable[[engine.PageView], str]] = {"web": render_web, "kiosk": render_kiosk}


TYPED = ("text", "number", "date", "time")
HELD = ("single_choice", "multi_choice")
BY_MISTAKE = ("too_few", "too_many", "exclusive", "text_required")


def a_control_can_show(question: dict[str, Any], code: str | None) -> bool:
    """False for a bad value that no control of a page can hold or send.

    Such a value comes from elsewhere (a forged request, another version); the page shows its
    problem. What a person can type or tick by mistake is shown as it was.
    """
    if code is None or code == "required":
        return True
    if question["type"] in TYPED:
        return code not in ("wrong_type", "bad_text")
    return question["type"] in HELD and code in BY_MISTAKE


def drawn(case: Case) -> tuple[engine.Survey, engine.PageView]:
    survey = engine.load(document_bytes(case.whole))
    day = case.whole.get("today")
    today = date.fromisoformat(day) if day else None
    answers, context = case.body["answers"], case.body.get("context")
    evaluation = survey.evaluate(answers, context, today)
    view = engine.page_view(
        survey,
        evaluation,
        journey.Journey(case.body["view"]["page"]),
        answers,
        frame=engine.Frame(lang=case.body["view"]["lang"], marks="all"),
        context=context,
        today=today,
    )
    return survey, view


def expected_options(question: dict[str, Any]) -> list[str]:
    """The choices of a question as the mini-program's JSON has them."""
    match question["type"]:
        case "single_choice" | "multi_choice" | "ranking":
            return [option["id"] for option in question["options"]]
        case "rating" | "nps":
            values = [str(n) for n in range(question["min"], question["max"] + 1)]
            return values + (["not-applicable"] if question.get("not_applicable") else [])
        case "yes_no" | "consent":
            return ["yes", "no"]
        case "cascade":
            return list(_nodes(question["nodes"], question["leaf_only"]))
        case "matrix" if question["rows"]:
            scale = question["scale"]
            columns = (
                [str(n) for n in range(scale["min"], scale["max"] + 1)]
                if scale
                else [option["id"] for option in question["options"]]
            )
            return columns + (["not-applicable"] if question["not_applicable"] else [])
        case _:
            return []


def _nodes(nodes: list[dict[str, Any]], leaf_only: bool) -> list[str]:
    found: list[str] = []
    for node in nodes:
        below = node.get("nodes", [])
        found += [] if leaf_only and below else [node["id"]]
        found += _nodes(below, leaf_only)
    return found


def is_shown_as(question: dict[str, Any], shown: Shown) -> bool:
    """Whether one question of the HTML is the question of the JSON."""
    problem = question["problem"]
    return (
        (shown.id, shown.type, shown.required)
        == (question["id"], question["type"], question["required"])
        and shown.text == question["text"]
        and shown.problem == (problem and problem["code"])
        and shown.message == (problem and problem["message"])
        and sorted(shown.options) == sorted(expected_options(question))
        and list(shown.rows) == [row["id"] for row in question.get("rows", [])]
    )


@pytest.mark.parametrize("channel", HTML)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_channel_shows_the_same_page(case: Case, channel: str) -> None:
    """R0.3"""
    survey, view = drawn(case)
    html = HTML[channel](view)
    wire = json.loads(msgspec.json.encode(view))["questions"]
    shown = shown_questions(html)
    assert [one.id for one in shown] == [question["id"] for question in wire]
    for question, one in zip(wire, shown, strict=True):
        assert is_shown_as(question, one), (question, one)
    asked = [q for page in survey.document.pages for q in page.questions]
    values = read_answers(asked, posted(html))
    for question in wire:
        problem = question["problem"]
        is_held = a_control_can_show(question, problem and problem["code"])
        if question["type"] != "statement" and is_held:
            assert same(values[question["id"]], question["value"]), question


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_html_shows_what_the_conformance_file_says(case: Case) -> None:
    """R1.1.1.1c"""
    survey, view = drawn(case)
    wire = {q["id"]: q for q in json.loads(msgspec.json.encode(view))["questions"]}
    html = render_web(view)
    shown = {one.id: one for one in shown_questions(html)}
    asked = [q for page in survey.document.pages for q in page.questions]
    values = read_answers(asked, posted(html))
    for wanted in case.body["view"]["questions"]:
        one = shown[wanted["id"]]
        read: dict[str, Any] = {
            "id": one.id,
            "text": one.text,
            "required": one.required,
            "problem": one.problem,
            "value": values.get(one.id),
            "options": list(one.options),
        }
        for member, value in wanted.items():
            is_held = a_control_can_show(wire[one.id], one.problem)
            if member in read and (member != "value" or is_held):
                assert same(value, read[member]), (member, value, read[member])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_mini_program_gets_what_the_conformance_file_says(case: Case) -> None:
    """The JSON as it is sent, by its schema, with the file's texts, values and problems. # R0.3"""
    _, view = drawn(case)
    page = json.loads(miniprogram.render(view))
    assert list(faults(page, SCHEMA, SCHEMA)) == []
    sent = {question["id"]: question for question in page["questions"]}
    for wanted in case.body["view"]["questions"]:
        for member, value in wanted.items():
            assert same(value, seen(sent[wanted["id"]], member)), (wanted["id"], member)


def test_seen_reads_options_by_id() -> None:
    """The files write options as ids; the comparison above relies on it."""
    assert seen({"options": [{"id": "a"}]}, "options") == ["a"]
