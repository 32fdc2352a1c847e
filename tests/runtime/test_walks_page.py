"""The test patients' page, driven as a form without scripts drives it."""

import html
import json
import re
from typing import Any

import pytest
from litestar.testing import TestClient

import engine
from builder.edits import SetMember
from builder.tree import write
from engine.branches import Branch, branches, taken
from engine.definition import Document
from runtime.drafts import service as drafts
from runtime.org.models import Department, Site, StaffMember
from runtime.org.service import store_organisation
from runtime.surveys import findings
from runtime.surveys.service import put_draft, store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with
from tests.runtime.test_build_page import OTHER
from tests.runtime.test_scope import words
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
URL = "/staff/surveys/visit/edit/walks"
WALK = {
    "id": "content",
    "title": "满意的患者",
    "answers": {"overall": 5, "nurse": 4},
    "expect": {"asked": ["overall", "nurse", "note", "photo"], "scores": {"service": 87.5},
               "ending": "thanks"},
}  # fmt: skip


class Bench:
    """A designer at the test patients of a survey with one."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment = deployment
        self.client = client
        store_survey(deployment.db, json.dumps(survey_with(walks=[WALK])).encode(), publish=True)
        self.csrf = sign_in(deployment, client, "designer", "survey_designer")

    @property
    def document(self) -> Document:
        return drafts.read_draft(self.deployment.db, "visit").document

    @property
    def text(self) -> str:
        answer = self.client.get(URL, headers=CHINESE)
        assert answer.status_code == 200
        return html.unescape(answer.text)

    def do(self, what: str, status: int = 303, **fields: str) -> str:
        data = {"_csrf": self.csrf, "do": what, **fields}
        answer = self.client.post(URL, data=data, headers=CHINESE, follow_redirects=False)
        assert answer.status_code == status, answer.text[:2000]
        return html.unescape(answer.text)

    def edit(self, of: str, member: str, value: Any) -> None:
        edit = SetMember(of=of, member=member, value=value)
        drafts.apply_edit(self.deployment.db, "visit", edit, OTHER)

    def covered(self) -> frozenset[Branch]:
        survey = engine.compile_survey(self.document)
        each = (taken(survey, w.answers, w.context, w.today) for w in self.document.walks)
        return frozenset[Branch]().union(*each)


@pytest.fixture
def bench(deployment: Deployment, client: TestClient[Any]) -> Bench:
    """At the test patients of a published survey."""
    return Bench(deployment, client)


def test_proposals_are_added_until_every_branch_is_covered(bench: Bench) -> None:
    """The share stands there before and after each; the engine counts the same. # R0.4 (part)"""
    every = branches(engine.compile_survey(bench.document).scope)
    text = bench.text
    before = len(bench.covered())
    assert f"已覆盖 {before}/{len(every)} 个分支" in text and before < len(every)
    keys = re.findall(r'value="add (\w+)"', text)
    promised = [int(n) for n in re.findall(rf"加上后 (\d+)/{len(every)}", text)]
    for key, after in zip(keys, promised, strict=True):
        bench.do(f"add {key}")
        assert len(bench.covered()) == after
    assert promised[-1] == len(every) and "建议补上的测试患者" not in bench.text
    assert engine.run_walks(engine.compile_survey(bench.document)) == ()
    bench.do(f"add {keys[0]}", status=404)


def test_all_proposals_at_once_are_one_edit(bench: Bench) -> None:
    """Taken back in one step. # R0.4 (part)"""
    before = write(bench.document)
    bench.do("add_all")
    assert len(bench.covered()) == len(findings.ways(bench.document, 10.0).reachable)
    actor = drafts.history_of(bench.deployment.db, "visit")[0]
    assert actor.actor_name == "designer"
    data = {"_csrf": bench.csrf, "act": "undo", "at": "", "tab": "walks"}
    undone = bench.client.post("/staff/surveys/visit/edit", data=data, follow_redirects=False)
    assert undone.headers["location"] == URL
    assert write(bench.document) == before


REAL: dict[str, Any] = {
    "format": "huisheng.survey/1", "id": "visit", "title": {"zh-CN": "就诊"},
    "languages": ["zh-CN"], "kind": "survey", "context": {"visit.department": {"type": "text"}},
    "pages": [{"id": "only", "title": {"zh-CN": "一"}, "questions": [
        {"id": "known", "type": "yes_no", "text": {"zh-CN": "是这个科室吗？"}, "required": True,
         "show_if": {"op": "answered", "ref": "visit.department"}},
        {"id": "where", "type": "department", "text": {"zh-CN": "哪个科室？"}, "required": True,
         "show_if": {"op": "not", "of": {"op": "answered", "ref": "visit.department"}}},
        {"id": "skin", "type": "yes_no", "text": {"zh-CN": "皮肤好些了吗？"}, "required": True,
         "show_if": {"op": "eq", "ref": "where", "value": "skin"}},
        {"id": "who", "type": "staff", "of": "where", "text": {"zh-CN": "哪位医生？"},
         "required": True, "show_if": {"op": "ne", "ref": "where", "value": "skin"}},
        {"id": "proof", "type": "picture_upload", "text": {"zh-CN": "照片"}, "required": True},
        {"id": "note", "type": "text", "text": {"zh-CN": "想说的话"}, "required": True},
        {"id": "phone", "type": "text", "format": "phone_cn", "text": {"zh-CN": "电话"},
         "required": True}]}],
}  # fmt: skip


