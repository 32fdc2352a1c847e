"""Which dictionary ids exist, kept for a minute in each process."""

import threading
import time

import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.org.service import OPEN

KEEP_SECONDS = 60.0
_OPEN = {
    "sites": sa.text(f"SELECT s.id FROM sites s WHERE {OPEN.format('s')}"),  # nosec B608
    "departments": sa.text(
        f"SELECT d.id FROM departments d WHERE {OPEN.format('d')}"  # nosec B608
    ),
    "staff_members": sa.text(
        "SELECT s.id FROM staff_members s JOIN departments d ON d.id = s.department "
        f"WHERE {OPEN.format('d')}"  # nosec B608
    ),
}


class KnownIds:
    """The ids of open sites, open departments and their staff; at most a minute old."""

    def __init__(self, db: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        self.db = db
        self.keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._ids: dict[str, frozenset[str]] = {}

    @property
    def sites(self) -> frozenset[str]:
        """Site ids."""
        return self._fresh()["sites"]

    @property
    def departments(self) -> frozenset[str]:
        """Department ids."""
        return self._fresh()["departments"]

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
            return {
                name: frozenset(connection.execute(query).scalars())
                for name, query in _OPEN.items()
            }
