"""The hospital's dictionaries: loading them, and what pickers ask of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from runtime.kit.db import Database
from runtime.org.models import Department, Entry, Picked, Site, StaffMember

LIMIT = 200

_sites = sa.table(
    "sites",
    sa.column("id", sa.Text),
    sa.column("name", JSONB),
    sa.column("code", sa.Text),
    sa.column("kind", sa.Text),
    sa.column("visit_types", ARRAY(sa.Text)),
    sa.column("district", JSONB(none_as_null=True)),
    sa.column("closed_on", sa.Date),
    sa.column("position", sa.Integer),
)
_departments = sa.table(
    "departments",
    sa.column("id", sa.Text),
    sa.column("parent", sa.Text),
    sa.column("name", JSONB),
    sa.column("code", sa.Text),
    sa.column("kind", sa.Text),
    sa.column("sites", ARRAY(sa.Text)),
    sa.column("position", sa.Integer),
)
_staff = sa.table(
    "staff_members",
    sa.column("id", sa.Text),
    sa.column("department", sa.Text),
    sa.column("site", sa.Text),
    sa.column("name", JSONB),
    sa.column("title", JSONB),
    sa.column("position", sa.Integer),
)
_entries = sa.table(
    "dictionary_entries",
    sa.column("dictionary", sa.Text),
    sa.column("id", sa.Text),
    sa.column("name", JSONB),
    sa.column("position", sa.Integer),
)


def in_language(words: Mapping[str, str] | None, lang: str) -> str:
    """The words in a language, else in Chinese, else in any."""
    if not words:
        return ""
    return words.get(lang) or words.get("zh-CN") or next(iter(words.values()))


def _upsert(connection: sa.Connection, table: Any, keys: list[str], rows: list[Any]) -> None:
    if not rows:
        return
    from sqlalchemy.dialects.postgresql import insert

    statement = insert(table)
    names: list[str] = [name for name in rows[0] if name not in keys]
    changed: dict[str, Any] = {name: statement.excluded[name] for name in names}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def store_organisation(
    db: Database,
    *,
    sites: Sequence[Site],
    departments: Sequence[Department],
    staff: Sequence[StaffMember],
    dictionaries: Mapping[str, Sequence[Entry]],
) -> None:
    """Insert or update every entry; what is not named stays as it is."""
    with db.begin() as connection:
        _upsert(connection, _sites, ["id"], [_site_row(n, one) for n, one in enumerate(sites)])
        _upsert(
            connection,
            _departments,
            ["id"],
            [_department_row(n, one) for n, one in enumerate(departments)],
        )
        _upsert(connection, _staff, ["id"], [_staff_row(n, one) for n, one in enumerate(staff)])
        _upsert(
            connection,
            _entries,
            ["dictionary", "id"],
            [
                {"dictionary": name, "id": entry.id, "name": entry.name, "position": n}
                for name, entries in dictionaries.items()
                for n, entry in enumerate(entries)
            ],
        )


def _site_row(position: int, site: Site) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": site.name,
        "code": site.code,
        "kind": site.kind,
        "visit_types": list(site.visit_types),
        "district": site.district,
        "position": position,
    }


def _department_row(position: int, department: Department) -> dict[str, Any]:
    return {
        "id": department.id,
        "parent": department.parent,
        "name": department.name,
        "code": department.code,
        "kind": department.kind,
        "sites": list(department.sites),
        "position": position,
    }


def _staff_row(position: int, member: StaffMember) -> dict[str, Any]:
    return {
        "id": member.id,
        "department": member.department,
        "site": member.site,
        "name": member.name,
        "title": member.title,
        "position": position,
    }


OPEN = "COALESCE({}.closed_on > (now() AT TIME ZONE 'Asia/Shanghai')::date, true)"
"""SQL: the row of this alias is open on today's date at the hospital."""

_OPEN_SITES = sa.text(
    f"SELECT s.id, s.name FROM sites s WHERE {OPEN.format('s')} ORDER BY s.position"  # nosec B608
)


