"""The mini-program channel: the page view as JSON, and problems as the API words them."""

from collections.abc import Sequence
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


class ProblemLine(msgspec.Struct, frozen=True):
    """One problem: its code, a JSON pointer to the answer, a sentence in the session's language."""

    code: str
    at: str
    message: str


class Trouble(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457's members with ours; `view` is the current page where there is one."""

    title: str
    status: int
    problems: Sequence[ProblemLine]
    type: str = "about:blank"
    view: Any = None


def render(view: Any) -> bytes:
    """A page view as `huisheng.page/1`, UTF-8 JSON (schemas/page.json)."""
    return _encode(view)


def render_error(
    title: str, status: int, problems: Sequence[ProblemLine], *, view: Any = None
) -> bytes:
    """What went wrong as `application/problem+json`."""
    return _encode(Trouble(title=title, status=status, problems=problems, view=view))
