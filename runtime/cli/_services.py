"""What the commands share: settings, the services, and the environment of child programs."""

import os
import pwd
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, suppress

from sqlalchemy.exc import ProgrammingError

from runtime.audit.models import typed_by
from runtime.kit.embedded import Services, ensure_services
from runtime.kit.logging import set_up_logging
from runtime.kit.problems import Overloaded
from runtime.kit.settings import Settings, read_settings
from runtime.wiring import Deployment


@contextmanager
def services_of(settings: Settings) -> Generator[Services]:
    """The database and the broker while the block runs, with our logs set up."""
    set_up_logging(settings.log_level)
    with ensure_services(settings) as services:
        yield services


@contextmanager
def deployment_of(settings: Settings, services: Services, name: str) -> Generator[Deployment]:
    """The services of this process."""
    deployment = Deployment(
        settings, database_url=services.app_url, redis_url=services.redis_url, name=name
    )
    try:
        yield deployment
    finally:
        deployment.close()


@contextmanager
def opened(name: str) -> Generator[Deployment]:
    """Settings from the environment, services, and the deployment over them."""
    settings = read_settings(os.environ)
    with services_of(settings) as services, typed():
        with deployment_of(settings, services, name) as deployment:
            yield deployment


def typed() -> AbstractContextManager[None]:
    """While the block runs, whoever signed in to this machine answers for what the program does."""
    return typed_by(login())


def login() -> str:
    """The name of the sign-in to the machine, behind sudo too; of the account where it has none."""
    with suppress(OSError):
        return os.getlogin()
    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    return str(os.getuid())


def require_keys(settings: Settings, services: Services) -> None:
    """Refuse to begin with an envelope key that does not fit; a database away is no reason.

    Raises:
        SettingsError: the envelope key is not the one that wrapped this database's keys.
    """
    with deployment_of(settings, services, "huisheng-keys") as deployment:
        with suppress(Overloaded, ProgrammingError):
            deployment.vault.check()


def child_environment(settings: Settings, services: Services) -> dict[str, str]:
    """The environment of a program that finds these services already there."""
    names = {
        "HUISHENG_DATABASE_URL": services.app_url,
        "HUISHENG_DATABASE_OWNER_URL": services.owner_url,
        "HUISHENG_DATABASE_AUDITOR_URL": services.auditor_url,
        "HUISHENG_REDIS_URL": services.redis_url,
        "HUISHENG_DATA_DIR": str(settings.data_dir),
    }
    files = {f"{name}_FILE" for name in names}
    return {key: value for key, value in os.environ.items() if key not in files} | names
