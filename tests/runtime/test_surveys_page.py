"""The console's pages of surveys."""

import json
import re
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.audit.queries import Filters, search
from runtime.events.service import deliver, due_events
from runtime.surveys.service import store_survey
from runtime.wiring import HANDLERS, Deployment
from tests.runtime.conftest import survey_with
from tests.runtime.test_users_page import sign_in

HERE = "/staff/surveys"
CHINESE = {"accept-language": "zh-CN"}


@pytest.fixture
def answered(deployment: Deployment, published: str) -> str:
    """A survey in its second version with three responses, and a draft of another."""
    for _ in range(3):
        begun = deployment.sessions.start(published, "web")
        assert deployment.sessions.next_page(begun.token, {"overall": 5}).outcome == "ok"
        assert deployment.sessions.submit(begun.token, {"nurse": 4}).submitted is not None
    changed = survey_with(tags=["second"])
    store_survey(deployment.db, json.dumps(changed).encode(), publish=True)
    draft = survey_with(id="other", kind="complaint", title={"zh-CN": "投诉表", "en": "Complain"})
    store_survey(deployment.db, json.dumps(draft).encode())
    for event in due_events(deployment.db):
        assert deliver(deployment.db, event, HANDLERS)
    return published


def _listed(client: TestClient[Any], query: str) -> set[str]:
    return set(re.findall(rf'href="{HERE}/([a-z_]+)"', client.get(f"{HERE}?{query}").text))


def test_surveys_are_found_by_name_state_and_kind(
    answered: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """Each with its version and how many answered. # R1.2.1.1 (part)"""
    sign_in(deployment, client, "reader", "analyst")
    assert _listed(client, "") == {"visit", "other"}
    assert _listed(client, "q=%E6%8A%95%E8%AF%89") == {"other"}
    assert _listed(client, "q=VIS") == {"visit"}
    assert _listed(client, "survey_state=draft") == {"other"}
    assert _listed(client, "kind=complaint&survey_state=published") == set()
    assert "没有符合条件" in client.get(f"{HERE}?q=none", headers=CHINESE).text
    text = client.get(HERE, headers=CHINESE).text
    assert len(re.findall(r'<td class="number"[^>]*>3</td>', text)) == 2


def test_counts_are_of_ones_own_reach(
    answered: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """Who sees no responses, or only some departments', sees no number either."""
    sign_in(deployment, client, "drawer", "survey_designer")
    assert 'class="number"' not in client.get(HERE).text
    sign_in(deployment, client, "head", "department_head", departments=("none",))
    assert 'class="number"' not in client.get(HERE).text
    sign_in(deployment, client, "manager", "site_manager", sites=("nowhere",))
    assert re.search(r'<td class="number"[^>]*>0</td>', client.get(HERE).text)


def test_a_survey_shows_its_versions_and_its_way_in(
    answered: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """The address, its code as a picture, and what each version asks."""
    sign_in(deployment, client, "reader", "analyst")
    text = client.get(f"{HERE}/{answered}", headers=CHINESE).text
    assert "第 2 版" in text and "第 1 版" in text
    assert f"{deployment.settings.public_url}/s/{answered}" in text
    code = client.get(f"{HERE}/{answered}/code.svg")
    assert code.headers["content-type"] == "image/svg+xml" and b"<svg" in code.content
    outline = client.get(f"{HERE}/{answered}/versions/1", headers=CHINESE).text
    assert "哪些方面不满意？" in outline and "等候太久" in outline
    assert outline.count("出现的条件：") == 1 and outline.count("必答") == 2
    for wrong in ("nothing", f"{answered}/versions/9", f"{answered}/versions/99999999999"):
        assert client.get(f"{HERE}/{wrong}").status_code == 404, wrong
    assert client.get(f"{HERE}/nothing/code.svg").status_code == 404


def test_a_survey_is_closed_and_opened_again(
    answered: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """By whoever may publish; the second click of two people is told so. # S57 (part)"""
    csrf = sign_in(deployment, client, "checker", "reviewer")
    form = {"_csrf": csrf}
    url = f"{HERE}/{answered}"
    assert client.post(f"{url}/close", data=form, follow_redirects=False).status_code == 303
    assert client.get(f"/s/{answered}").status_code == 410
    twice = client.post(f"{url}/close", data=form, headers=CHINESE)
    assert twice.status_code == 409 and "刚刚被别人改过" in twice.text
    assert client.post(f"{url}/reopen", data=form, follow_redirects=False).status_code == 303
    assert client.post(f"{url}/reopen", data=form).status_code == 409
    assert client.post(f"{url}/close", data={}).status_code == 403
    with deployment.db.begin() as connection:
        lines = search(connection, Filters(object_id=answered)).lines
    acts = [(line.action, line.actor_name) for line in reversed(lines)]
    assert acts[-2:] == [("survey.closed", "checker"), ("survey.reopened", "checker")]


def test_every_change_of_a_survey_leaves_a_line(
    client: TestClient[Any], staff: dict[str, str], deployment: Deployment
) -> None:
    """Also those of integrators, with what was stored but not its text. # S57 (part)"""
    url = "/api/v1/surveys"
    made = client.post(url, json=survey_with(), headers=staff)
    assert made.status_code == 201
    again = client.post(url, json=survey_with(), headers=staff)
    assert again.status_code == 200
    client.post(f"{url}/visit/publish", headers=staff)
    draft = {**staff, "if-match": "*"}
    assert client.put(f"{url}/visit/draft", json=survey_with(tags=["a"]), headers=draft).is_success
    client.post(f"{url}/visit/close", headers=staff)
    client.post(f"{url}/visit/reopen", headers=staff)
    with deployment.db.begin() as connection:
        lines = search(connection, Filters(object_id="visit")).lines
    assert [line.action.partition(".")[2] for line in reversed(lines)] == [
        "drafted", "published", "drafted", "closed", "reopened",
    ]  # fmt: skip
    assert {(line.actor_kind, line.actor_name) for line in lines} == {("api", "tests")}
    assert all("就诊" not in line.facts for line in lines)


def test_surveys_are_ordered_by_a_columns_heading(
    answered: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """By responses, the most first; the heading says so also to who does not see the arrow."""
    sign_in(deployment, client, "reader", "analyst")
    text = client.get(f"{HERE}?order=responses").text
    assert text.index(f"{HERE}/visit") < text.index(f"{HERE}/other")
    assert text.count('aria-sort="descending"') == 1
    newest = client.get(f"{HERE}?order=changed&kind=complaint").text
    assert f'{HERE}/other"' in newest and f'{HERE}/visit"' not in newest
    assert "kind=complaint&amp;order=responses" in newest
