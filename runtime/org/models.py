"""What the hospital consists of, as the dictionaries' documents and answers hold it."""

import msgspec

Words = dict[str, str]


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
