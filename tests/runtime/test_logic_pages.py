"""Conditions, jumps, the page of rules and the flow, driven as forms without scripts drive them."""

import html
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from builder.edits import Insert, Remove, SetMember
from builder.rules import Where, rule_at
from engine.notation import parse_rule, print_rule
from runtime.drafts import service as drafts
from runtime.org.models import Department, Site, StaffMember
from runtime.org.service import store_organisation
from runtime.wiring import Deployment
from tests.form import Form
from tests.runtime.test_build_page import CHINESE, OTHER, Author
from tests.runtime.test_users_page import sign_in

NOTE = "note"


class Editor:
    """The condition editor of one rule."""

    def __init__(self, author: Author, query: str, lang: str = "zh-CN") -> None:
        self.author = author
        self.headers = {"accept-language": lang}
        self.answer = author.client.get(f"{author.url}/rule?{query}", headers=self.headers)
        assert self.answer.status_code == 200, self.answer.text[:500]

    @property
    def text(self) -> str:
        return html.unescape(self.answer.text)

    @property
    def form(self) -> Form:
        return Form(self.answer.text, "rule")

    @property
    def sentence(self) -> str:
        return self.text.partition('<p class="sentence" role="status">')[2].partition("</p>")[0]

    def press(self, act: str, status: int = 200, **changes: str) -> "Editor":
        """A button, after these fields were changed (`c_0_ref` is `c.0.ref`)."""
        fields = self.form.fields | {name.replace("_", "."): v for name, v in changes.items()}
        return self.send(fields | {"act": act}, status)

    def send(self, fields: dict[str, str], status: int = 200) -> "Editor":
        url = f"{self.author.url}/rule"
        self.answer = self.author.client.post(
            url, data=fields, headers=self.headers, follow_redirects=False
        )
        assert self.answer.status_code == status, self.text[:1500]
        return self

    def choose(self, path: str, ref: str, op: str = "", **more: str) -> "Editor":
        """A row filled in as one does it: the question, then how, then what with."""
        name = f"c.{path}"
        for member, value in (("ref", ref), ("op", op), *more.items()):
            if value:
                self.send(self.form.fields | {f"{name}.{member}": value, "act": ""})
        return self


@pytest.fixture
def author(deployment: Deployment, client: TestClient[Any]) -> Author:
    """At the builder of a published survey of two pages."""
    return Author(deployment, client)


def notation(author: Author, of: str, member: str = "show_if", n: int | None = None) -> str:
    rule = rule_at(author.document, Where(of, member, n))
    return print_rule(rule) if rule is not None else ""


def by_colleague(author: Author, edit: Any) -> None:
    drafts.apply_edit(author.deployment.db, "visit", edit, OTHER, clock=author.deployment.clock)


# Making a rule


def test_a_condition_with_a_group_is_made_without_scripts(author: Author) -> None:
    """Question, operator, value; a group; the sentence after each step; one edit. # R0.4 (part)"""
    editor = Editor(author, "at=note")
    assert "显示「您想说的话」的条件" in editor.text and "还没有写好的条件" in editor.sentence
    editor.choose("0", "overall", "le", **{"value.0": "2"})
    assert editor.sentence == "「总体感受」不超过 2 分"
    editor.press("group")
    editor.choose("1.0", "why", "has_any").press("", c_1_0_is_wait="on")
    editor.press("add 1").choose("1.1", "nurse", "ge", **{"value.0": "4"})
    assert editor.sentence == (
        "「总体感受」不超过 2 分，"
        "并且（「哪些方面不满意」选了「等候太久」，或者「护士的态度」不低于 4 分）"
    )
    before = author.document
    editor.press("save", 303)
    assert editor.answer.headers["location"].endswith("/edit?at=note#b-show-if")
    assert notation(author, NOTE) == "overall <= 2 and (why has_any (wait) or nurse >= 4)"
    assert author.act("undo").status_code == 303 and author.document == before
    english = Editor(author, "at=why", "en")
    assert english.sentence == "“Overall” is at most 3 points"


