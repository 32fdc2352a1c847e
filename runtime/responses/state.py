"""A session while it is being filled: the raw answers as they came, where it stands, when."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from runtime.audit.models import Actor

MAX_STATE_BYTES = 2 * 1024 * 1024


class StoredFile(msgspec.Struct, frozen=True, array_like=True):
    """An attachment that is bound to the session."""

    id: str
    question: str
    name: str
    type: str
    bytes: int


class State(msgspec.Struct):
    """What the session row keeps as one JSON text.

    It is kept as bytes, not `jsonb`: answers stay as they were typed, and PostgreSQL's jsonb cannot
    hold `\\u0000`. Answers of personal questions are in a row of their own, never here.
    `set_at` tells for each key at which `rev` it last changed; the times are milliseconds since
    the start: first shown, last answered (or -1).
    """

    answers: dict[str, Any] = {}
    set_at: dict[str, int] = {}
    page: str | None = None
    passed: list[str] = []
    shown: list[str] = []
    progress: float = 0.0
    page_times: dict[str, list[int]] = {}
    question_times: dict[str, list[int]] = {}
    files: list[StoredFile] = []


class Session(msgspec.Struct, kw_only=True):
    """One session as read from the database; `answers` are both kinds together."""

    id: UUID
    survey_id: str
    survey_version: int
    channel: str
    site: str
    lang: str
    seed: int
    context: dict[str, Any]
    state: State
    answers: dict[str, Any]
    rev: int
    started_at: datetime
    expires_at: datetime
    response_id: UUID | None
    outcome: bytes | None


state_encoder = msgspec.json.Encoder()
state_decoder = msgspec.json.Decoder(State)


def is_unanswered(value: Any) -> bool:
    """Whether a value clears its key: design section 3, "Unanswered, whatever the type".

    An empty matrix (`{}`) is left to the engine, which knows the types.
    """
    return value is None or value == [] or (type(value) is str and not value.strip())


def is_same(one: Any, other: Any) -> bool:
    """Whether two raw values are one and the same to JSON (so `1` is not `true`)."""
    if is_unanswered(one) and is_unanswered(other):
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, (dict, list)):
        return msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(
            other, order="deterministic"
        )
    return bool(one == other)


def patient_of(session: Session) -> Actor:
    """Who fills this session, for the audit trail: no name and no address, only the session."""
    own = str(session.id)
    return Actor("patient", own, "", None, session.channel, own)
