"""The publishing page, driven as a form without scripts drives it."""

import html
import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from builder.edits import AnyEdit, Insert, Remove, SetMember
from runtime.audit.models import Actor
from runtime.drafts import service as drafts
from runtime.parameters.service import change
from runtime.responses.fits import tally
from runtime.surveys import approvals, queries, service
from runtime.wiring import Deployment
from tests.runtime.conftest import Patient, survey_with
from tests.runtime.test_build_page import OTHER
from tests.runtime.test_users_page import sign_in
from tests.runtime.test_walks_page import WALK

CHINESE = {"accept-language": "zh-CN"}
URL = "/staff/surveys/visit/publish"


class Publisher:
    """Somebody at the publishing page of a survey with one test patient."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment = deployment
        self.client = client
        data = json.dumps(survey_with(walks=[WALK])).encode()
        service.store_survey(deployment.db, data, publish=True)
        self.csrf = ""
        self.sign_in("designer", "survey_designer")

    def sign_in(self, login: str, *roles: str) -> None:
        self.csrf = sign_in(self.deployment, self.client, login, *roles)

    def edit(self, *edits: AnyEdit, actor: Actor = OTHER) -> None:
        for one in edits:
            drafts.apply_edit(self.deployment.db, "visit", one, actor)

    @property
    def raw(self) -> str:
        answer = self.client.get(URL, headers=CHINESE)
        assert answer.status_code == 200
        return answer.text

    @property
    def text(self) -> str:
        return html.unescape(self.raw)

    def form(self) -> dict[str, str]:
        """What the page's form holds, every warning ticked."""
        found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.raw))
        ticks = re.findall(r'type="checkbox" name="(seen:\d+)" value="([^"]*)"', self.raw)
        return {name: html.unescape(value) for name, value in [*found.items(), *ticks]}

    def post(self, where: str = "", **fields: str) -> Any:
        data = self.form() | {"_csrf": self.csrf} | fields
        return self.client.post(URL + where, data=data, headers=CHINESE, follow_redirects=False)

    @property
    def version(self) -> int | None:
        return queries.get_line(self.deployment.db, "visit").version


@pytest.fixture
def publisher(deployment: Deployment, client: TestClient[Any]) -> Publisher:
    """At the publishing page of a published survey."""
    return Publisher(deployment, client)


def _title(text: str) -> SetMember:
    return SetMember(of="detail", member="title/zh-CN", value=text)


def test_a_sound_draft_is_published_with_its_notes(publisher: Publisher) -> None:
    """The version says who published it and why. # R0.4 (part)"""
    assert "没有尚未发布的修改" in publisher.text
    publisher.edit(_title("新名字"))
    text = publisher.text
    assert "1 位测试患者走出来的结果都与预期一致" in text and "没有错误" in text
    assert "详情" in text and "新名字" in text
    sent = publisher.post(notes=" 改了页名\r\n第二行\0 ")
    assert sent.status_code == 303
    line = queries.list_versions(publisher.deployment.db, "visit")[0]
    assert (line.version, line.published_by, line.notes) == (2, "designer", "改了页名\n第二行")


def test_a_broken_test_patient_forbids_publishing_and_says_how(publisher: Publisher) -> None:
    """Which one, and what is no longer so; the button is not there, and pressing it anyway is
    refused. # R0.4 (part)"""
    publisher.edit(SetMember(of="note", member="show_if", value={"op": "le", "ref": "overall",
                                                                 "value": 2}))  # fmt: skip
    text = publisher.text
    assert "满意的患者" in text and "预期问到「您想说的话」，现在没有问到。" in text
    assert "照样发布" not in text
    seq = str(drafts.seq_of(publisher.deployment.db, "visit"))
    assert publisher.post(seq=seq).status_code == 422
    assert publisher.version == 1


def test_every_warning_has_to_be_seen(publisher: Publisher) -> None:
    """A tick each; a tick for another warning does not do. # R0.4 (part)"""
    never = {"op": "gt", "ref": "overall", "value": 9}
    publisher.edit(
        SetMember(of="content", member="expect", value={"ending": "thanks"}),
        SetMember(of="note", member="show_if", value=never),
        SetMember(of="photo", member="show_if", value=never),
    )
    form = publisher.form()
    ticks = [name for name in form if name.startswith("seen:")]
    assert len(ticks) >= 2
    refused = publisher.post(**{ticks[-1]: form[ticks[0]]})
    assert refused.status_code == 409 and "请逐条勾选" in refused.text
    assert publisher.version == 1
    assert publisher.post().status_code == 303
    assert publisher.version == 2


