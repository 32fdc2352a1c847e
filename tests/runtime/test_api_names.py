"""What the API does not know by name it refuses, and says which name was probably meant."""

import io
from typing import Any

import pytest
from litestar.testing import TestClient
from PIL import Image

from runtime.kit.problems import PROBLEM_TYPE
from runtime.kit.query import known_parameters_only
from runtime.kit.settings import CHANNELS
from runtime.programs import API, create_app
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY


def problem_of(answer: Any, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM_TYPE
    (found,) = answer.json()["problems"]
    return found


def test_a_mistyped_parameter_is_refused_with_the_one_that_was_meant(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Nobody finds out months later that a survey was never published. # R1.2.1.3 (part)"""
    answer = client.post("/api/v1/surveys?publsih=true", json=SURVEY, headers=staff)
    found = problem_of(answer, 400)
    assert (found["code"], found["at"]) == ("unknown_parameter", "/publsih")
    assert "`publish`" in found["message"]
    assert client.get(f"/api/v1/surveys/{SURVEY['id']}", headers=staff).status_code == 404


@pytest.mark.parametrize(
    ("call", "at", "told"),
    [
        ("GET /api/v1/responses?survye=visit", "/survye", "did you mean `survey`"),
        ("GET /api/v1/question_bank?size=9", "/size", "`after`, `place`, `q`, `tag`, `type`"),
        ("GET /api/v1/surveys?state=draft", "/state", "known here: none"),
        ("GET /api/v1/dictionaries/staff?departement=x", "/departement", "`department`"),
        ("POST /api/v1/surveys?publish=maybe", "/publish", "bool"),
        ("GET /api/v1/responses?limit=ten", "/limit", "int"),
        ("POST /api/v1/surveys/convert?from=word", "/from", "surveyjs, fhir, xlsform, huisheng"),
        ("POST /api/v1/surveys/convert", "/from", "`from`"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told_by_its_name(
    client: TestClient[Any], staff: dict[str, str], call: str, at: str, told: str
) -> None:
    method, _, address = call.partition(" ")
    found = problem_of(client.request(method, address, headers=staff), 400)
    assert found["at"] == at and told in found["message"]


def test_every_route_of_the_api_refuses_parameters_that_it_does_not_know(
    deployment: Deployment,
) -> None:
    """One look before all of them: none was forgotten."""
    app = create_app(deployment, CHANNELS)
    inside = [route for route in app.routes if route.path.startswith(API)]
    handlers: list[Any] = [one for route in inside for one in getattr(route, "route_handlers", ())]
    assert len(handlers) > 30
    for handler in handlers:
        assert handler.resolve_before_request() is known_parameters_only, handler.handler_name


def test_unknown_members_of_a_body_are_all_named(client: TestClient[Any], published: str) -> None:
    body = {"survey": published, "channel": "web", "lnag": "en", "zzz": 1}
    answer = client.post("/api/v1/sessions", json=body)
    assert answer.status_code == 400
    first, second = answer.json()["problems"]
    assert (first["code"], first["at"]) == ("unknown_member", "/lnag")
    assert "did you mean `lang`?" in first["message"]
    assert second["at"] == "/zzz" and "`invitation`" in second["message"]
    missing = problem_of(client.post("/api/v1/sessions", json={"survey": published}), 400)
    assert missing["at"] == "/channel"


def test_unknown_fields_of_a_form_are_named(client: TestClient[Any], staff: dict[str, str]) -> None:
    """A dry run that is no dry run would be the worst of slips. # R1.2.1.3 (part)"""
    answer = client.post(
        "/api/v1/question_bank/import",
        headers=staff,
        data={"dryrun": "1"},
        files={"file": ("bank.jsonl", b"{}")},
    )
    found = problem_of(answer, 400)
    assert found["at"] == "/dryrun" and "`dry_run`" in found["message"]
    extra = client.post(
        "/api/v1/question_bank/import",
        headers=staff,
        data={"dry_run": "1", "colour": "red"},
        files={"file": ("bank.jsonl", b"{}")},
    )
    assert "`all_or_nothing`, `dry_run`" in problem_of(extra, 400)["message"]


def test_unknown_keys_of_a_document_come_with_the_one_that_was_meant(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    wrong: dict[str, Any] = SURVEY | {"id": "slips", "aduience": {}}
    answer = client.post("/api/v1/surveys", json=wrong, headers=staff | {"accept-language": "en"})
    found = problem_of(answer, 422)
    assert found["at"] == "/aduience" and "audience" in found["message"]


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("surveys", "text/plain"),
        ("surveys", "application/jsonx"),
        ("sessions", "application/json-patch+json"),
        ("question_bank/import", "application/json"),
    ],
)
def test_bodies_of_another_kind_are_415(
    client: TestClient[Any], staff: dict[str, str], path: str, media: str
) -> None:
    headers = staff | {"content-type": media}
    answer = client.post(f"/api/v1/{path}", content=b"{}", headers=headers)
    assert problem_of(answer, 415)["code"] == "media_type"


def test_a_problem_in_a_page_view_has_the_two_members_of_the_contract(
    client: TestClient[Any], published: str
) -> None:
    started = client.post("/api/v1/sessions", json={"survey": published, "channel": "web"}).json()
    answer = client.put(
        f"/api/v1/sessions/{started['session']}/answers",
        json={"answers": {"overall": "five"}},
        headers={"authorization": f"Bearer {started['token']}"},
    )
    problem = answer.json()["questions"][0]["problem"]
    assert problem.keys() == {"code", "message"} and "{" not in problem["message"]


def test_texts_say_their_encoding_once(
    client: TestClient[Any], staff: dict[str, str], published: str
) -> None:
    headers = staff | {"accept": "text/csv"}
    table = client.get(f"/api/v1/responses?survey={published}", headers=headers)
    page = client.get(f"/s/{published}")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_the_description_says_how_calls_are_refused(client: TestClient[Any]) -> None:
    """OpenAPI 3.1: problem+json everywhere, statuses that are really answered."""
    document = client.get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert PROBLEM_TYPE in operation["responses"]["default"]["content"], path
            assert "400" not in operation["responses"]
    assert document["components"]["schemas"]["Problem"]["properties"].keys() >= {"problems", "view"}
    assert "200" in document["paths"]["/api/v1/sessions/resume"]["post"]["responses"]
    assert document["paths"]["/api/v1/surveys"]["post"]["responses"].keys() == {
        "200",
        "201",
        "default",
    }


def test_a_picture_may_come_under_any_name(client: TestClient[Any], staff: dict[str, str]) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(file, "PNG")
    answer = client.post("/api/v1/assets", files={"picture": file.getvalue()}, headers=staff)
    assert answer.status_code == 201
