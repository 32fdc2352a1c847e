"""Codes of other systems: what they mean on which days, and changing that."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.departments import department_of, lock_organisation, stale
from runtime.org.models import Alias, AliasSearch, from_row

MAX_CODE = 100
_COLUMNS = "id, system, code, name, department, heir, valid_from, valid_to, revision"
_OF_CODE = sa.text(
    f"SELECT {_COLUMNS} FROM department_aliases "  # nosec B608
    "WHERE system = :system AND code = :code ORDER BY valid_from NULLS FIRST"
)
_FITTING = """
FROM department_aliases WHERE (:system = '' OR system = :system)
  AND (CAST(:departments AS text[]) IS NULL OR department = ANY (:departments))
  AND (code ILIKE :pattern OR name ILIKE :pattern OR department = ANY (:named))
"""
_FOUND = sa.text(
    f"SELECT {_COLUMNS} {_FITTING} "  # nosec B608
    "ORDER BY system, code, valid_from NULLS FIRST LIMIT :limit OFFSET :offset"
)
_COUNT = sa.text(f"SELECT count(*) {_FITTING}")  # nosec B608


# Reading


def alias_of(connection: sa.Connection, alias_id: int) -> Alias:
    """One alias.

    Raises:
        NotFound: there is none of this id.
    """
    statement = sa.text(f"SELECT {_COLUMNS} FROM department_aliases WHERE id = :id")  # nosec B608
    found = connection.execute(statement, {"id": alias_id}).mappings().one_or_none()
    if found is None:
        raise NotFound("org_alias", "There is no such code.")
    return from_row(found, Alias)


def get_alias(db: Database, alias_id: int) -> Alias:
    """As `alias_of`, in a transaction of its own."""
    with db.begin() as connection:
        return alias_of(connection, alias_id)


def spans_of(connection: sa.Connection, system: str, code: str) -> list[Alias]:
    """All that a code ever meant, the oldest first."""
    rows = connection.execute(_OF_CODE, {"system": system, "code": code}).mappings()
    return [from_row(row, Alias) for row in rows]


def aliases_of(db: Database, department_id: str) -> list[Alias]:
    """The codes that mean a department, or that came to it by a split, by system and code."""
    statement = sa.text(
        f"SELECT {_COLUMNS} FROM department_aliases WHERE department = :id OR heir = :id "  # nosec B608
        "ORDER BY system, code, valid_from NULLS FIRST"
    )
    with db.begin() as connection:
        rows = connection.execute(statement, {"id": department_id}).mappings()
        return [from_row(row, Alias) for row in rows]


def list_aliases(
    db: Database, wanted: AliasSearch | None = None, *, limit: int = 200, offset: int = 0
) -> list[Alias]:
    """Aliases by system and code."""
    values = _values(wanted or AliasSearch()) | {"limit": limit, "offset": offset}
    with db.begin() as connection:
        return [from_row(row, Alias) for row in connection.execute(_FOUND, values).mappings()]


def count_aliases(db: Database, wanted: AliasSearch) -> int:
    """How many `list_aliases` would give without a limit."""
    with db.begin() as connection:
        return connection.execute(_COUNT, _values(wanted)).scalar_one()


def _values(wanted: AliasSearch) -> dict[str, Any]:
    return {
        "system": plain(wanted.system),
        "pattern": like(wanted.text),
        "named": list(wanted.named),
        "departments": None if wanted.departments is None else list(wanted.departments),
    }


def systems_of(db: Database) -> list[str]:
    """The source systems whose codes are known, or wait for their department."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT system FROM department_aliases UNION SELECT system FROM unmapped_codes "
                "ORDER BY 1"
            )
        )
        return list(rows.scalars())


def open_among(connection: sa.Connection, ends: Collection[str], today: date) -> Sequence[str]:
    """Those of these departments that are open on a day, in the hospital's order."""
    return (
        connection.execute(
            sa.text(
                "SELECT id FROM departments WHERE id = ANY (:ends) "
                "AND coalesce(closed_on > :today, true) ORDER BY position, id"
            ),
            {"ends": list(ends), "today": today},
        )
        .scalars()
        .all()
    )


