"""Accounts and roles on the console's page."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts import attempts, providers, roles, sessions, totp, users
from runtime.kit.clock import hospital_day, system_clock
from runtime.kit.problems import NotFound, StateConflict
from runtime.org.departments import add_department
from runtime.wiring import Deployment


def sign_in(
    deployment: Deployment,
    client: TestClient[Any],
    login: str,
    *held: str,
    sites: tuple[str, ...] | None = None,
    departments: tuple[str, ...] | None = None,
) -> str:
    """Signed in with these roles at these `sites` and `departments`; the token of its forms."""
    with deployment.db.begin() as connection:
        user = users.ensure(connection, login, login)
        for role in held:
            roles.grant(connection, user, role, sites=sites, departments=departments)
        link = users.give_link(connection, user, "look")
    client.cookies.clear()
    signed = client.post(f"/staff/sign-in/{link}", follow_redirects=False)
    client.cookies.clear()
    client.cookies.update(signed.cookies)
    found = re.search(r'name="_csrf" value="(\w+)"', client.get("/staff/").text)
    assert found is not None
    return found[1]


def _hospital(deployment: Deployment) -> None:
    """Two sites, and departments below one another."""
    actor = users.SYSTEM
    names = [("ent", None), ("ent_ward", "ent"), ("surgery", None)]
    with deployment.db.begin() as connection:
        for site in ("main", "north"):
            connection.execute(
                sa.text(
                    "INSERT INTO sites (id, name) "
                    "VALUES (:id, jsonb_build_object('zh-CN', CAST(:id AS text))) "
                    "ON CONFLICT DO NOTHING"
                ),
                {"id": site},
            )
    for name, parent in names:
        words = {"zh-CN": f"科室 {name}"}
        add_department(deployment.db, actor, department_id=name, name=words, parent=parent)


def test_an_account_is_made_and_given_rights(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """By the security administrator; the link is shown once, rights work at once. # R1.2.4.1"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    made = client.post("/staff/users", data={"_csrf": csrf, "login": "chen.li", "name": "陈丽"})
    assert made.status_code == 200
    assert re.search(r"/staff/sign-in/hsl_[\w-]+", made.text)
    listed = client.get("/staff/users").text
    assert "陈丽" in listed and "/staff/sign-in/hsl_" not in listed
    with deployment.db.begin() as connection:
        user = users.find(connection, "chen.li").id
    form = {"_csrf": csrf, "do": "grant", "role": "analyst", "where": "sites", "site main": "on"}
    url = f"/staff/users/{user}/roles"
    _hospital(deployment)
    assert client.post(url, data=form, follow_redirects=False).status_code == 303
    with deployment.db.begin() as connection:
        assert roles.grants_of(connection, user).reach.sites == ("main",)
    assert (
        "数据分析员" in client.get(f"/staff/users/{user}", headers={"accept-language": "zh"}).text
    )
    client.post(url, data=form | {"do": "revoke"})
    with deployment.db.begin() as connection:
        assert roles.grants_of(connection, user).permissions == frozenset()


