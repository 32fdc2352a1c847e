"""Making a backup of one moment, and restoring it into an empty database.

A backup is a folder `huisheng-<UTC time>` of three sealed files: `database`, `files`, `manifest`.
It is written under another name and renamed when everything is on the disk.
"""

import contextlib
import hashlib
import io
import os
import shutil
import subprocess  # nosec B404 - starts only pg_dump and pg_restore by absolute path
import tarfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import psycopg
from msgspec import Struct
from psycopg import sql

from runtime.backup import tools
from runtime.backup.sealed import CHUNK_BYTES, BackupRefused, SealedWriter, unsealed
from runtime.kit.clock import Clock, system_clock

PREFIX = "huisheng-"
UNFINISHED = ".unfinished-"
FOLDERS = ("attachments", "assets")

_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""


class Manifest(Struct, frozen=True):
    """What a backup holds: rows per table, and the SHA-256 of each part's content."""

    made_at: datetime
    tables: dict[str, int]
    files: int
    hashes: dict[str, str]


def back_up(
    owner_url: str, data_dir: Path, target: Path, key: bytes, *, clock: Clock = system_clock
) -> Path:
    """Write a backup below `target` and give its folder; files are read after the database.

    Raises:
        BackupRefused: the target cannot be written, or pg_dump failed.
    """
    now = clock()
    name = now.strftime("%Y%m%dT%H%M%S%fZ")
    folder = target / f"{UNFINISHED}{name}"
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_unfinished(target)
        folder.mkdir(mode=0o700)
        manifest = _write_parts(owner_url, data_dir, folder, key, now)
        _write_part(folder, "manifest", key, iter([msgspec.json.encode(manifest)]))
        _sync(folder)
        done = target / f"{PREFIX}{name}"
        folder.rename(done)
        _sync(target)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BackupRefused(f"{target} cannot be written: {error.strerror}.") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return done


def _write_parts(
    owner_url: str, data_dir: Path, folder: Path, key: bytes, now: datetime
) -> Manifest:
    with psycopg.connect(owner_url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        tables = count_rows(connection)
        hashes = {"database": _write_part(folder, "database", key, _dumped(owner_url, row[0]))}
    count = 0

    def packed() -> Iterator[bytes]:
        nonlocal count
        for path in _files(data_dir):
            count += 1
            yield from _tar_member(path, str(path.relative_to(data_dir)))
        yield tarfile.NUL * tarfile.BLOCKSIZE * 2

    hashes["files"] = _write_part(folder, "files", key, packed())
    return Manifest(now, tables, count, hashes)


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """The rows of every table, partitions within their table."""
    counts: dict[str, int] = {}
    for (table,) in connection.execute(_TABLES).fetchall():
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        found = connection.execute(query).fetchone()
        assert found is not None
        counts[table] = found[0]
    return counts


def _dumped(owner_url: str, snapshot: str) -> Iterator[bytes]:
    command = [str(tools.binary("pg_dump")), "-Fc", "--no-owner"]
    child = subprocess.Popen(  # nosec B603
        [*command, f"--snapshot={snapshot}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=tools.environment(owner_url),
    )
    assert child.stdout is not None
    try:
        while content := child.stdout.read(CHUNK_BYTES):
            yield content
        if child.wait() != 0:
            raise BackupRefused(f"pg_dump ended with code {child.returncode}.")
    finally:
        child.stdout.close()
        if child.poll() is None:
            child.kill()
            child.wait()


def _files(data_dir: Path) -> list[Path]:
    found = (path for name in FOLDERS for path in (data_dir / name).glob("**/*"))
    return sorted(path for path in found if path.is_file() and len(path.name) == 64)


def _tar_member(path: Path, name: str) -> Iterator[bytes]:
    with contextlib.suppress(FileNotFoundError):  # cleared away since the folder was read
        content = path.read_bytes()
        member = tarfile.TarInfo(name)
        member.size = len(content)
        yield member.tobuf() + content + tarfile.NUL * (-len(content) % tarfile.BLOCKSIZE)


def _write_part(folder: Path, name: str, key: bytes, content: Iterator[bytes]) -> str:
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


def _remove_unfinished(target: Path) -> None:
    for path in target.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def keep_newest(target: Path, number: int) -> int:
    """Remove all but the newest backups; tells how many went."""
    old = sorted(target.glob(f"{PREFIX}*"), reverse=True)[number:]
    for path in old:
        shutil.rmtree(path)
    return len(old)


def restore(owner_url: str, data_dir: Path, source: Path, key: bytes) -> Manifest:
    """Check the whole backup, then restore it in one transaction and compare the counts.

    Raises:
        BackupRefused: a database that is not empty, a wrong key, a cut or altered part.
    """
    manifest = check(source, key)
    with psycopg.connect(owner_url) as connection:
        if connection.execute(_TABLES).fetchone() is not None:
            raise BackupRefused("The database is not empty; restore into an empty one.")
    _restore_files(data_dir, source, key)
    _restore_database(owner_url, source, key)
    with psycopg.connect(owner_url) as connection:
        if count_rows(connection) != manifest.tables:
            raise BackupRefused("The restored tables do not have the rows of the backup.")
    return manifest


def check(source: Path, key: bytes) -> Manifest:
    """Read every part to its end and compare it with the manifest.

    Raises:
        BackupRefused: as `restore`.
    """
    text = b"".join(unsealed(source / "manifest", key, "manifest"))
    manifest = msgspec.json.decode(text, type=Manifest)
    for name, expected in manifest.hashes.items():
        digest = hashlib.sha256()
        for piece in unsealed(source / name, key, name):
            digest.update(piece)
        if digest.hexdigest() != expected:
            raise BackupRefused(f"{name} belongs to another backup than the manifest.")
    return manifest


def _restore_database(owner_url: str, source: Path, key: bytes) -> None:
    environment = tools.environment(owner_url)
    child = subprocess.Popen(  # nosec B603
        [
            str(tools.binary("pg_restore")),
            *("--single-transaction", "--exit-on-error", "--no-owner"),
            *("-d", environment["PGDATABASE"]),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert child.stdin is not None
    assert child.stderr is not None
    with child.stderr:
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            for piece in unsealed(source / "database", key, "database"):
                pipe.write(piece)
        words = child.stderr.read().decode("utf-8", "replace").strip()
    if child.wait() != 0:
        raise BackupRefused(f"pg_restore refused: {words[:500]}")


class _Pieces(io.RawIOBase):
    """A reader over chunks, for tarfile."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _restore_files(data_dir: Path, source: Path, key: bytes) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    pieces = _Pieces(unsealed(source / "files", key, "files"))
    with tarfile.open(fileobj=pieces, mode="r|") as archive:
        archive.extractall(data_dir, filter="data")  # nosec B202 - sealed by us, filter "data"
