"""Roles made, changed and retired: by others than their holders, each with its difference kept."""

import secrets
from collections.abc import Sequence
from typing import Any, get_args

import sqlalchemy as sa
from msgspec import Struct
from msgspec.structs import asdict

from runtime.accounts.access import PERMISSIONS
from runtime.accounts.roles import (
    UNMASK,
    Role,
    Widest,
    get_role,
    holds,
    somebody_stays,
    three_in_one_refused,
)
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import Forbidden, StateConflict, Unprocessable

MAX_NAME = 40
FIELDS: tuple[str, ...] = ("phone", "name", "id_card", "email", "address", "text")
"""Kinds of personal values; `runtime/secrets/masks.py` knows how each is masked."""
WIDEST: tuple[Widest, ...] = get_args(Widest)


class Draft(Struct, frozen=True, kw_only=True):
    """What a role is to be."""

    name: dict[str, str]
    permissions: tuple[str, ...]
    widest: Widest = "hospital"
    fields: tuple[str, ...] = ()


def checked(draft: Draft) -> Draft:
    """The draft in its stored form: names trimmed, each permission once and in our order.

    Raises:
        Unprocessable: a name is missing or too long, a permission or kind is unknown.
    """
    name = {lang: text.strip() for lang, text in draft.name.items() if text.strip()}
    if "zh-CN" not in name:
        raise Unprocessable("role_name", "Give the role a name.", at="/name")
    if any(len(text) > MAX_NAME or not text.isprintable() for text in name.values()):
        raise Unprocessable("role_name", f"A name has 1 to {MAX_NAME} characters.", at="/name")
    unknown = sorted({*draft.permissions} - {*PERMISSIONS} | {*draft.fields} - {*FIELDS})
    if unknown or draft.widest not in WIDEST:
        raise Unprocessable("role_unknown", f"Unknown: {', '.join(unknown) or draft.widest}.")
    fields = tuple(one for one in FIELDS if one in draft.fields)
    return Draft(
        name=name,
        permissions=tuple(one for one in PERMISSIONS if one in draft.permissions),
        widest=draft.widest,
        fields=fields if UNMASK in draft.permissions else (),
    )


def create_role(
    connection: sa.Connection,
    draft: Draft,
    *,
    role: str | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> str:
    """A new role, last in the list; gives its id.

    Raises:
        Unprocessable: as `checked`.
        StateConflict: the role alone would run the system, grant rights and audit.
    """
    kept, made = checked(draft), role or f"role_{secrets.token_hex(4)}"
    with three_in_one_refused(connection):
        connection.execute(
            sa.text(
                "INSERT INTO roles (id, name, permissions, widest, fields, position) VALUES "
                "(:id, :name, :permissions, :widest, :fields, "
                "(SELECT coalesce(max(position), 0) + 1 FROM roles))"
            ).bindparams(sa.bindparam("name", type_=sa.JSON)),
            _columns(kept) | {"id": made},
        )
    record(connection, actor, "role.created", "role", made, facts=asdict(kept), clock=clock)
    return made


def change_role(
    connection: sa.Connection,
    role: str,
    draft: Draft,
    *,
    revision: int | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> bool:
    """Make a role what the draft says; every holder's next request follows it.

    Who gains something signs in anew. False where nothing changes. `revision` is the one that the
    editor saw.

    Raises:
        NotFound: there is no such role.
        Forbidden: staff hold the role that they would change.
        StateConflict: somebody else changed it meanwhile, or it is retired; or as `grant`.
    """
    kept, before = checked(draft), get_role(connection, role, lock=True)
    _require_other(connection, actor, role)
    if before.retired_at is not None or revision not in (None, before.revision):
        raise StateConflict("changed_meanwhile", "Somebody else changed this role meanwhile.")
    facts = difference(before, kept)
    if not facts:
        return False
    with somebody_stays(connection), three_in_one_refused(connection):
        connection.execute(
            sa.text(
                "UPDATE roles SET name = :name, permissions = :permissions, widest = :widest, "
                "fields = :fields, revision = revision + 1 WHERE id = :id"
            ).bindparams(sa.bindparam("name", type_=sa.JSON)),
            _columns(kept) | {"id": role},
        )
    if facts.get("added") or facts.get("fields_added"):
        facts["sessions_ended"] = _end_sessions(connection, role)
    record(connection, actor, "role.changed", "role", role, facts=facts, clock=clock)
    return True


def difference(before: Role, after: Draft) -> dict[str, Any]:
    """What a change adds, takes away and renames; empty where it changes nothing."""
    facts: dict[str, Any] = {
        "added": _without(after.permissions, before.permissions),
        "removed": _without(before.permissions, after.permissions),
        "fields_added": _without(after.fields, before.fields),
        "fields_removed": _without(before.fields, after.fields),
    }
    if before.name != after.name:
        facts["name"] = {"old": before.name, "new": after.name}
    if before.widest != after.widest:
        facts["widest"] = {"old": before.widest, "new": after.widest}
    return {name: value for name, value in facts.items() if value}


def retire_role(
    connection: sa.Connection,
    role: str,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> bool:
    """Take the role from everybody and from the list; False where that was done before.

    Raises:
        NotFound: there is no such role.
        Forbidden: staff hold the role.
        StateConflict: the last one who could grant rights, run or audit would be gone.
    """
    before = get_role(connection, role, lock=True)
    _require_other(connection, actor, role)
    if before.retired_at is not None:
        return False
    with somebody_stays(connection):
        _end_sessions(connection, role)
        holders = connection.execute(
            sa.text("DELETE FROM user_roles WHERE role_id = :role RETURNING user_id"),
            {"role": role},
        ).scalars()
        taken = [str(one) for one in holders]
        connection.execute(
            sa.text("UPDATE roles SET retired_at = :now, revision = revision + 1 WHERE id = :role"),
            {"role": role, "now": clock()},
        )
    facts = {"holders": len(taken)}
    record(connection, actor, "role.retired", "role", role, facts=facts, clock=clock)
    for user in taken:
        facts = {"role": role, "why": "retired"}
        record(connection, actor, "role.revoked", "user", user, facts=facts, clock=clock)
    return True


def restore_role(
    connection: sa.Connection,
    role: str,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> bool:
    """Put a retired role back into the list, held by nobody.

    Raises:
        NotFound: there is no such role.
        StateConflict: the role alone would run the system, grant rights and audit.
    """
    if get_role(connection, role, lock=True).retired_at is None:
        return False
    with three_in_one_refused(connection):
        connection.execute(
            sa.text("UPDATE roles SET retired_at = NULL, revision = revision + 1 WHERE id = :role"),
            {"role": role},
        )
    record(connection, actor, "role.restored", "role", role, clock=clock)
    return True


def _require_other(connection: sa.Connection, actor: Actor, role: str) -> None:
    if actor.kind == "staff" and holds(connection, actor.id, role):
        raise Forbidden("own_role", "Nobody changes a role they hold; ask a colleague.")


def _end_sessions(connection: sa.Connection, role: str) -> int:
    return connection.execute(
        sa.text(
            "DELETE FROM user_sessions WHERE user_id IN "
            "(SELECT user_id FROM user_roles WHERE role_id = :role)"
        ),
        {"role": role},
    ).rowcount


def _columns(draft: Draft) -> dict[str, Any]:
    return asdict(draft) | {"permissions": list(draft.permissions), "fields": list(draft.fields)}


def _without(these: Sequence[str], those: Sequence[str]) -> list[str]:
    return [one for one in these if one not in those]
