"""Forms of other systems over HTTP (design sections 6 and 9)."""

import io
import json
from typing import Any

import pytest
from litestar.testing import TestClient
from PIL import Image

from tests.interchange.workbooks import workbook
from tests.runtime.conftest import SURVEY

CONVERT = "/api/v1/surveys/convert"
FORM = {
    "title": "门诊",
    "elements": [
        {"type": "rating", "name": "overall", "isRequired": True},
        {"type": "comment", "name": "why", "visibleIf": "{overall} <= 3"},
        {"type": "paneldynamic", "name": "again"},
    ],
}


def test_a_converted_form_can_be_published(client: TestClient[Any], staff: dict[str, str]) -> None:
    """# R0.5 (part)"""
    answer = client.post(f"{CONVERT}?from=surveyjs", json=FORM, headers=staff)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["report"]["elements"], told["report"]["carried"]) == (4, 3)
    assert [(loss["code"], loss["at"]) for loss in told["report"]["losses"]] == [
        ("repeats", "/elements/2")
    ]
    document = told["result"] | {"id": "converted_form"}
    made = client.post("/api/v1/surveys?publish=true", json=document, headers=staff)
    assert made.status_code == 201, made.text


def test_strict_refuses_a_loss_with_its_place(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    answer = client.post(f"{CONVERT}?from=surveyjs&strict=true", json=FORM, headers=staff)
    assert answer.status_code == 422
    assert [(p["code"], p["at"]) for p in answer.json()["problems"]] == [("repeats", "/elements/2")]


def test_a_workbook_becomes_a_questionnaire(client: TestClient[Any], staff: dict[str, str]) -> None:
    data = workbook(survey="type | name | label\ninteger | n | 几个")
    url = f"{CONVERT}?from=xlsform&to=fhir"
    answer = client.post(url, content=data, headers=staff)
    assert answer.status_code == 200, answer.text
    resource = answer.json()["result"]
    assert resource["resourceType"] == "Questionnaire"
    back = client.post(f"{CONVERT}?from=fhir&strict=true", json=resource, headers=staff)
    assert back.status_code == 200


def test_a_published_survey_is_a_questionnaire_by_accept(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    document = {**SURVEY, "id": "as_questionnaire"}
    client.post("/api/v1/surveys?publish=true", content=json.dumps(document), headers=staff)
    url = "/api/v1/surveys/as_questionnaire/versions/1"
    answer = client.get(url, headers=staff | {"accept": "application/fhir+json"})
    assert answer.headers["content-type"].startswith("application/fhir+json")
    assert answer.json()["resourceType"] == "Questionnaire"
    assert answer.json()["version"] == "1"


def test_the_pictures_of_a_questionnaire_are_at_their_addresses(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(picture, "PNG")
    sha256 = client.post("/api/v1/assets", content=picture.getvalue(), headers=staff).json()[
        "sha256"
    ]
    document = json.loads(json.dumps({**SURVEY, "id": "with_media"}))
    alt = {"zh-CN": "蓝", "en": "Blue"}
    document["pages"][0]["questions"][0]["media"] = [{"asset": f"sha256:{sha256}", "alt": alt}]
    client.post("/api/v1/surveys?publish=true", json=document, headers=staff)
    url = "/api/v1/surveys/with_media/versions/1"
    resource = client.get(url, headers=staff | {"accept": "application/fhir+json"}).json()
    shown = resource["item"][0]["item"][0]["extension"][-1]["valueAttachment"]
    assert (shown["url"].endswith(f"/api/v1/assets/{sha256}"), shown["title"]) == (True, "蓝")
    back = client.post(f"{CONVERT}?from=fhir", json=resource, headers=staff).json()["result"]
    question = back["pages"][0]["questions"][0]
    assert question["media"] == document["pages"][0]["questions"][0]["media"]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [("from=surveyjs", b"", 400), ("from=surveyjs", b"{", 400), ("from=word", b"{}", 400),
     ("", b"{}", 400), ("from=xlsform", b"PK", 400), ("from=fhir", b"[" * 99999, 400),
     ("from=fhir", b"[]", 422),
     ("from=huisheng", b"{}", 422), ("from=surveyjs", b"x" * (9 * 1024 * 1024), 413)],
)  # fmt: skip
def test_what_is_no_form_is_refused(
    client: TestClient[Any], staff: dict[str, str], query: str, body: bytes, status: int
) -> None:
    """# S26 (part)"""
    assert client.post(f"{CONVERT}?{query}", content=body, headers=staff).status_code == status


def test_converting_needs_the_scope(client: TestClient[Any]) -> None:
    assert client.post(f"{CONVERT}?from=surveyjs", json=FORM).status_code == 401
