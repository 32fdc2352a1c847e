"""`huisheng org import`: departments, aliases and staff from a table; `template` writes one."""

from pathlib import Path
from typing import cast, get_args

import click

from runtime.audit.models import SYSTEM, accountable
from runtime.cli._services import opened
from runtime.org.imports import Kind, Report, import_table, in_words, template
from runtime.org.tabular import MAX_FILE_BYTES

REFUSED_EXIT = 1
KINDS = click.Choice(get_args(Kind))


@click.group()
def command() -> None:
    """Departments, the codes of other systems, and staff."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=KINDS, default="departments", show_default=True)
@click.option("--dry-run", is_flag=True, help="Check everything and change nothing.")
@click.option("--lang", default="zh-CN", show_default=True, help="Language of the report.")
def import_file(file: Path, kind: str, dry_run: bool, lang: str) -> None:
    """Take an XLSX or CSV table over, all of it or nothing, and report by row."""
    with file.open("rb") as opened_file:
        content = opened_file.read(MAX_FILE_BYTES + 1)
    with opened("huisheng-org") as deployment:
        report = import_table(
            deployment.db, accountable(SYSTEM), cast(Kind, kind), content, dry_run=dry_run
        )
    _print(report, lang)
    if not report.is_ok:
        raise SystemExit(REFUSED_EXIT)


def _print(report: Report, lang: str) -> None:
    for problem in report.problems:
        click.echo(in_words(problem, lang), err=True)
    if report.unlisted:
        click.echo(f"+ {report.unlisted}", err=True)
    state = "refused" if not report.is_ok else "dry run" if report.is_dry else "done"
    click.echo(
        f"{state}: {report.rows} rows, {report.added} added, {report.changed} changed, "
        f"{report.same} unchanged, {len(report.problems) + report.unlisted} problems"
    )


@command.command("template")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--kind", type=KINDS, default="departments", show_default=True)
def write_template(file: Path, kind: str) -> None:
    """Write an XLSX table with headings and an example row."""
    file.write_bytes(template(cast(Kind, kind)))
