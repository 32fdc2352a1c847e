"""Sessions over HTTP, line by line of the contract (design section 9)."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.responses.personal import open_answers
from runtime.wiring import Deployment
from tests.runtime.conftest import Patient


def test_a_survey_is_walked_and_scored(patient: Patient, deployment: Deployment) -> None:
    """From the first page to one stored and scored response. # R0.3 (part) # R1.1.1.1e"""
    assert patient.view["format"] == "huisheng.page/1"
    assert [q["id"] for q in patient.view["questions"]] == ["overall"]
    second = patient.post("next", {"overall": 5}, page="arrival", rev=1)
    assert second.status_code == 200, second.text
    assert second.json()["page"]["id"] == "detail"
    assert second.json()["action"] == "submit"
    end = patient.post("submit", {"nurse": 4, "note": "谢谢"})
    assert end.status_code == 201, end.text
    assert end.json()["scores"]["service"] == {"value": 87.5, "answered": 2, "of": 2}
    assert end.json()["done"]["ending"] == "thanks"
    with deployment.db.begin_everywhere() as connection:
        row = connection.execute(sa.text("SELECT * FROM responses")).one()
        sealed = connection.execute(sa.text("SELECT id, sealed FROM response_personal")).one()
    assert row.answers == {"overall": 5, "nurse": 4}
    assert open_answers(deployment.vault, sealed.id, sealed.sealed) == {"note": "谢谢"}
    assert (row.survey_version, row.channel, row.lang) == (1, "miniprogram", "zh-CN")
    assert set(row.times) == {"arrival", "detail"}


def test_next_shows_a_new_question_before_it_leaves(patient: Patient) -> None:
    """A question never shown and not answered holds the page, without marks. # R1.1.1.1c"""
    again = patient.post("next", {"overall": 2}).json()
    assert (again["page"]["id"], again["moved"]) == ("arrival", False)
    assert [q["id"] for q in again["questions"]] == ["overall", "why"]
    assert all(q["problem"] is None for q in again["questions"])
    assert patient.post("next").json()["page"]["id"] == "detail"


def test_a_skipped_required_question_is_422_with_the_view(patient: Patient) -> None:
    """The problems and the page view come together."""
    answer = patient.post("next")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert [(p["code"], p["at"]) for p in body["problems"]] == [("required", "/overall")]
    assert body["view"]["questions"][0]["problem"]["code"] == "required"


def test_a_bad_value_is_kept_and_shown_with_its_problem(patient: Patient) -> None:
    """A foreign option, a value out of range, a NUL character."""
    shown = patient.put({"overall": 9})
    assert shown.status_code == 200
    question = shown.json()["questions"][0]
    assert (question["value"], question["problem"] is not None) == (9, True)
    assert patient.post("next").status_code == 422
    patient.post("next", {"overall": 5})
    nul = patient.put({"note": "a\u0000b"})
    assert nul.status_code == 200, nul.text
    note = nul.json()["questions"][1]
    assert note["value"] == "a\u0000b" and note["problem"] is not None
    assert patient.get().json()["questions"][1]["value"] == "a\u0000b"
    assert patient.post("submit", {"nurse": 3}).status_code == 422


def test_forged_answers_are_dropped(patient: Patient) -> None:
    """Unknown ids and questions that are not asked: 200, nothing stored."""
    answer = patient.put({"overall": 5, "why": ["wait"], "ghost": 1})
    assert answer.status_code == 200
    assert [q["id"] for q in answer.json()["questions"]] == ["overall"]
    shown = patient.put({"overall": 2}).json()
    assert shown["questions"][1]["value"] is None


def test_an_early_submit_is_409(patient: Patient) -> None:
    """Only the last page on the path can be submitted. # S29 (part)"""
    answer = patient.post("submit", {"overall": 5})
    assert answer.status_code == 409
    assert answer.json()["problems"][0]["code"] == "not_at_end"
    assert answer.json()["view"]["page"]["id"] == "arrival"


def test_a_jump_ahead_is_409(patient: Patient) -> None:
    """Naming a page that is not current changes nothing. # S29 (part)"""
    answer = patient.post("next", {"overall": 5}, page="detail")
    assert answer.status_code == 409
    assert answer.json()["view"]["questions"][0]["value"] is None
    same = patient.post("next", {}, page="detail")
    assert same.status_code == 200 and same.json()["moved"] is False


