"""Roles: which there are, who holds them where, and what that adds up to."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from psycopg.errors import CheckViolation
from sqlalchemy.exc import IntegrityError

from runtime.accounts.access import Permission, Unmasking
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.problems import Forbidden, NotFound, StateConflict, Unprocessable
from runtime.kit.reach import NOTHING, Reach, meet_of, sum_of

PATIENTS: Permission = "responses:read"
"""The permission whose grants say how far somebody sees patients' data."""

UNMASK: Permission = "personal:unmask"
"""The permission whose roles say which kinds of personal values may be seen in clear, and where."""

EXPORT: Permission = "responses:export"
"""The permission whose grants say how far somebody takes responses along as files."""

WHISTLEBLOW: Permission = "whistleblow:read"
"""The permission that opens reports of wrongdoing to what else the same role may do."""

LAST_HOLDERS = ("roles:write", "users:write", "parameters:write", "audit:read")
"""What somebody who can sign in must hold at any time, once somebody does."""

WHOLE: frozenset[Permission] = frozenset(
    (
        "users:write", "roles:write", "sessions:end", "parameters:write", "jobs:run", "backup:run",
        "audit:read", "audit:export",
    )
)  # fmt: skip
"""What knows no places: held for a site it would be held for the hospital, so it counts only where
its role is held everywhere."""

Widest = Literal["hospital", "sites", "departments"]


class Grants(Struct, frozen=True):
    """The sum of a user's roles."""

    permissions: frozenset[str] = frozenset()
    reach: Reach = NOTHING
    exports: Reach = NOTHING
    unmasking: tuple[Unmasking, ...] = ()


class Role(Struct, frozen=True):
    """A role: its name in each language, what it may do, how widely it may be given at the most.

    `fields` are the kinds of personal values that it may unmask.
    """

    id: str
    name: dict[str, str]
    permissions: tuple[str, ...]
    widest: Widest
    fields: tuple[str, ...]
    is_preset: bool
    retired_at: datetime | None
    revision: int
    holders: int


class Held(Struct, frozen=True):
    """A role that somebody holds; None is everywhere, departments with all below them.

    `until` is the last day on which it holds.
    """

    role: str
    name: dict[str, str]
    sites: tuple[str, ...] | None
    departments: tuple[str, ...] | None
    until: date | None


class Holder(Struct, frozen=True):
    """Somebody who holds a role, and where."""

    user: str
    name: str
    state: str
    sites: tuple[str, ...] | None
    departments: tuple[str, ...] | None
    until: date | None


_GRANTS = """
SELECT r.permissions, r.fields, g.sites,
       CASE WHEN g.departments IS NOT NULL THEN ARRAY(
           WITH RECURSIVE below AS (
               SELECT id FROM departments WHERE id = ANY(g.departments)
               UNION
               SELECT d.id FROM departments d JOIN below b ON d.parent = b.id
           ) SELECT id FROM below
       ) END AS departments
FROM user_roles g JOIN roles r ON r.id = g.role_id
WHERE g.user_id = :user AND r.retired_at IS NULL AND (g.until IS NULL OR g.until >= :today)
"""


def grants_of(connection: sa.Connection, user_id: str, *, clock: Clock = system_clock) -> Grants:
    """What this user may do now; without a role, nothing.

    Each role counts for what it may do where it is held: one that shows patients' data at a site
    is not widened by one that is held everywhere for another purpose, nor by one that exports,
    unmasks or opens reports of wrongdoing elsewhere.
    """
    rows = connection.execute(
        sa.text(_GRANTS), {"user": user_id, "today": hospital_day(clock())}
    ).all()
    permissions = frozenset(
        one for row in rows for one in row.permissions if one not in WHOLE or _is_everywhere(row)
    )
    reach = sum_of(_reach_of(row) for row in rows if PATIENTS in row.permissions)
    exporting = sum_of(_reach_of(row) for row in rows if EXPORT in row.permissions)
    unmasking = tuple(
        Unmasking(_reach_of(row), frozenset(row.fields))
        for row in rows
        if UNMASK in row.permissions
    )
    return Grants(permissions, reach, meet_of(reach, exporting), unmasking)


def _is_everywhere(row: Any) -> bool:
    return row.sites is None and row.departments is None


def _reach_of(row: Any) -> Reach:
    """How far one role reaches where it is held."""
    sites, departments = _places(row.sites), _places(row.departments)
    return Reach(sites, departments, WHISTLEBLOW in row.permissions)


