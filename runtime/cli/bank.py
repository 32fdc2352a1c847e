"""`huisheng bank`: the question bank in from XLSX, CSV and JSONL, and out again."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast, get_args

import click

from runtime.audit.models import SYSTEM, accountable
from runtime.bank.exporting import Format, export
from runtime.bank.importing import Counts
from runtime.bank.places import read_tree
from runtime.bank.queries import Search, every_item
from runtime.bank.reading import MAX_FILE_BYTES, RowProblem, rows_about
from runtime.bank.service import STEPS, Outcome, Progress, Wanted, import_file
from runtime.bank.telling import line, summary
from runtime.bank.template import template
from runtime.cli._services import opened
from runtime.kit.db import Database
from runtime.kit.words import say

BAD_EXIT = 1
LANG = click.option("--lang", default="zh-CN", show_default=True, help="Language of the report.")


@click.group()
def command() -> None:
    """The question bank."""


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
)
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@click.option("--all-or-nothing", is_flag=True, help="Take a file only if none of its rows is bad.")
@click.option(
    "--take-duplicates",
    is_flag=True,
    help="Take questions that stand in the bank already, under another id.",
)
@LANG
def import_files(
    files: tuple[Path, ...], dry_run: bool, all_or_nothing: bool, take_duplicates: bool, lang: str
) -> None:
    """Take questions from XLSX, CSV or JSONL (`-`: standard input); a line for each bad row, exit 1
    if there is one."""
    wanted = Wanted(is_dry=dry_run, all_or_nothing=all_or_nothing, take_duplicates=take_duplicates)
    is_bad = False
    with opened("huisheng-bank") as deployment:
        for file in files:
            outcome = _import(deployment.db, file, wanted, lang)
            is_bad = is_bad or outcome.counts.bad > 0
    if is_bad:
        raise SystemExit(BAD_EXIT)


def _import(db: Database, file: Path, wanted: Wanted, lang: str) -> Outcome:
    """One file, with a bar while it runs; its lines wait until the bar is gone."""
    with click.open_file(str(file), "rb") as opened_file:
        content = cast("IO[bytes]", opened_file).read(MAX_FILE_BYTES + 1)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as lines:
        length = STEPS * rows_about(content)
        with click.progressbar(length=length, label=file.name, file=sys.stderr) as bar:
            outcome = import_file(
                db,
                accountable(SYSTEM),
                content,
                wanted,
                name=file.name,
                tell=_teller(lines, file.name, lang),
                progress=_bar(bar),
            )
        lines.seek(0)
        for one in lines:
            click.echo(one, nl=False)
    state = "taken" if outcome.is_taken else "tried" if wanted.is_dry else "nothing"
    told = say(f"bank_import_{state}", lang)
    click.echo(f"{file.name}: {told} {summary(outcome.counts, lang)}")
    return outcome


def _teller(lines: IO[str], name: str, lang: str) -> Callable[[RowProblem], None]:
    def tell(problem: RowProblem) -> None:
        lines.write(f"{name}: {line(problem, lang)}\n".replace("\n\n", "\n"))

    return tell


def _bar(bar: Any) -> Progress:
    def progress(_counts: Counts, steps: int) -> None:
        bar.update(steps - bar.pos)

    return progress


@command.command("export")
@click.option(
    "--format", "format_", type=click.Choice(get_args(Format)), default="jsonl", show_default=True
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path))
@LANG
def export_file(format_: str, output: Path | None, lang: str) -> None:
    """Write every question as `import` takes it, to standard output or into a file."""
    with opened("huisheng-bank") as deployment, deployment.db.begin() as connection:
        tree = {one.id: one for one in read_tree(connection)}
        items = every_item(connection, Search(with_retired=True))
        pieces = export(items, tree, cast(Format, format_), lang)
        with click.open_file(str(output) if output else "-", "wb") as out:
            for piece in pieces:
                cast("IO[bytes]", out).write(piece)


@command.command("template")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@LANG
def write_template(file: Path, lang: str) -> None:
    """Write an XLSX table with headings, examples, and what each column means."""
    file.write_bytes(template(lang))
