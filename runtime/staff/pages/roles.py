"""Roles: what each may do in plain words, who holds it where; made, copied, changed, retired."""

from typing import Any, cast

import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import role_editing, roles
from runtime.accounts.access import PERMISSIONS, Principal, needs
from runtime.accounts.role_editing import FIELDS, WIDEST, Draft
from runtime.accounts.roles import Role, Widest
from runtime.kit.http import Http
from runtime.kit.problems import AppError, NotFound
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.wiring import Deployment

HERE = "/staff/roles"
AREAS: dict[str, tuple[str, ...]] = {
    "patients": ("responses", "personal", "whistleblow"),
    "surveys": ("surveys", "bank"),
    "organisation": ("sites", "departments", "aliases", "dictionaries"),
    "people": ("users", "roles", "sessions"),
    "trail": ("audit",),
    "running": ("parameters", "jobs", "alarms", "backup"),
}
"""What a permission is about, by the word before its colon, in the order of the page."""
TOLD = frozenset(
    ("three_in_one", "last_holder", "own_role", "changed_meanwhile", "role_name", "role_unknown")
)


def by_area(permissions: tuple[str, ...] | frozenset[str]) -> list[tuple[str, list[str]]]:
    """Permissions under the areas that they belong to; areas without one are left out."""
    grouped = [
        (area, [one for one in PERMISSIONS if one in permissions and one.split(":")[0] in words])
        for area, words in AREAS.items()
    ]
    return [(area, found) for area, found in grouped if found]