def test_a_condition_is_saved_as_soon_as_it_is_finished(author: Author) -> None:
    """With scripts nothing waits for a button; what is not finished says so, and stays out of the
    draft. # R0.4 (part)"""
    editor = Editor(author, "at=note")
    assert "data-unkept" in editor.text
    editor.headers |= {"hx-request": "true", "hx-target": "rule-body"}
    editor.choose("0", "overall", "le", **{"value.0": "2"})
    assert notation(author, NOTE) == "overall <= 2" and "data-unkept" not in editor.text
    editor.press("add")
    assert "data-unkept" in editor.text and "写完会自动保存" in editor.text
    editor.choose("1", "nurse", "ge", **{"value.0": "4"})
    assert notation(author, NOTE) == "overall <= 2 and nurse >= 4"
    seq = drafts.read_draft(author.deployment.db, "visit").seq
    editor.press("check").press("")
    assert drafts.read_draft(author.deployment.db, "visit").seq == seq, "nothing new, nothing saved"
    by_colleague(author, SetMember(of="note", member="show_if", value=_tree("nurse == 5")))
    editor.press("", 409, c_0_value_0="1")
    assert "有人刚刚改了这里" in editor.text and notation(author, NOTE) == "nurse == 5"


def test_a_new_jump_is_saved_once_and_then_changed(author: Author) -> None:
    """Each state of it that is finished; the page has one jump all the while. # R0.4 (part)"""
    editor = Editor(author, "at=arrival&member=next&to=end:thanks&back=flow")
    editor.headers |= {"hx-request": "true", "hx-target": "rule-body"}
    for value in ("5", "4"):
        editor.choose("0", "overall", "eq", **{"value.0": value})
        assert len(author.document.pages[0].next) == 1
        assert notation(author, "arrival", "next", 0) == f"overall == {value}"
    editor.press("save", 303)
    assert author.document.pages[0].next[0].to == "end:thanks"


def test_a_new_condition_begins_with_the_question_before_it(author: Author) -> None:
    """Most are about that one; another is chosen as before. # R0.4 (part)"""
    editor = Editor(author, "at=note")
    assert editor.form.fields["c.0.ref"] == "nurse" and 'class="problem"' not in editor.text
    assert editor.form.fields["c.0.op"] == "le" and "当下面这一条成立时" in editor.text
    assert Editor(author, "at=overall").form.fields["c.0.ref"] == "", "nothing stands before it"


def test_staff_and_departments_are_chosen_from_the_lists_of_the_hospital(author: Author) -> None:
    """Staff by their names; a fact that comes as text as it usually comes, and others are
    typed. # R0.4 (part)"""
    store_organisation(
        author.deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}, code="M")],
        departments=[Department(id="bone", name={"zh-CN": "骨科"}, sites=("main",))],
        staff=[StaffMember(id="wang", name={"zh-CN": "王医生"}, department="bone", site="main")],
        dictionaries={},
    )
    who = {"id": "who", "type": "staff", "text": {"zh-CN": "哪位医生？", "en": "Who?"}}
    by_colleague(author, Insert(into="detail", list="questions", value=who, before="note"))
    told = {"id": "visit.department", "type": "text"}
    by_colleague(author, Insert(into="", list="context", value=told))
    editor = Editor(author, "at=note").choose("0", "who", "eq")
    assert '<option value="wang">王医生' in editor.text
    editor.press("save", 303, c_0_value_0="wang")
    assert Editor(author, "at=note").sentence == "「哪位医生」选了「王医生（骨科）」"
    editor = Editor(author, "at=photo").choose("0", "visit.department", "eq")
    assert 'list="hints-visit.department"' in editor.text and '<option value="骨科">' in editor.text
    editor.press("save", 303, c_0_value_0="外院康复科")
    assert notation(author, "photo") == 'visit.department == "外院康复科"'


