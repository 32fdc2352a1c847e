"""`huisheng doctor`: what an operator should know before trusting an installation."""

import os
import sys
from collections.abc import Callable, Iterator

import click
import redis
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from runtime import migrations
from runtime.cli._services import deployment_of, services_of
from runtime.events.service import waiting_events
from runtime.kit.embedded import Services
from runtime.kit.problems import AppError
from runtime.kit.settings import Settings, read_settings
from runtime.wiring import Deployment
from runtime.worker import connect

MANY_WAITING = 10_000
MIN_VERSION = 160_000
IS_OPEN = "is open to every user of this machine: chmod o-rw {folder}"

Check = Callable[[Settings, Services, Deployment], str | None]


@click.command()
def command() -> None:
    """Check database, broker, roles, partitions and folders; exit 1 when something is wrong."""
    settings = read_settings(os.environ)
    with services_of(settings) as services:
        with deployment_of(settings, services, "huisheng-doctor") as deployment:
            faults = list(_faults(settings, services, deployment))
    sys.exit(1 if faults else 0)


def _faults(settings: Settings, services: Services, deployment: Deployment) -> Iterator[str]:
    for name, check in CHECKS.items():
        try:
            fault = check(settings, services, deployment)
        except (AppError, redis.RedisError, OSError, SQLAlchemyError) as error:
            fault = f"failed ({type(error).__name__})"
        click.echo(f"{'FAULT' if fault else 'ok':<6}{name}{': ' + fault if fault else ''}")
        if fault:
            yield fault


def _one(deployment: Deployment, query: str) -> object:
    with deployment.db.begin() as connection:
        return connection.execute(sa.text(query)).scalar()


def _version(_: Settings, __: Services, deployment: Deployment) -> str | None:
    version = int(str(_one(deployment, "SHOW server_version_num")))
    return None if version >= MIN_VERSION else "PostgreSQL 16 or newer is needed"


def _revision(_: Settings, __: Services, deployment: Deployment) -> str | None:
    with deployment.db.begin() as connection:
        found = migrations.current(connection)
    newest = migrations.newest()
    return None if found == newest else f"run huisheng migrate ({found} is not {newest})"


def _role(_: Settings, __: Services, deployment: Deployment) -> str | None:
    is_bound = _one(
        deployment,
        "SELECT NOT (rolsuper OR rolbypassrls) AND NOT pg_has_role(current_user, "
        "(SELECT tableowner FROM pg_tables WHERE tablename = 'responses'), 'MEMBER') "
        "FROM pg_roles WHERE rolname = current_user",
    )
    return None if is_bound else "the application's role owns the tables or bypasses their rules"


def _partitions(_: Settings, __: Services, deployment: Deployment) -> str | None:
    count = _one(
        deployment,
        "SELECT count(*) FROM pg_class WHERE relname = "
        "'responses_' || to_char(now() + interval '1 month', 'YYYY_MM')",
    )
    return None if count else "next month has no partition; is the worker running?"


def _broker(_: Settings, services: Services, __: Deployment) -> str | None:
    return None if connect(services.redis_url).exists("huisheng:none") == 0 else "is odd"


def _waiting(_: Settings, __: Services, deployment: Deployment) -> str | None:
    count = waiting_events(deployment.db)
    return None if count < MANY_WAITING else f"{count} wait; is the worker running?"


def _folder(settings: Settings, _: Services, __: Deployment) -> str | None:
    if not os.access(settings.data_dir, os.W_OK):
        return "cannot be written"
    is_open = settings.data_dir.stat().st_mode & 0o007 & ~0o001
    return IS_OPEN.format(folder=settings.data_dir) if is_open else None


CHECKS: dict[str, Check] = {
    "PostgreSQL version": _version,
    "Database revision": _revision,
    "Application role": _role,
    "Partitions": _partitions,
    "Broker": _broker,
    "Events": _waiting,
    "Data directory": _folder,
}
