"""`huisheng keys`: the keys of personal fields, and how to replace them without a pause."""

import os

import click

from runtime.accounts import resealing as of_accounts
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.cli._services import opened
from runtime.kit.settings import SettingsError, read_settings
from runtime.responses import resealing as of_responses
from runtime.secrets import rotation
from runtime.secrets.envelope import Envelope
from runtime.secrets.keys import KINDS, Kind, rewrap_keys
from runtime.secrets.vault import Vault

STEPS = (*of_accounts.STEPS, *of_responses.STEPS)
COUNTS = (of_accounts.count_contact_indexes,)
NO_NEW_KEY = (
    "HUISHENG_ENVELOPE_KEY must be set to the new key: `openssl rand -hex 32`; "
    "HUISHENG_OLD_ENVELOPE_KEY to the one of before."
)


@click.group()
def command() -> None:
    """Keys of personal fields: what is there, replace them, remove old ones."""


@command.command()
def status() -> None:
    """List the keys, which rows need each, and which old key may go."""
    with opened("huisheng-keys") as deployment:
        deployment.vault.check()
        click.echo(f"Envelope key: fingerprint {deployment.vault.envelope.fingerprint}")
        for line in rotation.status(deployment.vault, COUNTS):
            click.echo(_told(line))


def _told(line: rotation.KeyLine) -> str:
    places = ", ".join(f"{place} {rows}" for place, rows in sorted(line.places.items()))
    text = f"{line.id:>5}  {line.kind:<5}  {'active' if line.active else 'old':<6}  "
    text += f"{line.rows} rows" + (f": {places}" if places else "")
    if not line.active:
        text += "; `huisheng keys retire` moves them and removes it" if places else "; may go:"
        text += "" if places else " `huisheng keys retire` removes it"
    if not line.is_rewrapped:
        text += "; under the old envelope key: `huisheng keys rewrap`"
    return text


@command.command()
def rewrap() -> None:
    """Replace the envelope key: wrap every key with the new one, all or nothing.

    \b
    1. Restart the programs with the new key in HUISHENG_ENVELOPE_KEY and the old one in
       HUISHENG_OLD_ENVELOPE_KEY (or _FILE): they open with both.
    2. Run this with the same two settings. It may be killed and run again.
    3. Take HUISHENG_OLD_ENVELOPE_KEY away. Keep the old key for as long as you keep backups made
       before: they open with it alone.

    Where the programs drew their own key (secrets/envelope.key), that file is the old key: stop
    them, run this with HUISHENG_ENVELOPE_KEY, start them with it.
    """
    settings = read_settings(os.environ)
    if settings.envelope_key is None:
        raise SettingsError((NO_NEW_KEY,))
    drawn = settings.data_dir / "secrets" / "envelope.key"
    older = settings.old_envelope_key or (drawn.read_bytes() if drawn.exists() else None)
    envelope = Envelope(settings.envelope_key, older)
    with opened("huisheng-keys") as deployment, deployment.db.begin() as connection:
        changed = rewrap_keys(connection, envelope)
        if changed:
            facts = {"keys": changed, "fingerprint": envelope.fingerprint}
            record(connection, SYSTEM, "keys.rewrapped", "keys", "data_keys", facts=facts)
    done = f"Wrapped anew: keys {', '.join(map(str, changed))}." if changed else "Nothing to do."
    click.echo(f"{done} The envelope key has the fingerprint {envelope.fingerprint}.")


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
