"""Counters and durations for Prometheus, over all worker processes of one server.

`serve` names a directory in `PROMETHEUS_MULTIPROC_DIR` before anything is imported; every worker
process writes its numbers there, and whichever is asked adds them up.
"""

import os
import time
from collections.abc import Sequence
from functools import lru_cache

from litestar import MediaType, Response
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from runtime.kit.http import Http
from runtime.kit.problems import NotFound

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)

requests_seconds = Histogram(
    "huisheng_http_request_seconds",
    "Time to answer, by route",
    ["method", "route"],
    buckets=BUCKETS,
)
requests_total = Counter(
    "huisheng_http_requests_total", "Requests, by route and status", ["method", "route", "status"]
)
sessions_started = Counter("huisheng_sessions_started_total", "Sessions begun", ["channel"])
responses_submitted = Counter("huisheng_responses_submitted_total", "Responses stored", ["channel"])

RawHeaders = Sequence[tuple[bytes, bytes]]

LOCAL = ("127.0.0.1", "::1")
PASSED_ON = frozenset(("x-forwarded-for", "x-real-ip", "forwarded", "via"))
"""What a proxy on the same machine writes: then the caller is somebody else."""


def measured(app: ASGIApp, headers: RawHeaders) -> ASGIApp:
    """The app with each request counted under its route's template, never its address, and each
    answer, refusals too, given those of `headers` that it does not set itself.

    One layer does both, around everything: each layer costs every request some microseconds.
    """

    async def measure(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = list(message["headers"])
                present = {name.lower() for name, _ in own}
                message["headers"] = own + [pair for pair in headers if pair[0] not in present]
            await send(message)

        try:
            await app(scope, receive, watch)
        finally:
            route = str(scope.get("path_template") or "unknown")
            seconds, total = _series(scope["method"], route, status)
            total.inc()
            seconds.observe(time.perf_counter() - began)

    return measure


@lru_cache(maxsize=4096)
def _series(method: str, route: str, status: int) -> tuple[Histogram, Counter]:
    """The two series of a route and status; finding them by labels costs more than counting."""
    return (
        requests_seconds.labels(method, route),
        requests_total.labels(method, route, str(status)),
    )


def page(request: Http) -> Response[bytes]:
    """The numbers, for a scraper on the same machine; nobody else is told that they exist."""
    client = request.client.host if request.client else ""
    if client not in (*LOCAL, "testclient") or PASSED_ON & set(request.headers.keys()):
        raise NotFound("route", "There is nothing here.")
    registry = REGISTRY
    if os.environ.get(MULTIPROCESS):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    return Response(
        generate_latest(registry),
        media_type=MediaType.TEXT,
        headers={"content-type": CONTENT_TYPE_LATEST},
    )