def test_only_what_stands_earlier_is_offered_with_what_fits_it(author: Author) -> None:
    """No later question; the operators of its kind; its own options by their texts."""
    editor = Editor(author, "at=why")
    offered = editor.text
    assert 'value="overall"' in offered and 'value="visit.type"' in offered
    assert 'value="nurse"' not in offered and 'value="note"' not in offered
    editor = Editor(author, "at=note").choose("0", "why")
    assert '<option value="has_any" selected>' in editor.text
    assert '<option value="le"' not in editor.text
    assert 'name="c.0.is.wait"> 等候太久' in editor.text
    editor.choose("0", "nurse")
    assert '<option value="5">5 分</option>' in editor.text
    assert "与哪道题比较" in editor.text and '<option value="overall">' in editor.text
    editor.send(editor.form.fields | {"c.0.other": "overall", "act": ""})
    assert editor.sentence == "「护士的态度」不超过「总体感受」"
    first = Editor(author, "at=overall&member=required")
    assert "现在是一律必答" in first.text


def test_what_is_unfinished_is_named_kept_and_not_saved(author: Author) -> None:
    """The finished part is said already; the keyboard is led to what is missing. # R0.4 (part)"""
    editor = Editor(author, "at=note").choose("0", "overall", "le", **{"value.0": "2"})
    editor.press("add").press("add").choose("1", "nurse", "ge")
    assert editor.sentence == "「总体感受」不超过 2 分"
    assert "这句话还不包括没写完的 2 处" in editor.text
    editor.press("save", 422)
    assert "还有 2 处没有写完" in editor.text and notation(author, NOTE) == ""
    assert "请选择或填写要比较的值" in editor.text and "请选择看哪道题" in editor.text
    assert 'id="c.1.ref" name="c.1.ref" autofocus' in editor.text
    assert editor.form.fields["c.1.op"] == "ge"
    editor.press("remove 2").press("save", 303, c_1_value_0="4")
    assert notation(author, NOTE) == "overall <= 2 and nurse >= 4"
    Editor(author, "at=photo").press("remove 0").press("save", 422)


def test_buttons_lead_the_keyboard_to_what_they_made(author: Author) -> None:
    """A new row, a new group's row, a moved row."""
    editor = Editor(author, "at=note").choose("0", "overall", "answered").press("add")
    assert 'id="c.1.ref" name="c.1.ref" autofocus' in editor.text
    editor.press("up 1")
    assert 'id="c.0.ref" name="c.0.ref" autofocus' in editor.text
    editor.press("group")
    assert 'id="c.2.0.ref" name="c.2.0.ref" autofocus' in editor.text
    editor.press("group 1")
    assert 'id="c.1.1.ref" name="c.1.1.ref" autofocus' in editor.text
    editor.press("remove 1.1")
    assert 'value="add 1" class="quiet" autofocus' in editor.text
    editor.press("copy 0")
    assert 'id="c.1.ref" name="c.1.ref" autofocus' in editor.text


# The check


def test_the_check_says_at_once_for_whom_a_condition_holds(author: Author) -> None:
    """A patient for whom it does and one for whom it does not; never and always, with the rules
    that make it so. # R0.4 (part)"""
    editor = Editor(author, "at=why")
    assert "有的患者符合，有的不符合" in editor.text and "「总体感受」：<strong>3 分" in editor.text
    editor.press("", c_0_op="lt", c_0_value_0="1")
    assert "没有任何患者符合这个条件" in editor.text
    editor.press("", c_0_op="ge")
    assert "所有患者都符合这个条件" in editor.text
    by_colleague(author, SetMember(of="detail", member="show_if", value=_tree("overall >= 4")))
    editor = Editor(author, "at=photo").choose("0", "overall", "le", **{"value.0": "2"})
    assert "没有任何患者符合这个条件" in editor.text
    assert "因为与这些规则放在一起" in editor.text and "出现第 2 页「详情」的条件" in editor.text


def test_a_draft_with_errors_says_why_it_cannot_be_checked(author: Author) -> None:
    """The sentence stands all the same."""
    by_colleague(author, SetMember(of="photo", member="text", value={"zh-CN": "照片"}))
    editor = Editor(author, "at=why")
    assert "问卷里还有错误" in editor.text and editor.sentence == "「总体感受」不超过 3 分"


# Others at the same rule


