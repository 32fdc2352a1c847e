"""Accounts and the roles they hold: made, given rights, closed; a link of one use opens them."""

from typing import Any

import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts import roles, sessions, users
from runtime.accounts.access import Principal, Reach, needs
from runtime.kit.http import Http
from runtime.kit.problems import AppError, NotFound
from runtime.staff import queries
from runtime.staff.frame import page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.wiring import Deployment

HERE = "/staff/users"
EVERYWHERE = Reach(None, None, False)


def _list(connection: sa.Connection) -> list[dict[str, Any]]:
    """Every account with the roles it holds, by name."""
    rows = connection.execute(
        sa.text("SELECT id, login, name, state, last_used_at FROM users ORDER BY name, login")
    ).mappings()
    return [dict(row) | {"held": roles.roles_of(connection, str(row["id"]))} for row in rows]


@get(HERE, sync_to_thread=True, guards=[needs("users:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every account."""
    return _list_page(request, principal, deployment)


def _list_page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    *,
    refused: str | None = None,
    typed: Fields | None = None,
    link: str | None = None,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        lines = _list(connection)
    return page(
        request,
        principal,
        "users/list.html",
        section="users",
        status=200 if refused is None else 422,
        lines=lines,
        may_write=principal.may("users:write"),
        refused=refused,
        typed=typed or Fields(),
        link=link,
    )


@post(HERE, sync_to_thread=True, guards=[needs("users:write")], status_code=200)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A new account; its link of one use is shown this one time."""
    try:
        with deployment.db.begin() as connection:
            actor = principal.actor()
            user = users.create(connection, fields["login"], fields["name"], actor=actor)
            secret = users.give_link(connection, user, actor=actor)
    except AppError as error:
        known = error.code if error.code in ("login", "name", "login_taken") else "failed"
        return _list_page(request, principal, deployment, refused=known, typed=fields)
    link = f"{deployment.settings.public_url}/staff/sign-in/{secret}"
    return _list_page(request, principal, deployment, link=link)


@get(f"{HERE}/{{user:uuid}}", sync_to_thread=True, guards=[needs("users:read")])
def show_one(
    request: Http,
    user: FromPath[Any],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """One account with its roles, and where it holds them."""
    return _one_page(request, str(user), principal, deployment)


def _one_page(
    request: Http,
    user: str,
    principal: Principal,
    deployment: Deployment,
    refused: str | None = None,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        found = connection.execute(
            sa.text("SELECT id, login, name, state, last_used_at FROM users WHERE id = :id"),
            {"id": user},
        ).one_or_none()
        if found is None:
            raise NotFound("user", "There is no such account.")
        held = roles.roles_of(connection, user)
        every = roles.list_roles(connection)
        sites = queries.list_sites(connection, EVERYWHERE)
    return page(
        request,
        principal,
        "users/one.html",
        section="users",
        status=200 if refused is None else 409,
        user=found,
        held=held,
        roles=[role for role in every if role.id not in {one.role for one in held}],
        sites=sites,
        site_names=dict(sites),
        may_grant=principal.may("roles:write"),
        refused=refused,
    )


@post(f"{HERE}/{{user:uuid}}/roles", sync_to_thread=True, guards=[needs("roles:write")],
      status_code=200)  # fmt: skip
def change_roles(
    request: Http,
    user: FromPath[Any],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Give a role, everywhere or at one site, or take one away; both work at once.

    Whoever's rights change signs in anew (S15).
    """
    who, actor = str(user), principal.actor()
    try:
        with deployment.db.begin() as connection:
            if fields["do"] == "revoke":
                roles.revoke(connection, who, fields["role"], actor=actor)
            else:
                sites = (fields["site"],) if fields["site"] else None
                roles.grant(connection, who, fields["role"], sites=sites, actor=actor)
            sessions.end_all(connection, who)
    except AppError as error:
        if error.code != "three_in_one":
            raise
        return _one_page(request, who, principal, deployment, refused=error.code)
    return redirect(f"{HERE}/{who}", toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (show_list, create, show_one, change_roles)
