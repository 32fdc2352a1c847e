"""The logic doctor: each finding with a patient and the rules that show it, in words."""

import html
import json
import re
from typing import Any

import pytest
from litestar.testing import TestClient

import engine
from builder.decisions import Decisions
from engine.scope import Scope
from runtime.staff.standing import facts_of
from runtime.surveys import findings
from runtime.surveys.service import put_draft
from runtime.wiring import Deployment
from tests.runtime.test_build_page import OTHER
from tests.runtime.test_users_page import sign_in

CHINESE = {"accept-language": "zh-CN"}
URL = "/staff/surveys/flawed"


def _is(value: int) -> dict[str, Any]:
    return {"op": "eq", "ref": "overall", "value": value}


BOTH = {"op": "all", "of": [_is(1), _is(5)]}
EITHER = {"op": "any", "of": [{"op": "ge", "ref": "overall", "value": 3},
                              {"op": "le", "ref": "overall", "value": 3}]}  # fmt: skip
FLAWED: dict[str, Any] = {
    "format": "huisheng.survey/1", "id": "flawed", "title": {"zh-CN": "有毛病的问卷"},
    "languages": ["zh-CN"], "kind": "survey",
    "pages": [
        {"id": "first", "title": {"zh-CN": "就诊"}, "questions": [
            {"id": "overall", "type": "rating", "required": True,
             "text": {"zh-CN": "总体感受如何？"},
             "labels": {"1": {"zh-CN": "很不满意"}, "5": {"zh-CN": "很满意"}}},
            {"id": "dead", "type": "yes_no", "text": {"zh-CN": "要不要回电话？"}, "show_if": BOTH},
            {"id": "why", "type": "multi_choice", "text": {"zh-CN": "哪里不好？"}, "options": [
                {"id": "wait", "text": {"zh-CN": "等候太久"}},
                {"id": "ghost", "text": {"zh-CN": "食堂太远"}, "show_if": BOTH}]},
            {"id": "note", "type": "text", "text": {"zh-CN": "还想说什么？"}, "required": BOTH},
            {"id": "asked", "type": "yes_no", "text": {"zh-CN": "能再问您吗？"},
             "show_if": EITHER}],
         "next": [{"if": BOTH, "to": "end"}]},
        {"id": "second", "title": {"zh-CN": "环境"}, "questions": [
            {"id": "clean", "type": "yes_no", "text": {"zh-CN": "干净吗？"}}]}],
    "alerts": [{"id": "bad", "title": {"zh-CN": "很差"}, "when": BOTH,
                "open_case": "complaint"}],
}  # fmt: skip


@pytest.fixture
def flawed(deployment: Deployment, client: TestClient[Any]) -> TestClient[Any]:
    """A designer before a draft with every kind of fault that the proof finds."""
    put_draft(deployment.db, "flawed", json.dumps(FLAWED).encode(), if_match=None, actor=OTHER)
    settle(FLAWED, "/pages/0/questions/1/show_if")
    sign_in(deployment, client, "designer", "survey_designer")
    return client


def settle(document: dict[str, Any], *about: str) -> None:
    """Prove it without haste, as a machine that is busy may not in the half second of a page."""
    parsed = engine.parse(json.dumps(document).encode()).document
    assert parsed is not None
    for one in ("", *about):
        assert not findings.prove(parsed, 60.0, one).undecided


def read(client: TestClient[Any], path: str, **headers: str) -> str:
    answer = client.get(URL + path, headers=CHINESE | headers)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def test_each_finding_has_a_patient_in_words(flawed: TestClient[Any]) -> None:
    """A dead question, a dead option, rules of five kinds that contradict themselves, and one that
    always holds. # R0.5 (part)"""
    told = read(flawed, "/edit/doctor")
    for says in ("没有患者会被问到题目“要不要回电话？”", "选项“食堂太远”没有人能选到",
                 "的患者永远不会看到这里", "的患者永远看不到这个选项", "的患者可以不答这道题",
                 "的患者不会走这条跳转", "的患者不会引出这条预警",
                 "的患者也会看到这里"):  # fmt: skip
        assert says in told, (says, told)
    patients = re.findall(r"例如，「总体感受如何」答「([^」]+)」的患者", told)
    assert len(patients) == 6
    assert not re.search(r"overall|ghost|dead|eq\b", re.sub(r"<[^>]*>", " ", told))


