"""The builder's pages of endings, alerts, computed values and what is known of a visit."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

import examples
from builder.edits import Insert, SetMember
from builder.tree import to_tree, write
from engine import check
from engine.definition import Document
from runtime.drafts import service as drafts
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.runtime.conftest import survey_with
from tests.runtime.test_build_page import CHINESE, OTHER
from tests.runtime.test_users_page import sign_in


class Parts:
    """A designer at the pages of one survey's parts."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment = deployment
        self.client = client
        store_survey(deployment.db, json.dumps(survey_with()).encode(), publish=True)
        self.csrf = sign_in(deployment, client, "designer", "survey_designer")

    @property
    def document(self) -> Document:
        return drafts.read_draft(self.deployment.db, "visit").document

    @property
    def tree(self) -> dict[str, Any]:
        return to_tree(self.document)

    def page(self, kind: str, at: str = "") -> str:
        answer = self.client.get(f"/staff/surveys/visit/edit/{kind}?at={at}", headers=CHINESE)
        assert answer.status_code == 200, answer.text[:2000]
        return answer.text

    def shown(self, kind: str, at: str) -> str:
        found = re.search(r'name="shown" value="([^"]*)"', self.page(kind, at))
        assert found is not None
        return html.unescape(found[1])

    def act(self, kind: str, act: str, at: str = "", **fields: str) -> Any:
        form = {"_csrf": self.csrf, "act": act, "at": at, **fields}
        url = f"/staff/surveys/visit/edit/{kind}"
        return self.client.post(url, data=form, headers=CHINESE, follow_redirects=False)

    def did(self, kind: str, act: str, at: str = "", **fields: str) -> str:
        """The part that is chosen afterwards; it was accepted."""
        answer = self.act(kind, act, at, **fields)
        assert answer.status_code == 303, answer.text[:3000]
        return answer.headers["location"].partition("at=")[2]

    def save(self, kind: str, at: str, **fields: str) -> Any:
        return self.act(kind, "save", at, shown=self.shown(kind, at), **fields)

    def saved(self, kind: str, at: str, **fields: str) -> None:
        assert self.save(kind, at, **fields).status_code == 303


@pytest.fixture
def parts(deployment: Deployment, client: TestClient[Any]) -> Parts:
    """At the parts of a published survey."""
    return Parts(deployment, client)


KINDS = ("endings", "alerts", "computed", "context")


@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_begun_changed_copied_and_removed_and_all_of_it_undone(
    parts: Parts, kind: str
) -> None:
    """What is made is chosen; undone, the document is what it was to the byte. # R0.4 (part)"""
    before = write(parts.document)
    act = "part context visit.site" if kind == "context" else f"part {kind}"
    made = parts.did(kind, act)
    assert not [one for one in check(parts.document) if one.code != "missing_text"]
    parts.saved(kind, made, **{"m:title/zh-CN": "新写的标题"})
    assert "新写的标题" in parts.page(kind, made)
    word = "visit.ward" if kind == "context" else "renamed"
    named = parts.did(kind, "word", made, verb="rename", word=word)
    assert named == (f"context/{word}" if kind == "context" else word)
    if kind != "context":
        parts.did(kind, f"copy {named}", named)
        parts.did(kind, f"up {named}_2", named)
        parts.did(kind, f"remove {named}_2", named)
    parts.did(kind, f"remove {named}", named)
    for _ in range(7 if kind != "context" else 4):
        if write(parts.document) == before:
            break
        parts.did(kind, "undo")
    assert write(parts.document) == before


def test_an_ending_opens_a_published_feedback_form(parts: Parts) -> None:
    """Only such forms are offered; one that is gone is still shown. # R0.4 (part)"""
    complaint = survey_with(id="complain", kind="complaint", title={"zh-CN": "投诉表", "en": "C"})
    store_survey(parts.deployment.db, json.dumps(complaint).encode(), publish=True)
    praise = survey_with(id="praised", kind="praise")
    store_survey(parts.deployment.db, json.dumps(praise).encode())
    text = parts.page("endings", "thanks")
    assert '<option value="complain">投诉表</option>' in text
    assert 'value="praised"' not in text and 'value="visit"' not in text
    parts.saved("endings", "thanks", **{"m:open_form": "complain", "m:text/zh-CN": "谢谢"})
    assert parts.tree["endings"][0]["open_form"] == "complain"
    assert "接着打开：投诉表" in parts.page("endings")
    edit = SetMember(of="thanks", member="open_form", value="former")
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    text = parts.page("endings", "thanks")
    assert '<option value="former" selected>former（本院没有）</option>' in text