def test_what_a_colleague_set_meanwhile_is_shown_and_not_overwritten(author: Author) -> None:
    """What was written stays; a second save insists. # R0.4 (part)"""
    editor = Editor(author, "at=note").choose("0", "overall", "le", **{"value.0": "2"})
    by_colleague(author, SetMember(of="note", member="show_if", value=_tree("nurse == 5")))
    editor.press("save", 409)
    assert "有人刚刚改了这里" in editor.text and "「护士的态度」是 5 分" in editor.text
    assert editor.sentence == "「总体感受」不超过 2 分" and notation(author, NOTE) == "nurse == 5"
    editor.press("save", 303)
    assert notation(author, NOTE) == "overall <= 2"
    editor = Editor(author, "at=note")
    by_colleague(author, SetMember(of="note", member="show_if"))
    editor.press("save", 409, c_0_value_0="1")
    assert "（没有条件）" in editor.text
    Editor(author, "at=why").press("save", 303)
    assert notation(author, "why") == "overall <= 3", "who changed nothing takes nothing back"


def test_a_jump_that_a_colleague_removed_is_offered_as_a_new_one(author: Author) -> None:
    """One that moved is found again."""
    jumps = [
        {"to": "end:thanks", "if": _tree("overall == 5")},
        {"to": "end", "if": _tree("overall == 4")},
    ]
    by_colleague(author, SetMember(of="arrival", member="next", value=jumps))
    editor = Editor(author, "at=arrival&member=next&n=1&back=flow")
    by_colleague(author, SetMember(of="arrival", member="next", value=jumps[::-1]))
    editor.press("save", 303, c_0_value_0="3")
    assert notation(author, "arrival", "next", 0) == "overall == 3"
    assert editor.answer.headers["location"].endswith("/edit/flow?at=arrival")
    editor = Editor(author, "at=arrival&member=next&n=1")
    by_colleague(author, SetMember(of="arrival", member="next"))
    editor.press("", c_0_value_0="2")
    assert "保存时才加上这条跳转" in editor.text
    editor.press("save", 303)
    assert notation(author, "arrival", "next", 0) == "overall == 2"


# Removing, requiring, notation, alerts


def test_a_rule_is_removed_by_one_press(author: Author) -> None:
    """A question's `required` becomes plain either way; an alert keeps its rule."""
    Editor(author, "at=why&back=rules").press("remove", 303)
    assert notation(author, "why") == ""
    editor = Editor(author, "at=note&member=required").choose(
        "0", "overall", "le", **{"value.0": "1"}
    )
    editor.press("save", 303)
    assert notation(author, NOTE, "required") == "overall <= 1"
    assert "always" in Editor(author, "at=note&member=required").form.buttons
    Editor(author, "at=note&member=required").press("always", 303)
    assert author.document.pages[1].questions[1].required is True
    Editor(author, "at=note&member=required").press("remove", 303)
    assert author.document.pages[1].questions[1].required is False
    alert = {"id": "alarm", "when": _tree("overall == 1"), "notify": "head"}
    by_colleague(author, Insert(into="", list="alerts", value=alert))
    editor = Editor(author, "at=alarm")
    assert "remove" not in editor.form.buttons and "这里必须有条件" in editor.text
    editor.press("remove", 404)
    editor = Editor(author, "at=alarm&back=alerts").press("save", 303, c_0_value_0="2")
    assert editor.answer.headers["location"].endswith("/edit/alerts?at=alarm")
    assert notation(author, "alarm", "when") == "overall == 2"


def test_a_rule_is_read_and_typed_in_one_line(author: Author) -> None:
    """What is wrong is told by its column and kept; other changes do not lose it."""
    editor = Editor(author, "at=note")
    typed = "overall <= 2 and not (why has_any (wait) or answered(nurse))"
    editor.press("type", notation=typed)
    assert "不是（「哪些方面不满意」选了「等候太久」，或者回答了「护士的态度」）" in editor.sentence
    assert editor.form.fields["notation"] == typed
    editor.press("type", 422, notation="overall <= <= 2")
    assert "第 12 列" in editor.text and editor.form.fields["notation"] == "overall <= <= 2"
    assert editor.form.fields["c.0.ref"] == "overall", "the rows are kept"
    editor.press("", c_0_value_0="1")
    assert editor.form.fields["notation"] == "overall <= <= 2"
    editor.press("type", notation="nobody == 1")
    assert "这道题不在前面" in editor.text
    editor.press("save", 422)


