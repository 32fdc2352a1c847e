"""The database's shape, step by step; run as the owner role, never as the application."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from runtime.kit.db import sqlalchemy_url

APPLICATION_ROLE = "huisheng_app"
AUDITOR_ROLE = "huisheng_auditor"


@dataclass(frozen=True, slots=True)
class Roles:
    """Who is granted what: the application works, the auditor reads events."""

    application: str = APPLICATION_ROLE
    auditor: str = AUDITOR_ROLE


def roles_of(application_url: str | None, auditor_url: str | None) -> Roles:
    """The roles that the programs' own URLs sign in with, else the usual names."""
    return Roles(
        application=_user(application_url) or APPLICATION_ROLE,
        auditor=_user(auditor_url) or AUDITOR_ROLE,
    )


def _user(url: str | None) -> str | None:
    return sqlalchemy_url(url).username if url else None


def _config(url: str, roles: Roles) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = sqlalchemy_url(url)
    config.attributes["roles"] = roles
    return config


def upgrade(owner_url: str, roles: Roles | None = None, revision: str = "head") -> None:
    """Bring the database to the newest shape; a second run changes nothing."""
    command.upgrade(_config(owner_url, roles or Roles()), revision)


def newest() -> str:
    """The revision that this version of the programs expects."""
    head = ScriptDirectory.from_config(_config("postgresql://", Roles())).get_current_head()
    assert head is not None
    return head


def current(connection: sa.Connection) -> str | None:
    """The revision that a database has, or None before the first migration."""
    found = connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar()
    if found is None:
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
