"""The page of changes between versions."""

import html
import json
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
URL = "/staff/surveys/visit/changes"


@pytest.fixture
def two_versions(deployment: Deployment, client: TestClient[Any]) -> TestClient[Any]:
    """A reader of a survey whose draft differs from what is published."""
    store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
    changed = survey_with()
    questions = changed["pages"][0]["questions"]
    questions[0]["text"]["zh-CN"] = "总体感觉？"
    questions[1]["show_if"]["value"] = 2
    questions[1]["options"].pop()
    store_survey(deployment.db, json.dumps(changed).encode())
    sign_in(deployment, client, "reader", "analyst")
    return client


def test_changes_are_told_with_the_verdict_and_a_patient(two_versions: TestClient[Any]) -> None:
    """Reworded by the character, the rule in words, which answers fit, who is asked otherwise.

    # R0.4 (part)
    """
    text = html.unescape(two_versions.get(URL, headers=CHINESE).text)
    assert "总体感<del>受</del><ins>觉</ins>？" in text
    assert "不超过 3 分" in text and "不超过 2 分" in text
    assert "部分不再可用" in text and "有选项被删除" in text
    assert "「哪些方面不满意？」：原来会问，现在不问" in text
    assert "<dt>总体感受？</dt><dd>3</dd>" in text
    linked = two_versions.get("/staff/surveys/visit", headers=CHINESE).text
    assert f'href="{URL}"' in linked


def test_a_version_against_itself_and_versions_that_are_not_there(
    two_versions: TestClient[Any],
) -> None:
    """No difference; no such page."""
    text = two_versions.get(f"{URL}?old=1&new=1", headers=CHINESE).text
    assert "两个版本没有差别" in text and "都能用" in text
    for query in ("old=9&new=1", "old=x", "new=-1", "old=%00"):
        assert two_versions.get(f"{URL}?{query}").status_code == 404
