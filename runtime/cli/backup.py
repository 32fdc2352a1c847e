"""`huisheng backup DIR`: an encrypted backup of the database and the files."""

import os
import sys
from pathlib import Path

import click
import sqlalchemy as sa

from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import back_up
from runtime.cli._services import services_of
from runtime.kit.db import sqlalchemy_url
from runtime.kit.settings import read_settings

NO_KEY = "HUISHENG_BACKUP_KEY must be set: 32 random bytes, kept apart from the backups."


@click.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
def command(target: Path) -> None:
    """Write a backup of this moment into a new folder below TARGET."""
    settings = read_settings(os.environ)
    if settings.backup_key is None:
        raise click.ClickException(NO_KEY)
    with services_of(settings) as services:
        try:
            made = back_up(services.owner_url, settings.data_dir, target, settings.backup_key)
        except BackupRefused as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        engine = sa.create_engine(sqlalchemy_url(services.app_url), poolclass=sa.NullPool)
        with engine.begin() as connection:
            record(connection, SYSTEM, "backup.made", "backup", made.name)
    click.echo(str(made))
