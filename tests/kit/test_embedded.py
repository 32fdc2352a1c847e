"""The embedded servers keep what was acknowledged, keep others out, and are found again."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from runtime.kit.embedded import Services, ensure_services
from runtime.kit.place import Identity
from runtime.kit.postgres import SOCKET_LOCK
from runtime.kit.settings import Settings, read_settings

PATIENCE_SECONDS = 60
NOBODY = 65534


@pytest.fixture
def settings() -> Settings:
    """Settings for servers of this test's own, in a place that any system user may pass through."""
    directory = Path(os.environ["HUISHENG_TEST_DIR"]) / f"own-{time.monotonic_ns()}"
    return read_settings({"HUISHENG_DATA_DIR": str(directory)})


def eventually(attempt: Callable[[], object]) -> None:
    """Try until it works: a server that was killed needs a moment to come back."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            attempt()
        except (psycopg.OperationalError, redis.RedisError):
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.05)
        else:
            return


def remember(services: Services, number: int) -> None:
    with psycopg.connect(services.owner_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def remembered(services: Services) -> list[int]:
    with psycopg.connect(services.owner_url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM kept ORDER BY 1")]


def pids(services: Services) -> tuple[int, int]:
    assert services.postgres is not None
    assert services.valkey is not None
    postgres, valkey = services.postgres.pid, services.valkey.pid
    assert postgres is not None
    assert valkey is not None
    return postgres, valkey


def test_servers_killed_at_work_come_back_with_everything(settings: Settings) -> None:
    with ensure_services(settings) as services:
        remember(services, 1)
        broker = redis.Redis.from_url(services.redis_url)
        broker.set("kept", "yes")
        time.sleep(1.1)  # the append-only file is written through every second
        killed = pids(services)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: remember(services, 2))
        eventually(broker.ping)
        assert remembered(services) == [1, 2]
        assert broker.get("kept") == b"yes"
        assert set(pids(services)).isdisjoint(killed)
        broker.close()


def test_servers_stop_with_the_last_program_and_start_again(settings: Settings) -> None:
    with ensure_services(settings) as first:
        remember(first, 1)
        with ensure_services(settings) as second:
            assert pids(second) == pids(first)
        remember(first, 2)
    assert first.postgres is not None
    assert first.valkey is not None
    assert (first.postgres.pid, first.valkey.pid) == (None, None)
    with ensure_services(settings) as again:
        assert remembered(again) == [1, 2]


def test_a_program_that_was_killed_leaves_servers_that_the_next_one_finds(
    settings: Settings,
) -> None:
    program = (
        "import os, sys, time\n"
        "from runtime.kit.embedded import ensure_services\n"
        "from runtime.kit.settings import read_settings\n"
        "with ensure_services(read_settings(os.environ)):\n"
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    environ = {"HUISHENG_DATA_DIR": str(settings.data_dir), "PATH": os.environ["PATH"]}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.kill()
    with ensure_services(settings) as found:
        remember(found, 1)
        left = pids(found)
    assert not any(_is_alive(pid) for pid in left)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return b"State:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()


def test_a_pid_file_that_names_somebody_else_does_not_keep_the_server_down(
    settings: Settings,
) -> None:
    with ensure_services(settings) as services:
        remember(services, 1)
    assert services.postgres is not None
    pid_file = services.postgres.directory / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{services.postgres.directory}\n", encoding="ascii")
    with ensure_services(settings) as again:
        assert remembered(again) == [1]


def test_a_socket_lock_that_a_killed_server_left_does_not_keep_it_down(settings: Settings) -> None:
    """The lock names a living process of the same user, as after a quick reuse of numbers."""
    with ensure_services(settings) as services:
        remember(services, 1)
    server = services.postgres
    assert server is not None
    other = subprocess.Popen(["/bin/sleep", "60"], cwd="/", **server.identity.popen)
    try:
        lock = next(server.place.glob("run/"), server.place) / SOCKET_LOCK
        lock.write_text(f"{other.pid}\n{server.directory}\n", encoding="ascii")
        lock.chmod(0o644)
        with ensure_services(settings) as again:
            assert remembered(again) == [1]
    finally:
        other.kill()
        other.wait()


def test_nobody_signs_in_without_the_password(services: Services) -> None:
    without = services.app_url.split(":", 2)
    assert services.postgres is not None
    stranger = f"{without[0]}:{without[1]}:wrong@" + services.app_url.split("@", 1)[1]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stranger)
    client = redis.Redis.from_url(services.redis_url.split("?", 1)[0])
    with pytest.raises(redis.AuthenticationError):
        client.ping()
    client.close()


def test_no_role_of_the_programs_is_above_row_level_security(services: Services) -> None:
    with psycopg.connect(services.app_url) as connection:
        rows = connection.execute(
            "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb"
            " FROM pg_roles WHERE rolname IN ('huisheng_owner', 'huisheng_app', 'huisheng_auditor')"
        ).fetchall()
    assert sorted(rows) == [
        ("huisheng_app", False),
        ("huisheng_auditor", False),
        ("huisheng_owner", False),
    ]


def test_the_application_cannot_change_tables(services: Services) -> None:
    with (
        psycopg.connect(services.app_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("CREATE TABLE mine (x integer)")


def test_chinese_sorts_and_folds_by_code_point(services: Services) -> None:
    with psycopg.connect(services.app_url) as connection:
        row = connection.execute(
            "SELECT datctype, upper('é'), length('回声')"
            " FROM pg_database WHERE datname = 'huisheng'"
        ).fetchone()
    assert row == ("C.UTF-8", "É", 2)


def test_files_and_passwords_are_closed_to_others(settings: Settings) -> None:
    with ensure_services(settings) as services:
        assert services.postgres is not None
        place = services.postgres.place
        secret = settings.data_dir / "secrets" / "embedded.json"
        for path in (place, place / "postgres", place / "valkey", place / "run", secret.parent):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert "huisheng_app" not in repr(services)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as another user")
def test_root_runs_them_as_another_user_without_opening_its_own_directories(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with ensure_services(read_settings({"HUISHENG_DATA_DIR": str(closed / "var")})) as services:
        assert services.postgres is not None
        remember(services, 1)
        assert Path(f"/proc/{pids(services)[0]}").stat().st_uid != 0
        place = services.postgres.place
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert (closed / "var" / "embedded").resolve() == place
    _remove(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_a_user_who_is_not_root_runs_them_as_itself() -> None:
    if not Identity(NOBODY, NOBODY, is_other=True).reaches(Path(psycopg.__file__).parent):
        pytest.skip("this working copy lies where other users cannot read it")
    directory = Path(os.environ["HUISHENG_TEST_DIR"]) / f"nobody-{time.monotonic_ns()}"
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)
    program = (
        "import os, psycopg, encodings.ascii, encodings.idna\n"
        "from runtime.kit.embedded import ensure_services\n"
        "from runtime.kit.settings import read_settings\n"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "with ensure_services(read_settings(os.environ)) as services:\n"
        "    with psycopg.connect(services.app_url) as connection:\n"
        "        print(os.geteuid(), connection.execute('SELECT 1').fetchone())\n"
        "    print(os.stat(f'/proc/{services.postgres.pid}').st_uid)\n"
    )
    environ = {"HUISHENG_DATA_DIR": str(directory / "var"), "PATH": os.environ["PATH"]}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert result.stdout == f"{NOBODY} (1,)\n{NOBODY}\n", result.stderr


def _remove(place: Path) -> None:
    for path in sorted(place.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    place.rmdir()
