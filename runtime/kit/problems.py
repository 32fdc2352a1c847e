"""Problems (returned values) and AppErrors (raised, with their HTTP status), and how both travel.

AppError
├── BadRequest 400          the body cannot be read
├── NotSignedIn 401         no usable credential
├── Forbidden 403           the credential does not allow this
├── NotFound 404            foreign or unknown
├── TooSlow 408             the body did not arrive in time
├── StateConflict 409       not possible in this state
├── Gone 410                was there, is over
├── TooLarge 413
├── UnsupportedMedia 415
├── Unprocessable 422       understood and refused
├── TooMany 429             with Retry-After
└── Overloaded 503          with Retry-After
"""

from collections.abc import Sequence, Set

import msgspec

from engine.spelling import nearest

PROBLEM_TYPE = "application/problem+json"
MAX_SHOWN = 64


class WordedProblem(msgspec.Struct, frozen=True):
    """One problem as the wire carries it: a code, a JSON pointer, a sentence."""

    code: str
    at: str
    message: str


def unknown(kind: str, name: str, known: Set[str], given: Set[str] = frozenset()) -> WordedProblem:
    """The problem of a name that is not known, with the one of those not `given` that was probably
    meant, or all."""
    meant = nearest(name, known - given)
    there = ", ".join(f"`{one}`" for one in sorted(known)) or "none"
    hint = f"did you mean `{meant}`?" if meant else f"known here: {there}."
    shown = name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}…"
    message = f"Unknown {kind} `{shown}`; {hint}"
    return WordedProblem(f"unknown_{kind}", f"/{shown}", message)


class ProblemBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457's members and ours; `view` is the current page view where a session has one."""

    title: str
    status: int
    problems: Sequence[WordedProblem]
    type: str = "about:blank"
    request_id: str | None = None
    confirm: str | None = None
    view: msgspec.Raw | None = None


class AppError(Exception):
    """An expected refusal, worded for whoever called, with what to do next."""

    status = 500
    title = "Internal error"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        at: str = "",
        problems: Sequence[WordedProblem] = (),
        retry_after: int | None = None,
        confirm: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.problems: tuple[WordedProblem, ...] = (
            tuple(problems) if problems else (WordedProblem(code, at, message),)
        )
        self.retry_after = retry_after
        self.confirm = confirm


class BadRequest(AppError):
    status = 400
    title = "The request cannot be read"


class NotSignedIn(AppError):
    status = 401
    title = "A valid token is needed"


class Forbidden(AppError):
    status = 403
    title = "Not allowed"


class NotFound(AppError):
    status = 404
    title = "Not found"


class TooSlow(AppError):
    status = 408
    title = "The body came too slowly"


class StateConflict(AppError):
    status = 409
    title = "Not possible in this state"


class Gone(AppError):
    status = 410
    title = "No longer there"


class TooLarge(AppError):
    status = 413
    title = "Too large"


class UnsupportedMedia(AppError):
    status = 415
    title = "Unsupported media type"


class Unprocessable(AppError):
    status = 422
    title = "The content has problems"


class TooMany(AppError):
    status = 429
    title = "Too many requests"


class Overloaded(AppError):
    status = 503
    title = "Busy, try again"

    def __init__(self, code: str = "overloaded", message: str = "", *, wait_seconds: int = 1):
        super().__init__(
            code, message or "The service is busy; try again shortly.", retry_after=wait_seconds
        )
