"""The builder's pages, driven as a form without scripts drives them."""

import html
import json
import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import event

from builder.edits import SetMember
from builder.tree import to_tree
from engine.definition import Document
from runtime.audit.models import Actor
from runtime.drafts import service as drafts
from runtime.kit.db import Database
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.bench.builder import surveys
from tests.bench.engine_form import build
from tests.runtime.conftest import SURVEY
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
OTHER = Actor("staff", "other", "同事", None, "staff", None)


class Author:
    """A designer at the builder of one survey."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment = deployment
        self.client = client
        store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
        self.csrf = sign_in(deployment, client, "designer", "survey_designer")
        self.url = "/staff/surveys/visit/edit"

    @property
    def document(self) -> Document:
        return drafts.read_draft(self.deployment.db, "visit").document

    def page(self, at: str = "") -> str:
        answer = self.client.get(f"{self.url}?at={at}", headers=CHINESE)
        assert answer.status_code == 200
        return answer.text

    def shown(self, at: str = "") -> str:
        found = re.search(r'name="shown" value="([^"]*)"', self.page(at))
        assert found is not None
        return html.unescape(found[1])

    def act(self, act: str, at: str = "", **fields: str) -> Any:
        form = {"_csrf": self.csrf, "act": act, "at": at, **fields}
        return self.client.post(self.url, data=form, headers=CHINESE, follow_redirects=False)

    def did(self, act: str, at: str = "", **fields: str) -> str:
        """Where it led; it was accepted."""
        answer = self.act(act, at, **fields)
        assert answer.status_code == 303, answer.text[:2000]
        return answer.headers["location"].partition("at=")[2]

    def questions(self) -> list[list[str]]:
        return [[q.id for q in page.questions] for page in self.document.pages]


@pytest.fixture
def author(deployment: Deployment, client: TestClient[Any]) -> Author:
    """At the builder of a published survey of two pages."""
    return Author(deployment, client)


def test_a_placeholder_on_the_canvas_is_called_what_it_stands_for(author: Author) -> None:
    """Not by its id; the panel keeps it as it is written. # R0.4 (part)"""
    question = author.questions()[1][0]
    text = {"zh-CN": "您这次{{visit.type}}的感受？"}
    edit = SetMember(of=question, member="text", value=text)
    drafts.apply_edit(author.deployment.db, "visit", edit, OTHER)
    page = author.page(question)
    canvas, panel = page[page.index('id="pages"') :].split('id="props"')
    assert "〔就诊类型〕的感受" in canvas and "{{" not in canvas
    assert "{{visit.type}}的感受" in html.unescape(panel)


def test_the_builder_shows_the_survey_and_the_properties(author: Author) -> None:
    """Pages, questions in their order, the palette, the chosen part. # R0.4 (part)"""
    text = author.page("overall")
    assert text.index("就诊过程") < text.index("总体感受？") < text.index("护士的态度？")
    assert 'value="insert rating"' in text and "题目设置 · 评分题" in text
    assert "与已发布的一致" in text
    assert "问卷设置" in author.page("nobody")


def test_questions_are_added_moved_copied_and_removed(author: Author) -> None:
    """By buttons and by where they are dropped; the part that was made is chosen. # R0.4 (part)"""
    assert author.did("insert yes_no", "overall") == "yes_no"
    assert author.questions()[0] == ["overall", "yes_no", "why"]
    assert author.did("insert text detail nurse") == "text"
    assert author.questions()[1][:2] == ["text", "nurse"]
    assert author.did("down yes_no") == "yes_no"
    assert author.questions()[0] == ["overall", "why", "yes_no"]
    author.did("down yes_no")
    assert author.questions() == [["overall", "why"], ["yes_no", "text", "nurse", "note", "photo"]]
    author.did("up yes_no")
    author.did("move yes_no detail -")
    assert author.questions()[1][-1] == "yes_no"
    assert author.did("copy yes_no") == "yes_no_2"
    assert author.did("remove yes_no_2") == "yes_no"
    assert author.did("page", "arrival") == "page"
    assert [page.id for page in author.document.pages] == ["arrival", "page", "detail"]
    assert author.did("remove page") == "arrival"
    for _ in range(9):
        author.did("undo")
    author.did("undo")
    assert author.act("undo").status_code == 409
    assert author.questions() == [["overall", "why"], ["nurse", "note", "photo"]]
    assert "与已发布的一致" in author.page()


