"""The database and the broker: those that the settings name, else embedded ones of our own.

With nothing configured the program starts its own PostgreSQL and Valkey, keeps them in the data
directory, revives them when they die, and stops them when the last program that uses them ends.
Several programs (`run`, and `migrate` beside it) share one pair; which of them is the last is told
by a lock that the kernel takes back from a killed process.
"""

import fcntl
import json
import logging
import os
import secrets
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from runtime.kit.place import open_data_dir, server_identity, server_place
from runtime.kit.postgres import ADMIN, APPLICATION, AUDITOR, OWNER, Postgres
from runtime.kit.settings import Settings
from runtime.kit.valkey import Valkey

WATCH_SECONDS = 0.5

_logger = logging.getLogger("huisheng.embedded")


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of the database, one for each role, and of the broker.

    `postgres` and `valkey` are the embedded servers, or nothing where the settings name others.
    """

    owner_url: str
    app_url: str
    auditor_url: str
    redis_url: str
    postgres: Postgres | None = None
    valkey: Valkey | None = None

    def __repr__(self) -> str:
        """Without the addresses, which hold passwords."""
        return f"Services(embedded={self.postgres is not None or self.valkey is not None})"


@contextmanager
def ensure_services(settings: Settings) -> Generator[Services]:
    """The services while the block runs: started, shared with other programs, or configured.

    Raises:
        ServerFailed: when an embedded server does not start.
    """
    if settings.database_url and settings.redis_url:
        yield _services(settings, None, None)
        return
    data_dir = open_data_dir(settings.data_dir)
    with (data_dir / "embedded.users").open("a") as users:
        with _alone(data_dir):
            fcntl.flock(users, fcntl.LOCK_SH)
            postgres, valkey = _servers(settings, data_dir)
            _start(postgres, valkey)
        stopping = threading.Event()
        watch = _watch(data_dir, postgres, valkey, stopping)
        try:
            yield _services(settings, postgres, valkey)
        finally:
            stopping.set()
            watch.join()
            with _alone(data_dir):
                if _is_last(users.fileno()):
                    _stop(postgres, valkey)


def _services(settings: Settings, postgres: Postgres | None, valkey: Valkey | None) -> Services:
    app = settings.database_url or (postgres.url(APPLICATION) if postgres else "")
    owner = settings.database_owner_url or (postgres.url(OWNER) if postgres else app)
    auditor = settings.database_auditor_url or (postgres.url(AUDITOR) if postgres else app)
    broker = settings.redis_url or (valkey.url if valkey else "")
    return Services(
        owner_url=owner,
        app_url=app,
        auditor_url=auditor,
        redis_url=broker,
        postgres=postgres,
        valkey=valkey,
    )


def _servers(settings: Settings, data_dir: Path) -> tuple[Postgres | None, Valkey | None]:
    identity = server_identity()
    place = server_place(data_dir, identity)
    passwords = _passwords(data_dir / "secrets" / "embedded.json")
    is_throwaway = settings.environment == "test"
    postgres = Postgres(place, identity, passwords, is_throwaway)
    valkey = Valkey(place, identity, passwords["valkey"])
    return (
        None if settings.database_url else postgres,
        None if settings.redis_url else valkey,
    )


def _passwords(path: Path) -> dict[str, str]:
    """The passwords of the embedded servers, drawn once and kept in a file only we may read."""
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    path.parent.mkdir(mode=0o700, exist_ok=True)
    names = (ADMIN, OWNER, APPLICATION, AUDITOR, "valkey")
    passwords = {name: secrets.token_hex(24) for name in names}
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(passwords, file)
    unfinished.rename(path)
    return passwords


@contextmanager
def _alone(data_dir: Path) -> Generator[None]:
    """One program at a time starts or stops servers."""
    with (data_dir / "embedded.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(postgres: Postgres | None, valkey: Valkey | None) -> None:
    if valkey is not None:
        valkey.start()
    if postgres is not None:
        postgres.start()


def _stop(postgres: Postgres | None, valkey: Valkey | None) -> None:
    if postgres is not None:
        postgres.stop()
    if valkey is not None:
        valkey.stop()


def _watch(
    data_dir: Path, postgres: Postgres | None, valkey: Valkey | None, stopping: threading.Event
) -> threading.Thread:
    """Revive a server that died, under the address it had, for as long as the block runs."""

    def watch() -> None:
        while not stopping.wait(WATCH_SECONDS):
            for server in (postgres, valkey):
                if server is not None and server.pid is None:
                    _revive(data_dir, server, stopping)

    thread = threading.Thread(target=watch, name="embedded-watch", daemon=True)
    thread.start()
    return thread


def _revive(data_dir: Path, server: Postgres | Valkey, stopping: threading.Event) -> None:
    with _alone(data_dir):
        if stopping.is_set():
            return
        _logger.warning("The embedded %s died; starting it again.", type(server).__name__)
        try:
            server.start()
        except Exception:
            _logger.exception("The embedded %s does not start.", type(server).__name__)
