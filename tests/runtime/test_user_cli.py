"""`huisheng user` and `huisheng roles` typed: the first account, refusals, roles as documents."""

import json
import secrets
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from runtime.accounts import roles, users
from runtime.accounts.role_editing import retire_role
from runtime.cli._services import login
from runtime.seed import seed
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.serving import Place


def _lines(deployment: Deployment, prefix: str) -> list[str]:
    with deployment.db.begin() as connection:
        found = connection.execute(
            sa.text("SELECT action FROM audit_lines WHERE action LIKE :like ORDER BY id"),
            {"like": f"{prefix}%"},
        )
        return list(found.scalars())


def _exported(place: Place) -> dict[str, Any]:
    code, out, err = place.call("roles", "export")
    assert (code, err) == (0, "")
    return json.loads(out)


def _role(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(role for role in document["roles"] if role["id"] == name)


@pytest.fixture
def import_(place: Place, tmp_path: Path) -> Any:
    """Imports a document; gives exit code, output and messages."""

    def run(document: Any, *options: str) -> tuple[int, str, str]:
        file = tmp_path / "roles.json"
        text = document if isinstance(document, str) else json.dumps(document)
        file.write_text(text, "utf-8")
        return place.call("roles", "import", str(file), *options)

    return run


def test_the_first_administrator_is_made_and_mistakes_are_named(
    place: Place, deployment: Deployment
) -> None:
    """A link of one use on standard output alone; each refusal says what helps, and
    the line names whoever typed it. # S11 (part)
    """
    code, out, err = place.type("user", "create", "an.li", "--role", "security_administrator")
    assert code == 0 and out.startswith("http") and "/staff/sign-in/" in out
    assert err == "Valid once, for 24 hours:"
    with deployment.db.begin() as connection:
        who = "SELECT DISTINCT actor_kind, actor_name, channel FROM audit_lines"
        assert list(connection.execute(sa.text(who)).all()) == [("system", login(), "cli")]
    code, out, err = place.type("user", "create", "bo")
    assert code == 0 and "no role yet: `huisheng user grant bo ROLE`" in err
    seed(deployment, responses=0)
    refused = [
        (("create", "an.li"), "Somebody has this sign-in name.\n`huisheng user link LOGIN`"),
        (("create", "安"), "A sign-in name has 2 to 40"),
        (("create", "cy", "--role", "boss"), "There is no role boss.\nRoles: system_administrator"),
        (("link", "nobody"), "There is no such account.\n`huisheng user create LOGIN`"),
        (("grant", "bo", "handler", "--site", "moon"), "There are no sites moon."),
        (("grant", "bo", "analyst", "--department", "x", "--department", "y"), "departments x, y."),
    ]
    for words, message in refused:
        code, out, err = place.call("user", *words)
        assert code == 1 and out == "" and message in err, (words, err)
    with deployment.db.begin() as connection:
        assert [users.find(connection, one).login for one in ("an.li", "bo")] == ["an.li", "bo"]
        assert roles.roles_of(connection, users.find(connection, "bo").id) == []
    assert place.type("user", "unlock", "bo")[1] == "There were no failed sign-ins."


def test_a_database_without_tables_is_told_to_be_migrated(place: Place, tmp_path: Path) -> None:
    """A sentence in place of a traceback."""
    empty = Place(tmp_path / "second")
    tmp_path.chmod(0o755)
    code, _, err = empty.type("user", "create", "an.li")
    assert code == 2 and "huisheng migrate" in err and "Traceback" not in err
    away = {"HUISHENG_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    code, _, err = place.type("user", "create", "an.li", **away)
    assert code == 1 and "Traceback" not in err and "The database cannot be reached." in err


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("audit", "verify"), ("audit", "list"), ("audit", "anchor"), ("audit", "archive"),
    ("keys", "status"), ("keys", "rotate"), ("keys", "retire"), ("user", "link", "an.li"),
    ("token", "create", "--scope", "surveys:read"), ("roles", "export"), ("bank", "export"),
    ("seed",), ("migrate",),
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_that_the_database_is_away(words: tuple[str, ...], place: Place) -> None:
    """A sentence with what to look at, never a traceback and never the password. # S55 (part)"""
    url = "postgresql://nobody:wrong-word@127.0.0.1:1/none"
    away = {"HUISHENG_DATABASE_URL": url, "HUISHENG_DATABASE_OWNER_URL": url}
    code, _, err = place.call(*words, **away)
    assert code == 1 and "The database cannot be reached." in err, err
    assert "Traceback" not in err and "wrong-word" not in err


def test_an_empty_database_is_told_by_the_audit_commands_too(
    place: Place, database_urls: DatabaseUrls
) -> None:
    """Also where the role may do less than the command needs. # S55 (part)"""
    with psycopg.connect(database_urls.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE audit_head RENAME TO gone")
        code, _, err = place.call("audit", "verify")
        assert code == 2 and "huisheng migrate" in err and "Traceback" not in err
        owner.execute("ALTER TABLE gone RENAME TO audit_head")
        owner.execute("UPDATE alembic_version SET version_num = '0013'")
    owner_away = {"HUISHENG_DATABASE_OWNER_URL": database_urls.app_url}
    code, _, err = place.call("migrate", **owner_away)
    assert code == 1 and "HUISHENG_DATABASE_OWNER_URL" in err and "Traceback" not in err


def test_the_demo_hospital_stays_out_of_production(place: Place, deployment: Deployment) -> None:
    """Made-up staff would be default accounts. # S10 (part)"""
    keys = {f"HUISHENG_{name}": secrets.token_hex(32) for name in ("SECRET_KEY", "ENVELOPE_KEY")}
    production = {"HUISHENG_ENVIRONMENT": "production", "HUISHENG_PUBLIC_URL": "https://h.example"}
    code, _, err = place.call("seed", **keys, **production)
    assert code == 1 and "production" in err
    with deployment.db.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM sites")).scalar_one() == 0


def test_roles_go_out_and_come_back_unchanged(place: Place, import_: Any) -> None:
    """What was exported changes nothing. # R1.2.4.1 (part)"""
    document = _exported(place)
    assert document["format"] == "huisheng.roles/1" and len(document["roles"]) >= 10
    code, out, err = import_(document)
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} == {"unchanged"}


def test_an_import_creates_changes_and_restores_after_a_dry_run(
    place: Place, deployment: Deployment, import_: Any
) -> None:
    """The dry run says the same and leaves no trace; others stay. # R1.2.4.1 (part)"""
    document = _exported(place)
    analyst = _role(document, "analyst")
    analyst["permissions"].remove("responses:export")
    analyst["name"]["en"] = "Statistician"
    quality = {
        "id": "quality_nurse",
        "name": {"zh-CN": "质控护士", "en": "Quality nurse"},
        "permissions": ["responses:read"],
        "widest": "departments",
    }
    with deployment.db.begin() as connection:
        retire_role(connection, "reviewer")
    changed = {
        "format": "huisheng.roles/1",
        "roles": [analyst, quality, _role(document, "reviewer")],
    }
    before, lines = _exported(place), _lines(deployment, "role.")
    code, dry, _ = import_(changed, "--dry-run")
    assert code == 0 and dry.endswith("Dry run: nothing was changed.")
    assert _exported(place) == before and _lines(deployment, "role.") == lines
    code, out, err = import_(changed)
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "changed    analyst  -responses:export name",
        "created    quality_nurse  +responses:read",
        "restored   reviewer",
    ]
    assert dry.splitlines()[:3] == out.splitlines()[:3]
    assert "Not in the file, left as they are: auditor, " in out
    after = _exported(place)
    assert _role(after, "quality_nurse") == quality | {"fields": []}
    assert _role(after, "analyst")["name"]["en"] == "Statistician"
    assert len(after["roles"]) == len(document["roles"]) + 1
    assert _lines(deployment, "role.")[len(lines) :] == [
        "role.changed",
        "role.created",
        "role.restored",
    ]


def test_an_import_never_unites_the_three_administrations(
    place: Place, deployment: Deployment, import_: Any
) -> None:
    """Not in a role, not in a person who holds two; nothing of the file is done. # S39 (part)"""
    document = _exported(place)
    parts = ("parameters:write", "roles:write", "audit:read")
    fresh = {"id": "fresh", "name": {"zh-CN": "新角色"}, "permissions": ["responses:read"]}
    king = {"id": "king", "name": {"zh-CN": "全能"}, "permissions": list(parts)}
    code, out, err = import_({"format": "huisheng.roles/1", "roles": [fresh, king]})
    assert (code, out) == (1, "") and "king: One person cannot run the system" in err
    assert _exported(place) == document
    with deployment.db.begin() as connection:
        user = users.create(connection, "an.li", "李安")
        roles.grant(connection, user, "system_administrator")
        roles.grant(connection, user, "analyst")
    analyst = _role(document, "analyst")
    wide = analyst | {"permissions": [*analyst["permissions"], "roles:write", "audit:read"]}
    code, out, err = import_({"format": "huisheng.roles/1", "roles": [fresh, wide]})
    assert (code, out) == (1, "") and "analyst: One person cannot" in err
    assert _exported(place) == document


def test_the_last_administrator_is_not_imported_away(
    place: Place, deployment: Deployment, import_: Any
) -> None:
    """Who alone grants rights goes on doing so. # R1.2.4.1 (part)"""
    with deployment.db.begin() as connection:
        roles.grant(connection, users.create(connection, "an", "安"), "security_administrator")
    role = _role(_exported(place), "security_administrator")
    role["permissions"].remove("roles:write")
    code, _, err = import_({"format": "huisheng.roles/1", "roles": [role]})
    assert code == 1 and "security_administrator: Somebody who can sign in must hold" in err


def test_a_document_is_refused_with_every_fault(place: Place, import_: Any) -> None:
    """Strange ids, twice the same, unknown permissions, missing names: each with its place."""
    bad: list[dict[str, Any]] = [
        {"id": "x'; DROP TABLE roles", "name": {"zh-CN": "甲"}, "permissions": []},
        {"id": "same", "name": {"en": "no Chinese"}, "permissions": []},
        {"id": "same", "name": {"zh-CN": "乙" * 41}, "permissions": []},
        {"id": "nul", "name": {"zh-CN": "丙\u0000"}, "permissions": ["fly:high"]},
        {"id": "eyes", "name": {"zh-CN": "丁"}, "permissions": [], "fields": ["phone"]},
    ]
    code, out, err = import_({"format": "huisheng.roles/1", "roles": bad})
    assert (code, out) == (1, "")
    for place_of in ("0/id", "1/name", "2/id", "2/name", "3/name", "4/fields"):
        assert f"/roles/{place_of}: " in err, (place_of, err)
    for text in ("", "[]", "{", '{"format": "huisheng.roles/2", "roles": []}', "\ufeff{}"):
        code, out, err = import_(text)
        assert (code, out) == (1, "") and "No document of roles" in err, text
    extra: Any = {"format": "huisheng.roles/1", "roles": [], "admin": True}
    assert "unknown field `admin`" in import_(extra)[2]