def test_the_panel_saves_what_was_typed_with_any_button(author: Author) -> None:
    """Members, options and the act of the button together. # R0.4 (part)"""
    shown = author.shown("why")
    fields = {
        "shown": shown,
        "m:text/zh-CN": "哪里不满意？",
        "m:text/en": "Why?",
        "m:required": "on",
        "o:options/wait:text/zh-CN": "等得太久",
        "o:options/wait:points": "20",
    }
    assert author.did("add options", "why", **fields) == "why"
    why: Any = author.document.pages[0].questions[1]
    assert why.text == {"zh-CN": "哪里不满意？", "en": "Why?"} and why.required is True
    assert [one.id for one in why.options] == ["wait", "attitude", "option"]
    assert (why.options[0].text["zh-CN"], why.options[0].points) == ("等得太久", 20)
    author.did("down why/options/wait", "why")
    author.did("remove why/options/option", "why")
    why = author.document.pages[0].questions[1]
    assert [one.id for one in why.options] == ["attitude", "wait"]
    assert author.did("save", "why", **fields) == "why", "sent twice says nothing new"


def test_what_a_colleague_changed_meanwhile_is_shown_not_lost(author: Author) -> None:
    """The refusal says what stands there now, and what was typed is still in the form."""
    shown = author.shown("overall")
    theirs = SetMember(of="overall", member="text/zh-CN", value="同事写的")
    drafts.apply_edit(author.deployment.db, "visit", theirs, OTHER)
    refused = author.act("save", "overall", **{"shown": shown, "m:text/zh-CN": "我写的"})
    assert refused.status_code == 409
    assert "同事写的" in refused.text and "我写的</textarea>" in refused.text
    news = author.client.get(f"{author.url}/news?seq=0&was=overall", headers=CHINESE).text
    assert "同事 刚刚改了：总体感受？" in news or "同事 刚刚改了：同事写的" in news
    other_part = author.act("save", "overall", **{"shown": shown, "m:hint/zh-CN": "提示"})
    assert other_part.status_code == 303
    question = to_tree(author.document)["pages"][0]["questions"][0]
    assert (question["text"]["zh-CN"], question["hint"]["zh-CN"]) == ("同事写的", "提示")


def test_saving_as_one_types_takes_back_nothing_of_others(author: Author) -> None:
    """The hidden copy follows the form's own inputs; whoever was told may insist. # R0.4 (part)"""
    shown = author.shown("overall")

    def save(text: str, shown: str) -> tuple[int, str]:
        form = {"_csrf": author.csrf, "at": "overall", "shown": shown, "m:hint/zh-CN": "",
                "m:text/zh-CN": text}  # fmt: skip
        answer = author.client.post(
            author.url, data=form, headers=CHINESE | {"hx-request": "true"}, follow_redirects=False
        )
        found = re.search(r'name="shown" value="([^"]*)"', answer.text)
        assert found is not None
        return answer.status_code, html.unescape(found[1])

    status, shown = save("一", shown)
    assert status == 200 and '"一"' in shown
    theirs = SetMember(of="overall", member="hint/zh-CN", value="同事的提示")
    drafts.apply_edit(author.deployment.db, "visit", theirs, OTHER)
    status, shown = save("二", shown)
    assert status == 200 and "同事的提示" not in shown
    status, shown = save("三", shown)
    question = to_tree(author.document)["pages"][0]["questions"][0]
    assert (question["text"]["zh-CN"], question["hint"]["zh-CN"]) == ("三", "同事的提示")
    theirs = SetMember(of="overall", member="text/zh-CN", value="同事的题目")
    drafts.apply_edit(author.deployment.db, "visit", theirs, OTHER)
    status, shown = save("我的题目", shown)
    assert status == 409 and "同事的题目" in shown
    assert save("我的题目", shown)[0] == 200
    question = to_tree(author.document)["pages"][0]["questions"][0]
    assert (question["text"]["zh-CN"], question["hint"]["zh-CN"]) == ("我的题目", "同事的提示")