@pytest.mark.parametrize("shown", ["{", "[]", '{"a":' * 5000 + "1" + "}" * 5000, "null"])
@pytest.mark.parametrize("page", ["", "/endings", "/alerts", "/scores"])
def test_a_form_whose_hidden_copy_is_no_part_is_refused(
    parts: Parts, page: str, shown: str
) -> None:
    """404 on every page with a panel, also where it nests without end."""
    at = {"/endings": "thanks", "/alerts": "very_bad", "/scores": "service"}.get(page, "overall")
    form = {"_csrf": parts.csrf, "at": at, "shown": shown, "m:text/zh-CN": "x"}
    answer = parts.client.post(f"/staff/surveys/visit/edit{page}", data=form)
    assert answer.status_code == 404, answer.text[:300]


def test_whom_an_alert_calls_is_told_by_name(parts: Parts) -> None:
    """From the roles; a code of elsewhere stays and says that nobody here is meant. Alerts of
    the demo call roles that there are. # R0.4 (part)"""
    text = parts.page("alerts", "very_bad")
    assert "通知：manager（本院没有）" in text
    assert '<option value="manager" selected>manager（本院没有）</option>' in text
    parts.saved("alerts", "very_bad", **{"m:notify": "service_centre_handler"})
    assert "通知：服务中心经办人" in parts.page("alerts") and "本院没有" not in parts.page("alerts")
    offered = set(re.findall(r'<option value="([a-z_]+)"', parts.page("alerts", "very_bad")))
    for path in (Path(examples.__file__).parent).glob("*/*.json"):
        for alert in json.loads(path.read_bytes()).get("alerts", []):
            assert alert.get("notify", alert.get("open_case")) in offered, (path.name, alert)


def test_an_alert_does_one_thing_within_working_hours(parts: Parts) -> None:
    """Who chooses a case takes back the notice; the condition has a way to its editor.

    # R0.4 (part)
    """
    text = parts.page("alerts", "very_bad")
    assert "当「总体感受」是 1 分" in text and "edit/rule?at=very_bad&amp;member=when" in text
    parts.saved("alerts", "very_bad", **{"m:open_case": "complaint", "m:within/working_hours": "8"})
    alert = parts.tree["alerts"][0]
    assert (alert["open_case"], alert["within"]) == ("complaint", {"working_hours": 8})
    assert "notify" not in alert
    assert "立案：投诉 · 8 个工作小时内" in parts.page("alerts")
    parts.saved("alerts", "very_bad", **{"m:notify": "reviewer", "m:within/working_hours": ""})
    alert = parts.tree["alerts"][0]
    assert alert["notify"] == "reviewer" and {"open_case", "within"}.isdisjoint(alert)
    for wrong in ("0", "-1", "八", "1.5", "9" * 30):
        refused = parts.save("alerts", "very_bad", **{"m:within/working_hours": wrong})
        assert refused.status_code in (409, 422), wrong


def test_a_computed_value_is_made_of_what_is_chosen(parts: Parts) -> None:
    """Another operation keeps the operands; a wrong number is told and kept. # R0.4 (part)"""
    made = parts.did("computed", "part computed")
    assert parts.tree["computed"][0]["value"] == {"op": "mean", "of": ["overall"]}
    fields = {"op": "sum", "ref:0": "overall", "ref:1": "#", "number:1": "2.5", "ref:2": ""}
    parts.saved("computed", made, **fields)
    assert parts.tree["computed"][0]["value"] == {"op": "sum", "of": ["overall", 2.5]}
    parts.saved("computed", made, op="mul", **{"ref:0": "overall", "ref:1": "#", "number:1": "2.5"})
    assert "「总体感受」乘 2.5" in parts.page("computed")
    parts.saved("computed", made, op="if", **{"ref:0": "overall", "ref:1": "#", "number:1": "0"})
    value = parts.tree["computed"][0]["value"]
    assert (value["then"], value["else"]) == ("overall", 0)
    assert "edit/rule?at=value_1&amp;member=value/when" in parts.page("computed", made)
    wrong = {"op": "sum", "ref:0": "#", "number:0": "两"}
    refused = parts.save("computed", made, **wrong)
    assert refused.status_code == 422 and 'value="两"' in refused.text
    refused = parts.save("computed", made, op="div", **{"ref:0": "overall", "ref:1": "nurse"})
    assert refused.status_code in (409, 303)
    assert parts.save("computed", made, op="sum", **{"ref:0": "ghost"}).status_code == 409
    assert parts.save("computed", made, op="sum", **{"ref:0": made}).status_code == 409


