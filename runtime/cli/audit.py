"""`huisheng audit`: verify the trail, anchor it outside the database, archive old months."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import click

from runtime.audit import anchors, archive
from runtime.audit.keys import SigningKey, signing_key
from runtime.audit.models import SYSTEM
from runtime.audit.queries import Filters, search
from runtime.audit.sealer import seal_pending
from runtime.audit.service import record
from runtime.audit.verify import Report, verify
from runtime.cli._services import services_of, typed
from runtime.kit.db import Database
from runtime.kit.settings import Settings, read_settings
from runtime.parameters.service import number_of

LONG_SECONDS = 3600
FAULTY_EXIT = 1

MEANING = {
    "altered": "altered",
    "deleted": "deleted",
    "seal_deleted": "its seal was deleted",
    "tail_cut": "the end of the trail was cut off",
    "anchor": "not what was anchored: the trail was written anew",
    "unsealed_late": "not sealed for more than five minutes; is `huisheng worker` running?",
}


@click.group()
def command() -> None:
    """The audit trail."""


@contextmanager
def _opened(*, as_owner: bool = False) -> Generator[tuple[Settings, Database]]:
    settings = read_settings(os.environ)
    with services_of(settings) as services, typed():
        url = services.owner_url if as_owner else services.app_url
        db = Database(url, pool_size=1, name="huisheng-audit", statement_seconds=LONG_SECONDS)
        try:
            yield settings, db
        finally:
            db.close()


def _key(settings: Settings) -> SigningKey:
    return signing_key(settings.data_dir, settings.audit_key)


def _directory(settings: Settings) -> Path:
    return settings.data_dir / "audit"


@command.command("verify")
@click.option("--anchors", "anchor_file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--archives", "archive_dir", type=click.Path(path_type=Path, file_okay=False))
@click.option("--public-key", help="Hexadecimal; by default the key of this place.")
def verify_trail(
    anchor_file: Path | None, archive_dir: Path | None, public_key: str | None
) -> None:
    """Recompute the whole chain; exit code 1 and a line for each fault if it is not sound.

    Anchors and archives are read from the data directory unless told otherwise.
    """
    with _opened() as (settings, db):
        public = public_key or _key(settings).public
        path = anchor_file or _directory(settings) / anchors.FILE
        try:
            known = anchors.read_anchors(path, public) if anchor_file or path.exists() else []
            archived = archive.read_archives(archive_dir or _directory(settings), public)
        except (OSError, anchors.UnreadableAnchor, archive.ArchiveFault) as error:
            click.echo(f"FAULT {error}")
            sys.exit(FAULTY_EXIT)
        with db.begin() as connection:
            report = verify(connection, anchors=known, archived=archived)
    _tell(report)
    sys.exit(0 if report.is_sound else FAULTY_EXIT)


def _tell(report: Report) -> None:
    for fault in report.faults:
        place = "-" if fault.seq is None else str(fault.seq)
        when = "" if fault.at is None else f" ({fault.at.isoformat(timespec='seconds')})"
        click.echo(f"FAULT place {place} line {fault.line or '-'}{when}: {MEANING[fault.kind]}")
    click.echo(
        f"{report.sealed} sealed lines checked ({report.archived} of them archived), "
        f"{report.anchors} anchors, {report.unsealed} not sealed yet"
        + (f" since {report.oldest_unsealed.isoformat()}" if report.oldest_unsealed else "")
        + f"; {len(report.faults)} faults."
    )


@command.command("anchor")
@click.option("--to", "path", type=click.Path(path_type=Path, dir_okay=False))
def anchor_trail(path: Path | None) -> None:
    """Append the signed head of the chain to a file; keep that file away from the database."""
    with _opened() as (settings, db):
        while seal_pending(db):
            pass
        key = _key(settings)
        made = anchors.write_anchor(db, path or _directory(settings) / anchors.FILE, key)
    click.echo(f"Public key: {key.public}", err=True)
    click.echo("Nothing new since the last anchor." if made is None else f"{made.seq} {made.hash}")


@command.command("archive")
@click.option("--to", "directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--remove", is_flag=True, help="Then drop these months from the database.")
def archive_months(directory: Path | None, remove: bool) -> None:
    """Write every month that is older than the parameter audit.keep_days as a signed file."""
    with _opened(as_owner=True) as (settings, db):
        key = _key(settings)
        kept = number_of(db, "audit.keep_days", settings.audit_keep_days)
        place = directory or _directory(settings)
        with db.begin() as connection:
            months = archive.past_months(connection, kept)
        for month in months:
            try:
                with db.begin() as connection:
                    path = archive.archive_month(connection, month, place, key)
                    if remove:
                        archive.remove_archived(connection, month, place, key.public, kept)
            except archive.ArchiveFault as error:
                raise click.ClickException(str(error)) from None
            click.echo(path)
    click.echo(f"{len(months)} months older than {kept} days.", err=True)


@command.command("list")
@click.option("--person", default="", help="Id or name of who acted.")
@click.option("--action", default="", help="Such as account.signed_in, or account. for all of it.")
@click.option("--object", "object_id", default="", help="Id of what was acted on.")
@click.option("--limit", default=50, type=click.IntRange(1, 10_000))
def list_lines(person: str, action: str, object_id: str, limit: int) -> None:
    """The newest lines, one a row, parted by tabs; that they were read is a line itself."""
    wanted = Filters(person=person, action=action, object_id=object_id)
    asked = {"person": person, "action": action, "object": object_id}
    with _opened() as (_, db), db.begin() as connection:
        found = search(connection, wanted, limit=limit)
        facts = {name: text for name, text in asked.items() if text} | {"lines": len(found.lines)}
        record(connection, SYSTEM, "audit.viewed", "audit", "list", facts=facts)
    for line in found.lines:
        members = (line.at.isoformat(), line.actor_kind, line.actor_name, line.address or "-")
        what = (line.channel, line.action, line.object_type, line.object_id, line.outcome)
        click.echo("\t".join((*members, *what, line.facts)))
