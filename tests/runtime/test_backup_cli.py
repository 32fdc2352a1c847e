"""`huisheng backup` and `huisheng restore` typed as commands, killed, doubled and misused."""

import os
import resource
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from runtime.accounts import users
from runtime.alarms import service as alarms
from runtime.audit.models import SYSTEM
from runtime.audit.sealer import seal_pending
from runtime.backup.service import backups_in, count_rows
from runtime.jobs.service import ask_run, register, run_alone, runs
from runtime.kit.db import Database
from runtime.kit.embedded import Services, ensure_services
from runtime.kit.files import ContentStore
from runtime.kit.settings import read_settings
from runtime.parameters.service import change
from runtime.responses.personal import open_answers
from runtime.schedule import JOBS
from runtime.seed import seed
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import Patient
from tests.serving import Place

KEY = secrets.token_hex(32)
PATIENCE_SECONDS = 120
OWNER_URL = "HUISHENG_DATABASE_OWNER_URL"


@pytest.fixture(autouse=True)
def _key(place: Place) -> None:
    place.environment["HUISHENG_BACKUP_KEY"] = KEY


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[tuple[Place, Services]]:
    """A second server with nothing in it: its own data directory, database and roles."""
    tmp_path.chmod(0o755)
    place = Place(tmp_path / "second" / "var", HUISHENG_BACKUP_KEY=KEY)
    place.data_dir.parent.mkdir(mode=0o755)
    with ensure_services(read_settings({"HUISHENG_DATA_DIR": str(place.data_dir)})) as services:
        yield place, services


