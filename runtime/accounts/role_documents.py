"""Roles as a document: written out for another hospital, read in with what would change."""

import re
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts.role_editing import (
    Draft,
    change_role,
    checked,
    create_role,
    difference,
    restore_role,
)
from runtime.accounts.roles import UNMASK, Role, Widest, list_roles
from runtime.audit.models import SYSTEM, Actor
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import AppError, Unprocessable, WordedProblem

_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")

What = Literal["created", "changed", "restored", "unchanged"]


class RoleDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One role as `Role` holds it."""

    id: str
    name: dict[str, str]
    permissions: tuple[str, ...]
    widest: Widest = "hospital"
    fields: tuple[str, ...] = ()

    def draft(self) -> Draft:
        """What an editor would have typed."""
        return Draft(
            name=self.name, permissions=self.permissions, widest=self.widest, fields=self.fields
        )


class RolesDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Roles in the order of the list."""

    format: Literal["huisheng.roles/1"]
    roles: tuple[RoleDocument, ...]


class Step(Struct, frozen=True):
    """What becomes of one role, and the difference."""

    role: str
    what: What
    facts: dict[str, Any]


def export_roles(connection: sa.Connection) -> bytes:
    """The roles that can be given, as a document."""
    roles = tuple(
        RoleDocument(
            id=role.id,
            name=role.name,
            permissions=role.permissions,
            widest=role.widest,
            fields=role.fields,
        )
        for role in list_roles(connection)
    )
    document = RolesDocument(format="huisheng.roles/1", roles=roles)
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read_roles(content: bytes) -> RolesDocument:
    """A document that can be imported.

    Raises:
        Unprocessable: it cannot be read, or with every fault of every role.
    """
    try:
        document = msgspec.json.decode(content, type=RolesDocument)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unprocessable("roles_document", f"No document of roles: {error}") from None
    faults = [
        WordedProblem(
            fault.code, f"/roles/{number}{fault.at}", f"{role.id[:40]!r}: {fault.message}"
        )
        for number, role in enumerate(document.roles)
        for fault in _faults(role, [one.id for one in document.roles[:number]])
    ]
    if faults:
        raise Unprocessable("roles_document", faults[0].message, problems=faults)
    return document


def _faults(role: RoleDocument, before: list[str]) -> list[WordedProblem]:
    found: list[WordedProblem] = []
    if not _ID.fullmatch(role.id):
        message = "An id has 2 to 40 of the letters a to z, digits, underscore."
        found.append(WordedProblem("role_id", "/id", message))
    if role.id in before:
        found.append(WordedProblem("role_twice", "/id", "This role stands here twice."))
    if role.fields and UNMASK not in role.permissions:
        message = f"Kinds of values need the permission {UNMASK}."
        found.append(WordedProblem("role_fields", "/fields", message))
    try:
        checked(role.draft())
    except AppError as error:
        found += error.problems
    return found


def import_roles(
    connection: sa.Connection,
    document: RolesDocument,
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> list[Step]:
    """Make the roles what the document says, one after another; others stay as they are.

    The caller's transaction makes it all or nothing, or a dry run.

    Raises:
        Forbidden: staff hold a role that they would change.
        StateConflict: a role, or somebody's roles, would run the system, grant rights and audit at
            once; or the last one who does one of these would be gone. The role is named.
    """
    known = {role.id: role for role in list_roles(connection, with_retired=True)}
    steps: list[Step] = []
    for role in document.roles:
        try:
            steps.append(_import(connection, role, known.get(role.id), actor, clock))
        except AppError as error:
            raise type(error)(error.code, f"{role.id}: {error}") from None
    return steps


def _import(
    connection: sa.Connection, role: RoleDocument, before: Role | None, actor: Actor, clock: Clock
) -> Step:
    draft = checked(role.draft())
    if before is None:
        create_role(connection, draft, role=role.id, actor=actor, clock=clock)
        return Step(role.id, "created", {"added": list(draft.permissions)})
    facts = difference(before, draft)
    is_restored = restore_role(connection, role.id, actor=actor, clock=clock)
    if facts:
        change_role(connection, role.id, draft, actor=actor, clock=clock)
    if is_restored:
        return Step(role.id, "restored", facts)
    return Step(role.id, "changed" if facts else "unchanged", facts)