def test_the_usual_facts_of_a_visit_are_offered_with_what_is_known_of_them(parts: Parts) -> None:
    """Another name is typed; one that is there is refused. # R0.4 (part)"""
    text = parts.page("context")
    assert 'value="part context visit.department"' in text
    assert 'value="part context visit.type"' not in text, "declared already"
    assert parts.did("context", "part context visit.date") == "context/visit.date"
    assert parts.tree["context"]["visit.date"] == {"type": "date"}
    made = parts.did("context", "word", verb="part context", word="visit.ward")
    fields = {"m:type": "choice", "m:values": "east，west", "m:title/zh-CN": "病区"}
    parts.saved("context", made, **fields)
    ward = parts.tree["context"]["visit.ward"]
    assert ward == {"type": "choice", "values": ["east", "west"], "title": {"zh-CN": "病区"}}
    for taken in ("visit.ward", "Visit", "", "today", "overall", "病区", "a.b.c.d.e"):
        refused = parts.act("context", "word", verb="part context", word=taken)
        assert refused.status_code in (409, 422), taken


def test_a_fact_that_a_rule_needs_stays_and_its_new_name_is_carried(parts: Parts) -> None:
    """The rule is named with a way to it. # R0.4 (part)"""
    seen = {"op": "eq", "ref": "visit.type", "value": "emergency"}
    edit = SetMember(of="nurse", member="show_if", value=seen)
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    refused = parts.act("context", "remove context/visit.type", "context/visit.type")
    assert refused.status_code == 409
    assert "护士的态度？" in refused.text and "edit?at=nurse" in refused.text
    named = parts.did("context", "word", "context/visit.type", verb="rename", word="visit.kind")
    assert named == "context/visit.kind"
    assert parts.tree["pages"][1]["questions"][0]["show_if"]["ref"] == "visit.kind"
    told = parts.save("context", named, **{"m:values": "outpatient"})
    assert told.status_code == 409, "a rule names the value"


def test_a_part_that_others_name_is_kept(parts: Parts) -> None:
    """An ending by a jump, a computed value by an alert; in words."""
    jump = [{"to": "end:thanks"}]
    drafts.apply_edit(
        parts.deployment.db, "visit", SetMember(of="detail", member="next", value=jump), OTHER
    )
    refused = parts.act("endings", "remove thanks", "thanks")
    assert refused.status_code == 409 and "详情" in refused.text
    assert "用在哪里" in parts.page("endings", "thanks")
    made = parts.did("computed", "part computed")
    when = {"op": "ge", "ref": made, "value": 4}
    alert = {"id": "high", "when": when, "notify": "manager"}
    drafts.apply_edit(
        parts.deployment.db, "visit", Insert(into="", list="alerts", value=alert), OTHER
    )
    refused = parts.act("computed", f"remove {made}", made)
    assert refused.status_code == 409 and "?at=high" in refused.text


def test_what_is_not_there_or_not_allowed_is_refused(parts: Parts) -> None:
    """Acts about nothing, markup, other people's changes."""
    before = write(parts.document)
    for kind, act in (
        ("endings", "remove nothing"), ("endings", "part poems"), ("endings", "part"),
        ("alerts", "up nothing"), ("context", "remove context/none"), ("context", "part context"),
        ("computed", "copy nothing"), ("context", "copy context/visit.type"),
        ("context", "up context/none"),
    ):  # fmt: skip
        assert parts.act(kind, act).status_code in (404, 409, 422), act
    assert write(parts.document) == before
    parts.saved("endings", "thanks", **{"m:text/zh-CN": "<script>alert(1)</script>"})
    assert "<script>alert" not in parts.page("endings")
    shown = parts.shown("endings", "thanks")
    edit = SetMember(of="thanks", member="text/zh-CN", value="同事写的")
    drafts.apply_edit(parts.deployment.db, "visit", edit, OTHER)
    refused = parts.act("endings", "save", "thanks", shown=shown, **{"m:text/zh-CN": "我写的"})
    assert refused.status_code == 409 and "同事写的" in refused.text and "我写的" in refused.text


def test_a_part_named_anywhere_is_found_on_its_own_page(parts: Parts) -> None:
    """The canvas leads on to it."""
    for at, page in (("thanks", "endings"), ("very_bad", "alerts"), ("service", "scores"),
                     ("context/visit.type", "context")):  # fmt: skip
        answer = parts.client.get(f"/staff/surveys/visit/edit?at={at}", follow_redirects=False)
        assert answer.headers["location"] == f"/staff/surveys/visit/edit/{page}?at={at}"
