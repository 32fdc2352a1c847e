"""Accounts and the roles they hold: found, made, opened, closed; each change by somebody else."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import sqlalchemy as sa
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import roles, sessions, users
from runtime.accounts.access import Principal, needs
from runtime.audit.service import record
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, StateConflict, Unprocessable
from runtime.kit.reach import Reach
from runtime.org.departments import read_tree
from runtime.staff import queries
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.staff.pages.roles import place_names
from runtime.wiring import Deployment

HERE = "/staff/users"
EVERYWHERE = Reach(None, None, False)
STATES = ("active", "disabled")
MADE = frozenset(("login", "name", "login_taken"))
TOLD = frozenset(
    (
        "three_in_one",
        "last_holder",
        "own_rights",
        "widest_sites",
        "whole_hospital",
        "widest_departments",
        "until",
        "no_place",
        "is_disabled",
    )
)


# The list


@get(HERE, sync_to_thread=True, guards=[needs("users:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    role: FromQuery[str] = "",
    standing: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """A page of accounts by name."""
    wanted = users.Search(
        text=_plain(q), role=_plain(role), state=standing if standing in STATES else ""
    )
    return _list_page(request, principal, deployment, wanted, _place(after))


def _plain(text: str) -> str:
    return text.replace("\0", "")[:100]


def _place(text: str) -> tuple[str, str] | None:
    """The name and id behind which a page begins; the first page for what is none."""
    identity, _, name = text.partition("~")
    try:
        return _plain(name), str(UUID(identity))
    except ValueError:
        return None


def _list_page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    wanted: users.Search,
    after: tuple[str, str] | None = None,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        lines, following = users.search(connection, wanted, after)
        total = users.count_found(connection, wanted)
        held = roles.roles_of_many(connection, [one.id for one in lines])
        every = roles.list_roles(connection)
    asked = {"q": wanted.text, "role": wanted.role, "standing": wanted.state}
    kept = {name: value for name, value in asked.items() if value}
    behind = following and f"{following[1]}~{following[0]}"
    return page(
        request,
        principal,
        "users/list.html",
        section="users",
        lines=[(line, held.get(line.id, [])) for line in lines],
        total=total,
        roles=every,
        states=STATES,
        asked=asked,
        is_asked=bool(kept),
        is_first=after is None,
        first=urlencode(kept),
        following=behind and urlencode(kept | {"after": behind}),
        may_write=principal.may("users:write"),
    )


# A new account


@get(f"{HERE}/new", sync_to_thread=True, guards=[needs("users:write")])
def ask_new(request: Http, principal: NamedDependency[Principal]) -> Response[Any]:
    """The form of a new account."""
    return page(request, principal, "users/new.html", section="users", refused=None, typed=Fields())


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
        if error.code not in MADE:
            raise
        return page(
            request,
            principal,
            "users/new.html",
            section="users",
            status=422,
            refused=error.code,
            typed=fields,
        )
    return _one_page(request, user, principal, deployment, link=_address(deployment, secret))


def _address(deployment: Deployment, secret: str) -> str:
    return f"{deployment.settings.public_url}/staff/sign-in/{secret}"


# One account


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
    *,
    refused: AppError | None = None,
    link: str | None = None,
) -> Response[Any]:
    clock = deployment.clock
    with deployment.db.begin() as connection:
        found = users.get(connection, user)
        access = users.access_of(connection, deployment.secret, found, clock=clock)
        held = roles.roles_of(connection, user)
        every = roles.list_roles(connection)
        names = place_names(connection)
    own = user == principal.user_id
    return page(
        request,
        principal,
        "users/one.html",
        section="users",
        status=200 if refused is None else refused.status,
        user=found,
        access=access,
        minutes=-(-access.wait_seconds // 60),
        held=held,
        today=hospital_day(clock()),
        roles=[role for role in every if role.id not in {one.role for one in held}],
        names=names,
        own=own,
        may_write=principal.may("users:write") and not own,
        may_grant=principal.may("roles:write") and not own,
        may_end=principal.may("sessions:end"),
        refused=None if refused is None else refused.code,
        link=link,
    )


@post(f"{HERE}/{{user:uuid}}", sync_to_thread=True, guards=[needs("users:write")], status_code=200)
def change(
    request: Http,
    user: FromPath[Any],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Close, open, unlock, give a link, or forget the second factor of somebody else's account."""
    who = str(user)
    try:
        with deployment.db.begin() as connection:
            link = _change(connection, deployment, principal, who, fields)
    except (StateConflict, Unprocessable, Forbidden) as error:
        if error.code not in TOLD:
            raise
        return _one_page(request, who, principal, deployment, refused=error)
    if link is not None:
        return _one_page(request, who, principal, deployment, link=link)
    return redirect(f"{HERE}/{who}", toast="saved")


def _change(
    connection: sa.Connection,
    deployment: Deployment,
    principal: Principal,
    who: str,
    fields: Fields,
) -> str | None:
    """Do what was asked for; gives a link where one was."""
    actor, clock = principal.actor(), deployment.clock
    roles.refuse_own(actor, who)
    state = users.get(connection, who).state
    match fields["do"]:
        case "disable":
            users.disable(connection, who, _plain(fields["why"]), actor=actor, clock=clock)
        case "enable":
            users.enable(connection, who, actor=actor, clock=clock)
        case "unlock":
            users.unlock(connection, deployment.secret, who, actor=actor, clock=clock)
        case "forget_second":
            users.remove_second_factor(connection, who, actor=actor, clock=clock)
        case "link" if state == "active":
            return _address(deployment, users.give_link(connection, who, actor=actor, clock=clock))
        case "link":
            raise StateConflict("is_disabled", "Open the account first.")
        case _:
            raise Unprocessable("do", "There is no such button.")
    return None


