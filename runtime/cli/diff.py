"""huisheng diff: what a new version changes, which old answers fit, who is asked otherwise."""

import click
import msgspec

from engine.compare import compare
from runtime.cli import _documents as documents


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--seconds", default=5.0, show_default=True, help="Time allowed for the comparison.")
@documents.language_option
def command(old: str, new: str, seconds: float, lang: str) -> None:
    """Compare two versions of a survey, OLD and NEW, and print the findings as JSON."""
    before = documents.load_survey(old, lang).document
    after = documents.load_survey(new, lang).document
    documents.print_json(msgspec.to_builtins(compare(before, after, seconds)))
