"""What the hospital consists of, as the dictionaries' documents and answers hold it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")

Words = dict[str, str]
Duty = Literal["contact", "head", "deputy"]
DUTIES: tuple[Duty, ...] = ("contact", "head", "deputy")
Reason = Literal["unknown", "not_then", "split", "closed"]


def from_row(row: Mapping[Any, Any], kind: type[T]) -> T:
    """A row of the database as a struct; columns that it does not name are left out."""
    return msgspec.convert(dict(row), kind)


class Site(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the hospital's places."""

    id: str
    name: Words
    code: str | None = None
    kind: str | None = None
    district: Words | None = None
    visit_types: tuple[str, ...] = ()


class Sites(msgspec.Struct, frozen=True, kw_only=True):
    """The document `huisheng.sites/1`."""

    format: str
    sites: tuple[Site, ...]


class Department(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A department in the tree; `sites` are those where it sees patients."""

    id: str
    name: Words
    parent: str | None = None
    code: str | None = None
    kind: str | None = None
    sites: tuple[str, ...] = ()


class Departments(msgspec.Struct, frozen=True, kw_only=True):
    """The document `huisheng.departments/1`, parents before children."""

    format: str
    departments: tuple[Department, ...]


class StaffMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person whom a patient can name."""

    id: str
    name: Words
    department: str
    site: str
    title: Words | None = None


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """The document `huisheng.staff/1`."""

    format: str
    staff: tuple[StaffMember, ...]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A code of a dictionary and its words."""

    id: str
    name: Words


class Picked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a picker; `under` says where the entry stands, in the reader's language."""

    id: str
    text: str
    under: str = ""
    parent: str | None = None
    sites: tuple[str, ...] = ()


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What a source system's code means: the department of then, and those of today.

    One of today: settled. Several: a split that no rule decides, for staff to settle. None: it
    was closed and has no successor.
    """

    then: str
    departments: tuple[str, ...]

    @property
    def department(self) -> str | None:
        """Today's department if there is exactly one."""
        return self.departments[0] if len(self.departments) == 1 else None


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """From a day on, (part of) a department is another; `sites` are those that went there."""

    department: str
    effective_on: date
    successor: str
    kind: Literal["merge", "split"]
    sites: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a split: where it goes, and the sites that go there (none: not by site)."""

    successor: str
    sites: tuple[str, ...] = ()


class DepartmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A department as staff edit it; `depth` counts from the root, 0."""

    id: str
    name: Words
    parent: str | None
    code: str | None
    kind: str | None
    sites: tuple[str, ...]
    position: int
    opened_on: date | None
    closed_on: date | None
    revision: int
    depth: int = 0


class SiteRow(msgspec.Struct, frozen=True, kw_only=True):
    """A site as staff edit it."""

    id: str
    name: Words
    code: str | None
    kind: str | None
    district: Words | None
    visit_types: tuple[str, ...]
    position: int
    closed_on: date | None
    revision: int


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """What hangs on a department: other systems' codes, duties of today, responses in sight."""

    aliases: int
    duties: int
    responses: int


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a department, as its page shows it."""

    kind: str
    effective_on: date
    at: datetime
    by_name: str
    facts: dict[str, object]


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A source system's code for a department; `valid_to` is the last day of its use."""

    id: int
    system: str
    code: str
    name: str
    department: str
    heir: str | None
    valid_from: date | None
    valid_to: date | None
    revision: int


class AliasSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which aliases: a piece of code or name, or of the departments `named`; None: all in reach."""

    text: str = ""
    system: str = ""
    named: tuple[str, ...] = ()
    departments: frozenset[str] | None = None


class Unmapped(msgspec.Struct, frozen=True, kw_only=True):
    """A code that came in and has no (single) department yet."""

    system: str
    code: str
    name: str
    reason: Reason
    site: str | None
    source: str
    used_on: date
    candidates: tuple[str, ...]
    times: int
    first_seen: datetime
    last_seen: datetime
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismissed_why: str | None = None


class UnmappedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which waiting codes: a piece of code or name, of a system, at sites; None: at all."""

    text: str = ""
    system: str = ""
    is_dismissed: bool = False
    sites: frozenset[str] | None = None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a code shall mean; without days, whenever it has no other meaning."""

    system: str
    code: str
    department: str
    valid_from: date | None = None
    valid_to: date | None = None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The alias that a code has now, and how often the code had come before."""

    alias: int
    times: int


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A department whose name is like a code's; `likeness` from 0 to 1."""

    department: str
    name: Words
    likeness: float


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be given a duty."""

    id: str
    login: str
    name: str


class DutyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for a department, since when and until when."""

    id: int
    department: str
    user_id: str
    name: str
    login: str
    is_active: bool
    duty: Duty
    valid_from: date
    valid_to: date | None


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A dictionary's entry as staff edit it."""

    dictionary: str
    id: str
    name: Words
    position: int
    closed_on: date | None
    revision: int
