"""The command line `huisheng`: one module of this package a command, loaded when it is called.

A module `runtime/cli/check.py` makes the command `huisheng check`: it holds one click command (or
group) under the name `command`. Modules whose name starts with an underscore are no commands.
"""

import importlib
import pkgutil
import sys
from typing import cast

import click

from runtime import __version__
from runtime.kit.daemon import ServerFailed
from runtime.kit.settings import SettingsError

SETTINGS_EXIT = 2


class _Commands(click.Group):
    """The commands of this package, found by file name and imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        return cast(click.Command, module.command)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what a hospital's engineer can mend is told in a sentence."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from runtime.cli._refusals import refusal_of

            refusal = refusal_of(error)
            if refusal is None:
                raise
            raise refusal from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="huisheng")
def commands() -> None:
    """Patient feedback for hospital groups: surveys on web, kiosk and mini-program."""


def main() -> None:
    """Run one command; settings that are wrong end it with a sentence for each of them."""
    try:
        commands()
    except (SettingsError, ServerFailed) as error:
        click.echo(str(error), err=True)
        sys.exit(SETTINGS_EXIT)
