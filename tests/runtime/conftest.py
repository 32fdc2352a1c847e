"""The programs over a database of their own, called as a client would call them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.accounts.models import SCOPES
from runtime.accounts.service import create_token
from runtime.kit.settings import read_settings
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.lent import lent_app
from tests.runtime.holding import Holding
from tests.runtime.trail import Trail
from tests.serving import Place

SURVEY: dict[str, Any] = {
    "format": "huisheng.survey/1",
    "id": "visit",
    "title": {"zh-CN": "就诊调查", "en": "Visit"},
    "languages": ["zh-CN", "en"],
    "kind": "survey",
    "context": {"visit.type": {"type": "choice", "values": ["outpatient", "emergency"]}},
    "pages": [
        {
            "id": "arrival",
            "title": {"zh-CN": "就诊过程", "en": "Arrival"},
            "questions": [
                {
                    "id": "overall",
                    "type": "rating",
                    "text": {"zh-CN": "总体感受？", "en": "Overall?"},
                    "required": True,
                },
                {
                    "id": "why",
                    "type": "multi_choice",
                    "text": {"zh-CN": "哪些方面不满意？", "en": "Why?"},
                    "show_if": {"op": "le", "ref": "overall", "value": 3},
                    "options": [
                        {"id": "wait", "text": {"zh-CN": "等候太久", "en": "The wait"}},
                        {"id": "attitude", "text": {"zh-CN": "服务态度", "en": "Attitude"}},
                    ],
                },
            ],
        },
        {
            "id": "detail",
            "title": {"zh-CN": "详情", "en": "Detail"},
            "questions": [
                {
                    "id": "nurse",
                    "type": "rating",
                    "text": {"zh-CN": "护士的态度？", "en": "The nurse?"},
                    "required": True,
                },
                {
                    "id": "note",
                    "type": "text",
                    "text": {"zh-CN": "您想说的话？", "en": "Anything else?"},
                },
                {
                    "id": "photo",
                    "type": "picture_upload",
                    "text": {"zh-CN": "照片", "en": "Photo"},
                    "max_files": 2,
                },
            ],
        },
    ],
    "scores": [
        {
            "id": "service",
            "title": {"zh-CN": "服务", "en": "Service"},
            "of": ["overall", "nurse"],
            "method": "mean",
        }
    ],
    "endings": [{"id": "thanks", "text": {"zh-CN": "感谢您", "en": "Thank you"}}],
    "alerts": [
        {"id": "very_bad", "when": {"op": "eq", "ref": "overall", "value": 1}, "notify": "manager"}
    ],
}


def survey_with(**changes: Any) -> dict[str, Any]:
    """The usual survey with some members changed."""
    return json.loads(json.dumps(SURVEY)) | changes


@pytest.fixture
def deployment(database_urls: DatabaseUrls, redis_url: str, tmp_path: Path) -> Iterator[Deployment]:
    """The services of one program over an empty database."""
    settings = read_settings(
        {
            "HUISHENG_ENVIRONMENT": "test",
            "HUISHENG_DATA_DIR": str(tmp_path),
            "HUISHENG_POOL_SIZE": "4",
        }
    )
    made = Deployment(settings, database_url=database_urls.app_url, redis_url=redis_url)
    yield made
    made.close()


@pytest.fixture
def place(deployment: Deployment, database_urls: DatabaseUrls, redis_url: str) -> Place:
    """The server on which this test's deployment runs."""
    return Place(
        deployment.settings.data_dir,
        HUISHENG_DATABASE_URL=database_urls.app_url,
        HUISHENG_DATABASE_OWNER_URL=database_urls.owner_url,
        HUISHENG_DATABASE_AUDITOR_URL=database_urls.auditor_url,
        HUISHENG_REDIS_URL=redis_url,
    )


@pytest.fixture
def client(deployment: Deployment) -> Iterator[TestClient[Any]]:
    """A client of all channels, under whose requests no change goes without its line (S57)."""
    app, trail, holding = lent_app(deployment), Trail(), Holding()
    with trail.over(app, deployment.db.engine), holding.over(deployment.db.engine):
        with TestClient(app, raise_server_exceptions=False) as made:
            yield made
    assert trail.bare == []
    assert sorted(set(holding.twice)) == []


@pytest.fixture
def staff(deployment: Deployment) -> dict[str, str]:
    """The headers of an integrator with every scope."""
    return {"authorization": f"Bearer {create_token(deployment.db, 'tests', SCOPES)}"}


@pytest.fixture
def published(client: TestClient[Any], staff: dict[str, str]) -> str:
    """The usual survey, published."""
    answer = client.post("/api/v1/surveys?publish=true", json=SURVEY, headers=staff)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


class Patient:
    """One session as a client drives it."""

    def __init__(self, client: TestClient[Any], answer: dict[str, Any]) -> None:
        self.client = client
        self.view = answer
        self.sid = answer["session"]
        self.headers = {"authorization": f"Bearer {answer['token']}"}

    @property
    def url(self) -> str:
        """Where the session is."""
        return f"/api/v1/sessions/{self.sid}"

    def put(self, answers: Any, **more: Any) -> Any:
        """PUT answers."""
        body = {"answers": answers, **more}
        return self.client.put(f"{self.url}/answers", json=body, headers=self.headers)

    def post(self, what: str, answers: Any = None, **more: Any) -> Any:
        """POST next, back, submit or handover."""
        body: dict[str, Any] = {"answers": answers or {}, **more}
        return self.client.post(f"{self.url}/{what}", json=body, headers=self.headers)

    def get(self) -> Any:
        """GET the current view."""
        return self.client.get(self.url, headers=self.headers)


@pytest.fixture
def patient(client: TestClient[Any], published: str) -> Patient:
    """A session of the usual survey that has just begun."""
    answer = client.post("/api/v1/sessions", json={"survey": published, "channel": "miniprogram"})
    assert answer.status_code == 201, answer.text
    return Patient(client, answer.json())
