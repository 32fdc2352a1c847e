"""The time, passed in so that a test can hold it still."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
HOSPITAL_ZONE = ZoneInfo("Asia/Shanghai")


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def hospital_day(moment: datetime) -> date:
    """The calendar day at the hospital, which is what a patient calls today."""
    return moment.astimezone(HOSPITAL_ZONE).date()


def local_minute(moment: datetime) -> str:
    """A moment by the hospital's clock, to the minute."""
    return moment.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M")


def month_of(moment: datetime) -> date:
    """The first day of the month whose partition keeps what happened then."""
    return moment.astimezone(HOSPITAL_ZONE).date().replace(day=1)