def list_sites(db: Database, lang: str = "zh-CN") -> list[Picked]:
    """The open sites in the hospital's order."""
    with db.begin() as connection:
        rows = connection.execute(_OPEN_SITES).all()
    return [Picked(id=row.id, text=in_language(row.name, lang)) for row in rows]


_FIND_DEPARTMENTS = sa.text(f"""
WITH RECURSIVE inside AS (
    SELECT id FROM departments WHERE CAST(:subtree AS text) IS NULL OR id = :subtree
    UNION SELECT d.id FROM departments d JOIN inside i ON d.parent = i.id
)
SELECT d.id, d.name, d.parent, d.sites, p.name AS parent_name
FROM departments d LEFT JOIN departments p ON p.id = d.parent
WHERE d.id IN (SELECT id FROM inside) AND {OPEN.format("d")}
  AND (CAST(:site AS text) IS NULL OR :site = ANY (d.sites))
  AND (:pattern = '%' OR d.name::text ILIKE :pattern OR d.code ILIKE :pattern OR d.id = :q)
ORDER BY d.position LIMIT :limit
""")  # nosec B608 - our own words


def find_departments(
    db: Database,
    *,
    q: str = "",
    site: str | None = None,
    subtree: str | None = None,
    lang: str = "zh-CN",
) -> list[Picked]:
    """Open departments whose name, code or id fits `q`, at a site, below a department."""
    with db.begin() as connection:
        rows = connection.execute(
            _FIND_DEPARTMENTS,
            {
                "q": _plain(q),
                "pattern": _pattern(q),
                "site": site,
                "subtree": subtree,
                "limit": LIMIT,
            },
        ).all()
    return [
        Picked(
            id=row.id,
            text=in_language(row.name, lang),
            under=in_language(row.parent_name, lang),
            parent=row.parent,
            sites=tuple(row.sites),
        )
        for row in rows
    ]


_FIND_STAFF = sa.text(f"""
WITH RECURSIVE inside AS (
    SELECT id FROM departments WHERE CAST(:subtree AS text) IS NULL OR id = :subtree
    UNION SELECT d.id FROM departments d JOIN inside i ON d.parent = i.id
), of_department AS (
    SELECT id FROM departments WHERE CAST(:department AS text) IS NULL OR id = :department
    UNION SELECT d.id FROM departments d JOIN of_department o ON d.parent = o.id
)
SELECT s.id, s.name, s.site, s.title, d.name AS department_name, s.department
FROM staff_members s JOIN departments d ON d.id = s.department
WHERE {OPEN.format("d")} AND (CAST(:site AS text) IS NULL OR s.site = :site)
  AND s.department IN (SELECT id FROM inside) AND s.department IN (SELECT id FROM of_department)
  AND (:pattern = '%' OR s.name::text ILIKE :pattern OR s.id = :q)
ORDER BY s.position LIMIT :limit
""")  # nosec B608 - our own words


def find_staff(
    db: Database,
    *,
    q: str = "",
    site: str | None = None,
    department: str | None = None,
    subtree: str | None = None,
    lang: str = "zh-CN",
    limit: int = LIMIT,
) -> list[Picked]:
    """Staff whose name or id fits `q`, at a site, in a department or below it, in a subtree."""
    with db.begin() as connection:
        rows = connection.execute(
            _FIND_STAFF,
            {
                "q": _plain(q),
                "pattern": _pattern(q),
                "site": site,
                "department": department,
                "subtree": subtree,
                "limit": limit,
            },
        ).all()
    return [
        Picked(
            id=row.id,
            text=in_language(row.name, lang),
            under=" · ".join(
                words
                for words in (in_language(row.department_name, lang), in_language(row.title, lang))
                if words
            ),
            parent=row.department,
            sites=(row.site,),
        )
        for row in rows
    ]


def _plain(q: str) -> str:
    return q.replace("\0", "").strip()[:100]


def _pattern(q: str) -> str:
    """A LIKE pattern that takes `q` literally."""
    plain = _plain(q).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{plain}%" if plain else "%"
