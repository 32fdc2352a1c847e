"""`huisheng seed`: the demo hospital."""

import click

from runtime.cli._services import opened
from runtime.seed import RESPONSES, seed


@click.command()
@click.option("--responses", default=RESPONSES, help="How many, where there are none yet.")
def command(responses: int) -> None:
    """Store the demo hospital, its surveys and plausible responses; twice changes nothing."""
    with opened("huisheng-seed") as deployment:
        made = seed(deployment, responses=responses)
    click.echo(", ".join(f"{count} {name}" for name, count in made.items()))
