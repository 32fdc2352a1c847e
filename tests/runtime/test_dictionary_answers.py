"""Answers from the hospital's dictionaries: only what the question offers, shown by its name."""

from collections.abc import Mapping
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.accounts.service import create_token
from runtime.org.models import Department, Site, StaffMember
from runtime.org.service import store_organisation
from runtime.wiring import Deployment

HEART = {"zh-CN": "心内科", "en": "Heart"}
ISLAND_MEDICINE = {"sites": ["island"], "subtree": "medicine"}
SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "seen",
    "title": "就诊",
    "languages": ["zh-CN", "en"],
    "kind": "survey",
    "pages": [
        {
            "id": "who",
            "questions": [
                {"id": "where", "type": "department", "text": "哪个科？"},
                {"id": "doctor", "type": "staff", "text": "哪位医生？", "of": "where"},
                {"id": "there", "type": "department", "text": "？", "within": ISLAND_MEDICINE},
                {"id": "nurse", "type": "staff", "text": "？", "within": ISLAND_MEDICINE},
                {"id": "thanks", "type": "statement", "text": "{{where}}：{{doctor}}"},
            ],
        }
    ],
}


@pytest.fixture
def headers(deployment: Deployment, client: TestClient[Any]) -> dict[str, str]:
    """A session of the survey, at a hospital of two sites and three departments."""
    both = ("main", "island")
    store_organisation(
        deployment.db,
        sites=[Site(id=key, name={"zh-CN": key}) for key in both],
        departments=[
            Department(id="medicine", name={"zh-CN": "内科"}, sites=both),
            Department(id="heart", name=HEART, parent="medicine", sites=both),
            Department(id="surgery", name={"zh-CN": "外科"}, sites=both),
        ],
        staff=[
            StaffMember(id=key, name={"zh-CN": name}, department=department, site=site)
            for key, name, department, site in (
                ("ann", "安", "heart", "main"),
                ("bo", "白", "heart", "island"),
                ("cai", "蔡", "surgery", "island"),
            )
        ],
        dictionaries={},
    )
    token = create_token(deployment.db, "author", ["surveys:write"])
    stored = client.post(
        "/api/v1/surveys?publish=true", json=SURVEY, headers={"authorization": f"Bearer {token}"}
    )
    assert stored.status_code == 201, stored.text
    started = client.post("/api/v1/sessions", json={"survey": "seen", "channel": "web"}).json()
    return {
        "authorization": f"Bearer {started['token']}",
        "session": f"/api/v1/sessions/{started['session']}",
    }


def answered(client: TestClient[Any], headers: Mapping[str, str], **answers: Any) -> dict[str, Any]:
    """The questions of the page after these answers."""
    view = client.put(
        f"{headers['session']}/answers", json={"answers": answers}, headers=dict(headers)
    )
    assert view.status_code == 200, view.text
    return {question["id"]: question for question in view.json()["questions"]}


def test_a_pick_from_another_part_of_the_dictionary_is_bad(
    client: TestClient[Any], headers: dict[str, str]
) -> None:
    """`within` holds for whatever a client sends, not for pickers alone. # R1.2.1.1 (part)"""
    for good in ("medicine", "heart"):
        assert answered(client, headers, there=good)["there"]["problem"] is None
    assert (
        answered(client, headers, there="surgery")["there"]["problem"]["code"] == "unknown_option"
    )
    assert answered(client, headers, nurse="bo")["nurse"]["problem"] is None
    for elsewhere in ("ann", "cai"):
        found = answered(client, headers, nurse=elsewhere)["nurse"]
        assert found["problem"]["code"] == "unknown_option", elsewhere
    offered = client.get("/api/v1/dictionaries/staff?site=island&subtree=medicine").json()
    assert [one["id"] for one in offered["entries"]] == ["bo"]


def test_a_member_of_staff_belongs_to_the_department_that_was_answered(
    client: TestClient[Any], headers: dict[str, str]
) -> None:
    """Also when the department is changed afterwards; what was typed stays. # R1.2.1.1 (part)"""
    assert answered(client, headers, doctor="cai")["doctor"]["problem"] is None
    assert answered(client, headers, where="medicine", doctor="ann")["doctor"]["problem"] is None
    changed = answered(client, headers, where="surgery")["doctor"]
    assert (changed["value"], changed["problem"]["code"]) == ("ann", "unknown_option")
    refused = client.post(f"{headers['session']}/submit", json={}, headers=headers)
    assert refused.status_code == 422
    assert [p["at"] for p in refused.json()["problems"]] == ["/doctor"]
    assert answered(client, headers, doctor="cai")["doctor"]["problem"] is None
    assert client.post(f"{headers['session']}/submit", json={}, headers=headers).status_code == 201


def test_a_text_names_the_department_and_the_person(
    client: TestClient[Any], headers: dict[str, str]
) -> None:
    """Patients read names, never ids of dictionaries. # R1.2.1.1 (part)"""
    assert answered(client, headers)["thanks"]["text"] == "—：—"
    shown = answered(client, headers, where="heart", doctor="bo")
    assert shown["thanks"]["text"] == "心内科：白"
    started = client.post(
        "/api/v1/sessions", json={"survey": "seen", "channel": "web", "lang": "en"}
    ).json()
    english = {
        "authorization": f"Bearer {started['token']}",
        "session": f"/api/v1/sessions/{started['session']}",
    }
    assert answered(client, english, where="heart")["thanks"]["text"] == "Heart：—"