def test_a_part_that_others_name_is_kept_and_its_uses_are_listed(author: Author) -> None:
    """In words with a way there; a new id is followed by every rule and score."""
    refused = author.act("remove overall")
    assert refused.status_code == 409
    assert "哪些方面不满意？" in refused.text and "?at=why" in refused.text
    assert author.did("word", "overall", verb="rename", word="total") == "total"
    tree = to_tree(author.document)
    assert tree["pages"][0]["questions"][1]["show_if"]["ref"] == "total"
    assert tree["scores"][0]["of"] == ["total", "nurse"]
    for wrong in ("Total", "note", "", "a b", "数字"):
        assert author.act("word", "total", verb="rename", word=wrong).status_code == 409, wrong


def test_a_question_becomes_another_type_and_keeps_what_fits(author: Author) -> None:
    """Texts, rules and options stay."""
    author.did("word", "why", verb="type", word="single_choice")
    why = to_tree(author.document)["pages"][0]["questions"][1]
    assert (why["type"], why["id"]) == ("single_choice", "why")
    assert [one["id"] for one in why["options"]] == ["wait", "attitude"] and "show_if" in why
    refused = author.act("word", "overall", verb="type", word="statement")
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("member", "typed", "sentence"),
    [
        ("m:max", "十", "要填数字"),
        ("m:style", "roses", "没有这个选择"),
        ("m:ext", "{", "不是有效的 JSON"),
        ("m:codes", "his", "code"),
        ("m:codes", "|A1", "一行"),
        ("m:max", "0", "范围不对"),
    ],
)
def test_a_wrong_value_is_told_and_kept_in_the_form(
    author: Author, member: str, typed: str, sentence: str
) -> None:
    """Nothing is stored."""
    before = author.document
    answer = author.act("save", "overall", **{"shown": author.shown("overall"), member: typed})
    assert answer.status_code in (409, 422) and sentence in answer.text
    assert author.document == before


@pytest.mark.parametrize(
    "act",
    ["insert", "insert poem", "move overall", "up nobody", "remove nobody/options/x", "fly",
     "add options", "type", "remove overall/options/x", "move overall nowhere -", "copy nobody"],
)  # fmt: skip
def test_acts_about_nothing_are_refused(author: Author, act: str) -> None:
    """404 or 409, never an error of the server; markup stays text."""
    before = author.document
    assert author.act(act, "overall").status_code in (404, 409)
    assert author.document == before
    author.did("save", "overall", shown=author.shown("overall"),
               **{"m:text/zh-CN": "<script>alert(1)</script>"})  # fmt: skip
    assert "<script>alert" not in author.page("overall")


def test_the_doctor_tells_what_nobody_is_asked(author: Author) -> None:
    """At the part it concerns, in words; errors come first. # R0.5 (part)"""
    never = {"op": "gt", "ref": "overall", "value": 4}
    both = {"op": "all", "of": [never, {"op": "lt", "ref": "overall", "value": 3}]}
    edit = SetMember(of="why", member="show_if", value=both)
    drafts.apply_edit(author.deployment.db, "visit", edit, OTHER)
    told = author.client.get(f"{author.url}/doctor", headers=CHINESE).text
    assert "没有患者会被问到" in told and "?at=why" in told
    assert "没有患者会被问到题目“哪些方面不满意？”" in told and "原因在于" in told
    assert "显示「哪些方面不满意」的条件" in told
    author.did("insert rating", "overall", shown=author.shown("overall"))
    told = author.client.get(f"{author.url}/doctor", headers=CHINESE).text
    assert "还没写题目、缺英文 1 处" in told and "?at=rating" in told