def test_nothing_is_out_of_turn(
    patient: Patient, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """A page skipped, a submission too early, a survey that was closed, a foreign session, one that
    is over: refused, and nothing stored. # S29"""
    assert patient.post("next", {"overall": 5}, page="detail").status_code == 409
    assert patient.post("submit", {"overall": 5, "nurse": 5}).status_code == 409
    begun = client.post("/api/v1/sessions", json={"survey": "visit", "channel": "web"}).json()
    foreign = {"authorization": f"Bearer {begun['token']}"}
    for call in ("next", "back", "submit", "handover"):
        answer = client.post(f"{patient.url}/{call}", json={"answers": {}}, headers=foreign)
        assert answer.status_code == 404, call
    assert client.post("/api/v1/surveys/visit/close", headers=staff).status_code == 200
    late = client.post("/api/v1/sessions", json={"survey": "visit", "channel": "web"})
    assert late.status_code in (404, 409), late.text
    assert patient.post("next", {"overall": 5}).status_code == 200, "whoever is inside may finish"
    assert patient.post("submit", {"nurse": 5}).status_code == 201
    for call in ("next", "back"):
        assert patient.post(call, {"nurse": 1}).status_code == 409, call


def test_fifty_submissions_at_once_are_one(patient: Patient, deployment: Deployment) -> None:
    """All are told the same; one response is there. # S30 (part)"""
    assert patient.post("next", {"overall": 5}).status_code == 200
    token = patient.headers["authorization"].removeprefix("Bearer ")

    def submit(_: int) -> str:
        step = deployment.sessions.submit(token, {"nurse": 5}, session_id=patient.sid)
        assert step.submitted is not None
        return step.submitted.response

    with ThreadPoolExecutor(6) as pool:  # as many as there are connections
        assert len(set(pool.map(submit, range(50)))) == 1
    with deployment.db.begin_everywhere() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM responses")).scalar() == 1


def test_what_a_client_decides_is_not_believed(patient: Patient, deployment: Deployment) -> None:
    """Scores, paths and unknown members are 400; answers to what is not asked, and of another
    type, come to nothing; the score is the server's. # S28"""
    forged: tuple[dict[str, Any], ...] = (
        {"scores": {"service": 100}}, {"path": ["detail"]}, {"complete": True},
        {"survey": "other"}, {"response": "x"}, {"answers": [], "rev": "1"}, {"rev": 1.5},
    )  # fmt: skip
    for member in forged:
        body = {"answers": {"overall": 5}} | member
        answer = patient.client.put(f"{patient.url}/answers", json=body, headers=patient.headers)
        assert answer.status_code == 400, member
    odd = {"overall": 5, "why": ["wait"], "score.service": 100, "ghost": 1}
    assert patient.post("next", odd).status_code == 200
    done = patient.post("submit", {"nurse": 1, "why": ["wait"], "service": 100})
    assert done.status_code == 201, done.text
    assert done.json()["scores"]["service"] == {"value": 50.0, "answered": 2, "of": 2}
    with deployment.db.begin_everywhere() as connection:
        kept = connection.execute(sa.text("SELECT answers FROM responses")).scalar_one()
    assert kept == {"overall": 5, "nurse": 1}


def test_two_tabs_do_not_lose_answers_without_a_word(patient: Patient) -> None:
    """A key that another set meanwhile is a conflict; other keys merge."""
    rev = patient.view["rev"]
    assert patient.put({"overall": 2}, rev=rev).status_code == 200
    conflict = patient.put({"overall": 5}, rev=rev)
    assert conflict.status_code == 409
    assert conflict.json()["problems"][0]["at"] == "/overall"
    assert conflict.json()["view"]["questions"][0]["value"] == 2
    assert patient.put({"overall": 2}, rev=rev).status_code == 200
    merged = patient.put({"why": ["wait"]}, rev=rev)
    assert merged.status_code == 200
    assert [q["value"] for q in merged.json()["questions"]] == [2, ["wait"]]
    assert patient.put({"overall": None}).json()["questions"][0]["value"] is None


def test_submit_is_once_only(patient: Patient, deployment: Deployment) -> None:
    """Every repetition answers the same; one response is there."""
    patient.post("next", {"overall": 1, "why": ["wait"]})
    first = patient.post("submit", {"nurse": 4})
    again = patient.post("submit", {"nurse": 5})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert patient.get().json()["done"]["ending"] == "thanks"
    assert patient.put({"nurse": 1}).status_code == 409
    with deployment.db.begin_everywhere() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM responses")).scalar() == 1
        types = connection.execute(sa.text("SELECT type FROM events ORDER BY type")).scalars()
        assert list(types) == ["alert.raised", "response.submitted"]


def test_back_leads_to_the_page_shown_before(patient: Patient) -> None:
    """And keeps what was typed there."""
    patient.post("next", {"overall": 5})
    before = patient.post("back", {"nurse": 2}).json()
    assert (before["page"]["id"], before["can_go_back"]) == ("arrival", False)
    after = patient.post("next").json()
    assert after["questions"][0]["value"] == 2


def test_progress_never_falls(patient: Patient) -> None:
    """On the way back it stays at the most that it has shown. # R0.3 (part)"""
    forward = patient.post("next", {"overall": 5}).json()
    back = patient.post("back").json()
    again = patient.put({"overall": 4}).json()
    assert forward["progress"] > 0
    assert back["page"]["id"] == again["page"]["id"] == "arrival"
    assert back["progress"] == again["progress"] == forward["progress"]
    assert patient.post("next").json()["progress"] == forward["progress"]


def test_bodies_are_measured_before_they_are_decoded(patient: Patient) -> None:
    """Too deep 400, too large 413, unknown members 400, no JSON 400, other media 415."""
    client, url = patient.client, f"{patient.url}/answers"

    def put(content: bytes, media: str = "application/json") -> Any:
        headers = patient.headers | {"content-type": media}
        return client.put(url, content=content, headers=headers)

    assert put(b'{"a":' * 5000).status_code == 400
    assert put(b'{"answers":{"note":"' + b"x" * 600_000 + b'"}}').status_code == 413
    for member in (b"scores", b"path", b"ghost"):
        answer = put(b'{"' + member + b'": {}}')
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert put(b"{").status_code == 400
    assert put(b'{"answers": {"note": "\xff"}}').status_code == 400
    assert put(b'{"answers": {"note": "\\ud800"}}').status_code in (200, 400)
    assert put(b"answers=1", "application/x-www-form-urlencoded").status_code == 415
    assert put(b'{"answers": {"overall": {"a": [[[[{"b": 1}]]]]}}}').status_code == 200


def test_the_token_is_the_only_credential(patient: Patient, client: TestClient[Any]) -> None:
    """None 401, unknown 401, another session's 404. # S29 (part)"""
    other = client.post("/api/v1/sessions", json={"survey": "visit", "channel": "web"}).json()
    assert client.get(patient.url).status_code == 401
    assert client.get(patient.url, headers={"authorization": "Bearer no"}).status_code == 401
    foreign = {"authorization": f"Bearer {other['token']}"}
    assert client.get(patient.url, headers=foreign).status_code == 404


def test_context_needs_the_scope(
    client: TestClient[Any], published: str, staff: dict[str, str]
) -> None:
    """Without a token 403; with `sessions:write` it is taken."""
    body = {"survey": published, "channel": "web", "context": {"visit.type": "emergency"}}
    assert client.post("/api/v1/sessions", json=body).status_code == 403
    assert client.post("/api/v1/sessions", json=body, headers=staff).status_code == 201
    assert (
        client.post("/api/v1/sessions", json={"survey": "none", "channel": "web"}).status_code
        == 404
    )
    assert client.post("/api/v1/sessions", json=body | {"channel": "fax"}).status_code == 400


def test_a_handover_code_works_once(patient: Patient, client: TestClient[Any]) -> None:
    """The session goes on under a new token; the old one is gone."""
    patient.put({"overall": 4})
    offered = patient.post("handover")
    assert offered.status_code == 201
    code = offered.json()["code"]
    assert code in offered.json()["url"]
    resumed = client.post("/api/v1/sessions/resume", json={"code": code})
    assert resumed.status_code == 200
    assert resumed.json()["questions"][0]["value"] == 4
    assert client.post("/api/v1/sessions/resume", json={"code": code}).status_code == 410
    assert patient.get().status_code == 410
    patient.headers = {"authorization": f"Bearer {resumed.json()['token']}"}
    assert patient.get().status_code == 200


def test_the_first_turn_after_a_start_needs_one_connection(
    patient: Patient, deployment: Deployment
) -> None:
    """Form, keys and dictionaries are read beside the pool: a thousand people who come back at once
    do not wait for each other's connections.
    """
    token = patient.headers["authorization"].removeprefix("Bearer ")
    again = Deployment(
        deployment.settings, database_url=deployment.db.url, redis_url=deployment.redis_url
    )
    with contextlib.ExitStack() as held:
        for _ in range(again.db.pool_size - 1):
            held.enter_context(again.db.begin())
        step = again.sessions.next_page(token, {"overall": 5}, session_id=patient.sid)
        assert step.outcome == "ok"
        held.enter_context(again.db.begin())
        assert again.known.departments == deployment.known.departments
    again.close()
