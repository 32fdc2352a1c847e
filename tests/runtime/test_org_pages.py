"""Departments on the console's pages: looked at, changed within reach, by one editor at a time."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts import role_editing, roles, users
from runtime.accounts.role_editing import Draft
from runtime.audit.models import SYSTEM
from runtime.kit.clock import hospital_day, system_clock
from runtime.org.aliases import add_alias
from runtime.org.departments import get_department, read_tree
from runtime.org.models import Department, DepartmentRow, Site
from runtime.org.service import store_organisation
from runtime.org.succession import successions_around
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

PAGE = "/staff/departments"
TODAY = hospital_day(system_clock()).isoformat()
CHINESE = {"accept-language": "zh-CN"}


@pytest.fixture
def hospital(deployment: Deployment) -> Deployment:
    """Two sites; medicine at both, the heart at the main one, the lung on the island."""
    both = ("main", "island")
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[
            Department(id=key, name={"zh-CN": words}, parent=parent, code=code, sites=sites)
            for key, words, parent, code, sites in (
                ("medicine", "内科", None, "1", both),
                ("heart", "心血管科", "medicine", "101", ("main",)),
                ("chest", "胸痛中心", "medicine", "103", ("main",)),
                ("lung", "肺病科", "medicine", "102", ("island",)),
            )
        ],
        staff=[],
        dictionaries={},
    )
    return deployment


def _site_editor(deployment: Deployment, client: TestClient[Any]) -> str:
    """Somebody who may change departments of the main site only."""
    permissions = ("departments:read", "departments:write", "responses:read")
    with deployment.db.begin() as connection:
        draft = Draft(name={"zh-CN": "院区科室"}, permissions=permissions, widest="sites")
        role = role_editing.create_role(connection, draft)
        user = users.ensure(connection, "island.editor", "院区科员")
        roles.grant(connection, user, role, sites=("main",))
    return sign_in(deployment, client, "island.editor")


def _post(client: TestClient[Any], csrf: str, path: str, **form: str) -> Any:
    data = {"_csrf": csrf, **form}
    return client.post(f"{PAGE}/{path}", data=data, headers=CHINESE, follow_redirects=False)


def _revision(deployment: Deployment, key: str) -> str:
    return str(get_department(deployment.db, key).revision)


def _named(deployment: Deployment, name: str) -> DepartmentRow:
    return next(row for row in read_tree(deployment.db) if row.name["zh-CN"] == name)


def _actions(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        return list(
            connection.execute(
                sa.text("SELECT action FROM audit_lines WHERE action LIKE 'department.%'")
            ).scalars()
        )


def test_the_tree_is_filtered_by_words_code_and_site(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """A parent that does not fit leads to what does. # R1.2.4.2 (part)"""
    sign_in(hospital, client, "admin", "system_administrator")
    for query, shown, hidden in (
        ("", {"内科", "心血管科", "肺病科"}, set[str]()),
        ("?q=血管", {"内科", "心血管科"}, {"肺病科"}),
        ("?q=102", {"肺病科"}, {"心血管科"}),
        ("?site=island", {"内科", "肺病科"}, {"心血管科"}),
        ("?q=%25", set[str](), {"内科", "心血管科"}),
    ):
        text = client.get(f"{PAGE}{query}", headers=CHINESE).text
        assert all(name in text for name in shown), query
        assert not any(name in text for name in hidden), query


def test_a_department_is_added_renamed_moved_merged_and_closed(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """What cannot be undone is said in words first; each step leaves a line. # R1.2.4.2 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    add_alias(hospital.db, SYSTEM, system="HIS", code="0101", name="心内", department="heart",
              valid_from=None, valid_to=None)  # fmt: skip
    form = {"name_zh": "睡眠科", "code": "109", "parent": "内科 · 1", "site main": "on"}
    assert _post(client, csrf, "new", **form).status_code == 303
    new = _named(hospital, "睡眠科")
    assert (new.parent, new.sites, new.code) == ("medicine", ("main",), "109")
    renamed = _post(client, csrf, f"{new.id}/rename", revision="1", name_zh="睡眠医学科")
    assert renamed.status_code == 303
    moved = _post(client, csrf, f"{new.id}/move", revision="2", parent="心血管科")
    assert moved.status_code == 303
    ask = {"revision": "1", "into": "胸痛中心 · 103", "on": "2026-01-01"}
    blocked = _post(client, csrf, "heart/merge", **ask, sure="yes")
    assert blocked.status_code == 409 and "先移走或停用" in blocked.text
    assert _post(client, csrf, f"{new.id}/close", revision="3", on=TODAY,
                 sure="yes").status_code == 303  # fmt: skip
    asked = _post(client, csrf, "heart/merge", **ask)
    assert asked.status_code == 200
    assert "从 2026-01-01 起，“心血管科”并入“胸痛中心”" in asked.text and "1 个代码" in asked.text
    assert get_department(hospital.db, "heart").closed_on is None
    back = _post(client, csrf, "heart/merge", **ask, sure="no")
    assert 'value="胸痛中心 · 103"' in back.text
    assert _post(client, csrf, "heart/merge", **ask, sure="yes").status_code == 303
    assert [one.successor for one in successions_around(hospital.db, "heart")] == ["chest"]
    shown = client.get(f"{PAGE}/chest", headers=CHINESE).text
    assert "接收" in shown and "心血管科" in shown
    assert {"department.added", "department.renamed", "department.moved", "department.closed",
            "department.merged"} <= set(_actions(hospital))  # fmt: skip


def test_a_department_is_split_by_site(hospital: Deployment, client: TestClient[Any]) -> None:
    """Into parts that exist, one of which may be itself. # R1.2.4.2 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    ask = {"revision": "1", "on": "2026-01-01", "part1": "heart", "part1 main": "on",
           "part2": "lung", "part2 island": "on"}  # fmt: skip
    below = _post(client, csrf, "medicine/split", **ask | {"part2": ""})
    assert below.status_code == 422 and "至少需要两个" in below.text
    ask = {"revision": "1", "on": "2026-01-01", "part1": "chest", "part2": "heart"}
    asked = _post(client, csrf, "chest/split", **ask)
    assert "自己继续存在" in asked.text
    assert _post(client, csrf, "chest/split", **ask, sure="yes").status_code == 303
    assert {one.successor for one in successions_around(hospital.db, "chest")} == {"chest", "heart"}


