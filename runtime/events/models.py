"""An event: what happened, to what, where, with facts that are never personal."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the event table."""

    id: UUID
    site: str
    month: date
    type: str
    subject: str
    happened_at: datetime
    facts: dict[str, Any]
