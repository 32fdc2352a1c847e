"""Roles on the console's page: what each may do, made, copied, changed and retired by others."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlalchemy.exc import IntegrityError

from runtime.accounts import role_editing, roles, users
from runtime.accounts.access import PERMISSIONS
from runtime.accounts.role_editing import FIELDS, WIDEST, Draft
from runtime.audit.models import Actor
from runtime.kit.clock import hospital_day, system_clock
from runtime.kit.problems import Forbidden, NotFound, StateConflict, Unprocessable
from runtime.kit.words import catalogue
from runtime.staff.pages.roles import TOLD, by_area
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

PAGE = "/staff/roles"


def _facts(deployment: Deployment, action: str) -> list[Any]:
    with deployment.db.begin() as connection:
        return list(
            connection.execute(
                sa.text("SELECT facts FROM audit_lines WHERE action = :action ORDER BY at"),
                {"action": action},
            ).scalars()
        )


def _form(csrf: str, name: str, *permissions: str, **more: str) -> dict[str, str]:
    given = {f"may {one}": "on" for one in permissions}
    return {"_csrf": csrf, "name_zh": name, "widest": "hospital", **given, **more}


def test_every_permission_stands_in_one_area_and_has_words() -> None:
    """In each language; a permission without words fails here. # R1.2.4.1 (part)"""
    placed = [one for _, found in by_area(PERMISSIONS) for one in found]
    assert sorted(placed) == sorted(PERMISSIONS)
    for lang in ("zh-CN", "en"):
        words = catalogue(lang)
        wanted = {f"roles_may_{one.replace(':', '_')}" for one in PERMISSIONS}
        wanted |= {f"roles_area_{area}" for area, _ in by_area(PERMISSIONS)}
        wanted |= {f"roles_refused_{one}" for one in TOLD} | {
            f"roles_field_{one}" for one in FIELDS
        }
        wanted |= {f"roles_widest_{one}" for one in WIDEST}
        assert wanted <= set(words)


