"""huisheng prove: what no answer can reach, what is always true, how scores can run."""

import click

from engine.prove import prove
from runtime.cli import _documents as documents


@click.command()
@click.argument("survey")
@click.option("--seconds", default=5.0, show_default=True, help="Time allowed for the proof.")
@documents.language_option
def command(survey: str, seconds: float, lang: str) -> None:
    """Print the findings on SURVEY as JSON; exit 0 whatever is found."""
    loaded = documents.load_survey(survey, lang)
    documents.print_json(prove(loaded.document, seconds).public())
