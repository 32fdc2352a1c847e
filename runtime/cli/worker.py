"""`huisheng worker`: delivers events and does the periodic work."""

import os

import click

from runtime.cli._services import child_environment, services_of
from runtime.kit.settings import read_settings


@click.command()
def command() -> None:
    """Deliver events and do the periodic work, until stopped."""
    settings = read_settings(os.environ)
    with services_of(settings) as services:
        os.environ.update(child_environment(settings, services))
        from runtime.worker import work

        work()
