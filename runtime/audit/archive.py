"""Archives: a month of lines as a signed file that proves itself without the database."""

import gzip
import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.audit.chain import START, chained
from runtime.audit.keys import SigningKey, is_signed
from runtime.audit.models import Line
from runtime.audit.retention import is_past
from runtime.audit.verify import line_of
from runtime.kit.clock import Clock, hospital_day, system_clock

FORMAT = "huisheng.audit-archive/1"


class ArchivedLine(msgspec.Struct, frozen=True):
    """A line with its place in the chain, the hash before it and its own, in hexadecimal."""

    seq: int
    previous: str
    hash: str
    line: Line


class Manifest(msgspec.Struct, frozen=True):
    """What the signature covers."""

    format: str
    month: date
    lines: int
    first: int
    last: int
    sha256: str
    made_at: datetime


class SignedManifest(msgspec.Struct, frozen=True):
    """The file beside the lines."""

    manifest: Manifest
    signature: str


class ArchiveFault(Exception):
    """An archive that cannot be made, or that does not prove itself."""


_LINES = sa.text("""
SELECT s.seq, s.hash, p.hash AS previous,
       l.month, l.id, l.at, l.actor_kind, l.actor_id, l.actor_name, l.address, l.channel,
       l.session, l.action, l.object_type, l.object_id, l.outcome, l.site, l.facts::text AS facts
FROM audit_lines l JOIN audit_seals s ON s.line = l.id
LEFT JOIN audit_seals p ON p.seq = s.seq - 1
WHERE l.month = :month ORDER BY s.seq
""").execution_options(yield_per=2000)


def past_months(
    connection: sa.Connection, keep_days: int, *, clock: Clock = system_clock
) -> list[date]:
    """Months with lines that are all older than `keep_days` days, oldest first.

    Raises:
        RetentionTooShort: fewer than 180 days.
    """
    months = connection.execute(sa.text("SELECT DISTINCT month FROM audit_lines ORDER BY 1"))
    today = hospital_day(clock())
    return [month for month in months.scalars() if is_past(month, today, keep_days)]


def archive_month(
    connection: sa.Connection,
    month: date,
    directory: Path,
    key: SigningKey,
    *,
    clock: Clock = system_clock,
) -> Path:
    """Write the lines of a month and their signed manifest; gives the manifest's path.

    `connection` is the owner's, since the application may not write down what was archived.

    Raises:
        ArchiveFault: the month has lines that are not sealed yet, or lines that do not verify.
    """
    total = connection.execute(
        sa.text("SELECT count(*) FROM audit_lines WHERE month = :month"), {"month": month}
    ).scalar_one()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"audit-{month:%Y-%m}.jsonl.gz"
    places: list[int] = []
    with _replacing(path) as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        for row in connection.execute(_LINES, {"month": month}):
            line = ArchivedLine(row.seq, (row.previous or b"").hex(), row.hash.hex(), line_of(row))
            _check_line(line, is_first=row.seq == 1)
            packed.write(msgspec.json.encode(line) + b"\n")
            places.append(row.seq)
    if len(places) != total or not places:
        path.unlink()
        raise ArchiveFault(f"{month:%Y-%m} has {total} lines of which {len(places)} are sealed.")
    manifest = Manifest(FORMAT, month, total, places[0], places[-1], _digest_of(path), clock())
    signed = SignedManifest(manifest, key.sign(msgspec.json.encode(manifest)))
    with _replacing(manifest_path(directory, month)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(signed)) + b"\n")
    _note(connection, manifest, path)
    return manifest_path(directory, month)


def manifest_path(directory: Path, month: date) -> Path:
    """Where the signed manifest of a month is."""
    return directory / f"audit-{month:%Y-%m}.json"


def _note(connection: sa.Connection, manifest: Manifest, path: Path) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO audit_archives (month, lines, file, sha256, made_at) "
            "VALUES (:month, :lines, :file, :sha256, :made_at) ON CONFLICT (month) DO UPDATE SET "
            "lines = excluded.lines, file = excluded.file, sha256 = excluded.sha256, "
            "made_at = excluded.made_at"
        ),
        msgspec.structs.asdict(manifest) | {"file": path.name},
    )


def remove_archived(
    connection: sa.Connection,
    month: date,
    directory: Path,
    public_key: str,
    keep_days: int,
    *,
    clock: Clock = system_clock,
) -> None:
    """Drop the lines of a month from the database, once its archive has proved itself.

    The seals stay. The database's own function refuses what is younger than 180 days.

    Raises:
        ArchiveFault: the archive does not verify, or the month is not old enough.
        RetentionTooShort: fewer than 180 days.
    """
    if not is_past(month, hospital_day(clock()), keep_days):
        raise ArchiveFault(f"{month:%Y-%m} is not older than {keep_days} days.")
    for _ in archived_lines(manifest_path(directory, month), public_key):
        pass
    connection.execute(sa.text("SELECT remove_archived_audit_month(:month)"), {"month": month})


def read_archives(directory: Path, public_key: str) -> dict[UUID, Line]:
    """The lines of every archive in the directory, each archive verified.

    Raises:
        ArchiveFault: one of them does not verify.
    """
    return {
        found.line.id: found.line
        for path in sorted(directory.glob("audit-*.json"))
        for found in archived_lines(path, public_key)
    }


def archived_lines(path: Path, public_key: str) -> Generator[ArchivedLine]:
    """The lines of one archive, by its manifest; all are verified by the time the last is given.

    Raises:
        ArchiveFault: the signature, the file or a line is not what was signed.
    """
    manifest = _manifest(path, public_key)
    file = path.with_suffix(".jsonl.gz")
    if not file.exists() or _digest_of(file) != manifest.sha256:
        raise ArchiveFault(f"{file.name} is not the file that was signed.")
    count = 0
    with gzip.open(file) as lines:
        for text in cast(IO[bytes], lines):
            found = msgspec.json.decode(text, type=ArchivedLine)
            _check_line(found, is_first=found.seq == 1)
            count += 1
            yield found
    if count != manifest.lines:
        raise ArchiveFault(f"{file.name} has {count} lines, not {manifest.lines}.")


def _manifest(path: Path, public_key: str) -> Manifest:
    try:
        signed = msgspec.json.decode(path.read_bytes(), type=SignedManifest)
    except (OSError, msgspec.DecodeError):
        raise ArchiveFault(f"{path.name} cannot be read.") from None
    if not is_signed(public_key, msgspec.json.encode(signed.manifest), signed.signature):
        raise ArchiveFault(f"{path.name} was not signed with this key.")
    return signed.manifest


def _check_line(found: ArchivedLine, *, is_first: bool) -> None:
    previous = START if is_first else bytes.fromhex(found.previous)
    if chained(previous, found.seq, found.line).hex() != found.hash:
        raise ArchiveFault(f"The line at place {found.seq} was altered.")


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _replacing(path: Path) -> Generator[IO[bytes]]:
    """A file that takes its name only when it is whole and on the disk."""
    draft = path.with_name(path.name + f".{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
