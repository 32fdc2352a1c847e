"""Who gets what answer: every console route in every role, and every response in every reach."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient

from runtime.accounts import roles, sessions, users
from runtime.accounts.service import create_token
from runtime.audit.queries import Filters, search
from runtime.kit.settings import CHANNELS
from runtime.programs import create_app
from runtime.wiring import Deployment
from tests.runtime.test_scope import filled
from tests.runtime.test_users_page import sign_in

__all__ = ["filled"]

ROLES = {
    "S": "system_administrator",
    "C": "security_administrator",
    "A": "auditor",
    "H": "service_centre_handler",
    "R": "reviewer",
    "K": "department_contact",
    "D": "department_head",
    "Q": "survey_designer",
    "N": "analyst",
    "M": "site_manager",
    "W": "discipline_officer",
}
ALL = "SCAHRKDQNMW"
READERS = "HRKDNMW"
MATRIX = {
    "GET /staff": ALL,
    "GET /staff/aliases": "SH",
    "GET /staff/aliases/known": "SH",
    "GET /staff/aliases/known/{alias:str}": "SH",
    "POST /staff/aliases/known/{alias:str}": "SH",
    "GET /staff/aliases/new": "SH",
    "POST /staff/aliases/new": "SH",
    "POST /staff/aliases/{act:str}": "SH",
    "GET /staff/audit": "A",
    "GET /staff/audit/lines.csv": "A",
    "GET /staff/departments": "SHRKDQNM",
    "GET /staff/departments/new": "S",
    "POST /staff/departments/new": "S",
    "GET /staff/departments/{department:str}": "SHRKDQNM",
    "POST /staff/departments/{department:str}/{act:str}": "S",
    "GET /staff/bank": "RQ",
    "GET /staff/bank/export/{format:str}": "RQ",
    "GET /staff/bank/template.xlsx": "RQ",
    "GET /staff/bank/new": "Q",
    "POST /staff/bank/new": "Q",
    "GET /staff/bank/tree": "Q",
    "POST /staff/bank/tree": "Q",
    "GET /staff/bank/imports": "Q",
    "POST /staff/bank/imports": "Q",
    "GET /staff/bank/imports/{job:str}": "Q",
    "GET /staff/bank/imports/{job:str}/report.csv": "Q",
    "GET /staff/bank/items/{item:str}": "RQ",
    "POST /staff/bank/items/{item:str}": "Q",
    "POST /staff/bank/items/{item:str}/offer": "Q",
    "GET /staff/bank/items/{item:str}/edit": "Q",
    "POST /staff/bank/items/{item:str}/edit": "Q",
    "GET /staff/dictionaries": "SQ",
    "GET /staff/dictionaries/{dictionary:str}": "SQ",
    "POST /staff/dictionaries/{dictionary:str}": "S",
    "GET /staff/imports": "S",
    "POST /staff/imports": "S",
    "GET /staff/imports/template/{kind:str}": "S",
    "GET /staff/sites": "SNM",
    "GET /staff/sites/new": "S",
    "POST /staff/sites/new": "S",
    "GET /staff/sites/{site:str}": "SNM",
    "POST /staff/sites/{site:str}": "S",
    "GET /staff/help": ALL,
    "GET /staff/alarms": "SCAM",
    "POST /staff/alarms/{alarm:uuid}": "SCAM",
    "GET /staff/jobs": "S",
    "GET /staff/jobs/{name:str}": "S",
    "POST /staff/jobs/{name:str}": "S",
    "GET /staff/parameters": "S",
    "GET /staff/parameters/{name:str}": "S",
    "POST /staff/parameters/{name:str}": "S",
    "GET /staff/me": ALL,
    "POST /staff/me/language": ALL,
    "POST /staff/me/password": ALL,
    "POST /staff/me/second": ALL,
    "POST /staff/me/sessions": ALL,
    "GET /staff/responses": READERS,
    "GET /staff/responses.csv": "RDN",
    "GET /staff/responses.fhir.json": "RDN",
    "GET /staff/responses.jsonl": "RDN",
    "GET /staff/responses.xlsx": "RDN",
    "GET /staff/responses/{response:str}": READERS,
    "GET /staff/responses/{response:str}/attachments/{attachment:str}": "H",
    "POST /staff/responses/{response:str}/personal": "H",
    "GET /staff/roles": "CA",
    "GET /staff/roles/new": "C",
    "POST /staff/roles/new": "C",
    "GET /staff/roles/{role:str}": "CA",
    "GET /staff/roles/{role:str}/edit": "C",
    "POST /staff/roles/{role:str}/edit": "C",
    "POST /staff/roles/{role:str}/retire": "C",
    "GET /staff/sessions": "C",
    "POST /staff/sessions": "C",
    "GET /staff/search": ALL,
    "POST /staff/search": ALL,
    "GET /staff/surveys": "HRDQNM",
    "GET /staff/surveys/{survey:str}": "HRDQNM",
    "GET /staff/surveys/new": "Q",
    "POST /staff/surveys/new/file": "Q",
    "POST /staff/surveys/new/take": "Q",
    "GET /staff/templates": "Q",
    "GET /staff/templates/{template:str}": "HRDQNM",
    "POST /staff/templates/{template:str}/remove": "RQ",
    "POST /staff/surveys/{survey:str}/template": "Q",
    "GET /staff/surveys/{survey:str}/versions/{version:int}/document.json": "HRDQNM",
    "POST /staff/surveys/{survey:str}/versions/{version:int}/restore": "Q",
    "POST /staff/surveys/new": "Q",
    "GET /staff/surveys/{survey:str}/edit/bank": "Q",
    "GET /staff/surveys/{survey:str}/edit": "Q",
    "POST /staff/surveys/{survey:str}/edit": "Q",
    "GET /staff/surveys/{survey:str}/edit/computed": "Q",
    "POST /staff/surveys/{survey:str}/edit/computed": "Q",
    "GET /staff/surveys/{survey:str}/edit/endings": "Q",
    "POST /staff/surveys/{survey:str}/edit/endings": "Q",
    "GET /staff/surveys/{survey:str}/edit/alerts": "Q",
    "POST /staff/surveys/{survey:str}/edit/alerts": "Q",
    "GET /staff/surveys/{survey:str}/edit/context": "Q",
    "POST /staff/surveys/{survey:str}/edit/context": "Q",
    "GET /staff/surveys/{survey:str}/edit/scores": "Q",
    "POST /staff/surveys/{survey:str}/edit/scores": "Q",
    "GET /staff/surveys/{survey:str}/edit/dimensions": "Q",
    "POST /staff/surveys/{survey:str}/edit/dimensions": "Q",
    "GET /staff/surveys/{survey:str}/edit/settings": "Q",
    "POST /staff/surveys/{survey:str}/edit/settings": "Q",
    "GET /staff/surveys/{survey:str}/edit/scores/ranges": "Q",
    "GET /staff/surveys/{survey:str}/edit/pictures": "Q",
    "POST /staff/surveys/{survey:str}/edit/pictures": "Q",
    "GET /staff/surveys/{survey:str}/edit/doctor": "Q",
    "GET /staff/surveys/{survey:str}/edit/news": "Q",
    "GET /staff/surveys/{survey:str}/edit/rule": "Q",
    "POST /staff/surveys/{survey:str}/edit/rule": "Q",
    "GET /staff/surveys/{survey:str}/edit/rules": "HRDQNM",
    "GET /staff/surveys/{survey:str}/edit/flow": "HRDQNM",
    "POST /staff/surveys/{survey:str}/edit/flow": "Q",
    "GET /staff/surveys/{survey:str}/edit/texts": "Q",
    "POST /staff/surveys/{survey:str}/edit/texts": "Q",
    "GET /staff/surveys/{survey:str}/edit/json": "Q",
    "POST /staff/surveys/{survey:str}/edit/json": "Q",
    "GET /staff/surveys/{survey:str}/preview": "HRDQNM",
    "POST /staff/surveys/{survey:str}/preview": "HRDQNM",
    "POST /staff/surveys/{survey:str}/preview/walk": "Q",
    "GET /staff/surveys/{survey:str}/edit/walks": "Q",
    "POST /staff/surveys/{survey:str}/edit/walks": "Q",
    "GET /staff/surveys/{survey:str}/changes": "HRDQNM",
    "GET /staff/surveys/{survey:str}/paper.pdf": "HRDQNM",
    "GET /staff/surveys/{survey:str}/edit/paper.pdf": "Q",
    "GET /staff/surveys/{survey:str}/versions/{version:int}/paper.pdf": "HRDQNM",
    "GET /staff/surveys/{survey:str}/publish": "HRDQNM",
    "POST /staff/surveys/{survey:str}/publish/ask": "Q",
    "POST /staff/surveys/{survey:str}/publish/withdraw": "Q",
    "POST /staff/surveys/{survey:str}/publish/return": "RQ",
    "POST /staff/surveys/{survey:str}/publish": "RQ",
    "GET /staff/surveys/{survey:str}/code.svg": "HRDQNM",
    "GET /staff/surveys/{survey:str}/versions/{version:int}": "HRDQNM",
    "POST /staff/surveys/{survey:str}/close": "RQ",
    "POST /staff/surveys/{survey:str}/reopen": "RQ",
    "GET /staff/users": "SCA",
    "POST /staff/users": "C",
    "GET /staff/users/new": "C",
    "GET /staff/users/{user:uuid}": "SCA",
    "POST /staff/users/{user:uuid}": "C",
    "GET /staff/users/{user:uuid}/roles": "C",
    "POST /staff/users/{user:uuid}/roles": "C",
    "POST /staff/users/{user:uuid}/sessions": "C",
}
"""The roles that a route lets in; a route that is added must be written down here."""

NOBODY = UUID(int=7)


def _routes(app: Litestar) -> Iterator[tuple[str, HTTPRouteHandler]]:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if route.path.startswith("/staff") and not handler.opt.get("public"):
                for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"}):
                    yield f"{method} {route.path}", handler


def _ask(client: TestClient[Any], route: str, csrf: str) -> int:
    """The status of a call about something that does not exist, with an empty form."""
    method, path = route.split(" ")
    path = re.sub(r"\{(user|alarm):uuid\}", str(NOBODY), path)
    path = path.replace("{response:str}", str(NOBODY))
    path = re.sub(r"\{\w+:str\}", "nothing", path).replace("{version:int}", "1")
    data = {"_csrf": csrf} if method == "POST" else None
    return client.request(method, path, data=data, follow_redirects=False).status_code


def test_the_matrix_names_every_route(deployment: Deployment) -> None:
    """None is missing, none is left over. # S35"""
    assert {name for name, _ in _routes(create_app(deployment, CHANNELS))} == set(MATRIX)


