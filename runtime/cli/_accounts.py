"""What the commands about accounts and roles share: one transaction, and refusals that help."""

from collections.abc import Generator
from contextlib import contextmanager

import click
import sqlalchemy as sa

from runtime.accounts import roles
from runtime.cli._services import opened
from runtime.kit.problems import AppError, Overloaded
from runtime.wiring import Deployment

HINTS = {
    "user": "`huisheng user create LOGIN` makes one.",
    "login_taken": "`huisheng user link LOGIN` gives a new link into it.",
}


@contextmanager
def changing() -> Generator[tuple[Deployment, sa.Connection]]:
    """One transaction; what is refused ends the command with its reason and what helps."""
    with opened("huisheng-user") as deployment:
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
