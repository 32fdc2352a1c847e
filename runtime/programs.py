"""The web programs: any subset of the channels as one application.

A channel's pages come from `runtime.<channel>.routes`, whose `route_handlers(deployment)` gives
them; handlers find the dependencies `deployment` and `sessions`.
"""

import gc
import importlib
import importlib.util
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa
from litestar import Litestar, Response, Router, get
from litestar.concurrency import set_asyncio_executor
from litestar.config.app import AppConfig
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ControllerRouterHandler
from sqlalchemy import exc

from runtime import __version__, migrations
from runtime.bank.routes import bank_router
from runtime.kit import metrics
from runtime.kit.bodies import in_time
from runtime.kit.executor import BoundedExecutor
from runtime.kit.http import (
    Http,
    app_error_response,
    give_number,
    json_response,
    problem_response,
    status_of,
)
from runtime.kit.limits import Limits
from runtime.kit.logging import logger, set_up_logging
from runtime.kit.openapi import published
from runtime.kit.problems import AppError, BadRequest, NotFound, Overloaded, WordedProblem
from runtime.kit.processes import die_with_parent
from runtime.kit.query import known_parameters_only, unreadable_parameters
from runtime.kit.settings import Channel, Settings, read_settings
from runtime.kit.words import say
from runtime.org.routes import dictionary_router
from runtime.responses.routes import list_responses, session_router
from runtime.surveys.routes import list_surveys, show_asset, survey_router
from runtime.web.static import static_file
from runtime.wiring import Deployment

API = "/api/v1"
MAX_BODY_BYTES = 1024 * 1024

DATABASE_AWAY = "The database is away for a moment; nothing was stored; try again shortly."

HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
Refusal = Callable[[Http, AppError], Response[Any]]
RAW_HEADERS = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
HSTS = (b"strict-transport-security", b"max-age=31536000")
"""A year of https alone for this host; the hospital's other hosts are its own business (S20)."""


def create_app(deployment: Deployment, channels: Sequence[Channel]) -> Litestar:
    """The application for these channels; closing it gives the connections back."""
    settings = deployment.settings
    set_asyncio_executor(BoundedExecutor(settings.pool_size, settings.max_waiting))
    limits = Limits(deployment.redis_url, settings.trusted_proxies)
    handlers: list[ControllerRouterHandler] = [live, ready, show_metrics]
    handlers.append(_api(deployment, channels))
    if {"web", "kiosk", "staff"} & set(channels):
        handlers.append(static_file)
    for channel in channels:
        handlers.extend(_pages(channel, deployment))
    refusals = _refusals(channels, deployment)
    app = Litestar(
        route_handlers=handlers,
        dependencies={
            "deployment": Provide(lambda: deployment, sync_to_thread=False, use_cache=True),
            "sessions": Provide(lambda: deployment.sessions, sync_to_thread=False),
        },
        exception_handlers={
            kind: _told(refusals, answer)
            for kind, answer in (
                (AppError, _on_app_error),
                (HTTPException, _on_http_exception),
                (psycopg.OperationalError, _on_lost_database),
                (exc.OperationalError, _on_lost_database),
                (exc.TimeoutError, _on_lost_database),
                (exc.DataError, _on_impossible_value),
                (Exception, _on_bug),
            )
        },
        middleware=[limits.middleware],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=_openapi(),
        on_shutdown=[deployment.close, limits.close],
        on_app_init=[_no_default_logging],
    )
    headers = [*RAW_HEADERS, HSTS] if settings.public_url.startswith("https://") else RAW_HEADERS
    app.asgi_handler = metrics.measured(in_time(app.asgi_handler), headers)
    return app


def _api(deployment: Deployment, channels: Sequence[Channel]) -> Router:
    """Pictures and pickers serve every channel; sessions the mini-program and the kiosk's phone."""
    handlers: list[ControllerRouterHandler] = [show_asset, show_openapi, dictionary_router()]
    if "miniprogram" in channels or "staff" in channels:
        handlers.extend((list_surveys, session_router(deployment.settings)))
    if "staff" in channels:
        handlers.extend((survey_router(), bank_router(), list_responses))
    return Router(
        API,
        route_handlers=handlers,
        before_request=known_parameters_only,
        exception_handlers={ValidationException: unreadable_parameters},
    )


def _pages(channel: Channel, deployment: Deployment) -> Sequence[ControllerRouterHandler]:
    name = f"runtime.{channel}.routes"
    if importlib.util.find_spec(f"runtime.{channel}") is None:
        return ()
    if importlib.util.find_spec(name) is None:
        return ()
    return importlib.import_module(name).route_handlers(deployment)


def _refusals(channels: Sequence[Channel], deployment: Deployment) -> Mapping[str, Refusal]:
    """How each channel of pages tells a person what went wrong, by the start of its addresses."""
    found: dict[str, Refusal] = {}
    for channel in channels:
        if channel in ("web", "staff"):
            found |= importlib.import_module(f"runtime.{channel}.routes").refusals(deployment)
    return dict(sorted(found.items(), key=lambda one: len(one[0]), reverse=True))


