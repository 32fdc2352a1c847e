"""How long lines stay in the database before a signed archive takes their place."""

from datetime import date, timedelta

LEAST_DAYS = 180
"""R2.2.5: kept 180 days or more (tender, part 2.2, item 5)."""


class RetentionTooShort(ValueError):
    """A setting below what the hospital is bound to."""

    def __init__(self, days: int) -> None:
        super().__init__(f"Audit lines are kept at least {LEAST_DAYS} days; {days} is too short.")


def check_keep_days(days: int) -> int:
    """The setting itself.

    Raises:
        RetentionTooShort: fewer than 180 days.
    """
    if days < LEAST_DAYS:
        raise RetentionTooShort(days)
    return days


def is_past(month: date, today: date, keep_days: int) -> bool:
    """Whether every line of `month` is more than `keep_days` days old, its last day included."""
    next_month = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    last_day = next_month - timedelta(days=1)
    return (today - last_day).days > check_keep_days(keep_days)