def test_a_role_is_copied_changed_and_retired_with_its_difference_kept(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """By somebody who does not hold it; each step is a line of the trail. # R1.2.4.1"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    copied = client.get(f"{PAGE}/new?copy_of=analyst").text
    assert re.search(r'name="may responses:export" checked', copied)
    form = _form(csrf, "病房统计员", "responses:read", "surveys:read", name_en="Ward analyst")
    made = client.post(f"{PAGE}/new", data=form, follow_redirects=False)
    assert made.status_code == 303
    own = made.headers["location"].split("?")[0]
    role = own.rsplit("/", 1)[1]
    with deployment.db.begin() as connection:
        user = users.create(connection, "ward.one", "张护士")
        roles.grant(connection, user, role, sites=("main",))
    shown = client.get(own, headers={"accept-language": "zh"}).text
    assert "病房统计员" in shown and "张护士" in shown and "查看答卷（个人信息打码）" in shown
    changed = _form(csrf, "病房统计员", "responses:read", "responses:export", revision="1")
    assert client.post(f"{own}/edit", data=changed, follow_redirects=False).status_code == 303
    assert _facts(deployment, "role.changed")[0] == {
        "added": ["responses:export"],
        "removed": ["surveys:read"],
        "name": {
            "old": {"zh-CN": "病房统计员", "en": "Ward analyst"},
            "new": {"zh-CN": "病房统计员"},
        },
        "sessions_ended": 0,
    }
    assert client.post(f"{own}/edit", data=changed).status_code == 409
    client.post(f"{own}/retire", data={"_csrf": csrf})
    with deployment.db.begin() as connection:
        assert roles.grants_of(connection, user).permissions == frozenset()
        with pytest.raises(NotFound):
            roles.grant(connection, user, role)
    client.post(f"{own}/retire", data={"_csrf": csrf, "do": "restore"})
    with deployment.db.begin() as connection:
        assert roles.get_role(connection, role).retired_at is None
        assert roles.roles_of(connection, user) == []


def test_a_changed_role_works_at_the_holders_next_request(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Rights taken away are gone at once; rights gained ask to sign in anew. # S40, S15 (part)"""
    sign_in(deployment, client, "reader", "auditor")
    cookies = dict(client.cookies)
    assert client.get("/staff/users").status_code == 200
    with deployment.db.begin() as connection:
        permissions = tuple(
            one for one in roles.get_role(connection, "auditor").permissions if one != "users:read"
        )
        draft = Draft(name={"zh-CN": "审计管理员"}, permissions=permissions)
        role_editing.change_role(connection, "auditor", draft)
    assert client.get("/staff/users").status_code == 403
    with deployment.db.begin() as connection:
        more = Draft(name={"zh-CN": "审计管理员"}, permissions=(*permissions, "users:read"))
        role_editing.change_role(connection, "auditor", more)
    client.cookies.clear()
    client.cookies.update(cookies)
    assert client.get("/staff/users").status_code == 401


def test_no_role_and_no_person_unites_the_three_administrations(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Refused by the database: one role, a changed role, a grant; in words on the page. # S39"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    three = _form(csrf, "全能", "parameters:write", "roles:write", "audit:export")
    refused = client.post(f"{PAGE}/new", data=three, headers={"accept-language": "zh"})
    assert refused.status_code == 409 and "三类权限" in refused.text and "全能" in refused.text
    with deployment.db.begin() as connection:
        both = users.create(connection, "both", "both")
        roles.grant(connection, both, "system_administrator")
        roles.grant(connection, both, "auditor")
        harmless = Draft(name={"zh-CN": "值班"}, permissions=("surveys:read",))
        role = role_editing.create_role(connection, harmless)
        roles.grant(connection, both, role)
    form = _form(csrf, "值班", "surveys:read", "sessions:end", revision="1")
    assert client.post(f"{PAGE}/{role}/edit", data=form).status_code == 409
    with pytest.raises(IntegrityError), deployment.db.begin() as connection:
        connection.execute(
            sa.text("UPDATE roles SET permissions = '{users:write}' WHERE id = :role"),
            {"role": role},
        )


def test_nobody_changes_a_role_they_hold(deployment: Deployment, client: TestClient[Any]) -> None:
    """Neither by the form, which is not shown, nor by a forged post. # S39 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    own = f"{PAGE}/security_administrator"
    assert client.get(f"{own}/edit", follow_redirects=False).status_code == 303
    form = _form(csrf, "安全管理员", "roles:write", "users:write", "surveys:read", revision="1")
    assert client.post(f"{own}/edit", data=form).status_code == 403
    assert client.post(f"{own}/retire", data={"_csrf": csrf}).status_code == 403


def test_the_last_who_may_grant_rights_stays(deployment: Deployment) -> None:
    """Not revoked, not retired, not given an end, not emptied: somebody must be able to. # S39"""
    with deployment.db.begin() as connection:
        user = users.create(connection, "only", "only")
        roles.grant(connection, user, "security_administrator")
    role, tomorrow = "security_administrator", hospital_day(system_clock()) + timedelta(1)
    emptied = Draft(name={"zh-CN": "安全管理员"}, permissions=("users:read",))
    with deployment.db.begin() as connection, pytest.raises(StateConflict):
        roles.revoke(connection, user, role)
    with deployment.db.begin() as connection, pytest.raises(StateConflict):
        role_editing.retire_role(connection, role)
    with deployment.db.begin() as connection, pytest.raises(StateConflict):
        role_editing.change_role(connection, role, emptied)
    with deployment.db.begin() as connection, pytest.raises(StateConflict):
        roles.grant(connection, user, role, until=tomorrow)


def test_a_grant_ends_after_its_last_day(deployment: Deployment) -> None:
    """By the hospital's calendar; a last day in the past is refused. # R2.2.3 (part)"""
    now = system_clock()
    today = hospital_day(now)
    with deployment.db.begin() as connection:
        user = users.create(connection, "locum", "代班")
        roles.grant(connection, user, "analyst", until=today)
        assert "responses:read" in roles.grants_of(connection, user).permissions
        later = roles.grants_of(connection, user, clock=lambda: now + timedelta(1))
        assert later.permissions == frozenset() and later.reach.sites == ()
        with pytest.raises(Unprocessable):
            roles.grant(connection, user, "analyst", until=today - timedelta(1))


def test_staff_give_a_role_no_wider_than_it_says(deployment: Deployment) -> None:
    """A department's contact is given for departments. # R2.2.3 (part)"""
    with deployment.db.begin() as connection:
        chief = users.create(connection, "chief", "chief")
        user = users.create(connection, "contact", "contact")
        actor = Actor("staff", chief, "chief", None, "staff", None)
        with pytest.raises(Unprocessable):
            roles.grant(connection, user, "department_contact", sites=("main",), actor=actor)
        roles.grant(connection, user, "department_contact", departments=("ent",), actor=actor)
        with pytest.raises(Forbidden):
            roles.grant(connection, chief, "analyst", actor=actor)


@pytest.mark.parametrize(
    "typed", ["", "   ", "名" * 41, "a\0b", "<script>alert(1)</script>", "=1+1", "一" * 10_000]
)
def test_a_bad_name_is_told_and_a_strange_one_is_only_text(
    deployment: Deployment, client: TestClient[Any], typed: str
) -> None:
    """Nothing typed runs, nothing ticked is lost. # S21 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    form = _form(csrf, typed, "surveys:read")
    answer = client.post(f"{PAGE}/new", data=form)
    assert answer.status_code in (200, 422), answer.text
    assert "<script>alert" not in answer.text
    if answer.status_code == 422:
        assert 'name="may surveys:read" checked' in answer.text
    assert client.get(f"{PAGE}/nothing").status_code == 404
    assert client.get(f"{PAGE}/a%00b").status_code in (400, 404)


def test_roles_need_their_permissions(deployment: Deployment, client: TestClient[Any]) -> None:
    """The auditor looks; others do not; a forged form changes nothing. # S19, S37 (part)"""
    csrf = sign_in(deployment, client, "viewer", "auditor")
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{PAGE}/new").status_code == 403
    assert client.post(f"{PAGE}/new", data=_form(csrf, "x")).status_code == 403
    sign_in(deployment, client, "chief", "security_administrator")
    assert client.post(f"{PAGE}/new", data=_form("0" * 40, "x")).status_code == 403
    sign_in(deployment, client, "reader", "analyst")
    assert client.get(PAGE).status_code == 403