def test_errors_stand_at_their_places(publisher: Publisher) -> None:
    """With a link to each; nothing is proved or compared before. # R0.4 (part)"""
    publisher.edit(Insert(into="arrival", list="questions", value={
        "id": "unsaid", "type": "yes_no", "text": {"zh-CN": ""}}))  # fmt: skip
    text = publisher.text
    assert 'href="/staff/surveys/visit/edit?at=unsaid"' in text and "处错误" in text
    seq = str(drafts.seq_of(publisher.deployment.db, "visit"))
    assert publisher.post(seq=seq).status_code == 422
    assert publisher.version == 1


def test_what_is_not_written_yet_is_one_line_a_question(publisher: Publisher) -> None:
    """Called by its number, with all that it lacks. # R0.4 (part)"""
    publisher.edit(Insert(into="arrival", list="questions", value={
        "id": "unsaid", "type": "single_choice", "text": {"zh-CN": ""},
        "options": [{"id": "a", "text": {"zh-CN": ""}}, {"id": "b", "text": {"zh-CN": ""}}],
    }))  # fmt: skip
    text = publisher.text
    assert len(re.findall(r'at=unsaid">第 \d+ 题（单选题）</a>', text)) == 1
    assert "有 2 个选项还没写" in text and "还有 1 处错误" in text


def test_a_draft_changed_after_it_was_looked_at_is_looked_at_again(publisher: Publisher) -> None:
    """What was ticked and written stays. # R0.4 (part)"""
    publisher.edit(_title("一"))
    form = publisher.form()
    publisher.edit(_title("二"))
    sent = publisher.post(seq=form["seq"], notes="我的说明")
    assert sent.status_code == 409 and "又有改动" in sent.text and "我的说明" in sent.text
    assert publisher.version == 1


def test_another_person_approves_or_returns(publisher: Publisher) -> None:
    """Asked for by the author, returned with a reason, asked again, approved. # R0.4 (part)"""
    db = publisher.deployment.db
    change(db, OTHER, "publishing.approve_surveys", True)
    publisher.edit(_title("待批"))
    assert "提交审批" in publisher.text and "照样发布" not in publisher.text
    refused = publisher.post()
    assert refused.status_code == 409 and "须经第二人审批" in refused.text
    assert publisher.post("/ask", notes="请看").status_code == 303
    own = publisher.text
    assert "正在等待另一位同事审批" in own and "同意并发布" not in own
    waiting = approvals.newest(db, "visit")
    assert waiting is not None
    assert publisher.post(approval=str(waiting.id)).status_code == 403

    publisher.sign_in("reviewer", "reviewer")
    assert "等待您审批" in html.unescape(publisher.client.get("/staff/", headers=CHINESE).text)
    text = publisher.text
    assert "同意并发布" in text and "请看" in text
    empty = publisher.post("/return", reason="  ")
    assert empty.status_code == 422 and "请写明退回的原因" in empty.text
    assert publisher.post("/return", reason="错字").status_code == 303
    assert "已被退回" in publisher.text and "错字" in publisher.text

    publisher.sign_in("designer")
    assert publisher.post("/ask", notes="改好了").status_code == 303
    publisher.sign_in("reviewer")
    assert publisher.post().status_code == 303
    assert publisher.version == 2
    line = queries.list_versions(db, "visit")[0]
    assert (line.published_by, line.approved_by) == ("designer", "reviewer")


