"""Bodies that would keep us busy for their size alone: forms of countless fields, and slow ones."""

import asyncio
import time
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict
from litestar.types import ASGIApp, Receive, Scope, Send

from runtime.kit.problems import TooLarge, TooSlow

MAX_FIELDS = 20_000
"""A survey of a thousand questions has some thousand; a body within its measure could hold millions
of empty ones, each of which is read before anybody knows who sent them."""
MULTIPART = "multipart/form-data"
SILENT_SECONDS = 30.0
WHOLE_SECONDS = 600.0


async def form_of(connection: ASGIConnection[Any, Any, Any, Any]) -> FormMultiDict:
    """The posted form; the framework bounds the parts of a multipart one.

    Raises:
        TooLarge: more than 20,000 fields.
    """
    request: Any = connection
    if not connection.headers.get("content-type", "").lower().startswith(MULTIPART):
        body: bytes = await request.body()
        if body.count(b"&") > MAX_FIELDS:
            raise TooLarge("too_large", f"A form has at most {MAX_FIELDS} fields.")
    return await request.form()


def in_time(
    app: ASGIApp, *, silent_seconds: float = SILENT_SECONDS, whole_seconds: float = WHOLE_SECONDS
) -> ASGIApp:
    """The application, for which a body that stands still for so long, or takes so long, is over.

    A connection costs little and there are many, but each that is held open is one less.
    """

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            receive = _in_time(receive, silent_seconds, whole_seconds)
        await app(scope, receive, send)

    return timed


def _in_time(receive: Receive, silent_seconds: float, whole_seconds: float) -> Receive:
    began = time.monotonic()
    is_whole = False

    async def receive_in_time() -> Any:
        nonlocal is_whole
        if is_whole:
            return await receive()
        left = began + whole_seconds - time.monotonic()
        try:
            async with asyncio.timeout(min(silent_seconds, left)):
                message = await receive()
        except TimeoutError:
            raise TooSlow("too_slow", "The body did not arrive in time; send it again.") from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time
