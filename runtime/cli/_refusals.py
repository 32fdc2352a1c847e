"""What went wrong in a command, in a sentence for whoever typed it."""

import click
import psycopg
from psycopg.errors import InsufficientPrivilege, UndefinedColumn, UndefinedTable
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError

from runtime.kit.problems import AppError
from runtime.kit.settings import SettingsError

NOT_MIGRATED = "The database has no tables of this version yet: run `huisheng migrate` first."
AWAY = (
    "The database cannot be reached. Look at the address, the password and the certificate in "
    "HUISHENG_DATABASE_URL (backups, migrations and archives: HUISHENG_DATABASE_OWNER_URL); it "
    "said: {said}"
)
NOT_ALLOWED = (
    "The database role may not do this; migrations, backups and archives need "
    "HUISHENG_DATABASE_OWNER_URL. The database said: {said}"
)
NO_BROKER = "Redis or Valkey cannot be reached: look at HUISHENG_REDIS_URL."
WAS_AWAY = "it did not answer in time"


def refusal_of(error: Exception) -> Exception | None:
    """What ends the command in place of this error; None for a bug, which is shown as it is."""
    if isinstance(error, AppError):
        is_away = error.code == "database_unavailable"
        return click.ClickException(_away(error) if is_away else str(error))
    if isinstance(error, RedisError):
        return click.ClickException(NO_BROKER)
    cause = error.orig if isinstance(error, DBAPIError) else error
    match cause:
        case UndefinedTable() | UndefinedColumn():
            return SettingsError((NOT_MIGRATED,))
        case InsufficientPrivilege():
            return click.ClickException(NOT_ALLOWED.format(said=_first_line(cause)))
        case psycopg.OperationalError():
            return click.ClickException(AWAY.format(said=_first_line(cause)))
        case _:
            return None


def _away(error: AppError) -> str:
    """The cause is the driver's own words, which name addresses and no passwords."""
    cause = error.__cause__
    found = getattr(cause, "orig", None) or cause
    said = _first_line(found) if isinstance(found, psycopg.Error) else WAS_AWAY
    return AWAY.format(said=said)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
