"""Changing the department tree: adding, renaming, moving, closing, each with its history."""

import re
import secrets
from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.models import DepartmentRow, HistoryLine, Words, from_row

ID = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
MAX_NAME = 100
MAX_OWN_CODE = 40
OWN_SYSTEM = "unified"
"""The system under whose name the dictionary's own former codes are kept as aliases."""

_COLUMNS = (
    "d.id, d.name, d.parent, d.code, d.kind, d.sites, d.position, d.opened_on, d.closed_on, "
    "d.revision"
)
_TREE = sa.text(f"""
WITH RECURSIVE tree AS (
    SELECT {_COLUMNS}, 0 AS depth,
           ARRAY[lpad(d.position::text, 9, '0') || d.id] AS trail
    FROM departments d WHERE d.parent IS NULL
    UNION ALL
    SELECT {_COLUMNS}, t.depth + 1,
           t.trail || (lpad(d.position::text, 9, '0') || d.id)
    FROM departments d JOIN tree t ON d.parent = t.id
) SELECT * FROM tree ORDER BY trail
""")  # nosec B608 - our own words
_ONE = sa.text(f"SELECT {_COLUMNS} FROM departments d WHERE d.id = :id")  # nosec B608
_ABOVE = sa.text("""
WITH RECURSIVE above AS (
    SELECT id, parent FROM departments WHERE id = :id
    UNION SELECT d.id, d.parent FROM departments d JOIN above a ON d.id = a.parent
) SELECT id FROM above
""")


def lock_organisation(connection: sa.Connection) -> None:
    """One change of the organisation at a time, to the end of the transaction.

    Two moves at once could otherwise close a circle that neither of them sees.
    """
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(4801006)"))


def read_tree(db: Database) -> list[DepartmentRow]:
    """All departments, closed ones too, each below its parent in the hospital's order."""
    with db.begin() as connection:
        return [from_row(row, DepartmentRow) for row in connection.execute(_TREE).mappings()]


def get_department(db: Database, department_id: str) -> DepartmentRow:
    """One department.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        return department_of(connection, department_id)


def department_of(connection: sa.Connection, department_id: str) -> DepartmentRow:
    """As `get_department`, in a transaction."""
    found = connection.execute(_ONE, {"id": department_id}).mappings().one_or_none()
    if found is None:
        raise NotFound("org_department", "There is no such department.")
    return from_row(found, DepartmentRow)


def history_of(db: Database, department_id: str, limit: int = 100) -> list[HistoryLine]:
    """What happened to a department, newest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT kind, effective_on, at, by_name, facts FROM department_history "
                "WHERE department = :id ORDER BY id DESC LIMIT :limit"
            ),
            {"id": department_id, "limit": limit},
        ).mappings()
        return [from_row(row, HistoryLine) for row in rows]


def add_department(
    db: Database,
    actor: Actor,
    *,
    department_id: str,
    name: Words,
    parent: str | None = None,
    code: str | None = None,
    kind: str | None = None,
    sites: tuple[str, ...] = (),
    clock: Clock = system_clock,
) -> None:
    """A new department, last among its siblings, open from today.

    Raises:
        StateConflict: the id or the code is in use.
        NotFound: the parent or a site is unknown.
        Unprocessable: the id, the name or the parent cannot stand.
    """
    if not ID.fullmatch(department_id):
        raise Unprocessable(
            "org_id", "An id is lower-case letters, digits and underscores.", at="/id"
        )
    values = {
        "id": department_id,
        "name": checked_name(name),
        "parent": parent,
        "code": checked_code(code),
        "kind": checked_code(kind, "/kind"),
        "sites": list(sites),
        "today": hospital_day(clock()),
    }
    with db.begin() as connection:
        lock_organisation(connection)
        _require_free(connection, department_id, code)
        _require_sites(connection, sites)
        if parent is not None:
            require_open(department_of(connection, parent))
        connection.execute(
            sa.text(
                "INSERT INTO departments (id, name, parent, code, kind, sites, opened_on, position)"
                " VALUES (:id, :name, :parent, :code, :kind, :sites, :today, (SELECT "
                "coalesce(max(position), 0) + 1 FROM departments))"
            ).bindparams(sa.bindparam("name", type_=sa.JSON)),
            values,
        )
        facts = {"name": name, "parent": parent, "code": code, "sites": list(sites)}
        note(connection, actor, department_id, "added", facts, clock=clock)


def rename_department(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    revision: int,
    name: Words,
    clock: Clock = system_clock,
) -> None:
    """Another name; its history keeps the one before.

    Raises:
        StateConflict: somebody else changed the department meanwhile.
    """
    name = checked_name(name)
    with db.begin() as connection:
        before = change(connection, department_id, revision, {"name": name})
        note(
            connection,
            actor,
            department_id,
            "renamed",
            {"before": before.name, "after": name},
            clock=clock,
        )


