"""`huisheng migrate`: bring the database to the shape that this version expects."""

import os

import click

from runtime import migrations
from runtime.cli._services import services_of
from runtime.kit.settings import read_settings


@click.command()
def command() -> None:
    """Run the pending database migrations; a second run changes nothing."""
    with services_of(read_settings(os.environ)) as services:
        roles = migrations.roles_of(services.app_url, services.auditor_url)
        migrations.upgrade(services.owner_url, roles)
    click.echo(f"The database is at revision {migrations.newest()}.")