def _told(refusals: Mapping[str, Refusal], answer: Callable[[Http, Any], Response[bytes]]) -> Any:
    """The answer as a page where a person reads it, else as a program reads it.

    Addresses of pages that do not exist, lost databases and bugs come here from every channel.
    """

    def handle(request: Http, error: Any) -> Response[Any]:
        plain = answer(request, error)
        path = request.url.path
        is_read = "text/html" in request.headers.get("accept", "") and not path.startswith(API)
        tell = next((one for start, one in refusals.items() if path.startswith(start)), None)
        if not is_read or tell is None:
            return plain
        refused = error if isinstance(error, AppError) else AppError("request", "")
        refused.status = plain.status_code or refused.status
        return tell(request, refused)

    return handle


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Huisheng",
        version=__version__,
        openapi_router=Router(
            "/schema", route_handlers=[], guards=[_nobody], include_in_schema=False
        ),
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
    )


def _nobody(_connection: Any, _handler: Any) -> None:
    """The framework serves a description of its own; ours is `/api/v1/openapi.json` (S54)."""
    raise NotFound("route", "There is nothing here.")


def _no_default_logging(config: AppConfig) -> AppConfig:
    """Litestar's own logging set-up stays out: ours is made by the program."""
    config.logging_config = None
    return config


@get("/openapi.json", sync_to_thread=True, include_in_schema=False, opt={"public": True})
def show_openapi(request: Http) -> Response[bytes]:
    """The description of this API, OpenAPI 3.1."""
    return json_response(published(request.app.openapi_schema.to_schema()))


# Health


@get("/health/live", sync_to_thread=False, include_in_schema=False, opt={"public": True})
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@get("/health/ready", sync_to_thread=True, include_in_schema=False, opt={"public": True})
def ready(deployment: NamedDependency[Deployment]) -> Response[bytes]:
    """The database answers and has the shape that this version expects."""
    with deployment.db.begin() as connection:
        revision = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if revision != migrations.newest():
        raise Overloaded("migrations_pending", "The database waits for its migrations.")
    return json_response({"status": "ready"})


@get("/metrics", sync_to_thread=True, include_in_schema=False, opt={"public": True})
def show_metrics(request: Http) -> Response[bytes]:
    """Numbers for Prometheus, on this machine only."""
    return metrics.page(request)


# Errors


def _on_app_error(_: Http, error: AppError) -> Response[bytes]:
    return app_error_response(error)


def _on_http_exception(_: Http, error: HTTPException) -> Response[bytes]:
    status = status_of(error)
    title = TITLES.get(status, "Not possible")
    problem = WordedProblem(HTTP_CODES.get(status, "request"), "", f"{title}.")
    answer = problem_response(status, title, (problem,))
    for name, value in (error.headers or {}).items():
        answer.set_header(name, value)
    return answer


HTTP_CODES = {400: "unreadable", 404: "route", 405: "method", 413: "too_large", 415: "media_type"}
TITLES = {
    400: "The request cannot be read",
    404: "There is nothing here",
    405: "This method is not possible here",
    413: "The body is too large",
    415: "This media type is not accepted",
}


def _on_lost_database(request: Http, error: Exception) -> Response[bytes]:
    """The database is away or starting again: nothing was acknowledged, the caller may repeat."""
    number = give_number(request)
    logger().warning("database_unavailable", error=type(error).__name__, request_id=number)
    return app_error_response(Overloaded("database_unavailable", DATABASE_AWAY))


def _on_impossible_value(request: Http, error: exc.DataError) -> Response[bytes]:
    """A value that no column can hold, such as one with a NUL: the caller's fault, worth a line."""
    number = give_number(request)
    error_name = type(error.orig).__name__
    logger().warning("value_refused_by_database", error=error_name, request_id=number)
    return app_error_response(BadRequest("unreadable", "A value of the request cannot be stored."))


def _on_bug(request: Http, error: Exception) -> Response[bytes]:
    """Log where it happened, without messages: they may hold what a patient wrote."""
    number = give_number(request)
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{os.path.relpath(f.filename)}:{f.lineno}" for f in frames[-6:]]
    logger().error("bug", error=type(error).__name__, where=where, request_id=number)
    problem = WordedProblem("internal", "", say("internal", "en"))
    return problem_response(500, "Internal error", (problem,), request_id=number)


# Entry point of a server's worker process


def granian_app() -> Any:
    """The application of one worker process; `serve` has put the addresses into the environment."""
    settings: Settings = read_settings(os.environ)
    die_with_parent()
    set_up_logging(settings.log_level)
    assert settings.database_url and settings.redis_url
    deployment = Deployment(
        settings,
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        name="huisheng-serve",
    )
    app = create_app(deployment, settings.channels)
    gc.collect()
    gc.freeze()  # what a process keeps for its whole life is not searched for garbage again
    return app
