"""date and time: a day of the calendar, a minute of the day."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene, fault

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2100


def is_date(text: object) -> bool:
    """Whether a value is a day `YYYY-MM-DD` between 1900 and 2100."""
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return False
    try:
        return FIRST_YEAR <= date.fromisoformat(text).year <= LAST_YEAR
    except ValueError:
        return False


def is_time(text: object) -> bool:
    """Whether a value is a minute of the day, `HH:MM`."""
    return isinstance(text, str) and bool(_TIME.fullmatch(text))


class DateView(QuestionView, kw_only=True, tag="date"):
    """What a channel is shown of it; limits are days, `today` filled in."""

    min: str | None
    max: str | None


class TimeView(QuestionView, kw_only=True, tag="time"):
    """What a channel is shown of it."""

    min: str | None
    max: str | None


class DateQuestion(QuestionBase, frozen=True, kw_only=True, tag="date"):
    """Value: `YYYY-MM-DD`; a limit may be the word `today`."""

    min: str | None = None
    max: str | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("date")}

    def limits(self, today: str | None) -> tuple[str | None, str | None]:
        """The limits as days; `today` without a known day sets no limit."""
        low, high = (today if limit == "today" else limit for limit in (self.min, self.max))
        return low, high

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        value = raw.strip()
        if not is_date(value):
            return self.bad("bad_date")
        low, high = self.limits(bounds.today)
        if (low is not None and value < low) or (high is not None and value > high):
            return self.bad("out_of_range", min=low or "", max=high or "")
        return Read(value)

    def faults(self, at: str) -> Iterator[Problem]:
        for member, limit in (("min", self.min), ("max", self.max)):
            if limit is not None and limit != "today" and not is_date(limit):
                yield fault("bad_date", at, member)
        if is_date(self.min) and is_date(self.max) and str(self.min) > str(self.max):
            yield fault("bad_range", at, "max")

    def view(self, scene: Scene) -> QuestionView:
        low, high = self.limits(scene.today)
        return DateView(**scene.common, min=low, max=high)


class TimeQuestion(QuestionBase, frozen=True, kw_only=True, tag="time"):
    """Value: `HH:MM`."""

    min: str | None = None
    max: str | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("time")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        value = raw.strip()
        if not is_time(value):
            return self.bad("bad_time")
        if (self.min is not None and value < self.min) or (
            self.max is not None and value > self.max
        ):
            return self.bad("out_of_range", min=self.min or "", max=self.max or "")
        return Read(value)

    def faults(self, at: str) -> Iterator[Problem]:
        for member, limit in (("min", self.min), ("max", self.max)):
            if limit is not None and not is_time(limit):
                yield fault("bad_time", at, member)
        if is_time(self.min) and is_time(self.max) and str(self.min) > str(self.max):
            yield fault("bad_range", at, "max")

    def view(self, scene: Scene) -> QuestionView:
        return TimeView(**scene.common, min=self.min, max=self.max)
