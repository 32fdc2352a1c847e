"""`huisheng restore DIR`: a backup brought back into an empty database."""

import os
import sys
from pathlib import Path

import click

from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.backup.restoring import check, restore
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import Manifest
from runtime.cli._services import services_of, typed
from runtime.cli.backup import require_key
from runtime.kit.db import Database
from runtime.kit.settings import Settings, read_settings
from runtime.secrets.envelope import Envelope
from runtime.secrets.keys import stored_keys

OTHER_ENVELOPE = (
    "The personal fields need the envelope key of the fingerprint {theirs}. Set "
    "HUISHENG_ENVELOPE_KEY to it before the first start, or bring the file secrets/envelope.key "
    "of the old data directory."
)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--check", "is_check", is_flag=True, help="Read and compare everything; no change.")
def command(source: Path, is_check: bool) -> None:
    """Restore the backup folder SOURCE; the database must be empty.

    The whole backup is checked before anything is written. Bring the keys from where they are kept.
    """
    settings = read_settings(os.environ)
    key = require_key(settings, with_owner=not is_check)
    try:
        if is_check:
            click.echo(f"Sound: {_told(check(source, key))}.")
        else:
            click.echo(f"Restored: {_told(_restore(settings, source, key))}.")
    except BackupRefused as error:
        click.echo(str(error), err=True)
        sys.exit(1)


def _told(found: Manifest) -> str:
    rows = sum(found.tables.values())
    moment = f"{found.made_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{len(found.tables)} tables, {rows} rows, {found.files} files of {moment}"


def _restore(settings: Settings, source: Path, key: bytes) -> Manifest:
    with services_of(settings) as services, typed():
        found = restore(services.owner_url, settings.data_dir, source, key)
        db = Database(services.app_url, pool_size=1)
        with db.begin() as connection:
            facts = {"made_at": found.made_at.isoformat(), "files": found.files}
            record(connection, SYSTEM, "backup.restored", "backup", source.name, facts=facts)
            theirs = {one.fingerprint for one in stored_keys(connection)}
        db.close()
    missing = theirs - _fingerprints(settings)
    if missing:
        click.echo(OTHER_ENVELOPE.format(theirs=", ".join(sorted(missing))), err=True)
    return found


def _fingerprints(settings: Settings) -> set[str]:
    kept = settings.data_dir / "secrets" / "envelope.key"
    drawn = kept.read_bytes() if kept.exists() else None
    keys = (settings.envelope_key or drawn, settings.old_envelope_key)
    return {Envelope(key).fingerprint for key in keys if key is not None}
