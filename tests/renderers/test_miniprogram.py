"""The mini-program's JSON is the page view as its JSON Schema says."""

import json
from pathlib import Path
from typing import Any

import pytest

from renderers import miniprogram
from renderers.miniprogram import ProblemLine
from tests.renderers.schema_reading import faults
from tests.renderers.test_kiosk import page_of

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parent.parent.parent / "schemas/page.json").read_text("utf-8")
)
ANSWERS: tuple[dict[str, Any], ...] = (
    {},
    {"overall": 2, "why": ["wait", {"choice": "other", "text": "停车难"}]},
    {"overall": "bad", "age": 300, "parts": {"desk": 4, "nurse": {"not_applicable": True}}},
)


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("answers", ANSWERS, ids=["empty", "answered", "bad"])
def test_every_page_is_what_the_schema_says(lang: str, answers: dict[str, Any]) -> None:
    page = json.loads(miniprogram.render(page_of(lang, answers)))
    assert list(faults(page, SCHEMA, SCHEMA)) == []
    assert page["format"] == "huisheng.page/1"


@pytest.mark.parametrize(
    "change",
    [{"rev": "1"}, {"action": "stop"}, {"questions": [{"type": "rating"}]}, {"page": 1}],
    ids=str,
)
def test_a_page_that_is_not_what_the_schema_says_is_found(change: dict[str, Any]) -> None:
    page = json.loads(miniprogram.render(page_of())) | change
    assert list(faults(page, SCHEMA, SCHEMA)) != []


def test_chinese_stays_readable_and_nothing_secret_is_told() -> None:
    text = miniprogram.render(page_of()).decode()
    assert "您对本次就诊的总体感受如何" in text
    assert '"points"' not in text
    assert '"show_if"' not in text


def test_an_error_names_its_problems_and_shows_the_page() -> None:
    problem = ProblemLine("required", "/overall", "请回答")
    body = json.loads(
        miniprogram.render_error("The answers have problems", 422, [problem], view=page_of())
    )
    assert body["problems"] == [{"code": "required", "at": "/overall", "message": "请回答"}]
    assert body["view"]["page"]["id"] == "first"
    assert (body["status"], "type" in body) == (422, False)
