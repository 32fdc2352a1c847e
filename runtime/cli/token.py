"""`huisheng token`: API tokens for integrators."""

import click

from runtime.accounts import service
from runtime.accounts.models import SCOPES
from runtime.cli._services import opened


@click.group()
def command() -> None:
    """API tokens for integrators."""


@command.command()
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES))
@click.option("--name", default="integrator", help="What the token is for.")
def create(scopes: tuple[str, ...], name: str) -> None:
    """Make a token; its last line of output is the only time it is shown."""
    with opened("huisheng-token") as deployment:
        token = service.create_token(deployment.db, name, scopes)
    click.echo(f"Scopes: {', '.join(sorted(set(scopes)))}", err=True)
    click.echo(token)


@command.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End every token of this name at once."""
    with opened("huisheng-token") as deployment:
        count = service.revoke_token(deployment.db, name)
    click.echo(f"{count} revoked.")
