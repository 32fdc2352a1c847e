"""Dictionary entries for the department and staff questions of a page."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from engine.questions import DepartmentView, StaffView
from renderers.web.frame import Pick
from runtime.kit.db import Database
from runtime.org.models import Picked
from runtime.org.service import find_departments, find_staff

KEEP_SECONDS = 60.0
CAPACITY = 512


class Pickers:
    """What pickers offer, at most a minute old; one for a process."""

    def __init__(self, db: Database, keep_seconds: float = KEEP_SECONDS) -> None:
        self.db = db
        self.keep_seconds = keep_seconds
        self._lock = threading.Lock()
        self._kept: dict[tuple[Any, ...], tuple[float, tuple[Pick, ...]]] = {}

    def for_view(self, view: Any) -> dict[str, tuple[Pick, ...]]:
        """Entries by question id, in the view's language."""
        values = {question.id: question.value for question in view.questions}
        offered: dict[str, tuple[Pick, ...]] = {}
        for question in view.questions:
            match question:
                case DepartmentView():
                    offered[question.id] = self._departments(question, view.lang)
                case StaffView():
                    department = values.get(question.of) if question.of else None
                    offered[question.id] = self._staff(question, department, view.lang)
                case _:
                    pass
        return offered

    def _departments(self, question: DepartmentView, lang: str) -> tuple[Pick, ...]:
        sites: tuple[str | None, ...] = (None,)
        subtree = None
        if question.within is not None:
            sites = tuple(question.within.sites) or sites
            subtree = question.within.subtree

        def read() -> Sequence[Picked]:
            found = [
                find_departments(self.db, site=site, subtree=subtree, lang=lang) for site in sites
            ]
            return list({one.id: one for part in found for one in part}.values())

        return self._keep(("department", sites, subtree, lang), read)

    def _staff(self, question: StaffView, department: object, lang: str) -> tuple[Pick, ...]:
        sites: tuple[str | None, ...] = (None,)
        subtree = None
        if question.within is not None:
            sites = tuple(question.within.sites) or sites
            subtree = question.within.subtree
        of = department if isinstance(department, str) else None

        def read() -> Sequence[Picked]:
            return [
                one
                for site in sites
                for one in find_staff(self.db, site=site, department=of, subtree=subtree, lang=lang)
            ]

        return self._keep(("staff", sites, of, subtree, lang), read)

    def _keep(self, key: tuple[Any, ...], read: Callable[[], Sequence[Picked]]) -> tuple[Pick, ...]:
        now = time.monotonic()
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and now - kept[0] < self.keep_seconds:
                return kept[1]
        picks = tuple(_picks(read()))
        with self._lock:
            if len(self._kept) >= CAPACITY:
                self._kept.clear()
            self._kept[key] = (now, picks)
        return picks


def _picks(found: Sequence[Picked]) -> list[Pick]:
    """Entries under their headings; one that is itself a heading of others is left to them."""
    parents = {one.parent for one in found}
    return [
        Pick(id=one.id, text=one.text, group=one.under)
        for one in found
        if one.id not in parents or one.parent is not None
    ]