def test_what_cannot_be_is_said_beside_what_was_typed(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A taken or bad sign-in name; nothing typed is lost, and nothing is run. # S21 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    typed = "<script>alert(1)</script>"
    again = client.post("/staff/users", data={"_csrf": csrf, "login": "chief", "name": typed})
    assert again.status_code == 422
    assert typed not in again.text and "&lt;script&gt;" in again.text
    bad = client.post("/staff/users", data={"_csrf": csrf, "login": "陈 丽", "name": "陈丽"})
    assert bad.status_code == 422 and "陈 丽" in bad.text


def test_the_three_administrations_do_not_meet(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """# S39"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        user = users.create(connection, "other", "other")
        roles.grant(connection, user, "security_administrator")
        roles.grant(connection, user, "system_administrator")
    form = {"_csrf": csrf, "do": "grant", "role": "auditor", "where": "hospital"}
    assert client.post(f"/staff/users/{user}/roles", data=form).status_code == 409


def test_nobody_gives_themselves_rights(deployment: Deployment, client: TestClient[Any]) -> None:
    """Neither more nor fewer. # S39 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        user = users.find(connection, "chief").id
    form = {"_csrf": csrf, "do": "grant", "role": "analyst", "where": "hospital"}
    assert client.post(f"/staff/users/{user}/roles", data=form).status_code == 403
    form |= {"do": "revoke", "role": "security_administrator"}
    assert client.post(f"/staff/users/{user}/roles", data=form).status_code == 403


def test_forms_need_the_sessions_token_and_the_permission(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """A forged form changes nothing; neither does who may only look. # S19"""
    form = {"login": "forged", "name": "forged"}
    sign_in(deployment, client, "chief", "security_administrator")
    assert client.post("/staff/users", data=form).status_code == 403
    assert client.post("/staff/users", data=form | {"_csrf": "0" * 40}).status_code == 403
    csrf = sign_in(deployment, client, "viewer", "auditor")
    assert client.get("/staff/users").status_code == 200
    assert client.post("/staff/users", data=form | {"_csrf": csrf}).status_code == 403
    assert client.get("/staff/users/00000000-0000-0000-0000-000000000000").status_code == 404
    sign_in(deployment, client, "reader", "analyst")
    assert client.get("/staff/users").status_code == 403
    with deployment.db.begin() as connection, pytest.raises(NotFound):
        users.find(connection, "forged")


def test_a_role_is_given_for_a_department_and_all_below_until_a_day(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Through the pickers; the form shows again what is held; nothing ticked is told. # R2.2.3"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    _hospital(deployment)
    with deployment.db.begin() as connection:
        user = users.create(connection, "head", "李主任")
    url, today = f"/staff/users/{user}/roles", hospital_day(system_clock())
    last = str(today + timedelta(30))
    form = {"_csrf": csrf, "do": "grant", "role": "department_head", "where": "departments"}
    assert client.post(url, data=form).status_code == 422
    assert client.post(url, data=form | {"where": "hospital"}).status_code == 422
    assert client.post(url, data=form | {"department nowhere": "on"}).status_code == 422
    given = form | {"department ent": "on", "until": last}
    for bad in ("2001-01-01", "soon", "9999999"):
        assert client.post(url, data=given | {"until": bad}).status_code == 422
    assert client.post(url, data=given, follow_redirects=False).status_code == 303
    with deployment.db.begin() as connection:
        reach = roles.grants_of(connection, user).reach
    assert reach.departments == ("ent", "ent_ward") and reach.sites is None
    asked = client.get(f"{url}?role=department_head").text
    assert re.search(r'name="department ent" checked', asked) and f'value="{last}"' in asked
    assert not re.search(r'name="department surgery" checked', asked)
    assert last in client.get(f"/staff/users/{user}").text


def test_an_account_is_closed_opened_unlocked_and_given_a_new_link(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Each at once, recorded, and never one's own account. # S17, S04, S41 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        user = users.create(connection, "nurse", "张护士")
        own = users.find(connection, "chief").id
        sessions.start(connection, user)
        counted = providers.counted_under(
            deployment.secret, providers.Claim("password", "", "nurse")
        )
        for _ in range(5):
            attempts.reserve(connection, counted, 5)
        totp.enrol(connection, deployment.vault, user, b"s" * 20, 1)
    url = f"/staff/users/{user}"
    assert 'value="unlock"' in client.get(url).text

    def do(what: str, where: str = url) -> int:
        form = {"_csrf": csrf, "do": what}
        return client.post(where, data=form, follow_redirects=False).status_code

    assert do("unlock") == 303 and 'value="unlock"' not in client.get(url).text
    assert do("forget_second") == 303
    link = client.post(url, data={"_csrf": csrf, "do": "link"}).text
    assert re.search(r"/staff/sign-in/hsl_[\w-]+", link)
    assert "hsl_" not in client.get(url).text
    assert do("disable") == 303 and do("link") == 409
    with deployment.db.begin() as connection:
        assert sessions.sessions_of(connection, user) == []
        assert not totp.is_enrolled(connection, user)
        actions = connection.execute(
            sa.text("SELECT action FROM audit_lines WHERE object_id = :user"), {"user": user}
        ).scalars()
        assert {
            "account.unlocked",
            "account.second_removed",
            "account.link_given",
            "account.disabled",
        } <= set(actions)
    assert do("enable") == 303
    for what in ("disable", "link", "forget_second", "unlock"):
        assert do(what, f"/staff/users/{own}") == 403, what
    assert do("no_such_button") == 422


def test_five_thousand_accounts_are_paged_and_searched(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Each once over all pages, in order; part of a name and the beginning of a sign-in name find.

    # R1.2.4.1 (part)
    """
    sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO users (id, login, name, state_at, created_at) "
                "SELECT gen_random_uuid(), 'n' || n, '职工' || n % 700 || '号', now(), now() "
                "FROM generate_series(1, 5000) n"
            )
        )
    seen: list[str] = []
    url: str | None = "/staff/users"
    while url is not None:
        text = client.get(url).text
        seen += re.findall(r'<td[^>]*><a href="/staff/users/([\w-]+)"', text)
        following = re.search(r'href="([^"]+)" rel="next"', text)
        url = html.unescape(following[1]) if following else None
    assert len(seen) == len(set(seen)) == 5001
    assert len(re.findall(r"<td[^>]*>n49", client.get("/staff/users?q=n499").text)) == 11
    found = client.get("/staff/users?q=职工699号&standing=active").text
    assert len(re.findall(r'<td[^>]*><a href="/staff/users/', found)) == 7
    assert "职工0号" not in client.get("/staff/users?standing=disabled").text
    for strange in ("%00", "'", "%25", "_", "<script>alert(1)</script>", "一" * 3_000):
        answer = client.get("/staff/users", params={"q": strange, "after": strange})
        assert answer.status_code == 200 and "<script>alert" not in answer.text


def test_what_runs_the_whole_hospital_is_not_given_for_a_site(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """Refused in words; held so by other ways, it opens nothing and keeps nobody.

    # S35 (part) S39 (part)
    """
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    _hospital(deployment)
    with deployment.db.begin() as connection:
        user = users.create(connection, "narrow", "分院管理员")
    url = f"/staff/users/{user}/roles"
    for role in ("system_administrator", "security_administrator", "auditor"):
        form = {"_csrf": csrf, "do": "grant", "role": role, "where": "sites", "site main": "on"}
        refused = client.post(url, data=form, headers={"accept-language": "zh"})
        assert refused.status_code == 422 and "只能授予全院范围" in refused.text
    with deployment.db.begin() as connection:
        roles.grant(connection, user, "security_administrator", sites=("main",))
        held = roles.grants_of(connection, user).permissions
        assert "users:read" in held and not held & roles.WHOLE
    sign_in(deployment, client, "narrow")
    for path in ("/staff/users/new", "/staff/roles/new", "/staff/sessions"):
        assert client.get(path).status_code == 403, path
    with deployment.db.begin() as connection:
        chief = users.find(connection, "chief").id
        with pytest.raises(StateConflict):
            roles.revoke(connection, chief, "security_administrator")
