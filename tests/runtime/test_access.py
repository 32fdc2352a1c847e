"""Who may call what: each handler says it, and the database's roles keep to it."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from runtime.accounts import roles, users
from runtime.accounts.access import PERMISSIONS, Guard, signed_in
from runtime.accounts.models import SCOPES
from runtime.kit.problems import NotFound
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.lent import lent_app


@pytest.fixture
def app(deployment: Deployment) -> Litestar:
    return lent_app(deployment)


def _handlers(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            yield route.path, handler


def _guards(handler: HTTPRouteHandler) -> list[Guard]:
    """The guards of ours, out of what the framework wraps them in."""
    untyped: Any = handler
    found: list[Any] = [getattr(guard, "func", guard) for guard in untyped.resolve_guards()]
    return [guard for guard in found if isinstance(guard, Guard)]


def _says_who(path: str, handler: HTTPRouteHandler) -> bool:
    """Whether a handler says who may call it."""
    opt = handler.opt
    if path.startswith("/schema"):  # the framework's own, closed to everybody
        return True
    if opt.get("public") is True or opt.get("own_account") is True:
        return True
    return opt.get("scope") in SCOPES or bool(_guards(handler))


def test_every_handler_says_who_may_call_it(app: Litestar) -> None:
    """A permission, an API scope, one's own account, or public in so many words. # S35"""
    silent = [
        f"{sorted(handler.http_methods)} {path}"
        for path, handler in _handlers(app)
        if not _says_who(path, handler) and "OPTIONS" not in handler.http_methods
    ]
    assert silent == []


def test_every_console_page_is_guarded(app: Litestar) -> None:
    """Below /staff/ nothing is public but signing in and out, styles and scripts. # S35"""
    public = {
        path
        for path, handler in _handlers(app)
        if path.startswith("/staff") and handler.opt.get("public")
    }
    pages = {path for path in public if not path.endswith((".css", ".js"))}
    assert {path.split("/")[2] for path in pages} <= {"sign-in", "sign-out"}
    asked = {one for _, handler in _handlers(app) for guard in _guards(handler)
             for one in guard.permissions}  # fmt: skip
    assert asked and asked <= set(PERMISSIONS)
    assert signed_in.permissions == ()


def test_every_large_file_of_the_console_takes_its_turn(app: Litestar) -> None:
    """Exports of responses and of the trail, and every PDF, in each of their forms. # S66 (part)"""
    files = {
        path: handler
        for path, handler in _handlers(app)
        if re.fullmatch(r"/staff/(responses\.[a-z.]+|audit/lines\.csv|.*\.pdf)", path)
        and "GET" in getattr(handler, "http_methods", ())
    }
    assert len(files) >= 8
    for path, handler in files.items():
        assert "turn" in handler.parsed_fn_signature.parameters, path


def test_the_program_owns_nothing_in_its_database(database_urls: DatabaseUrls) -> None:
    """The role that the running program uses owns no table, and bypasses nothing. # S38 (part)"""
    with psycopg.connect(database_urls.app_url) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, False)
        owned = connection.execute(
            "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
        ).fetchall()
        assert owned == []
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE smuggled (id int)")


def test_a_reach_is_the_sum_of_the_roles_that_show_patients(deployment: Deployment) -> None:
    """A role held everywhere for another purpose widens no sight of patients. # S38 (part)"""
    with deployment.db.begin() as connection:
        user = users.create(connection, "two_hats", "两职")
        assert roles.grants_of(connection, user).permissions == frozenset()
        roles.grant(connection, user, "survey_designer")
        assert roles.grants_of(connection, user).reach.sites == ()
        roles.grant(connection, user, "site_manager", sites=("main",))
        roles.grant(connection, user, "analyst", sites=("north",))
        found = roles.grants_of(connection, user)
        assert found.reach.sites == ("main", "north")
        assert not found.reach.whistleblow
        roles.grant(connection, user, "discipline_officer", sites=("main",))
        assert roles.grants_of(connection, user).reach.whistleblow
        assert roles.revoke(connection, user, "analyst")
        assert not roles.revoke(connection, user, "analyst")
        assert roles.grants_of(connection, user).reach.sites == ("main",)
        with pytest.raises(NotFound):
            roles.grant(connection, user, "no_such_role")