_ROLES = """
SELECT r.id, r.name, r.permissions, r.widest, r.fields, r.is_preset, r.retired_at, r.revision,
       (SELECT count(*) FROM user_roles g WHERE g.role_id = r.id
        AND (g.until IS NULL OR g.until >= current_date)) AS holders
FROM roles r
"""


def list_roles(connection: sa.Connection, *, with_retired: bool = False) -> list[Role]:
    """Every role that can be given, in order."""
    rows = connection.execute(
        sa.text(
            f"{_ROLES} WHERE r.retired_at IS NULL OR :all "  # nosec B608 - our own words
            "ORDER BY r.retired_at IS NOT NULL, r.position, r.id"
        ),
        {"all": with_retired},
    )
    return [_role(row) for row in rows]


def get_role(connection: sa.Connection, role: str, *, lock: bool = False) -> Role:
    """One role, retired or not.

    Raises:
        NotFound: there is none.
    """
    ending = "FOR UPDATE OF r" if lock else ""
    row = connection.execute(
        sa.text(f"{_ROLES} WHERE r.id = :role {ending}"),  # nosec B608 - our own words
        {"role": role},
    ).one_or_none()
    if row is None:
        raise NotFound("role", f"There is no role {role}.")
    return _role(row)


def _role(row: Any) -> Role:
    return Role(
        row.id,
        row.name,
        tuple(row.permissions),
        row.widest,
        tuple(row.fields),
        row.is_preset,
        row.retired_at,
        row.revision,
        row.holders,
    )


def roles_of(connection: sa.Connection, user_id: str) -> list[Held]:
    """The roles that a user holds, also those whose last day is over."""
    return roles_of_many(connection, [user_id]).get(user_id, [])


def roles_of_many(connection: sa.Connection, user_ids: list[str]) -> dict[str, list[Held]]:
    """The roles that each of these users holds."""
    rows = connection.execute(
        sa.text(
            "SELECT g.user_id, r.id, r.name, g.sites, g.departments, g.until FROM user_roles g "
            "JOIN roles r ON r.id = g.role_id WHERE g.user_id = ANY(CAST(:users AS uuid[])) "
            "ORDER BY r.position, r.id"
        ),
        {"users": user_ids},
    )
    found: dict[str, list[Held]] = {}
    for row in rows:
        held = Held(row.id, row.name, _places(row.sites), _places(row.departments), row.until)
        found.setdefault(str(row.user_id), []).append(held)
    return found


def holders_of(connection: sa.Connection, role: str, limit: int = 500) -> list[Holder]:
    """Who holds a role, by name."""
    rows = connection.execute(
        sa.text(
            "SELECT u.id, u.name, u.state, g.sites, g.departments, g.until FROM user_roles g "
            "JOIN users u ON u.id = g.user_id WHERE g.role_id = :role "
            "ORDER BY u.name, u.login LIMIT :limit"
        ),
        {"role": role, "limit": limit},
    )
    return [
        Holder(
            str(row.id),
            row.name,
            row.state,
            _places(row.sites),
            _places(row.departments),
            row.until,
        )
        for row in rows
    ]


def holds(connection: sa.Connection, user_id: str, role: str) -> bool:
    """Whether a user holds this role, now or in the past."""
    return any(one.role == role for one in roles_of(connection, user_id))


def _places(found: Any) -> tuple[str, ...] | None:
    return None if found is None else tuple(sorted(found))


# Changing who holds what


@contextmanager
def three_in_one_refused(connection: sa.Connection) -> Generator[None]:
    """What the database refuses inside the block, in words.

    Raises:
        StateConflict: somebody, or one role, would run the system, grant rights and audit at once.
    """
    try:
        with connection.begin_nested():
            yield
    except IntegrityError as error:
        cause = error.orig
        if not isinstance(cause, CheckViolation) or cause.diag.constraint_name != "three_in_one":
            raise
        message = "One person cannot run the system, grant rights and audit at once."
        raise StateConflict("three_in_one", message) from None


@contextmanager
def somebody_stays(connection: sa.Connection) -> Generator[None]:
    """Refuse a change after which nobody could grant rights, open accounts, run or audit.

    Only what somebody held before counts, so that a new hospital can be set up in any order.

    Raises:
        StateConflict: the last one who could would be gone.
    """
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(4801004)"))
    before = held_by_somebody(connection)
    with connection.begin_nested():
        yield
        missing = before - held_by_somebody(connection)
        if missing:
            message = f"Somebody who can sign in must hold {min(missing)}: give it to others first."
            raise StateConflict("last_holder", message)