def test_a_new_survey_is_written_and_published(author: Author) -> None:
    """From an empty form to what patients are asked, with a look at the findings. # R0.4 (part)"""
    client, form = author.client, {"_csrf": author.csrf}
    url = "/staff/surveys/new"
    assert client.post(url, data={**form, "title": " "}).status_code == 422
    made = client.post(url, data={**form, "title": "小调查"}, follow_redirects=False)
    author.url = made.headers["location"]
    survey = author.url.split("/")[3]
    assert re.fullmatch(r"form_\d{8}", survey)
    author.did("insert rating")
    looked = client.get(f"/staff/surveys/{survey}/publish", headers=CHINESE).text
    assert "还没写题目" in looked and "发布后成为第 1 版" not in looked
    author.did("save", "rating", shown=author.shown("rating"), **{"m:text/zh-CN": "满意吗？"})
    looked = client.get(f"/staff/surveys/{survey}/publish", headers=CHINESE).text
    seq = re.search(r'name="seq" value="(\d+)"', looked)
    assert seq is not None and "发布后成为第 1 版" in looked
    publish = {**form, "seq": seq[1]}
    stale = client.post(f"/staff/surveys/{survey}/publish", data={**publish, "seq": "0"})
    assert stale.status_code == 409
    done = client.post(f"/staff/surveys/{survey}/publish", data=publish, follow_redirects=False)
    assert done.status_code == 303
    published = author.deployment.surveys.get(survey, 1).survey.document
    assert [question.id for question in published.pages[0].questions] == ["rating"]
    like = client.post(url, data={**form, "title": "副本", "like": "visit"}, follow_redirects=False)
    copied = drafts.read_draft(author.deployment.db, like.headers["location"].split("/")[3])
    assert copied.document.title == {"zh-CN": "副本"} and len(copied.document.pages) == 2


def test_texts_are_translated_side_by_side(author: Author) -> None:
    """What is missing is counted; a colleague's text is not overwritten. # R0.4 (part)"""
    url = "/staff/surveys/visit/edit/texts"
    author.did("insert rating", "overall")
    text = author.client.get(f"{url}?of=arrival", headers=CHINESE).text
    assert "还有 2 处文字没有写" in text and 't:rating:text/en"' in text
    form = {"_csrf": author.csrf, "page": "arrival", "act": "save"}
    field = {"t:rating:text/en": "How was it?", "w:rating:text/en": ""}
    field |= {"t:rating:text/zh-CN": "满意吗？", "w:rating:text/zh-CN": ""}
    saved = author.client.post(url, data={**form, **field}, follow_redirects=False)
    assert saved.status_code == 303
    assert "所有文字都已写好" in author.client.get(url, headers=CHINESE).text
    option = {"t:why/options/wait:text/en": "Too long", "w:why/options/wait:text/en": "The wait"}
    assert author.client.post(url, data={**form, **option}).status_code == 200
    edit = SetMember(of="rating", member="text/en", value="Theirs")
    drafts.apply_edit(author.deployment.db, "visit", edit, OTHER)
    mine = {"t:rating:text/en": "Mine", "w:rating:text/en": "How was it?"}
    refused = author.client.post(url, data={**form, **mine}, headers=CHINESE)
    assert refused.status_code == 409 and "Theirs" in refused.text and "Mine<" in refused.text
    assert (
        to_tree(author.document)["pages"][0]["questions"][2]["options"][0]["text"]["en"]
        == "Too long"
    )


