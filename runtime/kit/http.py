"""Reading requests: bodies are measured before they are decoded, and answers are written once."""

import re
from collections.abc import Set
from itertools import accumulate
from typing import Any, TypeVar, cast
from urllib.parse import quote

import msgspec
from litestar import MediaType, Request, Response
from litestar.datastructures import FormMultiDict, State, UploadFile
from litestar.exceptions import HTTPException

from runtime.kit.bodies import MULTIPART, form_of
from runtime.kit.ids import new_id
from runtime.kit.problems import (
    PROBLEM_TYPE,
    AppError,
    BadRequest,
    NotSignedIn,
    ProblemBody,
    UnsupportedMedia,
    WordedProblem,
    unknown,
)

T = TypeVar("T")
Http = Request[Any, Any, State]

JSON = "application/json"
MAX_DEPTH = 32
MAX_NAMED = 20
_MISSING = re.compile(r"Object missing required field `(\w+)`$")
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A JSON string, closed or not; an open one takes the rest, so that none is looked at twice."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def is_too_deep(body: bytes, depth: int = MAX_DEPTH) -> bool:
    """Whether JSON nests deeper than `depth`, seen from its brackets alone."""
    if body.count(b"{") + body.count(b"[") <= depth:
        return False
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > depth


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def read_json(request: Http, body: bytes, kind: type[T]) -> T:
    """The body as a value of `kind`; an empty body counts as `{}`.

    Raises:
        BadRequest: not JSON, too deep, an unknown member, or a member of another type.
        UnsupportedMedia: the body says that it is no JSON.
    """
    if body and media_of(request, JSON) != JSON:
        raise UnsupportedMedia("media_type", "Send the body as application/json.")
    if is_too_deep(body):
        raise BadRequest("too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise _unfit(body, kind, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest("unreadable", without_values(str(error))) from None


async def read_form(request: Http, fields: Set[str]) -> tuple[FormMultiDict, list[UploadFile]]:
    """A multipart body whose fields are all known, and its files, whatever they are called.

    Raises:
        UnsupportedMedia: the body is no form.
        BadRequest: a field that the call does not know.
    """
    if media_of(request) != MULTIPART:
        raise UnsupportedMedia("media_type", "Send the body as multipart/form-data.")
    form = await form_of(request)
    items = list(form.multi_items())
    files = [value for _, value in items if isinstance(value, UploadFile)]
    others = {name for name, value in items if not isinstance(value, UploadFile)} - fields
    if others:
        given = frozenset(str(name) for name, _ in items)
        problems = [unknown("field", name, fields, given) for name in sorted(others)[:MAX_NAMED]]
        raise BadRequest("multipart", "", problems=problems)
    return form, files


def media_of(request: Http, default: str = "") -> str:
    """The media type of a body, without its parameters."""
    return request.headers.get("content-type", default).partition(";")[0].strip().lower()


def _unfit(body: bytes, kind: Any, message: str) -> BadRequest:
    """The refusal of a body of another shape: all its unknown members, else what msgspec found."""
    given = msgspec.json.decode(body or b"{}")
    if isinstance(given, dict):
        written = cast(dict[str, Any], given).keys()
        names = {field.encode_name for field in msgspec.structs.fields(kind)}
        others = sorted(written - names)[:MAX_NAMED]
        if others:
            problems = [unknown("member", name, names, written) for name in others]
            return BadRequest("unreadable", "", problems=problems)
    missing = _MISSING.match(message)
    at = f"/{missing[1]}" if missing else _place(message)
    return BadRequest("unreadable", without_values(message), at=at)


def _place(message: str) -> str:
    """The JSON pointer out of msgspec's `… - at `$.a[0]``."""
    found = re.search(r"at `\$([^`]*)`$", message)
    if not found:
        return ""
    return re.sub(r"\.|\[", "/", found[1]).replace("]", "")


def without_values(message: str) -> str:
    """msgspec's sentence without its place and what the sender wrote into the values."""
    sentence = message.split(" - at ")[0]
    return sentence.partition(" '")[0] if sentence.endswith("'") else sentence


def give_number(request: Http) -> str:
    """A number for a request that went wrong: the log's line has it, and so has the page that a
    person reads, who can tell it to whoever looks after the program."""
    request.state["number"] = number = str(new_id())
    return number


def number_of(request: Http) -> str:
    """The number that was given to a request; "" where nothing of it stands in the log."""
    return request.state.get("number", "")


def bearer_token(request: Http) -> str | None:
    """The token of the Authorization header, or None where there is none."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedIn("token", "Send Authorization: Bearer <token>.")
    return token.strip()


def status_of(error: HTTPException) -> int:
    """What a refusal of the framework's answers; a body that broke off is the sender's doing,
    for which the framework has no word but 500."""
    return 400 if error.status_code == 500 else error.status_code


def address_header(address: str) -> str:
    """An address as a header may hold it: letters beyond ASCII and line ends percent-encoded."""
    return quote(address, safe="/#%[]=:;$&()+,!?*@'~")


def attachment_header(name: str) -> str:
    """A Content-Disposition that saves under this name, whatever its letters (RFC 6266, 5987)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def json_response(content: Any, status: int = 200, **headers: str) -> Response[bytes]:
    """A JSON answer, encoded here so that handlers in threads pay for it, not the event loop."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type=MediaType.JSON,
        headers={"cache-control": "no-store"} | headers,
    )


def problem_response(
    status: int,
    title: str,
    problems: tuple[WordedProblem, ...],
    *,
    view: Any = None,
    confirm: str | None = None,
    retry_after: int | None = None,
    request_id: str | None = None,
) -> Response[bytes]:
    """An `application/problem+json` answer."""
    body = ProblemBody(
        title=title,
        status=status,
        problems=problems,
        view=None if view is None else msgspec.Raw(msgspec.json.encode(view)),
        confirm=confirm,
        request_id=request_id,
    )
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    if status == NotSignedIn.status:
        headers["www-authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(body), status_code=status, media_type=PROBLEM_TYPE, headers=headers
    )


def app_error_response(error: AppError) -> Response[bytes]:
    """An AppError as it travels."""
    return problem_response(
        error.status,
        error.title,
        error.problems,
        confirm=error.confirm,
        retry_after=error.retry_after,
    )
