"""Which dictionary ids exist, where they stand and what they are called, kept for a minute in each
process."""

import threading
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from engine.parts import Within
from runtime.kit.db import Database
from runtime.org.service import OPEN, in_language

KEEP_SECONDS = 60.0
_SITES = sa.text(f"SELECT s.id FROM sites s WHERE {OPEN.format('s')}")  # nosec B608
_DEPARTMENTS = sa.text(
    f"SELECT d.id, d.name, d.parent AS above, d.sites, {OPEN.format('d')} AS is_open "  # nosec B608
    "FROM departments d"
)
_STAFF = sa.text(
    "SELECT s.id, s.name, s.department AS above, ARRAY[s.site] AS sites, true AS is_open "  # nosec B608
    f"FROM staff_members s JOIN departments d ON d.id = s.department WHERE {OPEN.format('d')}"
)


class _Listed(NamedTuple):
    """An entry; `above` is a department's parent or a member of staff's department."""

    name: Mapping[str, str]
    above: str | None
    sites: frozenset[str]
    is_open: bool


Listing = Mapping[str, _Listed]


class _Dictionaries:
    """The dictionaries as they were at one moment; what was asked once is kept."""

    def __init__(self, sites: frozenset[str], departments: Listing, staff: Listing) -> None:
        self.sites = sites
        self.departments = departments
        self.staff = staff
        self.named = _by_name((key, one.name) for key, one in departments.items() if one.is_open)
        self._picked: dict[tuple[str, Within | None, str | None], frozenset[str]] = {}
        self._words: dict[str, dict[str, Mapping[str, str]]] = {}

    def pick(self, kind: str, within: Within | None, of: str | None) -> frozenset[str]:
        """The open ids of a dictionary, within a part of it, at or below a department."""
        asked = (kind, within, of)
        found = self._picked.get(asked)
        if found is None:
            found = self._picked[asked] = frozenset(self._pick(kind, within or Within(), of))
        return found

    def _pick(self, kind: str, within: Within, of: str | None) -> Iterable[str]:
        listing = self.departments if kind == "department" else self.staff
        below = [self._below(root) for root in (within.subtree, of) if root is not None]
        for key, one in listing.items():
            department = key if kind == "department" else one.above
            is_there = not within.sites or not one.sites.isdisjoint(within.sites)
            if one.is_open and is_there and all(department in part for part in below):
                yield key

    def _below(self, root: str) -> set[str]:
        """A department and all below it."""
        found, fresh = {root}, {root}
        while fresh:
            fresh = {k for k, one in self.departments.items() if one.above in fresh} - found
            found |= fresh
        return found

    def words(self, lang: str) -> Mapping[str, Mapping[str, str]]:
        """What the entries of each dictionary are called."""
        if lang not in self._words:
            both = {"department": self.departments, "staff": self.staff}
            self._words[lang] = {
                kind: {key: in_language(one.name, lang) for key, one in listing.items()}
                for kind, listing in both.items()
            }
        return self._words[lang]


class KnownIds:
    """The ids of open sites, open departments and their staff; at most a minute old."""

    def __init__(self, db: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        self.db = db
        self.keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: _Dictionaries | None = None

    @property
    def sites(self) -> frozenset[str]:
        """Site ids."""
        return self._fresh().sites

    @property
    def departments(self) -> frozenset[str]:
        """Department ids."""
        return self.departments_within(None)

    def departments_within(self, within: Within | None) -> frozenset[str]:
        """The departments that a question offers."""
        return self._fresh().pick("department", within, None)

    def staff_within(self, within: Within | None, department: str | None = None) -> frozenset[str]:
        """The staff that a question offers, of a department and those below it where one is set."""
        return self._fresh().pick("staff", within, department)

    def words(self, lang: str) -> Mapping[str, Mapping[str, str]]:
        """What each department and each member of staff is called, by the type of question."""
        return self._fresh().words(lang)

    def department_of(self, text: object) -> str | None:
        """The department of this id or, in any language, this name; None for none or several."""
        if not isinstance(text, str):
            return None
        return text if text in self.departments else self._fresh().named.get(text.strip())

    def _fresh(self) -> _Dictionaries:
        with self._lock:
            if self._found is None or time.monotonic() - self._read_at > self.keep_seconds:
                self._found = self._read()
                self._read_at = time.monotonic()
            return self._found

    def _read(self) -> _Dictionaries:
        """Beside the pool: whoever asks amid a turn holds a connection of it."""
        with self.db.begin_beside_pool() as connection:
            sites = frozenset(connection.execute(_SITES).scalars())
            departments, staff = (
                {
                    row.id: _Listed(row.name, row.above, frozenset(row.sites), row.is_open)
                    for row in connection.execute(query)
                }
                for query in (_DEPARTMENTS, _STAFF)
            )
        return _Dictionaries(sites, departments, staff)


def _by_name(departments: Iterable[tuple[str, Mapping[str, str]]]) -> dict[str, str | None]:
    """Each name with the one department that bears it; None where several do."""
    named: dict[str, str | None] = {}
    for identity, names in departments:
        for name in set(names.values()):
            named[name] = None if name in named else identity
    return named
