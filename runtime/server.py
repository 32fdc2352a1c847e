"""The HTTP server: granian with as many worker processes as the settings say."""

import os
import shutil
import tempfile

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

from runtime.kit.settings import Settings

TARGET = "runtime.programs:granian_app"
BACKLOG = 2048
STOP_SECONDS = 20
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when it is imported


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; a worker process that dies is replaced.

    The environment must hold the addresses of the database and the broker.
    """
    numbers = tempfile.mkdtemp(prefix="huisheng-metrics-")
    os.environ[MULTIPROCESS] = numbers
    try:
        Server(
            TARGET,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            factory=True,
            workers=settings.workers,
            loop=Loops.asyncio,
            websockets=False,
            backlog=BACKLOG,
            http1_settings=HTTP1Settings(keep_alive=True),
            respawn_failed_workers=True,
            respawn_interval=0.2,
            workers_kill_timeout=STOP_SECONDS,
            log_access=False,
        ).serve()
    finally:
        shutil.rmtree(numbers, ignore_errors=True)