def edit_department(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    revision: int,
    code: str | None,
    kind: str | None,
    sites: tuple[str, ...],
    clock: Clock = system_clock,
) -> None:
    """Its code, kind and sites. A former code stays as an alias of the system `unified`.

    Raises:
        StateConflict: somebody else changed it meanwhile, or the code is in use.
    """
    code, kind = checked_code(code), checked_code(kind, "/kind")
    with db.begin() as connection:
        lock_organisation(connection)
        _require_sites(connection, sites)
        before = department_of(connection, department_id)
        if code and code != before.code:
            _require_free(connection, None, code)
        change(
            connection,
            department_id,
            revision,
            {"code": code, "kind": kind, "sites": list(sites)},
        )
        if before.code and before.code != code:
            _keep_former_code(connection, before, hospital_day(clock()))
        facts = {
            "before": {"code": before.code, "kind": before.kind, "sites": before.sites},
            "after": {"code": code, "kind": kind, "sites": sites},
        }
        note(connection, actor, department_id, "edited", facts, clock=clock)


def move_department(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    revision: int,
    parent: str | None,
    clock: Clock = system_clock,
) -> None:
    """Below another department, or to the top (None), with all that stands below it.

    Raises:
        Unprocessable: the new parent is the department itself or stands below it.
        StateConflict: somebody else changed it meanwhile, or the parent is closed.
    """
    with db.begin() as connection:
        lock_organisation(connection)
        if parent is not None:
            require_open(department_of(connection, parent))
            if department_id in connection.execute(_ABOVE, {"id": parent}).scalars().all():
                raise Unprocessable(
                    "org_cycle", "A department cannot stand below itself.", at="/parent"
                )
        before = change(connection, department_id, revision, {"parent": parent})
        note(
            connection,
            actor,
            department_id,
            "moved",
            {"before": before.parent, "after": parent},
            clock=clock,
        )


def close_department(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    revision: int,
    on: date,
    clock: Clock = system_clock,
) -> None:
    """From the day `on` it is not offered any more; responses keep its name.

    Raises:
        StateConflict: it is closed already, has open departments below it, or was changed.
    """
    with db.begin() as connection:
        lock_organisation(connection)
        close_in(connection, department_of(connection, department_id), revision, on)
        note(connection, actor, department_id, "closed", {}, on=on, clock=clock)


def reopen_department(
    db: Database, actor: Actor, department_id: str, *, revision: int, clock: Clock = system_clock
) -> None:
    """Undo a closing; a department that others took over stays closed.

    Raises:
        StateConflict: it is open, has successors, its parent is closed, or it was changed.
    """
    with db.begin() as connection:
        lock_organisation(connection)
        found = department_of(connection, department_id)
        if found.closed_on is None:
            raise StateConflict("org_open", "The department is open.")
        if _has_successors(connection, department_id):
            raise StateConflict("org_has_successors", "Others took this department over.")
        if found.parent is not None:
            require_open(department_of(connection, found.parent))
        change(connection, department_id, revision, {"closed_on": None})
        note(connection, actor, department_id, "reopened", {}, clock=clock)


def close_in(connection: sa.Connection, found: DepartmentRow, revision: int, on: date) -> None:
    """Set the day of closing, once, and only where nothing open stands below."""
    require_open(found)
    if found.opened_on is not None and on < found.opened_on:
        raise Unprocessable("org_before_opening", "That is before it opened.", at="/on")
    below = connection.execute(
        sa.text("SELECT EXISTS (SELECT FROM departments WHERE parent = :id AND closed_on IS NULL)"),
        {"id": found.id},
    ).scalar_one()
    if below:
        raise StateConflict("org_has_children", "Move or close the departments below it first.")
    change(connection, found.id, revision, {"closed_on": on})


def change(
    connection: sa.Connection, department_id: str, revision: int, values: Mapping[str, Any]
) -> DepartmentRow:
    """Set columns if nobody else did since `revision` was read; gives the row as it was before.

    Raises:
        StateConflict: somebody else was faster.
        NotFound: there is none of this id.
    """
    locked = sa.text(f"SELECT {_COLUMNS} FROM departments d WHERE d.id = :id FOR UPDATE")  # nosec B608
    found = connection.execute(locked, {"id": department_id}).mappings().one_or_none()
    if found is None:
        raise NotFound("org_department", "There is no such department.")
    if found["revision"] != revision:
        raise stale()
    sets = ", ".join(f"{name} = :{name}" for name in values)
    statement = sa.text(
        f"UPDATE departments SET {sets}, revision = revision + 1 WHERE id = :id"  # nosec B608
    )
    if "name" in values:
        statement = statement.bindparams(sa.bindparam("name", type_=sa.JSON))
    connection.execute(statement, {**values, "id": department_id})
    return from_row(found, DepartmentRow)


