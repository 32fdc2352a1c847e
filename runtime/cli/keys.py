"""`huisheng keys`: the keys of personal fields, and how to replace them without a pause."""

import click

from runtime.accounts import resealing as of_accounts
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.cli._services import opened
from runtime.responses import resealing as of_responses
from runtime.secrets import rotation
from runtime.secrets.keys import KINDS, Kind
from runtime.secrets.vault import Vault

STEPS = (*of_accounts.STEPS, *of_responses.STEPS)


@click.group()
def command() -> None:
    """Keys of personal fields: what is there, replace them, remove old ones."""


@command.command()
def status() -> None:
    """List the keys and how many rows need each."""
    with opened("huisheng-keys") as deployment:
        deployment.vault.check()
        click.echo(f"Envelope key: fingerprint {deployment.vault.envelope.fingerprint}")
        for line in rotation.status(deployment.vault):
            state = "active" if line.active else "old"
            click.echo(f"{line.id:>5}  {line.kind:<5}  {state:<6}  {line.rows} rows")


@command.command()
@click.option("--kind", type=click.Choice(("data", "index", "both")), default="both")
def rotate(kind: str) -> None:
    """Make new keys, seal everything anew while the programs go on, and remove the old keys."""
    kinds: tuple[Kind, ...] = tuple(one for one in KINDS if kind in (one, "both"))
    with opened("huisheng-keys") as deployment:
        deployment.vault.check()
        _record(deployment.vault, "keys.rotated", {"kinds": kinds})
        removed = rotation.rotate(deployment.vault, kinds, STEPS)
        _record(deployment.vault, "keys.retired", {"keys": removed})
    click.echo(f"Removed: {', '.join(map(str, removed)) or 'none'}.")


@command.command()
def retire() -> None:
    """Finish a rotation that was cut off: seal anew what is left and remove the old keys."""
    with opened("huisheng-keys") as deployment:
        deployment.vault.check()
        removed = rotation.retire(deployment.vault, STEPS)
        _record(deployment.vault, "keys.retired", {"keys": removed})
    click.echo(f"Removed: {', '.join(map(str, removed)) or 'none'}.")


def _record(vault: Vault, action: str, facts: dict[str, object]) -> None:
    with vault.db.begin() as connection:
        record(connection, SYSTEM, action, "keys", "data_keys", facts=facts, clock=vault.clock)
