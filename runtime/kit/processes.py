"""Child programs that are started again when they die, and die with us when we do."""

import ctypes
import os
import signal
import subprocess  # nosec B404 - starts only our own programs
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from runtime.kit.logging import logger

PR_SET_PDEATHSIG = 1  # linux/prctl.h
STOP_SECONDS = 30
QUICK_SECONDS = 5.0
CALM_SECONDS = 1.0

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, so that no orphan keeps a port."""
    if _libc is not None:  # pyright: ignore[reportUnnecessaryComparison] - None elsewhere
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1 and os.getpid() != 1 and os.environ.get("CHILD_OF_HUISHENG"):
            os._exit(1)


class Child:
    """One program that is kept running."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.start_after = 0.0

    def keep(self) -> None:
        """Start it if it does not run; one that keeps failing is given a moment in between."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            logger().warning("child_ended", child=self.name, status=self.process.returncode)
            is_quick = now - self.started_at < QUICK_SECONDS
            self.start_after = now + (CALM_SECONDS if is_quick else 0.0)
            self.process = None
        if now < self.start_after:
            return
        self.started_at = now
        self.process = subprocess.Popen(  # nosec B603 - our own program, no shell
            self.command, env=self.environment, preexec_fn=die_with_parent
        )

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, then force it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def supervise(
    children: Sequence[Child],
    is_stopping: Callable[[], bool],
    each_round: Callable[[], None] = lambda: None,
) -> None:
    """Keep the children running until told to stop, then end them cleanly."""
    try:
        while not is_stopping():
            for child in children:
                child.keep()
            each_round()
            time.sleep(0.1)
    finally:
        for child in children:
            child.stop()
        limit = time.monotonic() + STOP_SECONDS
        for child in children:
            child.wait(limit - time.monotonic())
