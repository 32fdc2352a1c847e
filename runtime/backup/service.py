"""Making a backup of one moment, and keeping the newest.

A backup is a folder `huisheng-<UTC time>` of three sealed files: `database`, `files`, `manifest`.
It is written under another name and renamed when everything is on the disk. `.lock` beside it is
held by whoever writes; the kernel takes it back from a killed process.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess  # nosec B404 - starts only pg_dump by absolute path
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql

from runtime.backup import tools
from runtime.backup.files import Packed, read_first
from runtime.backup.sealed import CHUNK_BYTES, BackupRefused, SealedWriter
from runtime.kit.clock import Clock, system_clock

PREFIX = "huisheng-"
UNFINISHED = ".unfinished-"
LOCK = ".lock"
_NAME = re.compile(PREFIX + r"\d{8}T\d{12}Z", re.ASCII)

TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


class Manifest(Struct, frozen=True):
    """What a backup holds: rows per table, and the SHA-256 of each part's content."""

    made_at: datetime
    tables: dict[str, int]
    files: int
    hashes: dict[str, str]


class Made(Struct, frozen=True):
    """A backup's folder, and how many old ones went."""

    folder: Path
    removed: int


def back_up(
    owner_url: str,
    data_dir: Path,
    target: Path,
    key: bytes,
    *,
    keep: int | None = None,
    clock: Clock = system_clock,
) -> Made:
    """Write a backup below `target`; with `keep`, remove all but so many of the newest there.

    Raises:
        BackupRefused: the target cannot be written, another backup is being written there, the
            database has no tables or does not answer, or pg_dump failed.
    """
    now = clock()
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    folder = target / f"{UNFINISHED}{name}"
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(target):
            _sweep(target)
            try:
                folder.mkdir(mode=0o700)
                manifest = _write_parts(owner_url, data_dir, folder, key, now)
                _write_part(folder, "manifest", key, [msgspec.json.encode(manifest)])
                _sync(folder)
                done = target / f"{PREFIX}{name}"
                folder.rename(done)
                _sync(target)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            return Made(done, 0 if keep is None else _keep_newest(target, keep))
    except OSError as error:
        raise BackupRefused(f"{target} cannot be written: {error.strerror}.") from error
    except psycopg.Error as error:
        raise BackupRefused(unanswered(error)) from error


def unanswered(error: psycopg.Error) -> str:
    """What went wrong with the database, in one line without rows."""
    return f"The database refused: {str(error).strip().splitlines()[0][:300]}"


@contextmanager
def _alone(target: Path) -> Generator[None]:
    with (target / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            words = f"Another backup is being written to {target}; wait until it has ended."
            raise BackupRefused(words) from None
        yield


def _write_parts(
    owner_url: str, data_dir: Path, folder: Path, key: bytes, now: datetime
) -> Manifest:
    first = read_first(data_dir)
    with psycopg.connect(owner_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        tables = count_rows(connection)
        if not tables:
            raise BackupRefused("There is nothing to back up: the database has no tables.")
        hashes = {"database": _write_part(folder, "database", key, _dumped(owner_url, row[0]))}
    packed = Packed(data_dir, first)
    hashes["files"] = _write_part(folder, "files", key, packed)
    return Manifest(now, tables, packed.count, hashes)


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """The rows of every table, partitions within their table."""
    counts: dict[str, int] = {}
    for (table,) in connection.execute(TABLES).fetchall():
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        found = connection.execute(query).fetchone()
        assert found is not None
        counts[table] = found[0]
    return counts


def _dumped(owner_url: str, snapshot: str) -> Iterator[bytes]:
    command = [str(tools.binary("pg_dump")), "-Fc", "--no-owner"]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(  # nosec B603
            [*command, f"--snapshot={snapshot}"],
            stdout=subprocess.PIPE,
            stderr=said,
            env=tools.environment(owner_url),
        )
        assert child.stdout is not None
        try:
            while content := child.stdout.read(CHUNK_BYTES):
                yield content
            if child.wait() != 0:
                said.seek(0)
                raise BackupRefused(f"pg_dump refused: {tools.first_line(said.read())}")
        finally:
            child.stdout.close()
            if child.poll() is None:
                child.kill()
                child.wait()


def _write_part(folder: Path, name: str, key: bytes, content: Iterable[bytes]) -> str:
    """Seal one part; gives the SHA-256 of its content. It is on the disk when this returns."""
    digest = hashlib.sha256()
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        writer = SealedWriter(file, key, name)
        for piece in content:
            digest.update(piece)
            writer.write(piece)
        writer.close()
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(target: Path) -> None:
    for path in target.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def backups_in(target: Path) -> list[Path]:
    """The finished backups below a folder, the newest first."""
    found = (path for path in target.glob(f"{PREFIX}*") if _NAME.fullmatch(path.name))
    return sorted((path for path in found if path.is_dir()), reverse=True)


def _keep_newest(target: Path, number: int) -> int:
    """Take the names from the old ones first, so that a half removed one is none."""
    old = backups_in(target)[number:]
    for path in old:
        path.rename(target / f"{UNFINISHED}{path.name}")
    _sync(target)
    _sweep(target)
    return len(old)