# Roles of one account


@get(f"{HERE}/{{user:uuid}}/roles", sync_to_thread=True, guards=[needs("roles:write")])
def ask_grant(
    request: Http,
    user: FromPath[Any],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    role: FromQuery[str] = "",
) -> Response[Any]:
    """Where a role is to be held and until when, as it is held now."""
    who = str(user)
    with deployment.db.begin() as connection:
        found = roles.get_role(connection, _plain(role))
        held = [one for one in roles.roles_of(connection, who) if one.role == found.id]
    if who == principal.user_id:
        return redirect(f"{HERE}/{who}")
    now = held[0] if held else None
    typed = Fields(until=str(now.until) if now and now.until else "")
    for site in (now and now.sites) or ():
        typed[f"site {site}"] = "on"
    for department in (now and now.departments) or ():
        typed[f"department {department}"] = "on"
    if now is not None:
        narrow = "departments" if now.departments is not None else "sites"
        typed["where"] = "hospital" if now.sites is None and now.departments is None else narrow
    return _grant_page(request, who, found, principal, deployment, typed)


def _grant_page(
    request: Http,
    who: str,
    role: roles.Role,
    principal: Principal,
    deployment: Deployment,
    typed: Fields,
    refused: AppError | None = None,
) -> Response[Any]:
    with deployment.db.begin() as connection:
        user = users.get(connection, who)
        sites = queries.list_sites(connection, EVERYWHERE)
    every = ("hospital", "sites", "departments")
    return page(
        request,
        principal,
        "users/grant.html",
        section="users",
        status=200 if refused is None else refused.status,
        user=user,
        role=role,
        wheres=every[every.index(role.widest) :],
        where=typed["where"] or role.widest,
        sites=sites,
        departments=[
            one
            for one in read_tree(deployment.db)
            if one.closed_on is None or f"department {one.id}" in typed
        ],
        today=hospital_day(deployment.clock()),
        typed=typed,
        refused=None if refused is None else refused.code,
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
    """Give a role at the places ticked, change where it is held, or take it away; at once.

    Whoever's rights change signs in anew (S15).
    """
    who = str(user)
    is_revoke = fields["do"] == "revoke"
    with deployment.db.begin() as connection:
        users.get(connection, who)
        role = roles.get_role(connection, _plain(fields["role"]))
    try:
        with deployment.db.begin() as connection:
            if is_revoke:
                roles.revoke(connection, who, role.id, actor=principal.actor())
            else:
                _grant(connection, deployment, principal, who, role, fields)
            sessions.end_all(connection, who)
    except (StateConflict, Unprocessable, Forbidden) as error:
        if error.code not in TOLD:
            raise
        if is_revoke or isinstance(error, Forbidden):
            return _one_page(request, who, principal, deployment, refused=error)
        return _grant_page(request, who, role, principal, deployment, fields, error)
    return redirect(f"{HERE}/{who}", toast="saved")


def _grant(
    connection: sa.Connection,
    deployment: Deployment,
    principal: Principal,
    who: str,
    role: roles.Role,
    fields: Fields,
) -> None:
    known = place_names(connection)
    where = fields["where"]
    sites = _ticked("site", fields, known) if where in ("sites", "departments") else None
    departments = _ticked("department", fields, known) if where == "departments" else None
    if where == "departments" and not sites:
        sites = None
    if where not in ("hospital", "sites", "departments") or sites == () or departments == ():
        raise Unprocessable("no_place", "Tick at least one place.")
    roles.grant(
        connection,
        who,
        role.id,
        sites=sites,
        departments=departments,
        until=_day(fields["until"]),
        actor=principal.actor(),
        clock=deployment.clock,
    )


def _ticked(kind: str, fields: Fields, known: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the boxes ticked, in order; what does not exist is left out."""
    prefix = f"{kind} "
    named = (name.removeprefix(prefix) for name in fields if name.startswith(prefix))
    return tuple(sorted(one for one in named if f"{kind}:{one}" in known))


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unprocessable("until", "This is no day.") from None


@post(f"{HERE}/{{user:uuid}}/sessions", sync_to_thread=True, guards=[needs("sessions:end")],
      status_code=200)  # fmt: skip
def end_sessions(
    user: FromPath[Any],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """End every session of this account, save the one that asks."""
    who = str(user)
    with deployment.db.begin() as connection:
        users.get(connection, who)
        count = sessions.end_all(connection, who, but=principal.session)
        facts = {"sessions": count}
        actor = principal.actor()
        record(connection, actor, "account.sessions_ended", "user", who, facts=facts)
    return redirect(f"{HERE}/{who}", toast="ended")


handlers: tuple[ControllerRouterHandler, ...] = (
    show_list,
    ask_new,
    create,
    show_one,
    change,
    ask_grant,
    change_roles,
    end_sessions,
)
