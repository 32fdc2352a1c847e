"""Accounts and roles on the console's page."""

import re
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.accounts import roles, users
from runtime.kit.problems import NotFound
from runtime.wiring import Deployment


def sign_in(deployment: Deployment, client: TestClient[Any], login: str, *held: str) -> str:
    """Signed in with these roles; the token of this session's forms."""
    with deployment.db.begin() as connection:
        user = users.ensure(connection, login, login)
        for role in held:
            roles.grant(connection, user, role)
        link = users.give_link(connection, user, "look")
    client.cookies.clear()
    signed = client.post(f"/staff/sign-in/{link}", follow_redirects=False)
    client.cookies.clear()
    client.cookies.update(signed.cookies)
    found = re.search(r'name="_csrf" value="(\w+)"', client.get("/staff/").text)
    assert found is not None
    return found[1]


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
    form = {"_csrf": csrf, "do": "grant", "role": "analyst", "site": "main"}
    url = f"/staff/users/{user}/roles"
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
    form = {"_csrf": csrf, "do": "grant", "role": "auditor"}
    assert client.post(f"/staff/users/{user}/roles", data=form).status_code == 409


def test_nobody_gives_themselves_rights(deployment: Deployment, client: TestClient[Any]) -> None:
    """Neither more nor fewer. # S39 (part)"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        user = users.find(connection, "chief").id
    form = {"_csrf": csrf, "do": "grant", "role": "analyst"}
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
