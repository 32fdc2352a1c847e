"""`huisheng restore DIR`: a backup brought back into an empty database."""

import os
import sys
from pathlib import Path

import click
import sqlalchemy as sa

from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import restore
from runtime.cli._services import services_of
from runtime.cli.backup import NO_KEY
from runtime.kit.db import sqlalchemy_url
from runtime.kit.settings import read_settings


@click.command()
@click.argument("source", type=click.Path(path_type=Path, file_okay=False))
def command(source: Path) -> None:
    """Restore the backup folder SOURCE; the database must be empty."""
    settings = read_settings(os.environ)
    if settings.backup_key is None:
        raise click.ClickException(NO_KEY)
    with services_of(settings) as services:
        try:
            found = restore(services.owner_url, settings.data_dir, source, settings.backup_key)
        except BackupRefused as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        engine = sa.create_engine(sqlalchemy_url(services.app_url), poolclass=sa.NullPool)
        with engine.begin() as connection:
            facts = {"made_at": found.made_at.isoformat(), "files": found.files}
            record(connection, SYSTEM, "backup.restored", "backup", source.name, facts=facts)
    rows = sum(found.tables.values())
    click.echo(f"{len(found.tables)} tables, {rows} rows, {found.files} files restored.")
