"""`huisheng audit` as an operator calls it: exit codes, files, and what is printed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.cli.audit import command
from runtime.kit.db import Database
from runtime.kit.settings import SettingsError
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls

Call = Callable[..., Result]


@pytest.fixture
def call(database_urls: DatabaseUrls, redis_url: str, tmp_path: Path) -> Call:
    """Run `huisheng audit …` against this test's database."""

    def run(*arguments: str, **more: str) -> Result:
        environ = {
            "HUISHENG_ENVIRONMENT": "test",
            "HUISHENG_DATA_DIR": str(tmp_path),
            "HUISHENG_DATABASE_URL": database_urls.app_url,
            "HUISHENG_DATABASE_OWNER_URL": database_urls.owner_url,
            "HUISHENG_DATABASE_AUDITOR_URL": database_urls.auditor_url,
            "HUISHENG_REDIS_URL": redis_url,
        }
        return CliRunner().invoke(command, arguments, env=environ | more)

    return run


def test_verify_tells_sound_from_tampered(
    call: Call, deployment: Deployment, database_urls: DatabaseUrls, tmp_path: Path
) -> None:
    """Exit code 0 and 1; each fault is named; a damaged anchor is a fault. # S58"""
    with deployment.db.begin() as connection:
        for number in range(3):
            record(connection, SYSTEM, "job.ran", "job", str(number))
    anchored = call("anchor")
    assert anchored.exit_code == 0 and anchored.stdout.startswith("3 ")
    sound = call("verify")
    assert sound.exit_code == 0, sound.output
    assert "3 sealed lines checked (0 of them archived), 1 anchors, 0 not sealed" in sound.output
    owner = Database(database_urls.owner_url)
    with owner.begin() as connection:
        connection.execute(sa.text("ALTER TABLE audit_lines DISABLE TRIGGER USER"))
        connection.execute(sa.text("UPDATE audit_lines SET action = 'x' WHERE object_id = '1'"))
    owner.close()
    tampered = call("verify")
    assert tampered.exit_code == 1
    assert "FAULT place 2" in tampered.output and ": altered" in tampered.output
    (tmp_path / "audit" / "anchors.jsonl").write_text("{}\n")
    assert "FAULT Line 1 of the anchors" in call("verify").output


def test_archive_removes_only_what_is_older_than_the_setting(
    call: Call, deployment: Deployment, tmp_path: Path, database_urls: DatabaseUrls
) -> None:
    """400 days stay under the default, go under 180; 179 is refused. # S59"""
    old = datetime.now(UTC) - timedelta(days=400)
    owner = Database(database_urls.owner_url)
    with owner.begin() as connection:
        connection.execute(sa.text("SELECT ensure_month_partitions(:m, 1)"), {"m": old.date()})
    owner.close()
    with deployment.db.begin() as connection:
        record(connection, SYSTEM, "job.ran", "job", "old", clock=lambda: old)
        record(connection, SYSTEM, "job.ran", "job", "new")
    assert call("anchor").exit_code == 0
    assert "0 months" in call("archive", "--remove").output
    refused = call("archive", HUISHENG_AUDIT_KEEP_DAYS="179")
    assert isinstance(refused.exception, SettingsError)
    done = call("archive", "--remove", HUISHENG_AUDIT_KEEP_DAYS="180")
    assert done.exit_code == 0 and "1 months" in done.output, done.output
    listed = call("list", "--action", "job.")
    assert "\tnew\t" in listed.output and "\told\t" not in listed.output
    assert '"action": "job."' in call("list", "--action", "audit.viewed").output
    assert "2 sealed lines checked (1 of them archived)" in call("verify").output
    (manifest,) = (tmp_path / "audit").glob("audit-*.json")
    assert json.loads(manifest.read_text())["manifest"]["lines"] == 1
    manifest.unlink()
    missing = call("verify")
    assert missing.exit_code == 1 and ": deleted" in missing.output
