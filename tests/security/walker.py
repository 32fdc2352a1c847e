"""Somebody who sends the console's forms as its pages give them, and reads the lines they leave."""

import html
import re
from collections import defaultdict
from typing import Any
from urllib.parse import urljoin

import sqlalchemy as sa
from litestar.testing import TestClient
from lxml import html as tree_of_html

from runtime.accounts import users
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

markup: Any = tree_of_html  # its stubs are partly untyped
CHINESE = {"accept-language": "zh"}
FIELDS = ("input", "button", "select", "textarea")

Typed = dict[str, str]


class Walker:
    """Goes from page to page in one role after the other."""

    def __init__(self, deployment: Deployment, client: TestClient[Any]) -> None:
        self.deployment, self.client = deployment, client
        self.left: dict[str, set[str]] = defaultdict(set)
        """Which route left which lines."""
        self.me = self.csrf = ""

    def be(self, role: str) -> None:
        """Sign in anew, in this role everywhere."""
        self.csrf = sign_in(self.deployment, self.client, f"w_{role}", role)
        with self.deployment.db.begin() as connection:
            self.me = users.find(connection, f"w_{role}").id

    def lines(self) -> list[str]:
        """What the trail tells of this person, in order."""
        with self.deployment.db.begin() as connection:
            found = connection.execute(
                sa.text("SELECT action FROM audit_lines WHERE actor_id = :me ORDER BY id"),
                {"me": self.me},
            )
            return list(found.scalars())

    def form(self, page: str, has: str) -> tuple[str, Typed]:
        """Where the form of this page goes that holds such a field or button, and its values."""
        answer = self.client.get(page, headers=CHINESE)
        assert answer.status_code == 200, (page, answer.status_code)
        for form in markup.fromstring(answer.text.encode()).forms:
            parts = list(form.iter(*FIELDS))
            if form.method == "POST" and has in {
                str(one.get(name)) for one in parts for name in ("name", "value")
            }:
                fields = {name: value for name, value in form.fields.items() if value is not None}
                return urljoin(page, form.get("action") or page), fields
        raise AssertionError(f"no form with {has} on {page}")

    def fill(self, route: str, page: str, has: str, files: Any = None, **typed: str) -> Any:
        """Send the form of a page with what is typed; it is taken, and leaves a line."""
        action, fields = self.form(page, has)
        return self.send(route, action, fields | typed, files)

    def send(self, route: str, path: str, fields: Typed, files: Any = None) -> Any:
        """Send these fields; they are taken, and leave a line."""
        before = len(self.lines())
        data = {"_csrf": self.csrf} | fields
        answer = self.client.post(
            path, data=data, files=files, headers=CHINESE, follow_redirects=False
        )
        assert answer.status_code in (200, 303), (route, answer.status_code, _told(answer.text))
        left = self.lines()[before:]
        assert left, f"{route} left no line: {answer.status_code} {_told(answer.text)}"
        self.left[f"POST /staff{route}"] |= set(left)
        return answer

    def found(self, page: str, pattern: str) -> str:
        """The first piece of a page that fits."""
        text = html.unescape(self.client.get(page, headers=CHINESE).text)
        found = re.search(pattern, text)
        assert found is not None, (page, pattern)
        return found[1]


def _told(page: str) -> str:
    """What a page says, without its frame."""
    return " ".join(markup.fromstring(page.encode()).xpath("string(//main)").split())[:1500]