def test_who_asked_takes_the_request_back(publisher: Publisher) -> None:
    """One button for the author, none for the colleague, who sees what became of it; what was
    written to go with it is asked for anew. # R0.4 (part)"""
    change(publisher.deployment.db, OTHER, "publishing.approve_surveys", True)
    publisher.edit(_title("一"))
    publisher.post("/ask", notes="请看")
    assert "撤回这次提交" in publisher.text
    waiting = approvals.newest(publisher.deployment.db, "visit")
    assert waiting is not None
    publisher.sign_in("reviewer", "survey_designer")
    assert "撤回这次提交" not in publisher.text
    refused = publisher.post("/withdraw", approval=str(waiting.id))
    assert refused.status_code == 403 and "只有提交审批的人可以撤回" in html.unescape(refused.text)

    publisher.sign_in("designer")
    assert publisher.post("/withdraw").status_code == 303
    assert "已由本人撤回" in publisher.text and "提交审批" in publisher.text
    late = publisher.post("/withdraw", approval=str(waiting.id))
    assert late.status_code == 409 and "处理过了" in html.unescape(late.text)
    publisher.sign_in("reviewer")
    assert "同意并发布" not in publisher.text and publisher.version == 1


def test_an_edit_after_the_request_voids_it(publisher: Publisher) -> None:
    """The approver's page was open meanwhile: the press is refused, the page says why.
    # R0.4 (part)"""
    change(publisher.deployment.db, OTHER, "publishing.approve_surveys", True)
    publisher.edit(_title("一"))
    publisher.post("/ask")
    publisher.sign_in("reviewer", "reviewer")
    form = publisher.form()
    publisher.edit(_title("二"))
    assert "已作废" in publisher.text
    late = publisher.post(seq=form["seq"], approval=form["approval"])
    assert late.status_code == 409 and publisher.version == 1
    forged = publisher.post(approval=form["approval"])
    assert forged.status_code == 409 and publisher.version == 1
    late_return = publisher.post("/return", approval=form["approval"], reason="x")
    assert late_return.status_code == 409


@pytest.mark.parametrize("approval", ["x", "00000000-0000-0000-0000-000000000007", "\0", ""])
def test_a_request_that_is_not_there(publisher: Publisher, approval: str) -> None:
    """404, whatever is sent as its name."""
    publisher.edit(_title("一"))
    assert publisher.post("/return", approval=approval, reason="x").status_code == 404
    if approval:
        assert publisher.post(approval=approval).status_code == 404
    assert publisher.version == 1


def test_stored_answers_that_no_longer_fit_are_counted(
    publisher: Publisher, client: TestClient[Any]
) -> None:
    """Real responses, an option removed: how many used it, of how many. # R0.4 (part)"""
    for why in (["wait"], ["attitude"], ["wait", "attitude"], []):
        begun = client.post("/api/v1/sessions", json={"survey": "visit", "channel": "web"})
        patient = Patient(client, begun.json())
        patient.put({"overall": 2, "why": why})
        patient.post("next")
        answer = patient.post("submit", {"nurse": 3, "note": "秘密的话"})
        assert answer.status_code == 201, answer.text
    publisher.edit(Remove(of="why/options/wait"))
    text = publisher.text
    assert "已收到的 4 份答卷中，有 2 份在这道题上的答案不再适用" in text
    assert "秘密的话" not in text
    changed = html.unescape(client.get("/staff/surveys/visit/changes", headers=CHINESE).text)
    assert "4 份答卷中，有 2 份" in changed
    found = tally(publisher.deployment.db, "visit", {"why": None, "note": None}, most=3)
    assert (found.looked_at, found.has_more, found.unfit["note"]) == (3, True, 0)
    assert found.unfit["why"] >= 2


def test_who_may_do_neither_sees_no_button(publisher: Publisher) -> None:
    """An analyst reads; a press is refused. # S35 (part)"""
    publisher.edit(_title("一"))
    publisher.sign_in("reader", "analyst")
    assert "您没有发布权限" in publisher.text
    for where in ("", "/ask", "/return"):
        assert publisher.post(where, reason="x").status_code == 403


def test_notes_stay_words(publisher: Publisher) -> None:
    """A note that would run, a reason that would. # S21 (part)"""
    change(publisher.deployment.db, OTHER, "publishing.approve_surveys", True)
    publisher.edit(_title("一"))
    publisher.post("/ask", notes="<script>alert(1)</script>")
    assert "<script>alert" not in publisher.raw
    with publisher.deployment.db.begin() as connection:
        facts = connection.execute(sa.text("SELECT facts::text FROM audit_lines")).scalars().all()
    assert not any("alert(1)" in fact for fact in facts)
