"""`huisheng seed`: the demo hospital."""

import click

from runtime.cli._services import opened
from runtime.seed import RESPONSES, seed

NOT_HERE = "Made-up sites, staff and responses have no place in production; nothing was stored."


@click.command()
@click.option("--responses", default=RESPONSES, help="How many, where there are none yet.")
def command(responses: int) -> None:
    """Store the demo hospital, its surveys and plausible responses; twice changes nothing."""
    with opened("huisheng-seed") as deployment:
        if deployment.settings.is_production:
            raise click.ClickException(NOT_HERE)
        made = seed(deployment, responses=responses)
    click.echo(", ".join(f"{count} {name}" for name, count in made.items()))
