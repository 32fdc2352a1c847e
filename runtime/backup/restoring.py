"""Bringing a backup back into an empty database, after the whole of it was checked."""

import contextlib
import hashlib
import subprocess  # nosec B404 - starts only pg_restore by absolute path
import tempfile
from pathlib import Path

import msgspec
import psycopg

from runtime.backup import tools
from runtime.backup.files import unpack
from runtime.backup.sealed import BackupRefused, unsealed
from runtime.backup.service import TABLES, Manifest, backups_in, count_rows, unanswered


def restore(owner_url: str, data_dir: Path, source: Path, key: bytes) -> Manifest:
    """Check the whole backup, then restore it in one transaction and compare the counts.

    Raises:
        BackupRefused: a database that is not empty, a wrong key, a cut or altered part.
    """
    manifest = check(source, key)
    try:
        with psycopg.connect(owner_url) as connection:
            if connection.execute(TABLES).fetchone() is not None:
                raise BackupRefused("The database is not empty; restore into an empty one.")
        unpack(unsealed(source / "files", key, "files"), data_dir)
        _restore_database(owner_url, source, key)
        with psycopg.connect(owner_url) as connection:
            if count_rows(connection) != manifest.tables:
                raise BackupRefused("The restored tables do not have the rows of the backup.")
    except OSError as error:
        raise BackupRefused(f"{data_dir} cannot be written: {error.strerror}.") from error
    except psycopg.Error as error:
        raise BackupRefused(unanswered(error)) from error
    return manifest


def check(source: Path, key: bytes) -> Manifest:
    """Read every part to its end and compare it with the manifest; changes nothing.

    Raises:
        BackupRefused: no finished backup, a wrong key, a cut, altered or foreign part.
    """
    _require_backup(source)
    text = b"".join(unsealed(source / "manifest", key, "manifest"))
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError:
        raise BackupRefused(f"{source.name} was written by another version.") from None
    for name, expected in manifest.hashes.items():
        digest = hashlib.sha256()
        for piece in unsealed(source / name, key, name):
            digest.update(piece)
        if digest.hexdigest() != expected:
            raise BackupRefused(f"{name} belongs to another backup than the manifest.")
    return manifest


def _require_backup(source: Path) -> None:
    if not source.is_dir():
        raise BackupRefused(f"There is no folder {source}.")
    if (source / "manifest").exists():
        return
    within = backups_in(source)
    if within:
        raise BackupRefused(f"Name one of the backups in this folder; the newest is {within[0]}.")
    raise BackupRefused(f"{source} is no finished backup: it has no manifest.")


def _restore_database(owner_url: str, source: Path, key: bytes) -> None:
    environment = tools.environment(owner_url)
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(  # nosec B603
            [
                str(tools.binary("pg_restore")),
                *("--single-transaction", "--exit-on-error", "--no-owner"),
                *("-d", environment["PGDATABASE"]),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=environment,
        )
        try:
            assert child.stdin is not None
            with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
                for piece in unsealed(source / "database", key, "database"):
                    pipe.write(piece)
        except BaseException:
            child.kill()  # what was read to its end no longer reads: nothing half stays
            child.wait()
            raise
        if child.wait() != 0:
            said.seek(0)
            raise BackupRefused(f"pg_restore refused: {tools.first_line(said.read())}")