def test_a_finding_tells_the_patient_before_the_rules(flawed: TestClient[Any]) -> None:
    """First who never sees the question, then the rule that excludes everybody. # R0.5 (part)"""
    told = read(flawed, "/edit/doctor")
    at = told[told.index("要不要回电话") :]
    assert at.index("例如") < at.index("原因在于") < at.index("显示「要不要回电话」的条件")


def test_findings_stand_at_their_parts_too(flawed: TestClient[Any]) -> None:
    """What the canvas is sent: at each question, chosen or not. # R0.5 (part)"""
    pieces = read(flawed, "/edit/doctor?was=overall", **{"hx-request": "true"})
    at = dict(re.findall(r'innerHTML:#found-(\w+)">(.*?)</div>', pieces, re.DOTALL))
    assert "永远不会看到这里" in at["dead"] and "永远看不到这个选项" in at["why"]
    assert "可以不答这道题" in at["note"] and "也会看到这里" in at["asked"]
    assert "不会走这条跳转" in at["first"] and "overall" not in at
    chosen = read(flawed, "/edit/doctor?was=dead", **{"hx-request": "true"})
    here = chosen[chosen.index("#found-here") :]
    assert here.count("永远不会看到这里") == 1


def test_a_finding_is_told_once(flawed: TestClient[Any]) -> None:
    """That nobody sees a part and that its own condition is never true are one matter; the page
    that publishes has the same sentences, and a tick for each. # R0.4 (part)"""
    told, publish = read(flawed, "/edit/doctor"), read(flawed, "/publish")
    assert told.count("由它控制的内容永远不会出现") == 2  # a `required` and an alert
    ticks = re.findall(r'name="seen:\d+" value="(\S+) ', publish)
    assert sorted(ticks) == sorted(
        ["unreachable_question", "unreachable_option", "never_true", "always_true", "dead_jump",
         "never_true"]
    )  # fmt: skip
    assert publish.count("例如，") == told.count("例如，") == 6


def test_a_sound_part_tells_who_sees_it_and_who_does_not(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """For the chosen one, without a finding. # R0.5 (part)"""
    sound = json.loads(json.dumps(FLAWED)) | {"alerts": []}
    first = sound["pages"][0]
    first["questions"] = first["questions"][:2]
    first["questions"][1]["show_if"] = _is(1)
    del first["next"]
    put_draft(deployment.db, "flawed", json.dumps(sound).encode(), if_match=None, actor=OTHER)
    settle(sound, "/pages/0/questions/1/show_if")
    sign_in(deployment, client, "designer", "survey_designer")
    pieces = read(client, "/edit/doctor?was=dead", **{"hx-request": "true"})
    assert "永远不会看到这里" in pieces and "而「总体感受如何」答「1 分」的患者会看到" in pieces


def test_what_the_proof_made_up_is_told_as_any_other() -> None:
    """A patient of another department than the rule's is of another one, not of 「a」.

    # R0.4 (part)
    """
    at_heart = {"op": "eq", "ref": "visit.department", "value": "heart"}
    with_heart = {"op": "ne", "ref": "where", "value": "heart"}
    where = {"id": "where", "type": "department", "text": {"zh-CN": "哪个科？"}}
    note = {"id": "note", "type": "text", "text": {"zh-CN": "还想说什么？"},
            "show_if": {"op": "all", "of": [at_heart, with_heart]}}  # fmt: skip
    survey = FLAWED | {
        "context": {"visit.department": {"type": "text", "title": {"zh-CN": "就诊科室"}}},
        "pages": [{"id": "first", "questions": [where, note]}], "alerts": [],
    }  # fmt: skip
    document = engine.parse(json.dumps(survey).encode()).document
    assert document is not None
    words = Decisions(Scope(document), "zh-CN", names={"heart": "心血管科"})
    shown, hidden = (
        {"context": {"visit.department": one}, "answers": {"where": other}}
        for one, other in (("heart", "a"), ("a", "heart"))
    )
    names = ("visit.department", "where")
    assert [value for _, value in facts_of(words, names, shown)] == ["「心血管科」", "（其他）"]
    assert [value for _, value in facts_of(words, names, hidden)] == ["（其他）", "「心血管科」"]
