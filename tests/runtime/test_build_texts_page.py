"""Texts side by side, and the document as JSON: nothing typed is lost."""

import html
import json
import re
from typing import Any

import pytest
from litestar.testing import TestClient

from builder.edits import SetMember
from builder.tree import write
from runtime.drafts import service as drafts
from runtime.wiring import Deployment
from tests.runtime.test_build_page import CHINESE, OTHER
from tests.runtime.test_build_parts_page import Parts

TEXTS, JSON = "/staff/surveys/visit/edit/texts", "/staff/surveys/visit/edit/json"


@pytest.fixture
def parts(deployment: Deployment, client: TestClient[Any]) -> Parts:
    """At the parts of a published survey."""
    return Parts(deployment, client)


def _theirs(parts: Parts, of: str, member: str, value: Any) -> None:
    edit = SetMember(of=of, member=member, value=value)
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)


def _get(parts: Parts, url: str) -> str:
    return parts.client.get(url, headers=CHINESE).text


def test_what_is_still_to_be_written_is_counted_and_shown_alone(parts: Parts) -> None:
    """Everywhere at once, pictures' descriptions and titles of the context too. # R0.4 (part)"""
    asset = f"sha256:{'a' * 64}"
    _theirs(parts, "overall", "media", [{"asset": asset, "alt": {"zh-CN": "大厅"}}])
    _theirs(parts, "context/visit.type", "title/zh-CN", "就诊类型")
    _theirs(parts, "thanks", "text/en", "")
    text = _get(parts, f"{TEXTS}?of=all&only=missing")
    assert "还有 3 处文字没有写" in text and "缺 1 处" in text
    wanted = {f"t:overall:media/{asset}/alt/en", "t:context/visit.type:title/en",
              "t:thanks:text/en"}  # fmt: skip
    shown = set(re.findall(r'<textarea id="([^"]+)"', text))
    assert {one for one in shown if one.endswith("/en")} == wanted
    form = {"_csrf": parts.csrf, "page": "all", "only": "missing"}
    typed = form | dict.fromkeys(wanted, "Words")
    headers = CHINESE | {"hx-request": "true"}
    saved = parts.client.post(TEXTS, data=typed, headers=headers, follow_redirects=False)
    assert saved.status_code == 200 and "所有文字都已写好" in saved.text
    assert f'name="w:overall:media/{asset}/alt/en" value="Words"' in saved.text, "stays in the form"
    assert "所有文字都已写好" in _get(parts, f"{TEXTS}?of=all&only=missing")


def test_a_text_that_a_colleague_wrote_first_is_shown_not_overwritten(parts: Parts) -> None:
    """Also where it was empty when one began; whoever saves as they type may go on."""
    _theirs(parts, "overall", "hint/zh-CN", "提示")
    name = "overall:hint/en"
    headers = CHINESE | {"hx-request": "true"}

    def save(text: str, seen: str) -> Any:
        form = {"_csrf": parts.csrf, "page": "arrival", f"t:{name}": text, f"w:{name}": seen}
        return parts.client.post(TEXTS, data=form, headers=headers, follow_redirects=False)

    _theirs(parts, "overall", "hint/en", "Theirs")
    refused = save("Mine", "")
    assert refused.status_code == 409 and "Theirs" in refused.text and ">Mine<" in refused.text
    assert save("Mine", "Theirs").status_code == 200
    assert save("Mine now", "Mine").status_code == 200
    hint = parts.tree["pages"][0]["questions"][0]["hint"]
    assert hint == {"zh-CN": "提示", "en": "Mine now"}


def _send(parts: Parts, document: str, seq: str | None = None) -> Any:
    found = re.search(r'name="seq" value="(\d+)"', _get(parts, JSON))
    assert found is not None
    form = {"_csrf": parts.csrf, "document": document, "seq": seq or found[1]}
    return parts.client.post(JSON, data=form, headers=CHINESE, follow_redirects=False)


def _written(parts: Parts) -> str:
    return json.dumps(parts.tree, ensure_ascii=False, indent=2)


def test_a_slip_in_the_json_is_told_with_its_line_and_the_text_is_kept(parts: Parts) -> None:
    """A missing comma, a wrong value, a member written twice. # R0.5 (part)"""
    before = write(parts.document)
    broken = _written(parts).replace('"kind": "survey",', '"kind": "survey"', 1)
    line = broken[: broken.index('"kind"')].count("\n") + 2
    answer = _send(parts, broken.replace("\n", "\r\n"))
    assert answer.status_code == 422 and f"第 {line} 行：" in answer.text
    kept = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.S)
    assert kept is not None and html.unescape(kept[1]) == broken
    wrong = _written(parts).replace('"kind": "survey"', '"kind": "poem"', 1)
    answer = _send(parts, wrong)
    assert answer.status_code == 422 and f"第 {line - 1} 行：" in answer.text
    assert "&#34;kind&#34;: &#34;poem&#34;" in answer.text
    twice = _written(parts).replace(
        '"kind": "survey",', '"kind": "survey",\n  "kind": "praise",', 1
    )
    answer = _send(parts, twice)
    assert (
        answer.status_code == 422 and "写了两次" in answer.text and f"第 {line} 行：" in answer.text
    )
    assert write(parts.document) == before


@pytest.mark.parametrize(
    "document",
    ["", " ", "null", "[]", "{}", "{" * 3000, '"' * 99, "\ufeff{", "[1,2", '{"id": "visit"}',
     "{\"a\": \"\\ud800\"}", "x" * (2 * 1024 * 1024 + 1)],
    ids=range(12),
)  # fmt: skip
def test_whatever_is_sent_as_json_comes_back(parts: Parts, document: str) -> None:
    """Refused, and never an error of the server."""
    answer = _send(parts, document)
    assert answer.status_code == 422
    assert html.escape(document[:200], quote=False).replace('"', "&#34;")[:50] in answer.text


def test_two_who_edit_the_json_are_told_of_each_other(parts: Parts) -> None:
    """Who changed what; saving again is said to put one's own in place. # R0.5 (part)"""
    mine = _written(parts).replace("总体感受", "总的感受")
    found = re.search(r'name="seq" value="(\d+)"', _get(parts, JSON))
    assert found is not None
    _theirs(parts, "nurse", "text/zh-CN", "护士好吗？")
    refused = _send(parts, mine, found[1])
    assert refused.status_code == 409
    assert "同事 改过这份问卷" in refused.text and "护士好吗？" in refused.text
    assert "用我的内容覆盖" in refused.text and "总的感受" in refused.text
    assert _send(parts, mine).status_code == 303
    assert "总的感受" in write(parts.document).decode()
    parts.did("endings", "undo")
    assert "护士好吗" in write(parts.document).decode()
