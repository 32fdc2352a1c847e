"""The stylesheets, scripts and drawings of both HTML channels."""

import mimetypes
from functools import cache
from pathlib import Path

from litestar import Response, get
from litestar.params import FromPath

from renderers.web.environment import STATIC
from runtime.kit.http import Http
from runtime.kit.problems import NotFound

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Every static file by path: media type and content; nothing else can be asked for."""
    return {
        str(file.relative_to(STATIC)): (_media_type(file), file.read_bytes())
        for file in sorted(STATIC.rglob("*"))
        if file.is_file() and not file.name.startswith(".")
    }


def _media_type(file: Path) -> str:
    if file.suffix in (".js", ".mjs"):
        return "text/javascript"
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"


@get("/static/{path:path}", sync_to_thread=False, include_in_schema=False, opt={"public": True})
def static_file(request: Http, path: FromPath[Path]) -> Response[bytes]:
    """One file; for good where the address holds a digest of its content."""
    found = _files().get(str(path).lstrip("/"))
    if found is None:
        raise NotFound("route", "There is no such file.")
    media_type, content = found
    keep = FOREVER if "v" in request.query_params else ASK_AGAIN
    return Response(content, media_type=media_type, headers={"cache-control": keep})