def _count(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        return count_rows(connection)


def _files_of(data_dir: Path) -> dict[str, bytes]:
    found = (
        path
        for name in ("attachments", "assets", "audit")
        for path in (data_dir / name).glob("**/*")
    )
    return {str(p.relative_to(data_dir)): p.read_bytes() for p in found if p.is_file()}


def _wait_for(target: Path, pattern: str) -> Path:
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        found = next(target.glob(pattern), None)
        if found is not None:
            return found
        time.sleep(0.001)
    raise AssertionError(f"{pattern} never came")


def _sealed_answers(deployment: Deployment, db: Database) -> dict[str, Any]:
    with db.begin_everywhere() as connection:
        row = connection.execute(
            sa.text("SELECT id, sealed FROM response_personal ORDER BY id LIMIT 1")
        ).one()
    return open_answers(deployment.vault, row.id, row.sealed)


@pytest.mark.slow
def test_a_hospital_comes_back_on_an_empty_server(
    deployment: Deployment,
    database_urls: DatabaseUrls,
    patient: Patient,
    place: Place,
    empty_server: tuple[Place, Services],
    tmp_path: Path,
) -> None:
    """Equal rows in every table, files byte for byte, an intact chain; the keys travel apart.

    # S68
    # S59 (part): the trail with its anchors is in the backup
    """
    seed(deployment, responses=25)
    _upload(patient)
    with deployment.db.begin() as connection:
        users.create(connection, "an.li", "李安")
    seal_pending(deployment.db)
    assert place.type("audit", "anchor")[0] == 0
    before = _count(database_urls.owner_url)
    answers = _sealed_answers(deployment, deployment.db)

    code, out, err = place.type("backup", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    made = Path(out)
    content = b"".join(part.read_bytes() for part in made.iterdir())
    kept = place.data_dir / "secrets"
    for secret in (*(path.read_bytes() for path in kept.glob("*.key")), bytes.fromhex(KEY)):
        assert secret not in content and secret.hex().encode() not in content
    assert {path.name for path in made.iterdir()} == {"database", "files", "manifest"}
    assert {path.stat().st_mode & 0o077 for path in (made, *made.iterdir())} == {0}

    second, services = empty_server
    code, out, err = second.type("restore", str(made))
    assert code == 0, err
    assert f"{len(before)} tables, {sum(before.values())} rows" in out
    assert "secrets/envelope.key" in err
    after = _count(services.owner_url)
    assert {
        name: after[name] - number for name, number in before.items() if after[name] != number
    } == {
        "audit_lines": 1,
        "audit_unsealed": 1,
    }
    assert len(_files_of(place.data_dir)) > 2
    assert _files_of(second.data_dir) == _files_of(place.data_dir)

    code, _, err = second.type("keys", "status")
    assert code == 2 and "HUISHENG_ENVELOPE_KEY is not the key" in err
    for name in ("envelope.key", "audit.key"):
        shutil.copy(kept / name, second.data_dir / "secrets" / name)
    assert second.type("keys", "status")[0] == 0
    code, out, _ = second.type("audit", "verify")
    assert code == 0 and "1 anchors" in out and "FAULT" not in out
    db = Database(services.app_url, pool_size=1)
    assert _sealed_answers(deployment, db) == answers
    db.close()


def _upload(patient: Patient) -> None:
    patient.post("next", {"overall": 5})
    picture = next((Path(__file__).parents[2] / "examples" / "assets").glob("*.png"))
    sent = patient.client.post(
        f"{patient.url}/attachments",
        data={"question": "photo"},
        files={"file": ("伤口.png", picture.read_bytes())},
        headers=patient.headers,
    )
    assert sent.status_code == 201, sent.text


def test_what_is_damaged_foreign_or_in_the_way_is_refused(
    database_urls: DatabaseUrls, place: Place, tmp_path: Path
) -> None:
    """One sentence, exit code 1 or 2, and the database in use stays as it was. # S68 (part)"""
    target = tmp_path / "out"
    made = Path(place.type("backup", str(target))[1])
    before = _count(database_urls.owner_url)
    altered, cut = tmp_path / "altered", tmp_path / "cut"
    shutil.copytree(made, altered)
    shutil.copytree(made, cut)
    content = bytearray((altered / "database").read_bytes())
    content[-40] ^= 1
    (altered / "database").write_bytes(content)
    os.truncate(cut / "files", (cut / "files").stat().st_size - 5)
    (tmp_path / "note").write_text("x")
    other = secrets.token_hex(32)
    refused: list[tuple[str, tuple[str, ...], dict[str, str]]] = [
        ("not empty", ("restore", str(made)), {}),
        ("another HUISHENG_BACKUP_KEY", ("restore", str(made)), {"HUISHENG_BACKUP_KEY": other}),
        ("database was cut or altered", ("restore", str(altered)), {}),
        ("files was cut or altered", ("restore", str(cut)), {}),
        ("files was cut or altered", ("restore", "--check", str(cut)), {}),
        ("There is no folder", ("restore", str(tmp_path / "nowhere")), {}),
        ("There is no folder", ("restore", str(tmp_path / "note")), {}),
        (f"the newest is {made}", ("restore", str(target)), {}),
        ("no finished backup", ("restore", str(place.data_dir / "secrets")), {}),
        ("cannot be written", ("backup", str(tmp_path / "note")), {}),
        ("HUISHENG_BACKUP_KEY must be set", ("backup", str(target)), {"HUISHENG_BACKUP_KEY": ""}),
        ("HUISHENG_BACKUP_DIR", ("backup",), {}),
        (
            "HUISHENG_DATABASE_OWNER_URL",
            ("restore", str(made)),
            {"HUISHENG_DATABASE_OWNER_URL": ""},
        ),
    ]
    for words, command, settings in refused:
        code, out, err = place.call(*command, **settings)
        assert code in (1, 2) and words in err and out == "", (command, code, out, err)
        assert "Traceback" not in err and len(err.splitlines()) == 1, err
    assert place.type("restore", "--check", str(made))[0] == 0
    assert backups_in(target) == [made]
    after = _count(database_urls.owner_url)
    assert after == before


def test_a_server_without_tables_is_no_backup(
    empty_server: tuple[Place, Services], tmp_path: Path
) -> None:
    """A data directory mistyped must not look like a good night. # S68 (part)"""
    code, _, err = empty_server[0].type("backup", str(tmp_path / "out"))
    assert code == 1 and "nothing to back up" in err
    assert backups_in(tmp_path / "out") == []


def test_a_full_disk_leaves_no_half_backup(place: Place, tmp_path: Path) -> None:
    """The write that fails is named, what was written goes. # S68 (part)"""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    _store_files(place.data_dir, 1)
    child = place.begin("backup", str(tmp_path / "out"), preexec_fn=limit)
    _, err = child.communicate(timeout=PATIENCE_SECONDS)
    assert child.returncode == 1 and "cannot be written: File too large." in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]


def _store_files(data_dir: Path, number: int) -> None:
    store = ContentStore(data_dir / "attachments")
    for _ in range(number):
        store.put(os.urandom(4 * 1024 * 1024))


def test_two_at_once_are_one_and_a_word(place: Place, tmp_path: Path) -> None:
    """The second does not touch what the first is writing; both then go on. # S68 (part)"""
    target = tmp_path / "out"
    _store_files(place.data_dir, 4)
    first = place.begin("backup", str(target))
    folder = _wait_for(target, ".unfinished-*")
    first.send_signal(signal.SIGSTOP)
    try:
        code, out, err = place.type("backup", str(target))
        assert (code, out) == (1, "") and "Another backup is being written" in err
        assert folder.exists() and backups_in(target) == []
    finally:
        first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == 0, err
    assert backups_in(target) == [Path(out.strip())]
    assert place.type("restore", "--check", out.strip())[0] == 0


def test_a_killed_backup_counts_for_nothing_and_is_swept(place: Place, tmp_path: Path) -> None:
    """SIGKILL while it writes: no backup; the next run works and clears the rest. # S68 (part)"""
    target = tmp_path / "out"
    _store_files(place.data_dir, 4)
    child = place.begin("backup", str(target))
    rest = _wait_for(target, ".unfinished-*")
    child.kill()
    child.communicate(timeout=PATIENCE_SECONDS)
    assert rest.exists() and backups_in(target) == []
    code, _, err = place.type("restore", str(rest))
    assert code == 1 and "no finished backup" in err
    code, out, err = place.type("backup", str(target))
    assert code == 0, err
    assert {path.name for path in target.iterdir()} == {".lock", Path(out).name}


def test_a_killed_restore_left_an_empty_database_and_runs_again(
    place: Place, empty_server: tuple[Place, Services], tmp_path: Path
) -> None:
    """SIGKILL while it puts the files back: nothing is half there. # S68 (part)"""
    _store_files(place.data_dir, 6)
    made = Path(place.type("backup", str(tmp_path / "out"))[1])
    second, services = empty_server
    (second.data_dir / "audit").mkdir()
    newer = second.data_dir / "audit" / "anchors.jsonl"
    newer.write_text("what was anchored after the backup")
    child = second.begin("restore", str(made))
    _wait_for(second.data_dir, "attachments/*/*")
    child.kill()
    child.communicate(timeout=PATIENCE_SECONDS)
    assert _count(services.owner_url) == {}
    code, _, err = second.type("restore", str(made))
    assert code == 0, err
    assert _count(services.owner_url)["sites"] == _count(place.environment[OWNER_URL])["sites"]
    contents = {path.read_bytes() for path in _attachments(place.data_dir)}
    assert {path.read_bytes() for path in _attachments(second.data_dir)} == contents
    assert not list(second.data_dir.glob("attachments/*/.*"))
    assert newer.read_text() == "what was anchored after the backup"


def _attachments(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "attachments").glob("*/*") if path.is_file()]


