"""Watches over a test's requests: no transaction changes rows without its line of the trail."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import sqlalchemy as sa
from litestar import Litestar
from sqlalchemy import event

LINE = "audit_lines"
_CHANGE = re.compile(r"(?<!FOR )(?<!DO )\b(INSERT INTO|UPDATE|DELETE FROM) ([a-z_]+)")
SILENT = re.compile(
    r"(INSERT INTO|UPDATE|DELETE FROM) (sign_in_attempts|captchas|data_keys)\b"
    r"|(INSERT INTO|UPDATE|DELETE FROM) (survey_editors|scheduled_jobs)\b"
    r"|UPDATE user_sessions SET seen_at|DELETE FROM user_sessions WHERE id"
    r"|UPDATE users SET (last_used_at|lang)\b"
    r"|(INSERT INTO|UPDATE|DELETE FROM) (sessions|session_[a-z_]+|attachments)\b"
    r"|(INSERT INTO|UPDATE|DELETE FROM) response_feed_pending\b"
)
"""What needs no line: counting tries (the try has its own), the first key, who has a survey open,
which jobs there are (what is done with one has its own),
that somebody is awake and reads Chinese, a session that ran out; what a patient fills in, whose
start and submission have theirs; and the number that a response is given by whoever reads next."""


class Trail:
    """The changes without a line that requests made, as `route: statement`."""

    def __init__(self) -> None:
        self.bare: list[str] = []
        self._asked: ContextVar[str] = ContextVar("asked", default="")

    @contextmanager
    def over(self, app: Litestar, engine: sa.Engine) -> Generator[None]:
        """Watch what the application does through this engine."""
        inner = app.asgi_handler

        async def asked(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                self._asked.set(f"{scope['method']} {scope['path']}")
            await inner(scope, receive, send)

        app.asgi_handler = asked
        listeners: tuple[tuple[str, Any], ...] = (
            ("begin", self._begin), ("after_cursor_execute", self._note), ("commit", self._commit),
        )  # fmt: skip
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield
        finally:
            app.asgi_handler = inner
            for name, listener in listeners:
                event.remove(engine, name, listener)

    def _begin(self, connection: sa.Connection) -> None:
        connection.info["changes"] = []

    def _note(self, connection: sa.Connection, cursor: Any, statement: str, *_: object) -> None:
        text = " ".join(statement.split())
        if cursor.rowcount != 0 and _CHANGE.search(text):
            connection.info.setdefault("changes", []).append(text)

    def _commit(self, connection: sa.Connection) -> None:
        changes: list[str] = connection.info.pop("changes", [])
        if self._asked.get() and not any(LINE in one for one in changes):
            told = [one for one in changes if not SILENT.search(one)]
            self.bare += [f"{self._asked.get()}: {one[:120]}" for one in told]