@pytest.mark.parametrize("letter", ROLES)
def test_each_role_enters_what_the_matrix_says(
    letter: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """403 where the role has no permission; a page, 404 or 422 where it has. # S35 # S39 (part)"""
    wrong: list[str] = []
    csrf = sign_in(deployment, client, "walker", ROLES[letter])
    for route, allowed in MATRIX.items():
        status = _ask(client, route, csrf)
        expected = status in (200, 303, 404, 409, 422) if letter in allowed else status == 403
        if not expected:
            wrong.append(f"{route}: {status}")
    assert wrong == []


def test_without_a_sign_in_no_route_answers(client: TestClient[Any]) -> None:
    """Each leads to the sign-in, or refuses. # S35"""
    for route in MATRIX:
        assert _ask(client, route, "x") in (303, 401, 403), route


def test_a_half_session_opens_no_route(deployment: Deployment, client: TestClient[Any]) -> None:
    """With the password alone, where a second factor is needed, each route refuses. # S05"""
    with deployment.db.begin() as connection:
        user = users.ensure(connection, "half", "half")
        roles.grant(connection, user, "system_administrator")
        token = sessions.start(connection, user)
    client.cookies.set("staff", token)
    reached = {
        route: status
        for route in MATRIX
        if (status := _ask(client, route, "x")) not in (303, 401)
        or (status == 303 and "sign-in" not in _led(client, route))
    }
    assert reached == {}


def _led(client: TestClient[Any], route: str) -> str:
    method, path = route.split(" ")
    path = re.sub(r"\{\w+:\w+\}", "nothing", path)
    return str(client.request(method, path, follow_redirects=False).headers.get("location"))


@pytest.mark.parametrize("letter", ROLES)
def test_no_form_is_taken_without_its_token(
    letter: str, deployment: Deployment, client: TestClient[Any]
) -> None:
    """Every route that changes something, with a wrong token and with none. # S19"""
    sign_in(deployment, client, "walker", ROLES[letter])
    for route in MATRIX:
        if route.startswith("POST "):
            assert _ask(client, route, "0" * 40) == 403, route
            assert _ask(client, route, "") == 403, route


def test_who_is_refused_what_is_recorded(deployment: Deployment, client: TestClient[Any]) -> None:
    """A missing permission, a form of somebody else's, a token without its scope. # S57"""
    csrf = sign_in(deployment, client, "curious", "analyst")
    assert client.get("/staff/users").status_code == 403
    assert _ask(client, "POST /staff/users", csrf) == 403
    token = create_token(deployment.db, "reader", ("surveys:read",))
    headers = {"authorization": f"Bearer {token}"}
    assert client.get("/api/v1/responses", headers=headers).status_code == 403
    with deployment.db.begin() as connection:
        lines = search(connection, Filters(action="access.refused")).lines
    told = {(line.actor_name, line.object_id, line.outcome) for line in lines}
    assert told == {
        ("curious", "GET /staff/users", "refused"),
        ("curious", "POST /staff/users", "refused"),
        ("reader", "responses:read", "refused"),
    }
    assert all(line.address and line.channel for line in lines if line.actor_name == "curious")


def test_a_right_taken_away_counts_at_once(deployment: Deployment, client: TestClient[Any]) -> None:
    """The next call of the same session is refused. # S37 (part)"""
    sign_in(deployment, client, "leaver", "analyst")
    assert client.get("/staff/responses").status_code == 200
    with deployment.db.begin() as connection:
        roles.revoke(connection, users.ensure(connection, "leaver", "leaver"), "analyst")
    assert client.get("/staff/responses", follow_redirects=False).status_code in (303, 403)


SCOPES: dict[str, tuple[str, dict[str, Any]]] = {
    "everywhere": ("analyst", {}),
    "north": ("analyst", {"sites": ("north",)}),
    "south": ("site_manager", {"sites": ("south",)}),
    "no site": ("analyst", {"sites": ("elsewhere",)}),
    "skin": ("department_head", {"departments": ("skin",)}),
    "skin in the north": ("department_head", {"sites": ("north",), "departments": ("skin",)}),
    "discipline": ("discipline_officer", {}),
    "discipline in the south": ("discipline_officer", {"sites": ("south",)}),
}


@pytest.mark.parametrize("scope", SCOPES)
def test_a_foreign_response_is_not_found(
    scope: str, filled: Deployment, client: TestClient[Any]
) -> None:
    """Each of eight responses, by list, by detail and by export, in each scope. # S36 # S42"""
    role, where = SCOPES[scope]
    sign_in(filled, client, "looker")
    with filled.db.begin() as connection:
        user = users.ensure(connection, "looker", "looker")
        sites, departments = where.get("sites"), where.get("departments")
        roles.grant(connection, user, role, sites=sites, departments=departments)
    with filled.db.begin_everywhere() as connection:
        rows = connection.execute(
            sa.text("SELECT id, survey_id, site, department FROM responses")
        ).all()
    link = _link(filled)
    client.cookies.clear()
    client.post(f"/staff/sign-in/{link}", follow_redirects=False)
    listed = set(
        re.findall(r"/staff/responses/([0-9a-f-]{36})", client.get("/staff/responses").text)
    )
    assert len(rows) == 8
    for row in rows:
        within = (
            ("sites" not in where or row.site in where["sites"])
            and ("departments" not in where or row.department in where["departments"])
            and (row.survey_id != "secret" or role == "discipline_officer")
        )
        assert (str(row.id) in listed) == within, (scope, row)
        status = client.get(f"/staff/responses/{row.id}").status_code
        assert status == (200 if within else 404), (scope, row, status)
        if role in ("analyst", "department_head"):
            for kind in ("csv", "jsonl", "fhir.json"):
                file = client.get(f"/staff/responses.{kind}").text
                assert (str(row.id) in file) == within, (scope, row, kind)


TWO_ROLES: dict[str, tuple[dict[str, dict[str, Any]], str, str, str]] = {
    "a site, and a department everywhere": (
        {"site_manager": {"sites": ("south",)}, "department_head": {"departments": ("eye",)}},
        "plain south skin, plain south -, plain north eye", "plain north eye", "",
    ),
    "a reader of one site who exports and unmasks at another": (
        {"site_manager": {"sites": ("north",)}, "analyst": {"sites": ("south",)},
         "service_centre_handler": {"departments": ("skin",)}},
        "plain north skin, plain north eye, plain south skin, plain south -",
        "plain south skin, plain south -", "plain north skin, plain south skin",
    ),
    "reports of wrongdoing at one site, all else everywhere": (
        {"discipline_officer": {"sites": ("south",)}, "analyst": {}, "service_centre_handler": {}},
        "plain north skin, plain north eye, plain south skin, plain south -, secret south skin, "
        "secret south -",
        "plain north skin, plain north eye, plain south skin, plain south -",
        "plain north skin, plain north eye, plain south skin, plain south -",
    ),
}  # fmt: skip
"""Roles that one person holds; what they read, what they take as a file, what they unmask."""


@pytest.mark.parametrize("case", TWO_ROLES)
def test_no_role_lends_its_reach_to_another(
    case: str, filled: Deployment, client: TestClient[Any]
) -> None:
    """Read, exported, unmasked and found by a contact: each as far as the roles that may, where
    they are held. # S36 (part) S37 (part) S42 (part)
    """
    held, read, exported, unmasked = TWO_ROLES[case]
    sign_in(filled, client, "looker")
    with filled.db.begin() as connection:
        user = users.ensure(connection, "looker", "looker")
        for role, where in held.items():
            roles.grant(connection, user, role, **where)
        link = users.give_link(connection, user, "look")
    with filled.db.begin_everywhere() as connection:
        found = connection.execute(
            sa.text("SELECT id, survey_id, site, department FROM responses")
        ).all()
    names = {str(row.id): f"{row.survey_id} {row.site} {row.department or '-'}" for row in found}
    client.cookies.clear()
    client.post(f"/staff/sign-in/{link}", follow_redirects=False)
    page = client.get("/staff/").text
    csrf = re.findall(r'name="_csrf" value="(\w+)"', page)[0]

    def told(text: str) -> list[str]:
        return sorted(names[one] for one in set(re.findall(r"[0-9a-f-]{36}", text)) & names.keys())

    def wanted(text: str) -> list[str]:
        return sorted(filter(None, text.split(", ")))

    assert told(client.get("/staff/responses").text) == wanted(read)
    opened = [one for one in names if client.get(f"/staff/responses/{one}").status_code == 200]
    assert sorted(names[one] for one in opened) == wanted(read)
    for kind in ("csv", "jsonl", "fhir.json"):
        assert told(client.get(f"/staff/responses.{kind}").text) == wanted(exported), kind
    clear: list[str] = []
    for one in names:
        form = {"_csrf": csrf, "reason": "回访患者"}
        if "13912345678" in client.post(f"/staff/responses/{one}/personal", data=form).text:
            clear.append(names[one])
    assert sorted(clear) == wanted(unmasked)
    searched = client.post("/staff/search", data={"_csrf": csrf, "q": "13912345678"}).text
    assert told(searched) == wanted(unmasked)


def _link(deployment: Deployment) -> str:
    with deployment.db.begin() as connection:
        return users.give_link(connection, users.ensure(connection, "looker", "looker"), "look")