def test_proposed_patients_go_to_departments_of_this_hospital(bench: Bench) -> None:
    """Read by name, kept by the dictionary's own ids, replayed to the same ways. # R0.4 (part)"""
    db = bench.deployment.db
    store_organisation(
        db,
        sites=[Site(id="north", name=words("北院"), kind="hospital")],
        departments=[Department(id=one, name=words(name), sites=("north",))
                     for one, name in (("skin", "皮肤科"), ("eye", "眼科"))],
        staff=[StaffMember(id="d1", name=words("李医生"), department="eye", site="north")],
        dictionaries={},
    )  # fmt: skip
    put_draft(db, "visit", json.dumps(REAL).encode(), if_match="*", actor=OTHER)
    text = bench.text
    assert "皮肤科" in text and "眼科" in text and "李医生" in text
    assert "1 个文件" in text and "测试内容" in text and "138" in text
    assert not re.search(r"<dd>a1?</dd>", text)
    bench.do("add_all")
    document = bench.document
    survey = engine.compile_survey(document)
    assert engine.run_walks(survey) == () and bench.covered() == set(branches(survey.scope))
    answered = [one.answers.get("where") for one in document.walks]
    assert set(answered) - {None} == {"skin", "eye"}
    assert {one.answers["who"] for one in document.walks if "who" in one.answers} == {"d1"}
    assert "建议补上的测试患者" not in bench.text


def test_without_a_dictionary_proposals_stay_what_they_were(bench: Bench) -> None:
    """A hospital that has not loaded its departments yet is proposed patients all the same."""
    put_draft(bench.deployment.db, "visit", json.dumps(REAL).encode(), if_match="*", actor=OTHER)
    bench.do("add_all")
    assert engine.run_walks(engine.compile_survey(bench.document)) == ()


DATED: dict[str, Any] = REAL | {
    "context": {"visit.date": {"type": "date"}},
    "pages": [{"id": "only", "title": {"zh-CN": "一"}, "questions": [
        {"id": "when", "type": "date", "text": {"zh-CN": "哪天出院的？"}, "required": True},
        {"id": "hour", "type": "time", "text": {"zh-CN": "几点到的？"}, "required": True},
        {"id": "soon", "type": "yes_no", "text": {"zh-CN": "还会再来吗？"}, "required": True,
         "show_if": {"op": "gt", "ref": "when", "other": "today"}},
        {"id": "moved", "type": "yes_no", "text": {"zh-CN": "改过日期吗？"}, "required": True,
         "show_if": {"op": "lt", "ref": "visit.date", "other": "when"}},
        {"id": "old", "type": "yes_no", "text": {"zh-CN": "是旧院区吗？"}, "required": True,
         "show_if": {"op": "le", "ref": "when", "value": "1980-05-05"}}]}],
}  # fmt: skip


def test_proposed_patients_live_in_our_days(bench: Bench) -> None:
    """Days and hours are near the patient's own day, but where a rule asks for others.
    # R0.4 (part)"""
    put_draft(bench.deployment.db, "visit", json.dumps(DATED).encode(), if_match="*", actor=OTHER)
    bench.do("add_all")
    survey = engine.compile_survey(bench.document)
    assert engine.run_walks(survey) == () and bench.covered() == set(branches(survey.scope))
    walks = bench.document.walks
    days = [(w.answers["when"], w.context.get("visit.date"), w.today) for w in walks]
    now = ("2025", "2026", "2027")
    assert all(today is None or today.startswith(now) for _, _, today in days), days
    assert all(when.startswith(now) or when <= "1980-05-05" for when, _, _ in days), days
    assert all(
        visit is None or visit.startswith(now) or when <= "1980-05-05" for when, visit, _ in days
    ), days
    assert {walk.answers["hour"] for walk in walks} == {"09:00"}


