"""`huisheng user`: the first administrator, one-time links into accounts, what they may do."""

import click
import sqlalchemy as sa

from runtime.accounts import roles, users
from runtime.cli._accounts import changing
from runtime.wiring import Deployment

NO_ROLE = "This account has no role yet: `huisheng user grant {login} ROLE`."


@click.group()
def command() -> None:
    """Accounts of staff: there is no default account."""


@command.command()
@click.argument("login")
@click.option("--name", help="The person's name; the sign-in name if left out.")
@click.option("--role", multiple=True, help="A role to hold everywhere; may be repeated.")
def create(login: str, name: str | None, role: tuple[str, ...]) -> None:
    """Make an account named LOGIN and print a one-time link to set its password.

    The first account of a hospital is its security administrator: --role security_administrator.
    """
    with changing() as (deployment, connection):
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
    with changing() as (deployment, connection):
        made = users.give_link(connection, users.find(connection, login).id)
    _print_link(deployment, made)


@command.command()
@click.argument("login")
@click.argument("role")
@click.option("--site", multiple=True, help="Only at this site; may be repeated.")
@click.option("--department", multiple=True, help="Only this department and those below it.")
def grant(login: str, role: str, site: tuple[str, ...], department: tuple[str, ...]) -> None:
    """Give the account LOGIN the role ROLE."""
    with changing() as (_, connection):
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
    with changing() as (deployment, connection):
        user = users.find(connection, login)
        done = users.unlock(connection, deployment.secret, user.id, actor=users.SYSTEM)
    click.echo("Unlocked." if done else "There were no failed sign-ins.")


def _print_link(deployment: Deployment, link: str) -> None:
    click.echo("Valid once, for 24 hours:", err=True)
    click.echo(f"{deployment.settings.public_url}/staff/sign-in/{link}")
