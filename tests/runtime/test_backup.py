"""A backup restored on an empty database; what is damaged, foreign or unwritable is refused."""

import secrets
import shutil
from pathlib import Path

import psycopg
import pytest

from runtime.audit.models import SYSTEM
from runtime.audit.sealer import seal_pending
from runtime.audit.service import record
from runtime.audit.verify import verify
from runtime.backup.restoring import restore
from runtime.backup.sealed import BackupRefused
from runtime.backup.service import back_up, count_rows
from runtime.kit.db import Database
from runtime.kit.embedded import Services
from runtime.kit.postgres import APPLICATION, OWNER
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls


def test_a_backup_comes_back_with_equal_counts_and_an_intact_chain(
    deployment: Deployment, database_urls: DatabaseUrls, services: Services, tmp_path: Path
) -> None:
    """# S59 (part): also refused in a database in use, with a wrong key, cut or altered"""
    with deployment.db.begin() as connection:
        for _ in range(5):
            record(connection, SYSTEM, "test.done", "thing", "x")
    seal_pending(deployment.db)
    name = deployment.files.put(b"a picture")
    key, owner = secrets.token_bytes(32), database_urls.owner_url
    made = back_up(owner, deployment.settings.data_dir, tmp_path / "out", key).folder
    assert b"a picture" not in (made / "files").read_bytes()
    with pytest.raises(BackupRefused, match="not empty"):
        restore(owner, tmp_path / "new", made, key)
    with pytest.raises(BackupRefused, match="another HUISHENG_BACKUP_KEY"):
        restore(owner, tmp_path / "new", made, secrets.token_bytes(32))
    for change in ("cut", "altered"):
        bad = tmp_path / change
        shutil.copytree(made, bad)
        content = (bad / "database").read_bytes()
        middle = len(content) // 2
        other = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        (bad / "database").write_bytes(content[:-9] if change == "cut" else other)
        with pytest.raises(BackupRefused, match="cut or altered"):
            restore(owner, tmp_path / "new", bad, key)
    postgres = services.postgres
    assert postgres is not None
    empty = f"restored_{secrets.token_hex(4)}"
    postgres.create_database(empty)
    db = Database(postgres.url(APPLICATION, empty), pool_size=1)
    try:
        manifest = restore(postgres.url(OWNER, empty), tmp_path / "new", made, key)
        with psycopg.connect(postgres.url(OWNER, empty)) as connection:
            assert count_rows(connection) == manifest.tables
        assert manifest.tables["audit_lines"] == 5
        with db.begin() as connection:
            report = verify(connection)
        assert report.is_sound
        assert report.sealed == 5
        assert [p.name for p in (tmp_path / "new").glob("**/*") if p.is_file()] == [name]
    finally:
        db.close()
        postgres.drop_database(empty)


def test_a_target_that_cannot_be_written_is_refused(
    database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    """# R2.2.9 (part)"""
    (tmp_path / "file").write_text("x")
    with pytest.raises(BackupRefused, match="cannot be written"):
        back_up(database_urls.owner_url, tmp_path, tmp_path / "file", secrets.token_bytes(32))
