"""What the session service answers: values that every channel turns into its own words."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from runtime.kit.problems import WordedProblem

Outcome = Literal["ok", "invalid", "conflict", "not_at_end", "page_not_current", "submitted"]

STATUS_OF_OUTCOME: dict[Outcome, int] = {
    "ok": 200,
    "invalid": 422,
    "conflict": 409,
    "not_at_end": 409,
    "page_not_current": 409,
    "submitted": 409,
}


class AttachmentInfo(msgspec.Struct, frozen=True):
    """A stored attachment; `id` is what an upload question's value lists."""

    id: str
    name: str
    bytes: int
    type: str


class Submitted(msgspec.Struct, frozen=True):
    """What a session that was submitted answers, each time the same.

    `scores` is what the engine's evaluation gives, `done` the ending of the page view or None.
    """

    response: str
    scores: dict[str, Any]
    done: Any


class Step(msgspec.Struct, frozen=True):
    """The outcome of one step of a session.

    `view` is always the current page view (an `engine` PageView). `problems` are worded in the
    session's language; they are empty for `ok`. `dropped` names the ids of this request whose
    values were not kept. `submitted` is set once the session is submitted. `attachments` are the
    session's files, whose ids upload questions hold as their values.
    """

    outcome: Outcome
    view: Any
    problems: tuple[WordedProblem, ...] = ()
    dropped: tuple[str, ...] = ()
    submitted: Submitted | None = None
    attachments: tuple[AttachmentInfo, ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status of this outcome: 200, 409 or 422."""
        return STATUS_OF_OUTCOME[self.outcome]


class Started(msgspec.Struct, frozen=True):
    """A session that has begun, or goes on elsewhere; the token is given only here."""

    view: Any
    token: str


class Handover(msgspec.Struct, frozen=True):
    """A code of one use with which the session goes on on another device."""

    code: str
    expires_at: datetime
