"""The bank in the console: found, made, changed, offered to surveys, imported; the tree edited."""

import html
import json
import re
from typing import Any

from litestar.testing import TestClient

from runtime.audit.models import SYSTEM
from runtime.bank import items, places
from runtime.bank.jobs import take_imports
from runtime.bank.queries import Search, find_items
from runtime.drafts import service as drafts
from runtime.drafts.rewording import merged
from runtime.surveys import service as surveys
from runtime.wiring import Deployment
from tests.bank.many import fill
from tests.bank.test_bank import ZH, add, content
from tests.bank.test_import import ROWS, csv_of, held
from tests.runtime.test_users_page import sign_in

BANK = "/staff/bank"
CHINESE = {"accept-language": "zh-CN"}


def post(client: TestClient[Any], path: str, csrf: str, **fields: str) -> Any:
    return client.post(
        f"{BANK}{path}", data={"_csrf": csrf, **fields}, headers=CHINESE, follow_redirects=True
    )


def look(client: TestClient[Any], path: str) -> str:
    found = client.get(f"{BANK}{path}", headers=CHINESE)
    assert found.status_code == 200, found.text
    return found.text


def shown(page: str) -> str:
    """The question that the form of the editor carries."""
    found = re.search(r'name="shown" value="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_an_empty_bank_says_how_to_begin(deployment: Deployment, client: TestClient[Any]) -> None:
    """A template, the tree; a question, found by two characters. # R1.2.1.3 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    assert "题库还是空的" in look(client, "") and "template.xlsx" in look(client, "")
    assert client.get(f"{BANK}/template.xlsx").content.startswith(b"PK")
    assert (
        "门诊" in post(client, "/tree", csrf, do="add", name_zh="门诊", name_en="Outpatient").text
    )
    with deployment.db.begin() as connection:
        scene = str(places.read_tree(connection)[0].id)
    assert "评分题" in look(client, "/new")
    page = look(client, f"/new?type=single_choice&place={scene}")
    more = post(client, "/new", csrf, shown=shown(page), act="add options", place=scene)
    assert len(json.loads(shown(more.text))["options"]) == 3
    lines = {"many:options": "满意\n一般\n不满意"}
    more = post(client, "/new", csrf, shown=shown(more.text), act="many options", **lines)
    assert "不满意" in more.text and len(json.loads(shown(more.text))["options"]) == 3
    fields = {"m:text/zh-CN": "护士的服务态度如何？", "place": scene, "tags": "护士，态度"}
    saved = post(client, "/new", csrf, shown=shown(more.text), act="save", **fields)
    assert saved.status_code == 200 and "<h1>护士的服务态度如何？</h1>" in saved.text
    assert "护士的服务态度如何？" in look(client, "?q=态度&tag=态度")
    assert "没有找到" in look(client, "?q=停车")
    twice = post(client, "/new", csrf, shown=shown(more.text), act="save", **fields)
    assert twice.status_code == 409 and "已有同样的题目" in twice.text


def test_a_change_is_the_next_version_in_words(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Who changed meanwhile what is told; a bad question is not stored."""
    add(deployment.db, content())
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    page = look(client, "/items/nurse/edit")
    fields = {"shown": shown(page), "revision": "1", "act": "save"}
    reworded = fields | {"m:text/zh-CN": "护士的服务态度如何？"}
    saved = post(client, "/items/nurse/edit", csrf, **reworded)
    assert "<ins>服务</ins>" in saved.text and "第 2 版" in saved.text
    late = post(client, "/items/nurse/edit", csrf, **fields | {"m:text/zh-CN": "又一种？"})
    assert late.status_code == 409 and "刚才有人改过" in late.text
    bad = post(client, "/items/nurse/edit", csrf, **fields | {"m:max": "0", "revision": "2"})
    assert bad.status_code in (409, 422) and "error" in bad.text
    for nonsense in ("", "{}", "[]", "x", '{"id": 7}', '{"id":"a","type":"nope","text":"x"}'):
        told = post(client, "/new", csrf, shown=nonsense, act="save")
        assert told.status_code == 422, nonsense
    with deployment.db.begin() as connection:
        assert items.get_item(connection, "nurse").version == 2


def test_the_new_wording_is_offered_to_the_surveys_that_ask_the_old_one(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """What a survey changed stays; the edit can be undone; a refusal is named. # R1.2.1.3 (part)"""
    add(deployment.db, content("总体感受？", id="overall", required=True))
    question = {"id": "mine", "type": "rating", "text": {ZH: "总体感受？"}, "required": True,
                "max": 10, "bank": {"id": "overall", "version": 1}}  # fmt: skip
    plain = {"format": "huisheng.survey/1", "id": "visit", "title": {ZH: "就诊"}, "languages": [ZH],
             "kind": "survey", "pages": [{"id": "p", "questions": [question]}]}  # fmt: skip
    surveys.store_survey(deployment.db, json.dumps(plain).encode())
    with deployment.db.begin() as connection:
        new = content("您的总体感受如何？", id="overall", required=True, style="faces")
        items.change_item(connection, SYSTEM, new, 1)
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    seen = look(client, "/items/overall")
    assert "1 处还在用旧版" in seen and "就诊" in seen
    done = post(client, "/items/overall/offer", csrf, **{"survey visit": "on"})
    assert "1 份问卷的草稿已改用新版" in done.text and "还在用旧版" not in done.text
    draft = drafts.read_draft(deployment.db, "visit")
    made: Any = draft.document.pages[0].questions[0]
    assert (made.id, made.text, made.max, made.style) == (
        "mine", {ZH: "您的总体感受如何？"}, 10, "faces",
    )  # fmt: skip
    assert made.bank.version == 2
    assert len(drafts.history_of(deployment.db, "visit")) == 1


def test_a_survey_keeps_what_it_changed() -> None:
    """Member by member, text by language, option by id."""
    base = {"id": "q", "text": {ZH: "a", "en": "A"}, "options": [{"id": "x", "text": "X"}]}
    own = {
        "id": "mine", "text": {ZH: "我的", "en": "A"}, "show_if": {"op": "answered", "ref": "z"},
        "options": [{"id": "x", "text": "X", "show_if": 1}, {"id": "own", "text": "O"}],
    }  # fmt: skip
    new = {"id": "q", "text": {ZH: "b", "en": "B"}, "hint": "h",
           "options": [{"id": "y", "text": "Y"}, {"id": "x", "text": "X2"}]}  # fmt: skip
    made, kept = merged(base, own, new)
    assert made["id"] == "mine" and made["show_if"] and made["hint"] == "h"
    assert made["text"] == {ZH: "我的", "en": "B"}
    assert [(one["id"], one["text"]) for one in made["options"]] == [
        ("y", "Y"), ("x", "X2"), ("own", "O"),
    ]  # fmt: skip
    assert made["options"][1]["show_if"] == 1
    assert kept == ["text", "options"]


def test_a_file_is_sent_and_its_report_shown(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A bar while it runs, then counts, a table and the same as a file. # R0.5 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    bad = ["", "门诊", "", "", "猜谜题", "<script>alert(1)</script>", "", "", "", "", ""]
    sent = client.post(
        f"{BANK}/imports",
        data={"_csrf": csrf},
        files={"file": ("题目.csv", csv_of(*ROWS, bad))},
        headers=CHINESE,
    )
    assert sent.status_code == 200 and "<progress" in sent.text and "每" not in sent.url.path
    assert 'hx-trigger="every 1s"' in sent.text
    take_imports(deployment)
    done = client.get(sent.url.path, headers=CHINESE).text
    assert "<progress" not in done and "新增 3" in done and "猜谜题" in done
    report = client.get(f"{sent.url.path}/report.csv", headers=CHINESE).content
    assert "猜谜题" in report.decode("utf-8-sig")
    assert "题目.csv" in look(client, "/imports")
    assert len(held(deployment.db)) == 3


def test_lists_page_and_files_leave(deployment: Deployment, client: TestClient[Any]) -> None:
    """Fifty at a time; each format takes what the list shows; odd addresses are answered."""
    fill(deployment.db, 60)
    sign_in(deployment, client, "designer", "survey_designer")
    first = look(client, "?q=您对")
    found = re.search(r'href="(/staff/bank\?[^"]*after=\d+[^"]*)"', first)
    assert found is not None
    assert client.get(html.unescape(found[1])).text.count("/staff/bank/items/") == 10
    for format, start in (("xlsx", b"PK"), ("csv", b"\xef\xbb\xbf"), ("jsonl", b"{")):
        assert client.get(f"{BANK}/export/{format}?q=态度").content.startswith(start)
    for odd in ("?place=x&after=-1", "?q=%00&type=%00&tag=%00", f"?after={'9' * 30}", "?type='"):
        assert client.get(BANK + odd).status_code == 200, odd
    for missing in ("/items/none", "/items/%00", "/export/pdf", "/imports/x", "/new?type=none"):
        assert client.get(BANK + missing).status_code == 404, missing


def test_the_tree_is_folded_by_scenes_and_the_one_worked_on_stays_open(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Sixty places are a few lines; after an act its scene is open, the others are not.
    # R1.2.1.3 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    for name in ("门诊", "急诊", "住院"):
        post(client, "/tree", csrf, do="add", name_zh=name)
    with deployment.db.begin() as connection:
        first, second, _ = (one.id for one in places.read_tree(connection))
    opened = '<details class="scene" open>'
    assert look(client, "/tree").count('<details class="scene">') == 3
    page = post(client, "/tree", csrf, do="add", place=str(second), scene=str(second),
                name_zh="抢救").text  # fmt: skip
    assert page.count(opened) == 1 and page.index(opened) < page.index("1 个下级分类")
    refused = post(client, "/tree", csrf, do="add", place=str(first), scene=str(first), name_zh=" ")
    assert refused.status_code == 422 and refused.text.count(opened) == 1
    for odd in ("?scene=x", "?scene=-1", f"?scene={'9' * 30}"):
        assert opened not in look(client, f"/tree{odd}")


def test_the_tree_is_edited_by_forms(deployment: Deployment, client: TestClient[Any]) -> None:
    """Added, renamed, moved, closed, removed; refusals in words. # R1.2.1.3 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    place = add(deployment.db, content())
    assert "同名" in post(client, "/tree", csrf, do="add", name_zh="门诊").text
    post(client, "/tree", csrf, do="add", place=str(place), name_zh="<b>态度</b>")
    assert "&lt;b&gt;态度&lt;/b&gt;" in look(client, "/tree")
    post(
        client,
        "/tree",
        csrf,
        do="change",
        place=str(place),
        revision="1",
        name_zh="门急诊",
        closed="on",
    )
    assert "已停用" in look(client, "/tree")
    assert "不能删除" in post(client, "/tree", csrf, do="remove", place=str(place)).text
    assert "中文名" in post(client, "/tree", csrf, do="add", name_zh=" ").text
    with deployment.db.begin() as connection:
        found, _ = find_items(connection, Search())
    tags = {"place": str(place), "tags": "甲、乙", "revision": "1", "state": "retired"}
    assert "停用" in post(client, f"/items/{found[0].id}", csrf, **tags).text


def test_a_question_of_the_bank_is_put_into_a_survey(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """By button, where it is dropped, twice; it says where it came from. # R1.2.1.3 (part)"""
    add(deployment.db, content(), tags=("护士",))
    survey: dict[str, Any] = {
        "format": "huisheng.survey/1",
        "id": "visit",
        "title": {ZH: "就诊"},
        "languages": [ZH],
        "kind": "survey",
        "pages": [{"id": "p", "questions": []}],
    }
    surveys.put_draft(deployment.db, "visit", json.dumps(survey).encode(), if_match=None)
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    edit = "/staff/surveys/visit/edit"
    assert 'data-act="bank nurse"' in client.get(f"{edit}/bank?words=态度").text
    assert 'data-act="bank nurse"' not in client.get(f"{edit}/bank?words=停车").text
    for act in ("bank nurse", "bank nurse p nurse"):
        form = {"_csrf": csrf, "at": "", "act": act}
        assert client.post(edit, data=form, follow_redirects=True).status_code == 200
    made = drafts.read_draft(deployment.db, "visit").document.pages[0].questions
    assert [one.id for one in made] == ["nurse_2", "nurse"]
    assert all(one.bank and (one.bank.id, one.bank.version) == ("nurse", 1) for one in made)
    assert made[0].tags == ("护士",)
    missing = {"_csrf": csrf, "at": "", "act": "bank none"}
    assert client.post(edit, data=missing).status_code == 404
    kept = look(client, "/new?survey=visit&question=nurse_2")
    assert "护士的态度如何？" in kept


def test_what_the_bank_has_already_is_saved_again_only_when_meant(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """The twin is named; the second gets a number of its own. # R1.2.1.3 (part)"""
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    post(client, "/tree", csrf, do="add", name_zh="门诊", name_en="")
    with deployment.db.begin() as connection:
        scene = str(places.read_tree(connection)[0].id)
    blank = look(client, f"/new?type=rating&place={scene}")
    assert 'name="m:text/en"' in blank
    fields = {
        "shown": shown(blank),
        "place": scene,
        "act": "save",
        "m:text/zh-CN": "护士的态度如何？",
    }
    first = post(client, "/new", csrf, **fields)
    assert first.status_code == 200, first.text[first.text.find("alert") :][:600]
    again = post(client, "/new", csrf, **fields)
    assert again.status_code == 409 and f'value="{scene}" selected' in again.text
    assert post(client, "/new", csrf, **fields, anyway="on").status_code == 200
    one, other = held(deployment.db)
    assert other.id == f"{one.id}_2"
