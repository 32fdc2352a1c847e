"""Who acts, and what a line of the audit trail holds."""

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
