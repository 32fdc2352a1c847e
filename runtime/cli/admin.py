"""`huisheng admin`: the first administrator, and one-time links into accounts."""

import click

from runtime.accounts import roles, users
from runtime.cli._services import opened
from runtime.kit.problems import AppError
from runtime.wiring import Deployment


@click.group()
def command() -> None:
    """Accounts from the command line: there is no default account."""


@command.command()
@click.argument("login")
@click.option("--name", help="The person's name; the sign-in name if left out.")
@click.option("--role", multiple=True, help="A role to hold everywhere; may be repeated.")
def create(login: str, name: str | None, role: tuple[str, ...]) -> None:
    """Make an account named LOGIN and print a one-time link to set its password.

    The first account of a hospital is its security administrator: --role security_administrator.
    """
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                user = users.create(connection, login, name or login)
                for one in role:
                    roles.grant(connection, user, one)
                link = users.give_link(connection, user)
        except AppError as error:
            raise click.ClickException(str(error)) from None
        _print_link(deployment, link)


@command.command()
@click.argument("login")
def link(login: str) -> None:
    """Print a one-time link into the account LOGIN, valid for 24 hours.

    It leads to choosing a new password; a second factor that is set up is still asked for.
    """
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                made = users.give_link(connection, users.find(connection, login).id)
        except AppError as error:
            raise click.ClickException(str(error)) from None
        _print_link(deployment, made)


@command.command()
@click.argument("login")
@click.argument("role")
@click.option("--site", multiple=True, help="Only at this site; may be repeated.")
@click.option("--department", multiple=True, help="Only this department and those below it.")
def grant(login: str, role: str, site: tuple[str, ...], department: tuple[str, ...]) -> None:
    """Give the account LOGIN the role ROLE."""
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                user = users.find(connection, login).id
                roles.grant(
                    connection, user, role, sites=site or None, departments=department or None
                )
        except AppError as error:
            raise click.ClickException(str(error)) from None
    click.echo("Granted.")


@command.command()
@click.argument("login")
def unlock(login: str) -> None:
    """Forget the failed sign-ins of the account LOGIN."""
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                user = users.find(connection, login)
                done = users.unlock(connection, deployment.secret, user.id, actor=users.SYSTEM)
        except AppError as error:
            raise click.ClickException(str(error)) from None
    click.echo("Unlocked." if done else "There were no failed sign-ins.")


def _print_link(deployment: Deployment, link: str) -> None:
    click.echo("Valid once, for 24 hours:", err=True)
    click.echo(f"{deployment.settings.public_url}/staff/sign-in/{link}")