# The worst that may come


@pytest.mark.parametrize(
    "query",
    [
        "at=nobody",
        "at=",
        "at=why&member=next",
        "at=why/options/zz",
        "at=why/nodes/wait",
        "at=arrival&member=next&n=0",
        "at=arrival&member=next&n=99999999999999999999&to=zz",
        "at=arrival&member=next&to=arrival",
        "at=arrival&member=next&to=https://evil.example",
        "at=detail&member=next",
        "at=overall&member=id",
        "at=../../etc&member=show_if",
    ],
)
def test_a_place_that_does_not_exist_is_not_found(author: Author, query: str) -> None:
    """Whatever the address says."""
    answer = author.client.get(f"{author.url}/rule?{query}", headers=CHINESE)
    assert answer.status_code == 404


def test_forged_forms_change_nothing(author: Author) -> None:
    """Later and unknown questions, foreign values, too many, too deep, nonsense."""
    before = author.document
    base = Editor(author, "at=why").form.fields
    plain = {k: v for k, v in base.items() if not k.startswith("c.")}

    def row(at: str, ref: str, op: str, value: str = "") -> dict[str, str]:
        return {f"c.{at}.ref": ref, f"c.{at}.op": op, f"c.{at}.value.0": value}

    many = {k: v for n in range(65) for k, v in row(str(n), "overall", "le", "2").items()}
    deep = {f"c{'.0' * n}.how": "any" if n % 2 else "all" for n in range(9)}
    for n in range(9):
        deep |= row(f"{'0.' * n}1", "overall", "le", "2")
    forged = [
        row("0", "nurse", "le", "2"),
        row("0", "why", "has_any", "wait"),
        row("0", "nobody", "le", "2"),
        row("0", "overall", "has_any", "wait") | {"c.0.ref": "overall'; --"},
        row("0", "visit.type", "eq", "inpatient"),
        row("0", "overall", "le", "1e999"),
        many | {"c.how": "all"},
        deep,
        {"c.0.how": "all"},
        {"c.how": "all"},
    ]
    for fields in forged:
        answer = Editor(author, "at=why")
        data = plain | {"c.how": "all"} | fields | {"act": "save"}
        url = f"{author.url}/rule"
        status = answer.author.client.post(url, data=data, headers=CHINESE).status_code
        assert status in (409, 422), (status, fields)
    for spoilt in ({"was": "[[["}, {"was": "[1]"}, {"was": "[" * 5000}, {"at": "nobody"}):
        answer = author.client.post(f"{author.url}/rule", data=base | spoilt | {"act": "save"})
        assert answer.status_code == 404, spoilt
    for act in ("remove 99", "up x", "add 0.0.0", "explode", "not ..", "group " + "0." * 50):
        Editor(author, "at=why").press(act, 409)
    assert author.document == before


def test_too_many_and_too_deep_are_told_and_kept(author: Author) -> None:
    """The page says which limit; the rows are still there."""
    editor = Editor(author, "at=note")
    editor.press("type", notation=" or ".join(["overall <= 2"] * 65))
    assert "超过 64 个" in editor.text
    editor.press("save", 409)
    assert "超过 64 个" in editor.text and editor.form.fields["c.64.ref"] == "overall"
    deep = "overall <= 2"
    for n in range(8):
        deep = f"({deep}) {'and' if n % 2 else 'or'} nurse == 1"
    Editor(author, "at=note").press("type", notation=deep).press("save", 409)
    assert notation(author, NOTE) == ""


