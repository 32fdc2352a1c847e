"""One embedded server process: started, found again, watched and stopped by its directory."""

import contextlib
import os
import subprocess  # nosec B404 - starts only binaries found by absolute path
import time
from collections.abc import Sequence
from pathlib import Path
from signal import Signals

import psutil

from runtime.kit.place import Identity

LOG_LIMIT_BYTES = 10 * 1024 * 1024
LOG_TAIL_BYTES = 2000
SERVER_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
MAX_SOCKET_PATH = 100
"""Bytes of a Unix socket's path; Linux takes 107 (`man 7 unix`), some are left for the name."""


class ServerFailed(Exception):
    """An embedded server did not start; the message holds the end of its log."""


def running(pid: int | None, directory: Path) -> bool:
    """Whether `pid` is a live process that works in `directory`: ours, not a reused number."""
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()) == directory
    except psutil.Error:
        return False


def read_pid(path: Path) -> int | None:
    """The number on the first line of a pid file, or nothing where there is none."""
    try:
        first = path.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return int(first) if first.isdigit() else None


def start(
    command: Sequence[str | Path], log: Path, identity: Identity, *, standard_input: bytes = b""
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, so that Ctrl-C at the terminal does not reach it."""
    child = subprocess.Popen(  # nosec B603
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=_open_log(log, identity),
        stderr=subprocess.STDOUT,
        cwd="/",
        env=SERVER_ENVIRONMENT,
        start_new_session=True,
        umask=0o077,
        **identity.popen,
    )
    assert child.stdin is not None  # nosec B101 - a pipe was asked for above
    with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
        pipe.write(standard_input)
    return child


def _open_log(log: Path, identity: Identity) -> int:
    is_long = log.exists() and log.stat().st_size > LOG_LIMIT_BYTES
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if is_long else 0)
    descriptor = os.open(log, flags, 0o600)
    identity.own(log)
    return descriptor


def log_tail(log: Path) -> str:
    """The end of a server's log, for people who must find out why it did not start."""
    try:
        return log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", errors="replace").strip()
    except OSError:
        return "(no log)"


def stop(pid: int, directory: Path, signals: Sequence[tuple[Signals, float]]) -> None:
    """Send each signal in turn and wait its seconds, until the server is gone."""
    for signal, wait_seconds in signals:
        if not running(pid, directory):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal)
        deadline = time.monotonic() + wait_seconds
        while running(pid, directory) and time.monotonic() < deadline:
            time.sleep(0.02)


def socket_directory(place: Path, identity: Identity) -> Path:
    """A private directory for Unix sockets: in `place`, or in /tmp where that path is too long."""
    wanted = place / "run"
    if len(os.fsencode(wanted)) <= MAX_SOCKET_PATH - len("/.s.PGSQL.5432"):
        return _private(wanted, identity)
    return _private(Path(f"/tmp/huisheng-{place.stat().st_ino}-{identity.uid}"), identity)  # nosec B108


def _private(path: Path, identity: Identity) -> Path:
    """Made by us or already private to the user: in /tmp somebody else may have been first."""
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
        identity.own(path)
    found = path.lstat()
    if path.is_symlink() or found.st_uid != identity.uid or found.st_mode & 0o077:
        raise ServerFailed(f"{path} belongs to somebody else; remove it or set HUISHENG_DATA_DIR.")
    return path
