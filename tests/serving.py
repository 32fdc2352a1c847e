"""Runs the program as its users do, in a data directory of its own, and speaks to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from click.testing import CliRunner

from runtime.cli import SETTINGS_EXIT, commands
from runtime.kit.settings import SettingsError

HUISHENG = Path(sys.executable).parent / "huisheng"
READY_SECONDS = 180


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(base: str, path: str = "/health/ready") -> bool:
    """Whether a program answers 200 now.

    Asked many times while one starts, without httpx: each of its clients reads every certificate
    of the machine first.
    """
    place = urlsplit(base)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Running:
    """`huisheng run` in a directory of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HUISHENG_")},
            "HUISHENG_PORT": str(self.port),
            "HUISHENG_DATA_DIR": str(folder / "var"),
            **settings,
        }
        self.log = folder / "run.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it says that it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(HUISHENG), "run"], env=self.environment, stdout=log, stderr=log
            )
        self.wait_ready()

    def wait_ready(self) -> None:
        """Waits for `/health/ready` to answer 200."""
        limit = time.monotonic() + READY_SECONDS
        while time.monotonic() < limit:
            if self.is_ready():
                return
            if self.process is not None and self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"not ready:\n{self.log.read_text('utf-8', 'replace')[-4000:]}")

    def is_ready(self) -> bool:
        """Whether it answers 200 now."""
        return answers(self.base)

    def command(self, *words: str) -> str:
        """What a command of ours prints, run beside the program."""
        done = subprocess.run(
            [str(HUISHENG), *words], env=self.environment, capture_output=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def token(self, *scopes: str) -> str:
        """A new API token with these scopes."""
        words = [word for scope in scopes for word in ("--scope", scope)]
        return self.command("token", "create", *words).strip().splitlines()[-1]

    def stop(self) -> None:
        """Ends it as Ctrl-C would, and waits."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def publish(self, document: dict[str, Any]) -> None:
        """Posts a survey and publishes it, its warnings confirmed."""
        headers = {"Authorization": f"Bearer {self.token('surveys:write')}"}
        body = json.dumps(document)
        url = f"{self.base}/api/v1/surveys?publish=true"
        answer = httpx.post(url, content=body, headers=headers, timeout=30)
        if answer.status_code == 409:
            confirm = answer.json()["confirm"]
            answer = httpx.post(
                f"{url}&confirm={confirm}", content=body, headers=headers, timeout=30
            )
        answer.raise_for_status()


@contextmanager
def running(folder: Path, **settings: str) -> Generator[Running]:
    """The program, ready, for as long as the block lasts."""
    program = Running(folder, **settings)
    try:
        program.start()
        yield program
    finally:
        program.stop()


class Place:
    """One server as its operator types at it."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("HUISHENG_")},
            "HUISHENG_ENVIRONMENT": "test",
            "HUISHENG_DATA_DIR": str(data_dir),
            **settings,
        }

    def begin(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """A command that goes on while the test does."""
        return subprocess.Popen(
            [str(HUISHENG), *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def type(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """What a command ends with, as a process: its exit code, output and messages."""
        changed = {k: v for k, v in (self.environment | settings).items() if v}
        done = subprocess.run(
            [str(HUISHENG), *words], env=changed, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout.strip(), done.stderr.strip()

    def call(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """The same within this process: quicker, where processes are not the claim."""
        environ = {k: v for k, v in (self.environment | settings).items() if v}
        left = {k: None for k in os.environ if k.startswith("HUISHENG_")}
        done = CliRunner(env=left | environ).invoke(commands, words)
        if isinstance(done.exception, SettingsError):
            return SETTINGS_EXIT, done.stdout.strip(), str(done.exception)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout.strip(), done.stderr.strip()


def wait_ready(base: str, process: subprocess.Popen[str]) -> None:
    """Waits until a program that was started answers that it is ready."""
    limit = time.monotonic() + READY_SECONDS
    while time.monotonic() < limit and process.poll() is None:
        if answers(base):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{base} is not ready")