def stale() -> StateConflict:
    """What the slower of two editors is told."""
    return StateConflict(
        "org_stale", "Somebody else has changed this meanwhile. Look at it anew, then repeat."
    )


def note(
    connection: sa.Connection,
    actor: Actor,
    department_id: str,
    kind: str,
    facts: Mapping[str, Any],
    *,
    on: date | None = None,
    clock: Clock,
) -> None:
    """One line in the department's history and one in the audit trail."""
    now = clock()
    day = on or hospital_day(now)
    plain = msgspec.to_builtins(facts)
    connection.execute(
        sa.text(
            "INSERT INTO department_history (department, kind, effective_on, at, by_name, facts) "
            "VALUES (:department, :kind, :day, :now, :by_name, :facts)"
        ).bindparams(sa.bindparam("facts", type_=sa.JSON)),
        {
            "department": department_id,
            "kind": kind,
            "day": day,
            "now": now,
            "by_name": actor.name,
            "facts": plain,
        },
    )
    told = {**plain, "effective_on": day.isoformat()}
    record(
        connection,
        actor,
        f"department.{kind}",
        "department",
        department_id,
        facts=told,
        clock=clock,
    )


def checked_name(name: Words) -> Words:
    """The words without empty languages.

    Raises:
        Unprocessable: there is no Chinese name, or one is too long.
    """
    words = {lang: " ".join(text.split()) for lang, text in name.items() if text.strip()}
    if not words.get("zh-CN"):
        raise Unprocessable("org_name_missing", "A Chinese name is needed.", at="/name_zh")
    if any(len(text) > MAX_NAME or "\0" in text for text in words.values()):
        raise Unprocessable("org_name_long", "A name has at most 100 characters.", at="/name_zh")
    return words


def checked_code(code: str | None, at: str = "/code") -> str | None:
    """A code or kind on one line; None where there is none.

    Raises:
        Unprocessable: it is too long.
    """
    text = " ".join((code or "").replace("\0", "").split())
    if len(text) > MAX_OWN_CODE:
        raise Unprocessable("org_code_long", "A code has at most 40 characters.", at=at)
    return text or None


def new_id(letter: str, code: str | None) -> str:
    """An id for what staff add by name alone: from a code of plain letters and digits, else by
    chance."""
    plain = (code or "").lower()
    is_plain = plain.isascii() and plain.replace("_", "").isalnum()
    return f"{letter}_{plain if is_plain else secrets.token_hex(4)}"


def require_open(found: DepartmentRow) -> None:
    """Raise a StateConflict if the department has a day of closing."""
    if found.closed_on is not None:
        raise StateConflict("org_closed", f"{found.id} is closed.")


def _has_successors(connection: sa.Connection, department_id: str) -> bool:
    return connection.execute(
        sa.text("SELECT EXISTS (SELECT FROM department_successors WHERE department = :id)"),
        {"id": department_id},
    ).scalar_one()


def _require_free(connection: sa.Connection, department_id: str | None, code: str | None) -> None:
    taken = connection.execute(
        sa.text("SELECT id FROM departments WHERE id = :id OR code = :code LIMIT 1"),
        {"id": department_id, "code": code or None},
    ).scalar_one_or_none()
    if taken is not None:
        raise StateConflict("org_taken", f"The id or code is in use by {taken}.", at="/code")


def _require_sites(connection: sa.Connection, sites: tuple[str, ...]) -> None:
    known = set(connection.execute(sa.text("SELECT id FROM sites")).scalars())
    if not known.issuperset(sites):
        raise NotFound("org_site", "There is no such site.", at="/sites")


def _keep_former_code(connection: sa.Connection, before: DepartmentRow, today: date) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO department_aliases (system, code, name, department, valid_from, valid_to) "
            "SELECT :system, :code, :name, :department, (SELECT max(valid_to) + 1 FROM "
            "department_aliases WHERE system = :system AND code = :code), :today "
            "WHERE NOT EXISTS (SELECT FROM department_aliases WHERE system = :system "
            "AND code = :code AND coalesce(valid_to >= :today, true))"
        ),
        {
            "system": OWN_SYSTEM,
            "code": before.code,
            "name": before.name.get("zh-CN", ""),
            "department": before.id,
            "today": today,
        },
    )
