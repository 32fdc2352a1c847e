"""Who is signed in, as those see it who may end sessions; the page that tells how to go on."""

import re
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts import sessions, users
from runtime.accounts.devices import device_of
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

PAGE = "/staff/sessions"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile MicroMessenger/8.0.50"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (WINDOWS, "Chrome · Windows"),
        (f"{WINDOWS} Edg/130.0", "Edge · Windows"),
        (WECHAT, "微信 WeChat · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130.0 wxwork/4.1", "企业微信 WeCom · Android"),
        ("<script>", None),
        ("", None),
    ],
)
def test_a_device_is_told_in_words(agent: str, told: str | None) -> None:
    """Browser and system; nothing for what says neither. # S17 (part)"""
    assert device_of(agent) == told


def test_sessions_of_others_are_seen_and_ended_at_once(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """One, then all of a person; recorded; never the session that asks. # S17"""
    csrf = sign_in(deployment, client, "chief", "security_administrator")
    with deployment.db.begin() as connection:
        user = users.create(connection, "nurse", "张护士")
        for agent in (WINDOWS, WECHAT, WINDOWS):
            sessions.start(connection, user, address="10.1.2.3", agent=agent)
    shown = client.get(PAGE, params={"q": "张护"}).text
    assert "Chrome · Windows" in shown and "微信 WeChat · iPhone" in shown and "10.1.2.3" in shown
    found = re.findall(r'name="session" value="([^"]+)"', shown)
    assert len(found) == 3 == client.get(f"{PAGE}?q=10.1.2.3").text.count('name="session"')
    form = {"_csrf": csrf, "session": found[0], "do": "one"}
    assert client.post(PAGE, data=form, follow_redirects=False).status_code == 303
    assert client.post(PAGE, data=form).status_code == 404
    client.post(PAGE, data=form | {"session": found[1], "do": "all"})
    with deployment.db.begin() as connection:
        assert sessions.sessions_of(connection, user) == []
        own = sessions.sessions_of(connection, users.find(connection, "chief").id)[0].id
        facts = connection.execute(
            sa.text(
                "SELECT facts FROM audit_lines WHERE action = 'account.sessions_ended' ORDER BY at"
            )
        ).scalars()
        assert list(facts) == [{"sessions": 1}, {"sessions": 2}]
    for wanted in (own, "nothing", "a\0b", ""):
        assert client.post(PAGE, data=form | {"session": wanted}).status_code == 404
    assert client.post(PAGE, data=form | {"_csrf": "0" * 40}).status_code == 403
    sign_in(deployment, client, "viewer", "auditor")
    assert client.get(PAGE).status_code == 403


def test_help_tells_of_what_this_person_may_open(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """By permission, in both languages, with the skip link first. # S71 (part)"""
    sign_in(deployment, client, "reader", "analyst")
    page = client.get("/staff/help", headers={"accept-language": "zh"}).text
    assert 'href="/staff/responses"' in page and "/staff/users" not in page
    assert page.index('href="#main"') < page.index("<nav")
    for lang in ("zh", "en"):
        text = client.get("/staff/help", headers={"accept-language": lang}).text
        assert "help_" not in text and "console_" not in text
    client.cookies.clear()
    assert client.get("/staff/help").status_code == 401
