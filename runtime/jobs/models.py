"""What a scheduled job is, and when it is due next."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from msgspec import Struct

from runtime.kit.clock import HOSPITAL_ZONE

if TYPE_CHECKING:
    from runtime.wiring import Deployment

Outcome = Literal["ok", "failed", "lost"]


class Every(Struct, frozen=True):
    """Due so many seconds after it last began."""

    seconds: float

    def next_after(self, moment: datetime) -> datetime:
        """The next moment at which it is due."""
        return moment + timedelta(seconds=self.seconds)


class DailyAt(Struct, frozen=True):
    """Due once a day at a time of the hospital's clock."""

    at: time

    def next_after(self, moment: datetime) -> datetime:
        """The next moment at which it is due."""
        local = moment.astimezone(HOSPITAL_ZONE)
        today = datetime.combine(local.date(), self.at, HOSPITAL_ZONE)
        return today if today > local else today + timedelta(days=1)


class Job(Struct, frozen=True):
    """One job; a light one runs in the worker's own loop, many times a minute, without rows."""

    name: str
    schedule: Every | DailyAt
    work: "Callable[[Deployment], object]"
    is_light: bool = False


class Run(Struct, frozen=True):
    """One run; without an end it is under way, or its worker was lost."""

    id: UUID
    name: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    message: str


class State(Struct, frozen=True):
    """A job as the page shows it."""

    name: str
    due_at: datetime
    is_paused: bool
    is_asked: bool
    seen_at: datetime | None
    last: Run | None