def test_edited_json_is_checked_and_never_lost(author: Author) -> None:
    """Errors name their places; what a colleague did meanwhile is looked at first. # R0.5 (part)"""
    url = "/staff/surveys/visit/edit/json"
    text = author.client.get(url, headers=CHINESE).text
    seq = re.search(r'name="seq" value="(\d+)"', text)
    assert seq is not None
    form = {"_csrf": author.csrf, "seq": seq[1]}

    def send(document: str) -> Any:
        return author.client.post(
            url, data={**form, "document": document}, headers=CHINESE, follow_redirects=False
        )

    broken = send("{不是 JSON")
    assert broken.status_code == 422 and "{不是 JSON" in broken.text
    tree = to_tree(author.document)
    wrong = json.dumps(tree | {"kind": "poem", "ghost": 1}, ensure_ascii=False)
    refused = send(wrong)
    assert refused.status_code == 422 and "/kind" in refused.text and "/ghost" in refused.text
    assert "poem" in refused.text
    assert send(json.dumps(tree | {"id": "another"})).status_code == 409
    assert send(json.dumps(tree | {"tags": ["x"]})).status_code == 303
    assert author.document.tags == ("x",)
    stale = send(json.dumps(tree | {"tags": ["y"]}))
    assert stale.status_code == 409 and '"y"' in html.unescape(stale.text)
    author.did("undo")
    assert author.document.tags == ()


def test_only_designers_enter(author: Author) -> None:
    """Others are refused, a form without its token changes nothing, unknown surveys are 404."""
    assert author.client.post(author.url, data={"act": "insert rating"}).status_code == 403
    assert author.client.get("/staff/surveys/none/edit").status_code == 404
    sign_in(author.deployment, author.client, "reader", "analyst")
    assert author.client.get(author.url).status_code == 403


@pytest.mark.parametrize(
    ("act", "at"),
    [("save", "q10_0"), ("insert rating", "q10_0"), ("add options", "q10_3"), ("copy", "q10_4"),
     ("down q10_4", "q10_4"), ("remove q10_4_2", "q10_4"), ("undo", "q10_0")],
)  # fmt: skip
def test_an_act_moves_as_much_in_a_long_survey_as_in_a_short_one(
    author: Author, act: str, at: str
) -> None:
    """Statements, and pieces of the page with what stands in them: 200 questions or ten.

    # R0.4 (part)
    """
    moved: dict[str, tuple[int, int, int]] = {}
    for survey in surveys():
        store_survey(author.deployment.db, json.dumps(survey).encode(), publish=False)
        author.url = f"/staff/surveys/{survey['id']}/edit"
        shown = {"shown": author.shown(at), "m:text": "另一个问法"}
        author.did("save", at, **shown)
        author.did("copy q10_4", at)
        seq = re.search(r'name="seq" value="(\d+)"', author.page(at))
        assert seq is not None
        typed = {"shown": author.shown(at), "m:text": "又一个"} if act == "save" else {}
        form = {"_csrf": author.csrf, "act": act, "at": at, "was": at, "seq": seq[1], **typed}
        statements: list[str] = []
        with counted(author.deployment.db, statements):
            answer = author.client.post(
                author.url, data=form, headers=CHINESE | {"hx-request": "true"}
            )
        assert answer.status_code == 200, answer.text[:500]
        text = re.sub(r"<option.*?</option>", "", answer.text)  # the pages it may be moved to
        moved[survey["id"]] = (len(statements), text.count("hx-swap-oob"), text.count("<"))
    (asked, pieces, marks), few = moved["bench"], moved["few"]
    assert asked <= few[0] + 2, "who is here is noted from time to time"
    assert asked <= 24
    assert pieces <= few[1] + 2, "a neighbour's rule may speak of what was changed"
    assert marks <= few[2] * 3, "the long one has rules on its lines, which are drawn as well"


@contextmanager
def counted(db: Database, into: list[str]) -> Generator[None]:
    """Every statement that the block sends to the database."""

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        into.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield
    event.remove(db.engine, "before_cursor_execute", note)


