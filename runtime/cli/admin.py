"""`huisheng admin`: the first administrator, and one-time links into accounts."""

import click

from runtime.accounts import users
from runtime.cli._services import opened
from runtime.kit.problems import AppError
from runtime.wiring import Deployment


@click.group()
def command() -> None:
    """Accounts from the command line: there is no default account."""


@command.command()
@click.argument("login")
@click.option("--name", help="The person's name; the sign-in name if left out.")
def create(login: str, name: str | None) -> None:
    """Make an account named LOGIN and print a one-time link to set its password."""
    with opened("huisheng-admin") as deployment:
        try:
            with deployment.db.begin() as connection:
                user = users.create(connection, login, name or login)
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
