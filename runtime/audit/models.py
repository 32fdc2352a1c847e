"""Who acts, and what a line of the audit trail holds."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

Kind = Literal["staff", "patient", "api", "system"]
Outcome = Literal["ok", "refused", "failed"]
KINDS: tuple[Kind, ...] = ("staff", "patient", "api", "system")
OUTCOMES: tuple[Outcome, ...] = ("ok", "refused", "failed")


class Actor(Struct, frozen=True):
    """Who does something; `name` is staff's own name, never a patient's."""

    kind: Kind
    id: str
    name: str
    address: str | None
    channel: str
    session: str | None


SYSTEM = Actor("system", "system", "system", None, "system", None)
"""The programs themselves, such as the worker at night."""

_TYPIST: ContextVar[str] = ContextVar("typist", default="")


@contextmanager
def typed_by(login: str) -> Generator[None]:
    """What the program does by itself within the block is done by whoever typed the command."""
    token = _TYPIST.set(login)
    try:
        yield
    finally:
        _TYPIST.reset(token)


def accountable(actor: Actor) -> Actor:
    """Who answers for it: the actor, or in the program's place whoever typed the command."""
    login = _TYPIST.get()
    is_typed = login and actor == SYSTEM
    return Actor("system", f"cli:{login}", login, None, "cli", None) if is_typed else actor


class Line(Struct, frozen=True):
    """One line as it was written; `facts` is JSON text exactly as the database shows it."""

    month: date
    id: UUID
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    address: str | None
    channel: str
    session: str | None
    action: str
    object_type: str
    object_id: str
    outcome: str
    site: str | None
    facts: str
