"""`huisheng roles`: what roles there are and what they may do, as a document."""

from typing import BinaryIO

import click

from runtime.accounts import role_documents, roles
from runtime.cli._accounts import changing


@click.group()
def command() -> None:
    """Roles as a document, to be kept with a hospital's configuration or given to another one."""


@command.command("export")
@click.argument("file", type=click.File("wb"), default="-")
def export_file(file: BinaryIO) -> None:
    """Write the roles that can be given to FILE, or to standard output."""
    with changing() as (_, connection):
        file.write(role_documents.export_roles(connection))


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
def import_file(file: BinaryIO, dry_run: bool) -> None:
    """Make roles what FILE says, all or none; roles that it does not name stay as they are.

    Whoever gains something signs in anew. Nothing may unite running the system, granting rights and
    auditing, in one role or in one person.
    """
    with changing() as (_, connection):
        document = role_documents.read_roles(file.read())
        trial = connection.begin_nested()
        steps = role_documents.import_roles(connection, document)
        if dry_run:
            trial.rollback()
        others = {role.id for role in roles.list_roles(connection)} - {s.role for s in steps}
    for step in steps:
        click.echo(_told(step))
    if others:
        click.echo(f"Not in the file, left as they are: {', '.join(sorted(others))}.")
    if dry_run:
        click.echo("Dry run: nothing was changed.")


def _told(step: role_documents.Step) -> str:
    signs = {"added": "+", "removed": "-", "fields_added": "+", "fields_removed": "-"}
    changes = [f"{sign}{one}" for name, sign in signs.items() for one in step.facts.get(name, ())]
    changes += [name for name in ("name", "widest") if name in step.facts]
    return f"{step.what:<9}  {step.role}  {' '.join(changes)}".rstrip()
