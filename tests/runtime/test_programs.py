"""The programs as a whole: health, headers, errors, metrics, dictionaries, staff, OpenAPI."""

import json
import re
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from runtime.accounts import roles, users
from runtime.kit.clock import system_clock
from runtime.kit.executor import BoundedExecutor
from runtime.kit.http import is_too_deep
from runtime.kit.problems import Forbidden, Gone, Overloaded, StateConflict
from runtime.kit.settings import CHANNELS
from runtime.org.models import Department, Entry, Site, StaffMember
from runtime.org.service import store_organisation
from runtime.programs import create_app
from runtime.responses.invitations import Invitation, read, sign
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, Patient, survey_with


def test_health_and_metrics(client: TestClient[Any]) -> None:
    """Live, ready, and numbers by route, never by address."""
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json() == {"status": "ready"}
    client.get("/api/v1/sessions/some-session-id")
    numbers = client.get("/metrics").text
    assert "huisheng_http_requests_total" in numbers
    assert "some-session-id" not in numbers
    hidden = client.get("/metrics", headers={"x-forwarded-for": "10.0.0.1"})
    assert hidden.status_code == 404


def test_errors_are_problem_json(client: TestClient[Any]) -> None:
    """Unknown routes, wrong methods, wrong parameters."""
    for answer, status in (
        (client.get("/api/v1/nothing"), 404),
        (client.delete("/api/v1/surveys"), 405),
        (client.get("/api/v1/responses?limit=x"), 400),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert answer.json()["problems"][0]["code"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_database_that_is_away_is_said_with_503(deployment: Deployment) -> None:
    """Nothing was stored; the caller may repeat. # R2.1 (part)"""
    away = Deployment(
        deployment.settings,
        database_url="postgresql://nobody@127.0.0.1:1/nowhere",
        redis_url=deployment.redis_url,
    )
    with TestClient(create_app(away, CHANNELS), raise_server_exceptions=False) as client:
        for answer in (
            client.get("/health/ready"),
            client.post("/api/v1/sessions", json={"survey": "any", "channel": "web"}),
        ):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) >= 1
            assert answer.json()["problems"][0]["code"] == "database_unavailable"
    away.close()


def test_openapi_names_every_call(client: TestClient[Any]) -> None:
    """3.1, with the bodies that handlers decode themselves."""
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    put = document["paths"]["/api/v1/sessions/{sid}/answers"]["put"]
    schema = put["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"answers", "page", "rev"}


def test_channels_can_be_served_apart(deployment: Deployment) -> None:
    """The web program has no API of surveys, the staff program has."""
    with TestClient(create_app(deployment, ("web",))) as web:
        assert web.post("/api/v1/surveys", json={}).status_code == 404
        assert web.get("/health/live").status_code == 200
    with TestClient(create_app(deployment, ("staff",))) as staff:
        assert staff.post("/api/v1/surveys", json={}).status_code == 401


def test_every_api_route_says_who_may_call(deployment: Deployment) -> None:
    """Public, or a scope: no handler of ours is without a word about it."""
    for route in create_app(deployment, CHANNELS).routes:
        if not route.path.startswith("/api/v1/") or "openapi" in route.path:
            continue
        for handler in getattr(route, "route_handlers", ()):
            if handler.http_methods != {"OPTIONS"}:
                assert {"public", "scope"} & set(handler.opt), route.path


def test_brackets_are_counted_outside_of_texts() -> None:
    """The measure of depth is not fooled by texts, escapes or torn JSON."""
    assert not is_too_deep(json.dumps({"a": "[" * 100}).encode())
    assert not is_too_deep(json.dumps({"a": '"' + "[" * 100}).encode())
    assert not is_too_deep(b"[" * 32 + b"]" * 32)
    assert is_too_deep(b"[" * 33)
    assert not is_too_deep(b"[]" * 1000)
    assert is_too_deep(b'{"a":' * 5000)


def test_past_saturation_work_is_refused() -> None:
    """A full line refuses at once; nobody waits without end."""
    executor = BoundedExecutor(1, 1, wait_seconds=60)
    import threading

    gate, begun = threading.Event(), threading.Event()

    def hold() -> bool:
        begun.set()
        return gate.wait(60)

    first = executor.submit(hold)
    assert begun.wait(60)
    second = executor.submit(lambda: 1)
    with pytest.raises(Overloaded):
        executor.submit(lambda: 2)
    executor.wait_seconds = 0  # so that the turn of the second comes too late
    gate.set()
    assert first.result() is True
    with pytest.raises(Overloaded):
        second.result()
    executor.wait_seconds = 60
    assert executor.submit(lambda: 3).result() == 3


def test_dictionaries_serve_pickers(deployment: Deployment, client: TestClient[Any]) -> None:
    """By name, at a site, below a department, in the reader's language. # R0.1 (part)"""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院", "en": "Main"})],
        departments=[
            Department(id="inner", name={"zh-CN": "内科", "en": "Medicine"}, sites=("main",)),
            Department(id="heart", name={"zh-CN": "心血管科", "en": "Heart"}, parent="inner"),
        ],
        staff=[StaffMember(id="s1", name={"zh-CN": "陈甲"}, department="heart", site="main")],
        dictionaries={"tags": [Entry(id="t", name={"zh-CN": "标签"})]},
    )
    url = "/api/v1/dictionaries"

    def ids(query: str) -> list[str]:
        return [entry["id"] for entry in client.get(f"{url}/{query}").json()["entries"]]

    assert ids("departments") == ["inner", "heart"]
    assert ids("departments?q=心血") == ["heart"]
    assert ids("departments?q=%25") == []
    assert ids("departments?q=%00") == ["inner", "heart"]
    assert ids("departments?site=main") == ["inner"]
    assert ids("departments?subtree=heart") == ["heart"]
    assert ids("staff?q=陈&site=main&department=heart") == ["s1"]
    english = client.get(f"{url}/departments?lang=en").json()["entries"]
    assert english[1] | {} == {
        "id": "heart",
        "text": "Heart",
        "under": "Medicine",
        "parent": "inner",
    }


def test_an_invitation_carries_the_visit(deployment: Deployment, client: TestClient[Any]) -> None:
    """Signed, for one survey, for a time; a survey that needs a known patient asks for it."""
    closed = survey_with(identity="required")
    store_survey(deployment.db, msgspec.json.encode(closed), publish=True)
    begin: dict[str, Any] = {"survey": "visit", "channel": "web"}
    assert client.post("/api/v1/sessions", json=begin).status_code == 403
    now = system_clock()
    invitation = Invitation(
        survey="visit", until=int(now.timestamp()) + 60, context={"visit.type": "emergency"}
    )
    word = sign(invitation, deployment.secret)
    good = client.post("/api/v1/sessions", json=begin | {"invitation": word})
    assert good.status_code == 201, good.text
    forged = client.post("/api/v1/sessions", json=begin | {"invitation": "A" + word})
    assert forged.status_code == 403
    with pytest.raises(Forbidden):
        read(word, deployment.secret, survey_id="other", now=now)
    late = sign(msgspec.structs.replace(invitation, until=1), deployment.secret)
    with pytest.raises(Gone):
        read(late, deployment.secret, survey_id="visit", now=now)


def _sign_in(deployment: Deployment, client: TestClient[Any], login: str, **held: Any) -> None:
    """Signed in by a link, holding the roles of `held`: where, by role."""
    with deployment.db.begin() as connection:
        user = users.ensure(connection, login, login)
        for role, sites in held.items():
            roles.grant(connection, user, role, sites=sites)
        link = users.give_link(connection, user, "look")
    client.cookies.clear()
    url = f"/staff/sign-in/{link}"
    assert client.get(url).status_code == 200
    signed = client.post(url, follow_redirects=False)
    assert signed.status_code == 303
    assert "HttpOnly" in signed.headers["set-cookie"]
    client.cookies.clear()
    client.cookies.update(signed.cookies)
    client.get("/staff/")


def test_staff_find_the_scored_responses(
    deployment: Deployment, client: TestClient[Any], patient: Patient
) -> None:
    """Who holds a role that shows them; personal answers are not shown. # S35 S36 S37 S40"""
    patient.post("next", {"overall": 5})
    response = patient.post("submit", {"nurse": 4, "note": "秘密"}).json()["response"]
    assert client.get("/staff/responses").status_code == 401
    asked = client.get("/staff/responses", headers={"accept": "text/html"}, follow_redirects=False)
    assert asked.headers["location"] == "/staff/sign-in?next=%2Fstaff%2Fresponses"
    _sign_in(deployment, client, "ward1", analyst=None)
    page = client.get("/staff/responses").text
    assert response in page and "87.5" in page
    assert response not in client.get("/staff/responses?survey=other").text
    assert response not in client.get("/staff/responses?until=2001-01-01").text
    detail = client.get(f"/staff/responses/{response}").text
    assert "总体感受？" in detail and "秘密" not in detail
    assert client.get("/staff/responses/unknown").status_code == 404
    with deployment.db.begin() as connection:
        roles.revoke(connection, users.find(connection, "ward1").id, "analyst")
    assert client.get("/staff/responses").status_code == 403
    form = re.search(r'name="_csrf" value="(\w+)"', client.get("/staff/").text)
    assert form is not None
    assert client.post("/staff/sign-out", data={"_csrf": form[1]}).status_code == 200
    assert client.get("/staff/").status_code == 401


def test_what_is_out_of_reach_is_not_there(
    deployment: Deployment, client: TestClient[Any], patient: Patient
) -> None:
    """A response of another site answers 404, as one that does not exist. # S36"""
    patient.post("next", {"overall": 5})
    response = patient.post("submit", {"nurse": 4}).json()["response"]
    _sign_in(deployment, client, "elsewhere", site_manager=("another_site",))
    assert response not in client.get("/staff/responses").text
    assert client.get(f"/staff/responses/{response}").status_code == 404
    _sign_in(deployment, client, "nobody", security_administrator=None)
    assert client.get("/staff/responses").status_code == 403
    assert client.get(f"/staff/responses/{response}").status_code == 403


def test_nobody_runs_the_system_grants_rights_and_audits(deployment: Deployment) -> None:
    """Two of the three may meet in one person, the third is refused, by the database too. # S39"""
    with deployment.db.begin() as connection:
        user = users.create(connection, "mighty", "全能")
        roles.grant(connection, user, "system_administrator")
        roles.grant(connection, user, "security_administrator")
        with pytest.raises(StateConflict):
            roles.grant(connection, user, "auditor")
        assert [held.role for held in roles.roles_of(connection, user)] == [
            "system_administrator",
            "security_administrator",
        ]


def test_the_survey_of_these_tests_has_no_findings(deployment: Deployment) -> None:
    """So that tests about findings speak of their own change only."""
    assert store_survey(deployment.db, msgspec.json.encode(SURVEY), publish=True).problems == ()
