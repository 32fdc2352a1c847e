"""`huisheng backup [DIR]`: an encrypted backup of the database and the files."""

import os
import sys
from pathlib import Path

import click

from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import back_up
from runtime.cli._services import services_of, typed
from runtime.kit.db import Database
from runtime.kit.settings import Settings, SettingsError, read_settings

NO_KEY = "HUISHENG_BACKUP_KEY must be set: at least 32 random bytes in hexadecimal."
NO_OWNER = "HUISHENG_DATABASE_OWNER_URL must be set: the role that owns the tables."
NO_TARGET = "Name a folder, or set HUISHENG_BACKUP_DIR."


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
def command(target: Path | None) -> None:
    """Write a backup of this moment into a new folder below TARGET, and print its name.

    TARGET is HUISHENG_BACKUP_DIR if left out. The keys are not in it: keep HUISHENG_BACKUP_KEY,
    HUISHENG_ENVELOPE_KEY and HUISHENG_AUDIT_KEY elsewhere.
    """
    settings = read_settings(os.environ)
    key = require_key(settings)
    folder = target or settings.backup_dir
    if folder is None:
        raise SettingsError((NO_TARGET,))
    with services_of(settings) as services, typed():
        try:
            made = back_up(services.owner_url, settings.data_dir, folder, key)
        except BackupRefused as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        db = Database(services.app_url, pool_size=1)
        with db.begin() as connection:
            record(connection, SYSTEM, "backup.made", "backup", made.folder.name)
        db.close()
    click.echo(str(made.folder))


def require_key(settings: Settings, *, with_owner: bool = True) -> bytes:
    """The key of backups, where all is set that a backup needs.

    Raises:
        SettingsError: the key is missing, or the owner of a configured database.
    """
    faults: list[str] = []
    if settings.backup_key is None:
        faults.append(NO_KEY)
    if with_owner and settings.database_url and not settings.database_owner_url:
        faults.append(NO_OWNER)
    if faults or settings.backup_key is None:
        raise SettingsError(tuple(faults))
    return settings.backup_key