def test_a_foreign_survey_and_a_part_taken_away_are_not_found(author: Author) -> None:
    """A question that a colleague removed takes its editor with it."""
    for path in ("rule?at=why", "rules", "flow"):
        url = f"/staff/surveys/nobody/edit/{path}"
        assert author.client.get(url, headers=CHINESE).status_code == 404
    editor = Editor(author, "at=note")
    by_colleague(author, Remove(of="note"))
    editor.press("save", 404)


def test_texts_of_the_survey_are_written_out_plain(author: Author) -> None:
    """A question's text is no markup, wherever it is shown."""
    evil = '<img src=x onerror="alert(1)">'
    by_colleague(author, SetMember(of="overall", member="text", value={"zh-CN": evil, "en": evil}))
    by_colleague(author, SetMember(of="detail", member="show_if", value=_tree("overall == 1")))
    for path in ("rule?at=why", "rules", "rules?of=overall", "flow?at=detail", "?at=why"):
        page = author.client.get(f"{author.url}/{path}".replace("/?", "?"), headers=CHINESE).text
        assert evil not in page and "&lt;img src=x" in page


# All rules


def test_all_rules_stand_on_one_page_with_what_is_wrong_with_each(author: Author) -> None:
    """In words, by page; those that look at one question; a way to each. # R0.4 (part)"""
    jumps = [
        {"to": "end:thanks", "if": _tree("overall == 5")},
        {"to": "end", "if": _tree("overall == 9")},
    ]
    by_colleague(author, SetMember(of="arrival", member="next", value=jumps))
    by_colleague(author, SetMember(of="note", member="show_if", value=_tree("nurse <= 2")))
    page = html.unescape(author.client.get(f"{author.url}/rules", headers=CHINESE).text)
    assert (
        "共 " in page and "显示「您想说的话」的条件" in page and "「护士的态度」不超过 2 分" in page
    )
    assert "这条规则在任何完整答卷中都不会成立" in page
    assert "rule?at=arrival&member=next&n=1&back=rules" in page
    assert "总体感受 (4)" in page
    some = html.unescape(author.client.get(f"{author.url}/rules?of=nurse", headers=CHINESE).text)
    assert "有 1 条规则会看「护士的态度」" in some and "显示「哪些方面不满意」的条件" not in some
    none = author.client.get(f"{author.url}/rules?of=photo", headers=CHINESE).text
    assert "没有规则会看这道题" in none


def test_errors_of_a_rule_stand_at_the_rule(author: Author) -> None:
    """Before anything can be proved."""
    by_colleague(author, SetMember(of="photo", member="text", value={"zh-CN": "照片"}))
    page = author.client.get(f"{author.url}/rules", headers=CHINESE)
    assert page.status_code == 200 and "显示「哪些方面不满意」的条件" in page.text


# The flow


def post_flow(author: Author, act: str, **fields: str) -> Any:
    data = {"_csrf": author.csrf, "act": act, "at": "arrival", **fields}
    return author.client.post(
        f"{author.url}/flow", data=data, headers=CHINESE, follow_redirects=False
    )


def seen(author: Author, n: int) -> dict[str, str]:
    """What the form of a jump holds."""
    page = author.client.get(f"{author.url}/flow?at=arrival", headers=CHINESE).text
    was = page.partition(f'name="n" value="{n}"><input type="hidden" name="was" value="')[2]
    return {"n": str(n), "was": html.unescape(was.partition('"')[0])}


def targets_of(author: Author) -> list[str]:
    return [jump.to for jump in author.document.pages[0].next]