# Every night

NIGHTLY = next(job for job in JOBS if job.name == "nightly_backup")


@pytest.fixture
def night(
    place: Place, database_urls: DatabaseUrls, redis_url: str, tmp_path: Path
) -> Iterator[Any]:
    """Runs the scheduled job as a worker with these settings would; gives what the run says."""
    made: list[Deployment] = []

    def run(**settings: str) -> tuple[str, str]:
        environment = place.environment | {"HUISHENG_BACKUP_DIR": str(tmp_path / "out")} | settings
        ours = {k: v for k, v in environment.items() if k.startswith("HUISHENG_") and v}
        worker = Deployment(
            read_settings(ours), database_url=database_urls.app_url, redis_url=redis_url
        )
        made.append(worker)
        register(worker.db, (NIGHTLY,))
        ask_run(worker.db, SYSTEM, NIGHTLY.name)
        run_alone(worker, NIGHTLY)
        with worker.db.begin() as connection:
            last = runs(connection, NIGHTLY.name)[0]
        return str(last.outcome), last.message or ""

    yield run
    for worker in made:
        worker.close()


def _open_alarms(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        found = alarms.alarms(connection)
    return [alarm.code for alarm in found if alarm.acknowledged_at is None]


@pytest.mark.parametrize("name", ["BACKUP_DIR", "BACKUP_KEY", "DATABASE_OWNER_URL"])
def test_a_night_without_a_setting_failed_and_raises_an_alarm(
    night: Any, deployment: Deployment, name: str
) -> None:
    """The run names the setting; the next that works closes the alarm, a later one raises it anew.

    # R2.2.9 (part)
    """
    outcome, message = night(**{f"HUISHENG_{name}": ""})
    assert outcome == "failed" and f"Not set: HUISHENG_{name}." in message
    assert _open_alarms(deployment) == ["backup_failed"]
    assert night(**{f"HUISHENG_{name}": ""})[0] == "failed"
    assert _open_alarms(deployment) == ["backup_failed"]
    assert night()[0] == "ok"
    assert _open_alarms(deployment) == []
    assert night(**{f"HUISHENG_{name}": ""})[0] == "failed"
    assert _open_alarms(deployment) == ["backup_failed"]


def test_nights_keep_as_many_backups_as_the_parameter_says(
    night: Any, deployment: Deployment, tmp_path: Path
) -> None:
    """The newest stay; what is not a backup of ours is left alone. # R2.2.9"""
    target = tmp_path / "out"
    change(deployment.db, SYSTEM, "backup.keep", 2)
    target.mkdir()
    (target / "huisheng-notes.txt").write_text("x")
    (target / "huisheng-old").mkdir()
    names: list[Path] = []
    for _ in range(3):
        assert night()[0] == "ok"
        names.append(backups_in(target)[0])
    assert backups_in(target) == [names[2], names[1]]
    assert {"huisheng-notes.txt", "huisheng-old"} < {path.name for path in target.iterdir()}
    change(deployment.db, SYSTEM, "backup.nightly", False)
    outcome, message = night()
    assert outcome == "ok" and "switched off" in message
    assert backups_in(target) == [names[2], names[1]]