def test_an_edit_of_a_long_survey_sends_what_it_changed(author: Author) -> None:
    """Questions of 200, a page where the order changed; all where the browser is behind.

    # R0.4 (part)
    """
    store_survey(author.deployment.db, json.dumps(build()).encode(), publish=False)
    author.url = "/staff/surveys/bench/edit"
    seen = {"was": "q3_3", "seq": "1"}

    def send(act: str, **fields: str) -> Any:
        form = {"_csrf": author.csrf, "act": act, "at": "q3_3", **seen, **fields}
        headers = CHINESE | {"hx-request": "true"}
        answer = author.client.post(author.url, data=form, headers=headers)
        assert answer.status_code == 200
        seen["seq"] = re.search(r'name="seq" value="(\d+)"', answer.text)[1]  # type: ignore[index]
        return answer

    whole = author.page("q3_3")
    seen["seq"] = re.search(r'name="seq" value="(\d+)"', whole)[1]  # type: ignore[index]
    saved = send("save", shown=author.shown("q3_3"), **{"m:text": "另一个问法"}).text
    assert len(re.findall(r'id="line-', saved)) <= 20 and "另一个问法" in saved
    assert 'id="sheet-' not in saved and len(saved) * 5 < len(whole)
    moved = send("down q19_1").text
    assert re.findall(r'id="sheet-(\w+)"', moved) == ["p19"]
    seen["seq"] = "0"
    assert len(re.findall(r'id="sheet-', send("down q19_1").text)) == 20


def test_rows_of_a_matrix_are_added_moved_and_removed(author: Author) -> None:
    """Its rows for themselves, its answers on a scale or by options. # R0.4 (part)"""
    at = author.did("insert matrix", "nurse")
    text = author.page(at)
    assert "评价哪几项" in text and f'value="remove {at}/rows/row_1"' in text
    assert "add options" not in text, "it is answered on a scale"
    author.did("many rows", at, **{"many:rows": "1. 医生\n2. 护士\n3. 收费员"})
    author.did(f"up {at}/rows/row", at)
    author.did(f"remove {at}/rows/row_1", at)
    matrix = next(q for q in author.document.pages[1].questions if q.id == at)
    rows: Any = to_tree(author.document)["pages"][1]["questions"][1]["rows"]
    assert [one["text"]["zh-CN"] for one in rows] == ["收费员", "护士"] and matrix.type == "matrix"
    author.did("answers options", at)
    assert "add options" in author.page(at)
    author.did("ready options satisfied", at)
    author.did("answers scale", at)
    assert author.act("answers", "overall").status_code == 404
    assert author.act("ready options rudely", "why").status_code == 404


def test_many_options_at_once_have_a_limit(author: Author) -> None:
    """A hundred lines, and none of them longer than a text may be; nothing is half done."""
    many = {"many:options": "\n".join(f"选项{n}" for n in range(101))}
    assert author.act("many options", "why", **many).status_code == 422
    assert author.act("many options", "why", **{"many:options": "长" * 30_000}).status_code == 409
    author.did("many options", "why", **{"many:options": " \n \n"})
    assert len(to_tree(author.document)["pages"][0]["questions"][1]["options"]) == 2
    author.did("other", "why")
    options = to_tree(author.document)["pages"][0]["questions"][1]["options"]
    assert (options[-1]["text"], options[-1]["text_entry"]) == (
        {"zh-CN": "其他", "en": "Other"},
        "optional",
    )


def test_the_kind_of_text_is_chosen_in_the_panel(author: Author) -> None:
    """A mobile number is asked for without a pattern. # R0.4 (part)"""
    shown = author.shown("note")
    author.did("save", "note", shown=shown, **{"m:format": "phone_cn"})
    note: Any = next(q for q in author.document.pages[1].questions if q.id == "note")
    assert note.format == "phone_cn"