def is_valid_on(alias: Alias, day: date) -> bool:
    """Whether the code was in use on a day; both ends count."""
    return (alias.valid_from or date.min) <= day <= (alias.valid_to or date.max)


# Changing


def add_alias(
    db: Database,
    actor: Actor,
    *,
    system: str,
    code: str,
    name: str,
    department: str,
    valid_from: date | None,
    valid_to: date | None,
    clock: Clock = system_clock,
) -> int:
    """A code means a department from a day to a day (both count; None: without end); gives its id.

    Raises:
        StateConflict: the same code already means something in a part of that time.
        NotFound: there is no such department.
        Unprocessable: the code is empty, or the last day comes before the first.
    """
    values: dict[str, Any] = {
        "system": _required(system, "/system"),
        "code": _required(code, "/code"),
        "name": plain(name),
        "department": department,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    check_days(valid_from, valid_to)
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            department_of(connection, department)
            made = insert_alias(connection, values)
            audit_alias(connection, actor, "alias.added", values, clock)
            forget_unmapped(connection, values["system"], values["code"])
            return made
    except exc.IntegrityError as error:
        raise overlap() from error


def change_alias(
    db: Database,
    actor: Actor,
    alias_id: int,
    *,
    revision: int,
    department: str,
    valid_from: date | None,
    valid_to: date | None,
    clock: Clock = system_clock,
) -> None:
    """Another department or other days for a code.

    Raises:
        StateConflict: it overlaps another, or somebody else changed it meanwhile.
        NotFound: there is no such alias or department.
    """
    check_days(valid_from, valid_to)
    values = {"department": department, "valid_from": valid_from, "valid_to": valid_to}
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            before = alias_of(connection, alias_id)
            if before.revision != revision:
                raise stale()
            department_of(connection, department)
            connection.execute(
                sa.text(
                    "UPDATE department_aliases SET department = :department, heir = NULL, "
                    "valid_from = :valid_from, valid_to = :valid_to, revision = revision + 1 "
                    "WHERE id = :id"
                ),
                values | {"id": alias_id},
            )
            facts = {"before": before.department, "system": before.system, "code": before.code}
            audit_alias(connection, actor, "alias.changed", facts | values, clock)
    except exc.IntegrityError as error:
        raise overlap() from error


# What both, and settling, stand on


def plain(text: str) -> str:
    """One line of at most 100 characters, as codes and names are kept."""
    return " ".join(text.replace("\0", "").split())[:MAX_CODE]


def like(text: str) -> str:
    """A pattern for ILIKE that finds the text anywhere, whatever characters it has."""
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{' '.join(text.replace(chr(0), '').split())}%"


def check_days(valid_from: date | None, valid_to: date | None) -> None:
    """Raise Unprocessable if the last day comes before the first."""
    if valid_from and valid_to and valid_to < valid_from:
        raise Unprocessable(
            "org_alias_days", "The last day comes before the first.", at="/valid_to"
        )


def _required(text: str, at: str) -> str:
    if not plain(text):
        raise Unprocessable("org_code_missing", "A system and a code are needed.", at=at)
    return plain(text)


def overlap() -> StateConflict:
    """What is told when the database refuses two meanings on one day."""
    return StateConflict(
        "org_overlap", "The code already means a department in a part of that time.", at="/code"
    )


def insert_alias(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """Store a new alias; gives its id."""
    statement = sa.text(
        "INSERT INTO department_aliases (system, code, name, department, valid_from, valid_to) "
        "VALUES (:system, :code, :name, :department, :valid_from, :valid_to) RETURNING id"
    )
    return connection.execute(statement, dict(values)).scalar_one()


def forget_unmapped(connection: sa.Connection, system: str, code: str) -> None:
    """Take a code off the list of those that wait."""
    connection.execute(
        sa.text("DELETE FROM unmapped_codes WHERE system = :system AND code = :code"),
        {"system": system, "code": code},
    )


def audit_alias(
    connection: sa.Connection, actor: Actor, action: str, values: Mapping[str, Any], clock: Clock
) -> None:
    """One line in the trail beside a change of a code."""
    known = f"{values.get('system', '')}/{values.get('code', '')}"
    record(connection, actor, action, "alias", known, facts=values, clock=clock)
