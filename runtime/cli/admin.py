"""`huisheng admin`: the first administrator, one-time links into accounts, roles as documents."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

import click
import sqlalchemy as sa

from runtime.accounts import role_documents, roles, users
from runtime.cli._services import opened
from runtime.kit.problems import AppError, Overloaded
from runtime.wiring import Deployment

HINTS = {
    "user": "`huisheng admin create LOGIN` makes one.",
    "login_taken": "`huisheng admin link LOGIN` gives a new link into it.",
}
NO_ROLE = "This account has no role yet: `huisheng admin grant {login} ROLE`."


@click.group()
def command() -> None:
    """Accounts and roles from the command line: there is no default account."""


@contextmanager
def _changing() -> Generator[tuple[Deployment, sa.Connection]]:
    """One transaction; what is refused ends the command with its reason and what helps."""
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                yield deployment, connection
        except Overloaded:
            raise
        except AppError as error:
            lines = [
                f"{one.at}: {one.message}" if one.at else one.message for one in error.problems
            ]
            if error.code == "role":
                with deployment.db.begin() as connection:
                    known = ", ".join(role.id for role in roles.list_roles(connection))
                lines.append(f"Roles: {known}.")
            elif error.code in HINTS:
                lines.append(HINTS[error.code])
            raise click.ClickException("\n".join(lines)) from None


@command.command()
@click.argument("login")
@click.option("--name", help="The person's name; the sign-in name if left out.")
@click.option("--role", multiple=True, help="A role to hold everywhere; may be repeated.")
def create(login: str, name: str | None, role: tuple[str, ...]) -> None:
    """Make an account named LOGIN and print a one-time link to set its password.

    The first account of a hospital is its security administrator: --role security_administrator.
    """
    with _changing() as (deployment, connection):
        user = users.create(connection, login, name or login)
        for one in role:
            roles.grant(connection, user, one)
        made = users.give_link(connection, user)
    if not role:
        click.echo(NO_ROLE.format(login=login), err=True)
    _print_link(deployment, made)


@command.command()
@click.argument("login")
def link(login: str) -> None:
    """Print a one-time link into the account LOGIN, valid for 24 hours.

    It leads to choosing a new password; a second factor that is set up is still asked for.
    """
    with _changing() as (deployment, connection):
        made = users.give_link(connection, users.find(connection, login).id)
    _print_link(deployment, made)


@command.command()
@click.argument("login")
@click.argument("role")
@click.option("--site", multiple=True, help="Only at this site; may be repeated.")
@click.option("--department", multiple=True, help="Only this department and those below it.")
def grant(login: str, role: str, site: tuple[str, ...], department: tuple[str, ...]) -> None:
    """Give the account LOGIN the role ROLE."""
    with _changing() as (_, connection):
        _require_places(connection, "sites", site)
        _require_places(connection, "departments", department)
        user = users.find(connection, login).id
        roles.grant(connection, user, role, sites=site or None, departments=department or None)
    click.echo("Granted.")


def _require_places(connection: sa.Connection, table: str, ids: tuple[str, ...]) -> None:
    known = set(
        connection.execute(
            sa.text(f"SELECT id FROM {table} WHERE id = ANY(:ids)"),  # nosec B608 - our own words
            {"ids": list(ids)},
        ).scalars()
    )
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise click.ClickException(f"There are no {table} {', '.join(unknown)}.")


@command.command()
@click.argument("login")
def unlock(login: str) -> None:
    """Forget the failed sign-ins of the account LOGIN."""
    with _changing() as (deployment, connection):
        user = users.find(connection, login)
        done = users.unlock(connection, deployment.secret, user.id, actor=users.SYSTEM)
    click.echo("Unlocked." if done else "There were no failed sign-ins.")


def _print_link(deployment: Deployment, link: str) -> None:
    click.echo("Valid once, for 24 hours:", err=True)
    click.echo(f"{deployment.settings.public_url}/staff/sign-in/{link}")


# Roles


@command.group("roles")
def roles_command() -> None:
    """Roles as a document, to be kept with a hospital's configuration or given to another one."""


@roles_command.command("export")
@click.argument("file", type=click.File("wb"), default="-")
def export_file(file: BinaryIO) -> None:
    """Write the roles that can be given to FILE, or to standard output."""
    with _changing() as (_, connection):
        file.write(role_documents.export_roles(connection))


@roles_command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
def import_file(file: BinaryIO, dry_run: bool) -> None:
    """Make roles what FILE says, all or none; roles that it does not name stay as they are.

    Whoever gains something signs in anew. Nothing may unite running the system, granting rights and
    auditing, in one role or in one person.
    """
    with _changing() as (_, connection):
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
