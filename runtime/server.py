"""The HTTP server: granian with as many worker processes as the settings say."""

import contextlib
import os
import resource
import shutil
import tempfile

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server

from runtime.kit.logging import logger
from runtime.kit.settings import Settings

TARGET = "runtime.programs:granian_app"
BACKLOG = 4096  # connections the system may hold until they are accepted
SPARE_FILES = 512  # for the database, the broker, uploads and the modules still to be imported
STOP_SECONDS = 20
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when it is imported


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; a worker process that dies is replaced.

    The environment must hold the addresses of the database and the broker.
    """
    with contextlib.ExitStack() as stack:
        if settings.workers > 1:  # one process counts in memory, which is much cheaper
            numbers = tempfile.mkdtemp(prefix="huisheng-metrics-")
            stack.callback(shutil.rmtree, numbers, ignore_errors=True)
            os.environ[MULTIPROCESS] = numbers
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
            backpressure=_connections(settings.max_connections),
            http=HTTPModes.http1,  # what proxies speak to us; one way to read a request less
            http1_settings=HTTP1Settings(keep_alive=True),
            respawn_failed_workers=True,
            respawn_interval=0.2,
            workers_kill_timeout=STOP_SECONDS,
            log_access=False,
        ).serve()


def _connections(wanted: int) -> int:
    """How many open connections a worker process accepts, its open files allowing.

    A browser keeps its connection while the patient reads; one that is not accepted waits without
    an answer, so the number is far above that of the requests at work, which the line before the
    threads bounds with 503.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < files:
        soft = files if hard == resource.RLIM_INFINITY else min(files, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= files:
        return wanted
    allowed = max(16, soft - SPARE_FILES)
    logger().warning("open_files_limit", connections=allowed, wanted=wanted)
    return allowed
