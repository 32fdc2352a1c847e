"""Pictures of questions and options, put in by the builder's page."""

import json
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from builder.tree import write
from runtime.drafts import service as drafts
from runtime.surveys.service import publish_survey
from runtime.wiring import Deployment
from tests.runtime.test_build_page import CHINESE
from tests.runtime.test_build_parts_page import Parts

ASSETS = Path(__file__).parents[2] / "examples" / "assets"
WARD, MEAL = ((ASSETS / f"{name}.png").read_bytes() for name in ("ward", "meal"))
URL = "/staff/surveys/visit/edit/pictures"


@pytest.fixture
def parts(deployment: Deployment, client: TestClient[Any]) -> Parts:
    """At the parts of a published survey."""
    return Parts(deployment, client)


def _send(parts: Parts, act: str, at: str, content: bytes | None = None, **fields: str) -> Any:
    form = {"_csrf": parts.csrf, "act": act, "at": at, **fields}
    files = None if content is None else {"file": ("a.png", content, "image/png")}
    return parts.client.post(URL, data=form, files=files, headers=CHINESE, follow_redirects=False)


def _question(parts: Parts, position: int) -> dict[str, Any]:
    return parts.tree["pages"][0]["questions"][position]


def test_a_questions_picture_is_put_in_described_moved_and_taken_out(parts: Parts) -> None:
    """It is shown on the canvas; undone, all is as before. # R0.4 (part)"""
    before = write(parts.document)
    both = {"new:zh-CN": "病房", "new:en": "A ward"}
    assert _send(parts, "add", "overall", WARD, **both).status_code == 303
    assert _send(parts, "add", "overall", MEAL, **{"new:zh-CN": "饭菜"}).status_code == 303
    ward, meal = _question(parts, 0)["media"]
    assert ward["alt"] == {"zh-CN": "病房", "en": "A ward"} and meal["alt"] == {"zh-CN": "饭菜"}
    address = f"/api/v1/assets/{ward['asset'][7:]}"
    assert (
        f'<img src="{address}" alt="病房"'
        in parts.client.get("/staff/surveys/visit/edit", headers=CHINESE).text
    )
    assert parts.client.get(address).headers["content-type"] == "image/png"
    name = f"alt:{meal['asset']}/en"
    described: dict[str, Any] = {name: "A meal", f"was:{name}": ""}
    assert _send(parts, "save", "overall", **described).status_code == 303
    assert _send(parts, f"up {meal['asset']}", "overall").status_code == 303
    assert [one["alt"]["en"] for one in _question(parts, 0)["media"]] == ["A meal", "A ward"]
    for one in (ward, meal):
        assert _send(parts, f"drop {one['asset']}", "overall").status_code == 303
    assert "media" not in _question(parts, 0)
    actor = drafts.history_of(parts.deployment.db, "visit")[0]
    assert actor.actor_name == "designer"
    for _ in range(6):
        parts.did("endings", "undo")
    assert write(parts.document) == before


def test_options_are_shown_as_pictures_to_patients(parts: Parts) -> None:
    """Uploaded, switched to pictures, published, seen on the web page. # R0.4 (part)"""
    for option, content in (("wait", WARD), ("attitude", MEAL)):
        assert _send(parts, f"option {option}", "why", content).status_code == 303
    page = parts.client.get(f"{URL}?at=why", headers=CHINESE).text
    assert 'value="appearance pictures"' in page and 'value="bare wait"' in page
    assert _send(parts, "appearance pictures", "why").status_code == 303
    why = _question(parts, 1)
    assert why["appearance"] == "pictures" and why["options"][0]["image"].startswith("sha256:")
    publish_survey(parts.deployment.db, "visit")
    headers = CHINESE | {"content-type": "application/json"}
    body = json.dumps({"survey": "visit", "channel": "miniprogram"})
    begun = parts.client.post("/api/v1/sessions", content=body, headers=headers).json()
    answered = parts.client.put(
        f"/api/v1/sessions/{begun['session']}/answers",
        json={"answers": {"overall": 2}},
        headers={"authorization": f"Bearer {begun['token']}"},
    ).json()
    shown = next(one for one in answered["questions"] if one["id"] == "why")
    images = [one["image"] for one in shown["options"]]
    assert images == [one["image"] for one in why["options"]]
    assert _send(parts, "bare wait", "why").status_code == 303
    assert "image" not in _question(parts, 1)["options"][0]


def test_what_is_no_picture_or_not_described_is_refused_and_nothing_typed_is_lost(
    parts: Parts,
) -> None:
    """Each of the worst; the document is as it was."""
    before = write(parts.document)
    described: dict[str, Any] = {"new:zh-CN": "说明<b>", "new:en": ""}
    for content in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", WARD[:200], b"x" * (5 * 1024 * 1024 + 1)):
        answer = _send(parts, "add", "overall", content, **described)
        assert answer.status_code in (413, 422), content[:10]
        if answer.status_code == 422:
            assert 'value="说明&lt;b&gt;"' in answer.text
    assert _send(parts, "add", "overall", WARD, **{"new:zh-CN": " "}).status_code == 422
    assert _send(parts, "add", "overall", **described).status_code == 422
    assert _send(parts, "option wait", "why").status_code == 422
    for act, at in (("option ghost", "why"), ("bare ghost", "why"), ("fly", "why"), ("add", "none"),
                    ("up sha256:0", "overall"), ("add", "thanks"), ("add", "arrival"),
                    ("option wait", "overall")):  # fmt: skip
        assert _send(parts, act, at, WARD, **described).status_code == 404, act
    assert _send(parts, "appearance pictures", "overall").status_code == 409
    assert write(parts.document) == before
    assert _send(parts, "add", "overall", WARD, **described).status_code == 303
    assert _send(parts, "add", "overall", WARD, **described).status_code == 422, "there already"
    asset = _question(parts, 0)["media"][0]["asset"]
    emptied: dict[str, Any] = {f"alt:{asset}/zh-CN": "", f"was:alt:{asset}/zh-CN": "说明<b>"}
    assert _send(parts, "save", "overall", **emptied).status_code == 422
