"""Watches over a test's requests: none waits for a second connection while it holds a first.

With every connection of the pool held by threads that want another one, all of them wait in vain
until they give up: what is read amid a turn or a transaction goes beside the pool.
"""

import threading
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

OURS = f"{Path(__file__).parents[2] / 'runtime'}/"


class Holding:
    """Where a handler's thread took a second connection, as the frames that led there."""

    def __init__(self) -> None:
        self.twice: list[str] = []
        self._held = threading.local()

    @contextmanager
    def over(self, engine: sa.Engine) -> Generator[None]:
        """Watch the connections that this engine lends."""
        listeners: tuple[tuple[str, Any], ...] = (
            ("checkout", self._taken), ("checkin", self._given),
        )  # fmt: skip
        for name, listener in listeners:
            event.listen(engine, name, listener)
        try:
            yield
        finally:
            for name, listener in listeners:
                event.remove(engine, name, listener)

    def _taken(self, *_: object) -> None:
        held = self._held.count = getattr(self._held, "count", 0) + 1
        if held > 1 and threading.current_thread().name.startswith("handler"):
            frames = [one for one in traceback.extract_stack() if one.filename.startswith(OURS)]
            told = (f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames[-8:])
            self.twice.append(" > ".join(told))

    def _given(self, *_: object) -> None:
        self._held.count = max(0, getattr(self._held, "count", 1) - 1)