def held_by_somebody(connection: sa.Connection, but: tuple[str, ...] = ()) -> frozenset[str]:
    """Which of `LAST_HOLDERS` an active account holds without an end, leaving out some accounts."""
    found = connection.execute(
        sa.text(
            "SELECT DISTINCT p FROM user_roles g JOIN users u ON u.id = g.user_id "
            "AND u.state = 'active' JOIN roles r ON r.id = g.role_id AND r.retired_at IS NULL, "
            "unnest(r.permissions) p WHERE p = ANY(:wanted) AND g.until IS NULL "
            "AND g.sites IS NULL AND g.departments IS NULL "
            "AND u.id <> ALL(CAST(:but AS uuid[]))"
        ),
        {"wanted": list(LAST_HOLDERS), "but": list(but)},
    ).scalars()
    return frozenset(found)


def refuse_own(actor: Actor, user_id: str) -> None:
    """Nobody changes their own rights.

    Raises:
        Forbidden: the account is the actor's own.
    """
    if actor.kind == "staff" and actor.id == user_id:
        raise Forbidden("own_rights", "Nobody changes their own rights; ask a colleague.")


def grant(
    connection: sa.Connection,
    user_id: str,
    role: str,
    *,
    sites: tuple[str, ...] | None = None,
    departments: tuple[str, ...] | None = None,
    until: date | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> None:
    """Give a role, or change where and until which day it is held; it works at the next request.

    Raises:
        NotFound: there is no such role, or it is retired.
        Forbidden: staff would change their own rights.
        Unprocessable: the role is not given this widely or narrowly, or its last day is over.
        StateConflict: nobody runs the system, grants rights and audits at once; or the last one
            who does one of these would be gone.
    """
    refuse_own(actor, user_id)
    known = get_role(connection, role)
    if known.retired_at is not None:
        raise NotFound("role", f"The role {role} is retired.")
    if until is not None and until < hospital_day(clock()):
        raise Unprocessable("until", "The last day lies in the past.", at="/until")
    if actor.kind == "staff":
        _require_narrow(known, sites, departments)
    with somebody_stays(connection), three_in_one_refused(connection):
        connection.execute(
            sa.text(
                "INSERT INTO user_roles (user_id, role_id, sites, departments, until, granted_at) "
                "VALUES (:user, :role, :sites, :departments, :until, :now) "
                "ON CONFLICT (user_id, role_id) DO UPDATE SET sites = :sites, "
                "departments = :departments, until = :until, granted_at = :now"
            ),
            {
                "user": user_id,
                "role": role,
                "sites": None if sites is None else list(sites),
                "departments": None if departments is None else list(departments),
                "until": until,
                "now": clock(),
            },
        )
    facts = {"role": role, "sites": sites, "departments": departments, "until": until}
    record(connection, actor, "role.granted", "user", user_id, facts=facts, clock=clock)


def _require_narrow(
    role: Role, sites: tuple[str, ...] | None, departments: tuple[str, ...] | None
) -> None:
    is_narrow = sites is not None or departments is not None
    if is_narrow and WHOLE & set(role.permissions):
        raise Unprocessable("whole_hospital", "This role runs the whole hospital's system.")
    if role.widest == "departments" and departments is None:
        raise Unprocessable("widest_departments", "This role is given for departments only.")
    if role.widest == "sites" and sites is None and departments is None:
        raise Unprocessable("widest_sites", "This role is given for sites or departments only.")


def revoke(
    connection: sa.Connection,
    user_id: str,
    role: str,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> bool:
    """Take a role away, at once; tells whether it was held.

    Raises:
        Forbidden: staff would change their own rights.
        StateConflict: the last one who could grant rights, run or audit would be gone.
    """
    refuse_own(actor, user_id)
    with somebody_stays(connection):
        gone = connection.execute(
            sa.text("DELETE FROM user_roles WHERE user_id = :user AND role_id = :role"),
            {"user": user_id, "role": role},
        ).rowcount
    if gone:
        facts = {"role": role}
        record(connection, actor, "role.revoked", "user", user_id, facts=facts, clock=clock)
    return bool(gone)
