"""Surveys, their states, drafts, findings and pictures over HTTP (design section 9)."""

import hashlib
import io
import json
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from litestar.testing import TestClient
from PIL import Image

from runtime.accounts.service import create_token
from runtime.surveys.models import Stored
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with

SURVEYS = "/api/v1/surveys"


def _png(color: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(out, "PNG")
    return out.getvalue()


def test_a_document_is_stored_once(client: TestClient[Any], staff: dict[str, str]) -> None:
    """201, and the same content again 200. # R0.5 (part)"""
    first = client.post(SURVEYS, json=SURVEY, headers=staff)
    assert (first.status_code, first.json()["state"]) == (201, "draft")
    again = client.post(SURVEYS, content=json.dumps(SURVEY, indent=3), headers=staff)
    assert again.status_code == 200
    published = client.post(f"{SURVEYS}?publish=true", json=SURVEY, headers=staff)
    assert published.status_code == 201
    assert published.json() == {"id": "visit", "version": 1, "state": "published", "problems": []}
    same = client.post(f"{SURVEYS}?publish=true", json=SURVEY, headers=staff)
    assert (same.status_code, same.json()["version"]) == (200, 1)
    changed = client.post(f"{SURVEYS}?publish=true", json=survey_with(tags=["a"]), headers=staff)
    assert (changed.status_code, changed.json()["version"]) == (201, 2)
    old = client.get(f"{SURVEYS}/visit/versions/1", headers=staff)
    assert old.json() == SURVEY


def test_two_who_publish_the_same_document_make_one_version(deployment: Deployment) -> None:
    """Both are told version 1, whoever was first; nothing is published twice."""
    data = json.dumps({**SURVEY, "id": "published_by_two"}).encode()
    gate = threading.Barrier(2)

    def publish(_: int) -> Stored:
        gate.wait(60)
        return store_survey(deployment.db, data, publish=True)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(publish, range(2)))
    assert [stored.version for stored in both] == [1, 1]
    assert sorted(stored.is_new for stored in both) == [False, True]


def test_all_problems_come_at_once(client: TestClient[Any], staff: dict[str, str]) -> None:
    """422 with code, place and sentence of each."""
    broken = survey_with(kind="poem", ghost=1)
    answer = client.post(SURVEYS, json=broken, headers=staff)
    assert answer.status_code == 422
    assert {p["at"] for p in answer.json()["problems"]} >= {"/kind", "/ghost"}
    assert all(set(p) == {"code", "at", "message"} for p in answer.json()["problems"])


def test_findings_must_be_confirmed(client: TestClient[Any], staff: dict[str, str]) -> None:
    """409 lists them with a digest; with the digest it is published."""
    document = survey_with()
    document["pages"][1]["show_if"] = {"op": "ge", "ref": "overall", "value": 1}
    refused = client.post(f"{SURVEYS}?publish=true", json=document, headers=staff)
    assert refused.status_code == 409, refused.text
    assert refused.json()["problems"]
    confirm = refused.json()["confirm"]
    url = f"{SURVEYS}?publish=true&confirm="
    assert client.post(f"{url}wrong", json=document, headers=staff).status_code == 409
    assert client.post(f"{url}{confirm}", json=document, headers=staff).status_code == 201
    checked = client.post(f"{SURVEYS}/check", json=document, headers=staff)
    assert checked.status_code == 200
    assert checked.json()["findings"]["always"]


def test_a_broken_walk_refuses_publication(client: TestClient[Any], staff: dict[str, str]) -> None:
    """Walks are replayed when the form is published."""
    walk = {"id": "w", "answers": {"overall": 5, "nurse": 5}, "expect": {"ending": "sorry"}}
    answer = client.post(f"{SURVEYS}?publish=true", json=survey_with(walks=[walk]), headers=staff)
    assert answer.status_code == 422, answer.text