def test_jumps_are_added_ordered_aimed_and_removed_in_the_flow(author: Author) -> None:
    """Each is one edit; what follows otherwise is said and chosen. # R0.4 (part)"""
    editor = Editor(author, "at=arrival&member=next&to=end:thanks&back=flow")
    assert "答完第 1 页「就诊过程」后结束，并显示结束语" in editor.text
    editor.choose("0", "overall", "eq", **{"value.0": "5"}).press("save", 303)
    editor = Editor(author, "at=arrival&member=next&to=detail&back=flow")
    editor.choose("0", "overall", "eq", **{"value.0": "4"}).press("save", 303)
    assert targets_of(author) == ["end:thanks", "detail"]
    page = html.unescape(author.client.get(f"{author.url}/flow?at=arrival", headers=CHINESE).text)
    assert "如果「总体感受」是 5 分" in page and "接着第 2 页「详情」" in page
    assert "从上往下看，第一条符合的生效" in page and "都不符合时，接着第 2 页「详情」" in page
    assert post_flow(author, "up", **seen(author, 1)).status_code == 303
    assert targets_of(author) == ["detail", "end:thanks"]
    assert post_flow(author, "retarget", to="end", **seen(author, 0)).status_code == 303
    assert targets_of(author) == ["end", "end:thanks"]
    assert post_flow(author, "otherwise", to="end").status_code == 303
    assert targets_of(author) == ["end", "end:thanks", "end"]
    stale = seen(author, 0)
    assert post_flow(author, "remove", **stale).status_code == 303
    assert targets_of(author) == ["end:thanks", "end"]
    refused = post_flow(author, "remove", **stale)
    assert refused.status_code == 409 and "有人刚刚改了这里" in refused.text
    assert post_flow(author, "otherwise", to="").status_code == 303
    assert targets_of(author) == ["end:thanks"]
    for _ in range(7):
        author.did("undo")
    assert "与已发布的一致" in author.page()


def test_a_jump_saved_without_a_condition_always_happens(author: Author) -> None:
    """And says so before."""
    editor = Editor(author, "at=arrival&member=next&to=end:thanks").press("remove 0")
    editor.press("save", 303)
    page = html.unescape(author.client.get(f"{author.url}/flow", headers=CHINESE).text)
    assert "不论怎样，结束，并显示结束语" in page and "没有患者会走到这里" in page
    jump = author.document.pages[0].next[0]
    assert jump.if_ is None and jump.to == "end:thanks"


def test_forged_acts_of_the_flow_change_nothing(author: Author) -> None:
    """Backward, foreign and unknown."""
    before = author.document
    for act, fields in (
        ("otherwise", {"to": "arrival"}),
        ("otherwise", {"to": "nowhere"}),
        ("retarget", {"to": ""}),
        ("explode", {}),
        ("remove", {"n": "0", "was": "{"}),
        ("up", {"n": "x", "was": "[1]"}),
        ("otherwise", {"to": "end", "at": "why"}),
    ):
        assert post_flow(author, act, **fields).status_code == 404, act
    for act in ("up", "down", "remove"):
        assert post_flow(author, act, n="7", was='{"to":"end"}').status_code == 409
    assert author.document == before


def test_who_may_only_read_sees_rules_and_flow_without_a_way_to_change(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """No form that changes, no link to the editor; the editor itself is closed."""
    author = Author(deployment, client)
    client.cookies.clear()
    sign_in(deployment, client, "reader", "analyst")
    for path in ("rules", "flow?at=arrival"):
        answer = client.get(f"{author.url}/{path}", headers=CHINESE)
        assert answer.status_code == 200
        assert "/edit/rule?" not in answer.text and 'action="/staff/surveys/visit' not in (
            answer.text.replace('action="/staff/surveys/visit/edit/rules"', "")
        )
    assert client.get(f"{author.url}/rule?at=why", headers=CHINESE).status_code == 403


# On the canvas


def test_rules_stand_in_words_on_the_canvas_and_in_the_panel(author: Author) -> None:
    """Each with the way to its editor. # R0.4 (part)"""
    waits = _tree("visit.type == emergency")
    by_colleague(author, SetMember(of="why/options/wait", member="show_if", value=waits))
    page = html.unescape(author.page("why"))
    assert page.count("「总体感受」不超过 3 分") == 2
    assert "选项「等候太久」出现的条件：就诊类型是「急诊」" in page
    assert "/edit/rule?at=why&member=required" in page and "设置条件" in page
    assert "/edit/rule?at=why%2Foptions%2Fattitude&member=show_if" in page
    head = author.page("arrival")
    assert "/edit/flow?at=arrival#leads" in head


def _tree(text: str) -> Any:
    return msgspec.json.decode(msgspec.json.encode(parse_rule(text)))