def place_names(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """The names of sites and departments by id, `site:` or `department:` before it."""
    rows = connection.execute(
        sa.text(
            "SELECT 'site:' || id AS id, name FROM sites "
            "UNION ALL SELECT 'department:' || id, name FROM departments"
        )
    )
    return {row.id: row.name for row in rows}


@get(HERE, sync_to_thread=True, guards=[needs("roles:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every role with what it may do."""
    with deployment.db.begin() as connection:
        found = roles.list_roles(connection, with_retired=True)
        mine = {one.role for one in roles.roles_of(connection, principal.user_id)}
    return page(
        request,
        principal,
        "roles/list.html",
        section="roles",
        lines=[(one, by_area(one.permissions)) for one in found if one.retired_at is None],
        retired=[one for one in found if one.retired_at is not None],
        mine=mine,
        may_write=principal.may("roles:write"),
    )


@get(f"{HERE}/new", sync_to_thread=True, guards=[needs("roles:write")])
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    copy_of: FromQuery[str] = "",
) -> Response[Any]:
    """The form of a new role, empty or filled with what another may do."""
    draft = Draft(name={}, permissions=())
    if copy_of:
        with deployment.db.begin() as connection:
            draft = _draft_of(roles.get_role(connection, copy_of.replace("\0", "")))
        draft = Draft(
            name={}, permissions=draft.permissions, widest=draft.widest, fields=draft.fields
        )
    return _form(request, principal, draft)


@post(f"{HERE}/new", sync_to_thread=True, guards=[needs("roles:write")], status_code=200)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A new role that nobody holds yet."""
    draft = _posted(fields)
    try:
        with deployment.db.begin() as connection:
            made = role_editing.create_role(connection, draft, actor=principal.actor())
    except AppError as error:
        return _refused(request, principal, draft, error)
    return redirect(f"{HERE}/{made}", toast="saved")


@get(f"{HERE}/{{role:str}}", sync_to_thread=True, guards=[needs("roles:read")])
def show_one(
    request: Http,
    role: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One role, who holds it and where."""
    return _one_page(request, role, principal, deployment)


def _one_page(
    request: Http,
    role: str,
    principal: Principal,
    deployment: Deployment,
    refused: str | None = None,
    status: int = 200,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        found = _known(connection, role)
        holders = roles.holders_of(connection, found.id)
        is_mine = roles.holds(connection, principal.user_id, found.id)
        names = place_names(connection)
    return page(
        request,
        principal,
        "roles/one.html",
        section="roles",
        status=status,
        role=found,
        areas=by_area(found.permissions),
        holders=holders,
        names=names,
        is_mine=is_mine,
        may_write=principal.may("roles:write"),
        may_see_users=principal.may("users:read"),
        refused=refused,
    )


def _known(connection: sa.Connection, role: str) -> Role:
    if "\0" in role:
        raise NotFound("role", "There is no such role.")
    return roles.get_role(connection, role)


@get(f"{HERE}/{{role:str}}/edit", sync_to_thread=True, guards=[needs("roles:write")])
def ask_change(
    request: Http,
    role: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form of a role as it is."""
    with deployment.db.begin() as connection:
        found = _known(connection, role)
        is_mine = roles.holds(connection, principal.user_id, found.id)
    if is_mine or found.retired_at is not None:
        return redirect(f"{HERE}/{found.id}")
    return _form(request, principal, _draft_of(found), role=found)


@post(f"{HERE}/{{role:str}}/edit", sync_to_thread=True, guards=[needs("roles:write")],
      status_code=200)  # fmt: skip
def change(
    request: Http,
    role: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Keep what was ticked; it works at every holder's next request."""
    draft, revision = _posted(fields), fields["revision"]
    with deployment.db.begin() as connection:
        found = _known(connection, role)
    try:
        with deployment.db.begin() as connection:
            role_editing.change_role(
                connection,
                found.id,
                draft,
                revision=int(revision) if revision.isdecimal() and len(revision) < 9 else -1,
                actor=principal.actor(),
            )
    except AppError as error:
        return _refused(request, principal, draft, error, role=found)
    return redirect(f"{HERE}/{found.id}", toast="saved")


@post(f"{HERE}/{{role:str}}/retire", sync_to_thread=True, guards=[needs("roles:write")],
      status_code=200)  # fmt: skip
def retire(
    request: Http,
    role: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Take the role from all who hold it, or bring a retired one back."""
    actor = principal.actor()
    try:
        with deployment.db.begin() as connection:
            found = _known(connection, role).id
            if fields["do"] == "restore":
                role_editing.restore_role(connection, found, actor=actor)
            else:
                role_editing.retire_role(connection, found, actor=actor)
    except AppError as error:
        if error.code not in TOLD:
            raise
        return _one_page(request, role, principal, deployment, error.code, error.status)
    return redirect(f"{HERE}/{found}", toast="saved")


# The form


def _posted(fields: Fields) -> Draft:
    return Draft(
        name={"zh-CN": fields["name_zh"], "en": fields["name_en"]},
        permissions=tuple(one for one in PERMISSIONS if f"may {one}" in fields),
        widest=cast("Widest", fields["widest"]),
        fields=tuple(one for one in FIELDS if f"field {one}" in fields),
    )


def _draft_of(role: Role) -> Draft:
    return Draft(
        name=role.name, permissions=role.permissions, widest=role.widest, fields=role.fields
    )


def _refused(
    request: Http,
    principal: Principal,
    draft: Draft,
    error: AppError,
    *,
    role: Role | None = None,
) -> Response[Any]:
    if error.code not in TOLD:
        raise error
    return _form(request, principal, draft, role=role, refused=error.code, status=error.status)


def _form(
    request: Http,
    principal: Principal,
    draft: Draft,
    *,
    role: Role | None = None,
    refused: str | None = None,
    status: int = 200,
) -> Response[Any]:
    return page(
        request,
        principal,
        "roles/edit.html",
        section="roles",
        status=status,
        role=role,
        draft=draft,
        areas=by_area(PERMISSIONS),
        widest=WIDEST,
        kinds=FIELDS,
        refused=refused,
    )


handlers: tuple[ControllerRouterHandler, ...] = (
    show_list,
    ask_new,
    create,
    show_one,
    ask_change,
    change,
    retire,
)