def test_drafts_are_kept_with_their_problems_and_etags(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Whatever parses is stored; an old ETag is 409."""
    url = f"{SURVEYS}/visit/draft"
    unfinished = survey_with(title={"zh-CN": "只有中文"})
    first = client.put(url, json=unfinished, headers=staff)
    assert first.status_code == 201, first.text
    assert [p["severity"] for p in first.json()["problems"]] == ["error"]
    etag = first.headers["etag"]
    assert client.put(url, json=SURVEY, headers=staff).status_code == 409
    second = client.put(url, json=SURVEY, headers=staff | {"if-match": etag})
    assert second.status_code == 200
    assert client.put(url, json=SURVEY, headers=staff | {"if-match": etag}).status_code == 409
    assert client.get(f"{SURVEYS}/visit", headers=staff).headers["etag"] == second.headers["etag"]
    assert client.post(f"{SURVEYS}/visit/publish", headers=staff).json()["state"] == "published"


def test_closing_takes_no_new_sessions(
    client: TestClient[Any], staff: dict[str, str], published: str
) -> None:
    """Open sessions may finish; reopening takes new ones again."""
    begin = {"survey": published, "channel": "web"}
    open_one = client.post("/api/v1/sessions", json=begin).json()
    assert client.post(f"{SURVEYS}/visit/close", headers=staff).json()["state"] == "closed"
    assert client.post("/api/v1/sessions", json=begin).status_code == 409
    headers = {"authorization": f"Bearer {open_one['token']}"}
    url = f"/api/v1/sessions/{open_one['session']}"
    assert client.get(url, headers=headers).status_code == 200
    assert client.post(f"{SURVEYS}/visit/close", headers=staff).status_code == 409
    assert client.post(f"{SURVEYS}/visit/reopen", headers=staff).json()["state"] == "published"
    assert client.post("/api/v1/sessions", json=begin).status_code == 201


def test_bodies_of_surveys_are_measured(client: TestClient[Any], staff: dict[str, str]) -> None:
    """Over 2 MiB 413, five thousand levels 400, no JSON 400."""
    json_headers = staff | {"content-type": "application/json"}
    for path in (SURVEYS, f"{SURVEYS}/check"):
        big = client.post(path, content=b'"' + b"x" * 2**21 + b'"', headers=json_headers)
        assert big.status_code == 413
        deep = client.post(path, content=b'{"a":' * 5000, headers=json_headers)
        assert deep.status_code == 400
        assert client.post(path, content=b"{", headers=json_headers).status_code == 400
        assert client.post(path, content=b"\xff", headers=json_headers).status_code == 400


def test_scopes_are_asked(client: TestClient[Any], deployment: Deployment, published: str) -> None:
    """401 without a token, 403 without the scope, unknown ones 404."""
    reader = {"authorization": f"Bearer {create_token(deployment.db, 'r', ['surveys:read'])}"}
    assert client.post(SURVEYS, json=SURVEY).status_code == 401
    assert client.post(SURVEYS, json=SURVEY, headers=reader).status_code == 403
    assert client.get(f"{SURVEYS}/visit", headers=reader).status_code == 200
    assert client.get(f"{SURVEYS}/visit").status_code == 401
    assert client.get(f"{SURVEYS}/nothing", headers=reader).status_code == 404
    assert [s["id"] for s in client.get(SURVEYS).json()["surveys"]] == [published]
    wrong = {"authorization": "Bearer hsa_wrong"}
    assert client.get(SURVEYS, headers=wrong).status_code == 401


def test_pictures_travel_with_their_document(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """A picture that was never uploaded refuses publication; a bundle carries it."""
    picture = _png()
    sha256 = hashlib.sha256(picture).hexdigest()
    document = survey_with()
    alt = {"zh-CN": "红色", "en": "Red"}
    document["pages"][0]["questions"][0]["media"] = [{"asset": f"sha256:{sha256}", "alt": alt}]
    missing = client.post(f"{SURVEYS}?publish=true", json=document, headers=staff)
    assert [(p["code"], p["at"]) for p in missing.json()["problems"]] == [
        ("asset_missing", "/pages/0/questions/0/media/0/asset")
    ]
    refused = client.post("/api/v1/assets", content=b"text", headers=staff)
    assert refused.status_code == 415 and "PDF" not in refused.text
    stored = client.post("/api/v1/assets", content=picture, headers=staff)
    assert (stored.status_code, stored.json()["sha256"]) == (201, sha256)
    shown = client.get(f"/api/v1/assets/{sha256}")
    assert (shown.content, shown.headers["content-type"]) == (picture, "image/png")
    assert client.post(f"{SURVEYS}?publish=true", json=document, headers=staff).status_code == 201
    zipped = client.get(
        f"{SURVEYS}/visit/versions/1", headers=staff | {"accept": "application/zip"}
    )
    again = client.post(
        SURVEYS, content=zipped.content, headers=staff | {"content-type": "application/zip"}
    )
    assert again.status_code == 200, again.text


def _zip(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def test_a_refused_bundle_leaves_nothing_behind(
    client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Its document is read as any other, before a picture is kept. # S26 (part)"""
    picture = _png("green")
    sha256 = hashlib.sha256(picture).hexdigest()
    zipped = staff | {"content-type": "application/zip"}

    def send(document: bytes) -> int:
        entries = {"survey.json": document, f"assets__{sha256}": picture}
        return client.post(SURVEYS, content=_zip(**entries), headers=zipped).status_code

    assert send(json.dumps(survey_with(kind="poem")).encode()) == 422
    assert send(b'{"a":' * 5000) == 400
    assert send(b"{") == 400
    assert client.get(f"/api/v1/assets/{sha256}").status_code == 404
    assert send(json.dumps(survey_with(id="with_picture")).encode()) == 201
    assert client.get(f"/api/v1/assets/{sha256}").status_code == 200


def test_a_closed_survey_is_not_published_by_publishing_nothing(
    client: TestClient[Any], staff: dict[str, str], published: str
) -> None:
    url = f"{SURVEYS}/{published}"
    assert client.post(f"{url}/publish", headers=staff).status_code == 200
    client.post(f"{url}/close", headers=staff)
    assert client.post(f"{url}/publish", headers=staff).status_code == 409
