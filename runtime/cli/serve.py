"""`huisheng serve`: the web programs for production, any subset of the channels."""

import os

import click
import msgspec

from runtime.cli._services import child_environment, require_keys, services_of
from runtime.kit.settings import CHANNELS, read_settings


@click.command()
@click.option(
    "--channels", help=f"Which ones, joined by commas; all of {','.join(CHANNELS)} if left out."
)
@click.option("--port", type=int, help="In place of HUISHENG_PORT.")
@click.option("--workers", type=int, help="In place of HUISHENG_WORKERS.")
def command(channels: str | None, port: int | None, workers: int | None) -> None:
    """Serve the channels' programs; the database must be migrated."""
    given = {"CHANNELS": channels, "PORT": port, "WORKERS": workers}
    for name, value in given.items():
        if value is not None:
            os.environ[f"HUISHENG_{name}"] = str(value)
    settings = read_settings(os.environ)
    with services_of(settings) as services:
        require_keys(settings, services)
        os.environ.update(child_environment(settings, services))
        from runtime.server import serve

        serve(msgspec.structs.replace(settings, database_url=services.app_url))