def test_the_slower_of_two_editors_is_told_and_loses_nothing(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """What was typed stays in the form, beside what stands there now. # R1.2.4.2 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    first = _post(client, csrf, "heart/rename", revision="1", name_zh="心脏科")
    assert first.status_code == 303
    second = _post(client, csrf, "heart/rename", revision="1", name_zh="心内科")
    assert second.status_code == 409
    assert "另一位同事" in second.text and 'value="心内科"' in second.text
    assert "<dd>心脏科</dd>" in second.text and 'name="revision" value="2"' in second.text
    assert get_department(hospital.db, "heart").name == {"zh-CN": "心脏科"}


def test_an_editor_of_one_site_sees_and_changes_that_site_only(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """Foreign is not found; shared with another site is seen, not changed. # R2.2.3 (part), S36"""
    csrf = _site_editor(hospital, client)
    tree = client.get(PAGE, headers=CHINESE).text
    assert "心血管科" in tree and "肺病科" not in tree
    assert client.get(f"{PAGE}/lung").status_code == 404
    assert client.get(f"{PAGE}/medicine").status_code == 200
    assert _post(client, csrf, "lung/rename", revision="1", name_zh="x").status_code == 404
    assert _post(client, csrf, "medicine/rename", revision="1", name_zh="x").status_code == 403
    assert _post(client, csrf, "heart/rename", revision="1", name_zh="心脏科").status_code == 303
    into = {"revision": "2", "into": "lung", "on": "2026-01-01", "sure": "yes"}
    assert _post(client, csrf, "heart/merge", **into).status_code == 422
    foreign = {"name_zh": "新科", "site island": "on"}
    assert _post(client, csrf, "new", **foreign).status_code == 422
    assert _post(client, csrf, "heart/move", revision="2", parent="").status_code == 422
    assert get_department(hospital.db, "lung").revision == 1


def test_a_duty_is_given_to_an_account_and_ended(
    hospital: Deployment, client: TestClient[Any]
) -> None:
    """By sign-in name or by a name that only one person has. # R1.2.4.1 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    with hospital.db.begin() as connection:
        for login, name in (("chen.li", "陈丽"), ("wang.a", "王芳"), ("wang.b", "王芳")):
            users.create(connection, login, name)
    form = {"duty": "head", "since": "2026-01-01", "account": "陈丽"}
    assert _post(client, csrf, "heart/give-duty", **form).status_code == 303
    several = _post(client, csrf, "heart/give-duty", **form | {"account": "王芳"})
    assert several.status_code == 422 and "几位同事" in several.text and "王芳" in several.text
    twice = _post(client, csrf, "heart/give-duty", **form)
    assert twice.status_code == 409
    shown = client.get(f"{PAGE}/heart", headers=CHINESE).text
    assert "陈丽" in shown and "负责人" in shown
    duty = re.search(r'name="duty_id" value="(\d+)"', shown)
    assert duty is not None
    assert _post(client, csrf, "lung/end-duty", duty_id=duty[1]).status_code == 404
    assert _post(client, csrf, "heart/end-duty", duty_id=duty[1]).status_code == 303


@pytest.mark.parametrize("typed", ["", "名" * 10_000, "a\0b", "<script>alert(1)</script>", "=1+1"])
def test_strange_words_are_only_words(
    hospital: Deployment, client: TestClient[Any], typed: str
) -> None:
    """Nothing typed runs, breaks the page, or is lost when refused. # S21 (part)"""
    csrf = sign_in(hospital, client, "admin", "system_administrator")
    for path, form in (
        ("heart/rename", {"name_zh": typed}),
        ("heart/edit", {"code": typed, "site main": "on"}),
        ("heart/move", {"parent": typed}),
        ("heart/merge", {"into": typed, "on": "2026-01-01"}),
        ("heart/close", {"on": typed}),
        ("new", {"name_zh": typed, "code": "x" + typed}),
    ):
        answer = _post(client, csrf, path, revision=_revision(hospital, "heart"), **form)
        assert answer.status_code < 500, (path, answer.text)
        assert "<script>alert" not in answer.text
    assert client.get(f"{PAGE}?q={typed[:80]}".replace("\0", "%00")).status_code == 200
    assert client.get(f"{PAGE}/a%00b").status_code in (400, 404)
    assert _post(client, "0" * 40, "heart/rename", revision="1", name_zh="x").status_code == 403


def test_departments_need_their_permissions(hospital: Deployment, client: TestClient[Any]) -> None:
    """Reading shows no form of change; without it nothing opens. # R2.2.3 (part)"""
    csrf = sign_in(hospital, client, "reader", "reviewer")
    assert "/rename" not in client.get(f"{PAGE}/heart").text
    assert _post(client, csrf, "heart/rename", revision="1", name_zh="x").status_code == 403
    sign_in(hospital, client, "trail", "auditor")
    assert client.get(PAGE).status_code == 403
