"""Roles: which there are, who holds them where, and what that adds up to."""

from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from runtime.accounts.access import NOTHING, Reach
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import NotFound, StateConflict

PATIENTS = "responses:read"
"""The permission whose grants say how far somebody sees patients' data."""


class Grants(Struct, frozen=True):
    """The sum of a user's roles."""

    permissions: frozenset[str] = frozenset()
    reach: Reach = NOTHING
    fields: frozenset[str] = frozenset()


class Role(Struct, frozen=True):
    """A role by its name in each language."""

    id: str
    name: dict[str, str]
    permissions: tuple[str, ...]


class Held(Struct, frozen=True):
    """A role that somebody holds; None is everywhere, departments with all below them."""

    role: str
    name: dict[str, str]
    sites: tuple[str, ...] | None
    departments: tuple[str, ...] | None


_GRANTS = """
SELECT r.permissions, g.sites,
       CASE WHEN g.departments IS NOT NULL THEN ARRAY(
           WITH RECURSIVE below AS (
               SELECT id FROM departments WHERE id = ANY(g.departments)
               UNION
               SELECT d.id FROM departments d JOIN below b ON d.parent = b.id
           ) SELECT id FROM below
       ) END AS departments
FROM user_roles g JOIN roles r ON r.id = g.role_id WHERE g.user_id = :user
"""


def grants_of(connection: sa.Connection, user_id: str) -> Grants:
    """What this user may do now; without a role, nothing.

    How far patients' data reach is the sum over the roles that show patients' data, so that a role
    held everywhere for another purpose widens nothing.
    """
    rows = connection.execute(sa.text(_GRANTS), {"user": user_id}).all()
    permissions = frozenset(one for row in rows for one in row.permissions)
    showing = [row for row in rows if PATIENTS in row.permissions]
    reach = Reach(
        _union([row.sites for row in showing]),
        _union([row.departments for row in showing]),
        "whistleblow:read" in permissions,
    )
    return Grants(permissions, reach if showing else NOTHING)


def _union(parts: list[list[str] | None]) -> tuple[str, ...] | None:
    if any(part is None for part in parts):
        return None
    return tuple(sorted({one for part in parts for one in part or ()}))


def list_roles(connection: sa.Connection) -> list[Role]:
    """Every role, in order."""
    rows = connection.execute(
        sa.text("SELECT id, name, permissions FROM roles ORDER BY position, id")
    )
    return [Role(row.id, row.name, tuple(row.permissions)) for row in rows]


def roles_of(connection: sa.Connection, user_id: str) -> list[Held]:
    """The roles that a user holds."""
    rows = connection.execute(
        sa.text(
            "SELECT r.id, r.name, g.sites, g.departments FROM user_roles g "
            "JOIN roles r ON r.id = g.role_id WHERE g.user_id = :user ORDER BY r.position"
        ),
        {"user": user_id},
    )
    return [Held(row.id, row.name, _places(row.sites), _places(row.departments)) for row in rows]


def _places(found: Any) -> tuple[str, ...] | None:
    return None if found is None else tuple(found)


def grant(
    connection: sa.Connection,
    user_id: str,
    role: str,
    *,
    sites: tuple[str, ...] | None = None,
    departments: tuple[str, ...] | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> None:
    """Give a role, or change where it is held; it works from the next request on.

    Raises:
        NotFound: there is no such role.
        StateConflict: nobody runs the system, grants rights and audits at once.
    """
    known = connection.execute(sa.text("SELECT FROM roles WHERE id = :role"), {"role": role})
    if known.one_or_none() is None:
        raise NotFound("role", f"There is no role {role}.")
    try:
        with connection.begin_nested():
            connection.execute(
                sa.text(
                    "INSERT INTO user_roles (user_id, role_id, sites, departments, granted_at) "
                    "VALUES (:user, :role, :sites, :departments, :now) "
                    "ON CONFLICT (user_id, role_id) DO UPDATE "
                    "SET sites = :sites, departments = :departments, granted_at = :now"
                ),
                {
                    "user": user_id,
                    "role": role,
                    "sites": None if sites is None else list(sites),
                    "departments": None if departments is None else list(departments),
                    "now": clock(),
                },
            )
    except IntegrityError as error:
        if "at once" not in str(error.orig):
            raise
        message = "One person cannot run the system, grant rights and audit at once."
        raise StateConflict("three_in_one", message) from None
    facts = {"role": role, "sites": sites, "departments": departments}
    record(connection, actor, "role.granted", "user", user_id, facts=facts, clock=clock)


def revoke(
    connection: sa.Connection,
    user_id: str,
    role: str,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> bool:
    """Take a role away, at once; tells whether it was held."""
    gone = connection.execute(
        sa.text("DELETE FROM user_roles WHERE user_id = :user AND role_id = :role"),
        {"user": user_id, "role": role},
    ).rowcount
    if gone:
        facts = {"role": role}
        record(connection, actor, "role.revoked", "user", user_id, facts=facts, clock=clock)
    return bool(gone)
