"""Which dictionary ids exist and what departments are called, kept for a minute in each process."""

import threading
import time
from collections.abc import Iterable

import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.org.service import OPEN

KEEP_SECONDS = 60.0
_OPEN = {
    "sites": sa.text(f"SELECT s.id FROM sites s WHERE {OPEN.format('s')}"),  # nosec B608
    "staff_members": sa.text(
        "SELECT s.id FROM staff_members s JOIN departments d ON d.id = s.department "
        f"WHERE {OPEN.format('d')}"  # nosec B608
    ),
}

_DEPARTMENTS = sa.text(
    f"SELECT d.id, d.name FROM departments d WHERE {OPEN.format('d')}"  # nosec B608
)


class KnownIds:
    """The ids of open sites, open departments and their staff; at most a minute old."""

    def __init__(self, db: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        self.db = db
        self.keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._ids: dict[str, frozenset[str]] = {}
        self._named: dict[str, str | None] = {}

    @property
    def sites(self) -> frozenset[str]:
        """Site ids."""
        return self._fresh()["sites"]

    @property
    def departments(self) -> frozenset[str]:
        """Department ids."""
        return self._fresh()["departments"]

    def department_of(self, text: object) -> str | None:
        """The department of this id or, in any language, this name; None for none or several."""
        if not isinstance(text, str):
            return None
        return text if text in self._fresh()["departments"] else self._named.get(text.strip())

    @property
    def staff(self) -> frozenset[str]:
        """Staff ids."""
        return self._fresh()["staff_members"]

    def _fresh(self) -> dict[str, frozenset[str]]:
        with self._lock:
            if time.monotonic() - self._read_at > self.keep_seconds:
                self._ids = self._read()
                self._read_at = time.monotonic()
            return self._ids

    def _read(self) -> dict[str, frozenset[str]]:
        with self.db.begin() as connection:
            found = {
                name: frozenset(connection.execute(query).scalars())
                for name, query in _OPEN.items()
            }
            departments = connection.execute(_DEPARTMENTS).all()
        self._named = _by_name((row.id, row.name) for row in departments)
        return found | {"departments": frozenset(row.id for row in departments)}


def _by_name(departments: Iterable[tuple[str, dict[str, str]]]) -> dict[str, str | None]:
    """Each name with the one department that bears it; None where several do."""
    named: dict[str, str | None] = {}
    for identity, names in departments:
        for name in set(names.values()):
            named[name] = None if name in named else identity
    return named
