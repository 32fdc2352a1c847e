"""`huisheng run` as a newcomer starts it: ready, revived, stopped cleanly."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.runtime.conftest import SURVEY
from tests.serving import Running, running


def _child(program: Running, word: str) -> psutil.Process:
    assert program.process is not None
    for process in psutil.Process(program.process.pid).children(recursive=True):
        if word in process.cmdline():
            return process
    raise AssertionError(f"there is no {word}")


def _wait_until_gone(pids: list[int]) -> None:
    limit = time.monotonic() + 60
    while any(psutil.pid_exists(pid) for pid in pids):
        assert time.monotonic() < limit
        time.sleep(0.1)


def _begin(program: Running) -> tuple[str, dict[str, str]]:
    url = f"{program.base}/api/v1/sessions"
    body = {"survey": SURVEY["id"], "channel": "miniprogram"}
    answer: dict[str, Any] = httpx.post(url, json=body).raise_for_status().json()
    return f"{url}/{answer['session']}", {"Authorization": f"Bearer {answer['token']}"}


@pytest.mark.slow
def test_run_revives_what_dies_and_ends_cleanly(tmp_path: Path) -> None:
    """A killed server and a killed worker come back; answers are there; nothing is left behind."""
    tmp_path.chmod(0o755)
    with running(tmp_path, HUISHENG_DEMO="no", HUISHENG_ENVIRONMENT="test") as program:
        program.publish(SURVEY)
        url, headers = _begin(program)
        saved = httpx.put(f"{url}/answers", json={"answers": {"overall": 2}}, headers=headers)
        assert saved.status_code == 200
        killed = [_child(program, "serve").pid, _child(program, "worker").pid]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        _wait_until_gone(killed)
        program.wait_ready()
        shown = httpx.get(url, headers=headers).json()
        assert shown["questions"][0]["value"] == 2
        assert program.process is not None
        family = [p.pid for p in psutil.Process(program.process.pid).children(recursive=True)]
        program.stop()
        assert program.process.returncode == 0
        _wait_until_gone(family)
    assert "/kiosk/" in program.log.read_text("utf-8")


@pytest.mark.slow
def test_open_connections_keep_nobody_out(tmp_path: Path) -> None:
    """Patients who read hold their connection; whoever comes next is answered all the same."""
    tmp_path.chmod(0o755)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = min(2200, hard - 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    with running(tmp_path, HUISHENG_DEMO="no", HUISHENG_ENVIRONMENT="test") as program:
        with ExitStack() as connections:
            for _ in range(held):
                address = ("127.0.0.1", program.port)
                reader = connections.enter_context(socket.create_connection(address, timeout=10))
                reader.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert reader.recv(4096).startswith(b"HTTP/1.1 200")
            assert httpx.get(f"{program.base}/health/ready", timeout=10).status_code == 200


def test_a_port_that_somebody_has_is_refused_at_once(tmp_path: Path) -> None:
    """Two programs never share a port, not even where the one before allows it."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        environment = {**os.environ, "HUISHENG_DATA_DIR": str(tmp_path), "HUISHENG_PORT": port}
        refused = subprocess.run(
            [sys.executable, "-m", "runtime.cli", "run"],
            env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert refused.returncode == 1
    assert port in refused.stderr and "HUISHENG_PORT" in refused.stderr
    assert not any(tmp_path.iterdir())