def test_what_no_longer_holds_is_said_in_words_and_accepted_in_one_press(bench: Bench) -> None:
    """Questions that are asked no more or newly, scores, endings. # R0.4 (part)"""
    assert "与预期一致" in bench.text
    rule = {"op": "le", "ref": "overall", "value": 2}
    bench.edit("note", "show_if", rule)
    bench.edit("why", "show_if", {"op": "ge", "ref": "overall", "value": 4})
    bench.edit("service", "weights", {"nurse": 3})
    text = bench.text
    assert "预期问到「您想说的话」，现在没有问到。" in text
    assert "预期不问「哪些方面不满意」，现在问到了。" in text
    assert "得分「服务」预期 87.5 分，现在 81.25 分。" in text
    bench.do("accept content")
    expect = bench.document.walks[0].expect
    assert expect.asked == ("overall", "why", "nurse", "photo")
    assert expect.scores == {"service": 81.25} and "与预期不同" not in bench.text
    drafts.undo(bench.deployment.db, "visit", drafts_actor(bench))
    assert "与预期不同" in bench.text


def drafts_actor(bench: Bench) -> Any:
    from runtime.accounts import users
    from runtime.audit.models import Actor

    with bench.deployment.db.begin() as connection:
        user = users.ensure(connection, "designer", "designer")
    return Actor("staff", str(user), "designer", None, "staff", None)


def test_a_patient_is_renamed_copied_opened_and_removed(bench: Bench) -> None:
    """Each keeps the others as they are. # R0.4 (part)"""
    bench.do("rename content", title="  很满意的\0 患者 ")
    bench.do("copy content")
    first, second = bench.document.walks
    assert (first.title, second.title) == ("很满意的 患者", "很满意的 患者（副本）")
    assert first.answers == second.answers and first.id != second.id
    opened = bench.client.get("/staff/surveys/visit/preview?walk=content", headers=CHINESE).text
    assert '"overall":5' in html.unescape(opened)
    bench.do(f"remove {second.id}")
    assert bench.document.walks == (first,)
    bench.do("rename content", title=" ")
    assert bench.document.walks[0].title == "很满意的 患者"


@pytest.mark.parametrize("what", ["fly", "", "add", "add zz", "accept x", "copy ../x", "remove "])
def test_an_act_on_nobody_is_not_found(bench: Bench, what: str) -> None:
    """Nothing changes."""
    before = write(bench.document)
    bench.do(what, status=404)
    assert write(bench.document) == before


def test_an_unfinished_draft_shows_its_patients_without_a_share(bench: Bench) -> None:
    """A rule that names nobody, a question without text: no exception, and the way out.
    # R0.4 (part)"""
    broken = json.loads(json.dumps(survey_with(walks=[WALK])))
    broken["pages"][0]["questions"][0]["show_if"] = {"op": "eq", "ref": "nobody", "value": 1}
    put_draft(bench.deployment.db, "visit", json.dumps(broken).encode(), if_match="*")
    assert "暂时走不了" in bench.text and "已覆盖" not in bench.text
    bench.do("accept content", status=404)
    bench.do("add_all", status=404)
    text = json.loads(json.dumps(survey_with(walks=[WALK])))
    text["pages"][0]["questions"][0]["text"] = {"zh-CN": ""}
    put_draft(bench.deployment.db, "visit", json.dumps(text).encode(), if_match="*")
    assert "与预期一致" in bench.text and "已覆盖" not in bench.text


def test_an_unfinished_patient_is_said_not_to_count(bench: Bench) -> None:
    """A required question left open. # R0.4 (part)"""
    bench.edit("content", "answers", {"overall": 5})
    assert "没有答完：「护士的态度」。" in bench.text
    assert bench.covered() == frozenset()


def test_words_of_patients_stay_words(bench: Bench) -> None:
    """A title and answers that would run. # S21 (part)"""
    bench.edit("content", "title", "<img src=x onerror=alert(1)>")
    bench.edit("content", "answers", {"overall": 5, "nurse": 4, "note": "<script>x</script>"})
    raw = bench.client.get(URL, headers=CHINESE).text
    assert "<img src=x" not in raw and "<script>x" not in raw


def test_what_nobody_can_reach_is_named_and_not_counted(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A question behind a rule that never holds. # R0.4 (part)"""
    document = json.loads(json.dumps(SURVEY))
    document["pages"][1]["questions"][1]["show_if"] = {"op": "gt", "ref": "overall", "value": 9}
    store_survey(deployment.db, json.dumps(document).encode())
    csrf = sign_in(deployment, client, "designer", "survey_designer")
    client.post(URL, data={"_csrf": csrf, "do": "add_all"})
    text = html.unescape(client.get(URL, headers=CHINESE).text)
    assert "谁也走不到的 1 个分支" in text and "问到「您想说的话」" in text
    found = re.search(r"已覆盖 (\d+)/(\d+) 个分支", text)
    assert found is not None and found[1] == found[2]
