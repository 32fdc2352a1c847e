"""The live preview, driven as a form without scripts drives it."""

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.drafts import service as drafts
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
URL = "/staff/surveys/visit/preview"


class Walker:
    """Somebody who looks at a survey in the preview."""

    def __init__(self, deployment: Deployment, client: TestClient[Any], role: str) -> None:
        self.client = client
        self.deployment = deployment
        self.csrf = sign_in(deployment, client, f"looker_{role}", role)
        self.text = client.get(URL, headers=CHINESE).text

    @property
    def state(self) -> str:
        found = re.search(r'name="state" value="([^"]*)"', self.text)
        assert found is not None
        return html.unescape(found[1])

    @property
    def frames(self) -> list[str]:
        return [html.unescape(one) for one in re.findall(r'srcdoc="([^"]*)"', self.text)]

    def asked(self) -> list[list[str]]:
        """The questions in each frame."""
        return [re.findall(r'data-question="(\w+)"', frame) for frame in self.frames]

    def post(self, do: str, **fields: Any) -> Any:
        data = {"_csrf": self.csrf, "state": self.state, "do": do, **fields}
        answer = self.client.post(URL, data=data, headers=CHINESE, follow_redirects=False)
        self.text = answer.text
        return answer

    def answer(self, page: str, do: str = "next", **answers: Any) -> Any:
        """Answers given in a frame."""
        shown = [f"{name}:none" for name in answers]
        values = {f"q.{name}": value for name, value in answers.items()}
        return self.post(do, page=page, shown=shown, **values)


@pytest.fixture
def walker(deployment: Deployment, client: TestClient[Any]) -> Walker:
    """A designer in the preview of a published survey of two pages."""
    store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
    return Walker(deployment, client, "survey_designer")


def test_the_same_page_stands_in_four_frames(walker: Walker) -> None:
    """Phone, computer, kiosk, and the mini program drawn from its JSON. # R0.4 (part)"""
    asked = walker.asked()
    assert len(asked) == 4 and asked[0] and all(one == asked[0] for one in asked)
    assert 'class="channel-kiosk"' in walker.frames[2]
    assert '<body class="mini' in walker.frames[1]
    assert "huisheng.page/1" in walker.text
    walker.post("show.kiosk")
    assert len(walker.frames) == 1 and 'class="channel-kiosk"' in walker.frames[0]


def test_a_walk_goes_on_back_and_to_its_end_without_storing_anything(walker: Walker) -> None:
    """Answers travel in the form; sessions and responses stay empty. # R0.4 (part)"""
    before = walker.asked()[0]
    assert walker.answer("arrival", overall="2", do="refresh").status_code == 200
    assert len(walker.asked()[0]) > len(before)
    walker.answer("arrival", overall="5")
    on_second = walker.asked()[0]
    assert on_second and on_second != before
    walker.post("back", page="detail")
    assert walker.asked()[0] == before
    walker.post("next", page="arrival")
    while "已答完" not in walker.text:
        walker.answer(json.loads(walker.state)["page"], do="submit", nurse="4")
        assert len(walker.text) > 0
    with walker.deployment.db.begin_everywhere() as connection:
        kept = connection.execute(
            sa.text("SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM responses)")
        ).one()
    assert tuple(kept) == (0, 0)


def test_it_says_why_each_question_is_asked_and_how_scores_came_about(walker: Walker) -> None:
    """The rule in words with its values; members with points and weights. # R0.4 (part)"""
    walker.answer("arrival", overall="2", do="refresh")
    text = html.unescape(walker.text)
    assert re.search(r"成立</span> 「[^」]*」不超过 3", text)
    assert "现在是：2 分" in text
    assert "没有条件，走到这一页的人都会被问到。" in text
    assert "25.0" in text


def test_a_forged_or_boundless_state_is_refused(walker: Walker) -> None:
    """Nothing in the state is believed, and it has a measure. # S27 (part)"""
    deep = '{"answers":' + "[" * 60 + "]" * 60 + "}"
    for bad in ("{", '{"other": 1}', deep, "x" * 300_000):
        data = {"_csrf": walker.csrf, "state": bad, "do": "next", "page": "arrival"}
        assert walker.client.post(URL, data=data).status_code == 400
    odd = {
        "answers": {"overall": [[{}]], "ghost": "\0", "why": {"a": 1}},
        "context": {"visit.type": 7},
        "page": "nobody",
        "passed": ["arrival", "arrival", "x"],
        "shown": ["y"],
        "lang": "<script>",
    }
    data = {"_csrf": walker.csrf, "state": json.dumps(odd), "do": "next", "page": "x"}
    assert walker.client.post(URL, data=data).status_code == 200
    assert walker.client.post(URL, data={"state": walker.state}).status_code == 403


def test_words_of_the_survey_stay_words_inside_the_frames(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A title that would run, in the page and once more inside a frame. # S21 (part)"""
    title = {"zh-CN": "<script>alert(1)</script>", "en": "<b>"}
    store_survey(deployment.db, json.dumps(survey_with(title=title)).encode())
    walker = Walker(deployment, client, "survey_designer")
    assert "<script>alert" not in walker.text
    assert all("<script>alert" not in frame for frame in walker.frames)
    assert 'sandbox="allow-same-origin allow-forms allow-top-navigation"' in walker.text
    assert "frame-ancestors 'none'" in client.get(URL).headers["content-security-policy"]


def test_a_walk_is_recorded_as_a_test_patient(walker: Walker) -> None:
    """With what it came to as what is expected; readers cannot. # R0.4 (part)"""
    walker.answer("arrival", overall="5")
    data = {"_csrf": walker.csrf, "state": walker.state, "title": "满意的患者"}
    sent = walker.client.post(f"{URL}/walk", data=data, follow_redirects=False)
    assert sent.status_code == 303
    document = drafts.read_draft(walker.deployment.db, "visit").document
    walk = document.walks[-1]
    assert walk.title == "满意的患者" and walk.answers == {"overall": 5}
    assert walk.expect.asked is not None and "overall" in walk.expect.asked


def test_an_unfinished_draft_is_walked_and_a_broken_one_says_what_is_missing(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """As far as the engine can compile it. # R0.4 (part)"""
    from runtime.surveys.service import put_draft

    unfinished = json.loads(json.dumps(SURVEY))
    unfinished["pages"][0]["questions"][0]["text"] = {"zh-CN": ""}
    put_draft(deployment.db, "visit", json.dumps(unfinished).encode(), if_match=None)
    walker = Walker(deployment, client, "analyst")
    assert len(walker.frames) == 4 and "还没有写完" in walker.text
    assert "记下这条路径" not in walker.text
    rule = {"op": "eq", "ref": "nobody", "value": 1}
    unfinished["pages"][0]["questions"][0]["show_if"] = rule
    put_draft(deployment.db, "visit", json.dumps(unfinished).encode(), if_match="*")
    text = client.get(URL, headers=CHINESE).text
    assert "还不能预览" in text and "nobody" in text
