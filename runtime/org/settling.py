"""Codes that came in and have no department: listed, settled, set aside, taken up again."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from runtime.audit.models import Actor
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.aliases import (
    audit_alias,
    check_days,
    forget_unmapped,
    insert_alias,
    is_valid_on,
    like,
    open_among,
    overlap,
    plain,
    spans_of,
)
from runtime.org.departments import department_of, lock_organisation
from runtime.org.models import (
    Alias,
    Settled,
    Settlement,
    Unmapped,
    UnmappedSearch,
    from_row,
)

MAX_WHY = 200
_COLUMNS = (
    "system, code, name, reason, site, source, used_on, candidates, times, first_seen, last_seen, "
    "dismissed_at, dismissed_by, dismissed_why"
)
_FITTING = """
FROM unmapped_codes WHERE (dismissed_at IS NOT NULL) = :is_dismissed
  AND (:system = '' OR system = :system) AND (code ILIKE :pattern OR name ILIKE :pattern)
  AND (CAST(:sites AS text[]) IS NULL OR site = ANY (:sites))
"""
_FOUND = sa.text(
    f"SELECT {_COLUMNS} {_FITTING} "  # nosec B608
    "ORDER BY times DESC, last_seen DESC, system, code LIMIT :limit OFFSET :offset"
)
_COUNT = sa.text(f"SELECT count(*) {_FITTING}")  # nosec B608
_ONE = f"SELECT {_COLUMNS} FROM unmapped_codes WHERE system = :system AND code = :code"  # nosec B608


def list_unmapped(
    db: Database, wanted: UnmappedSearch | None = None, *, limit: int = 200, offset: int = 0
) -> list[Unmapped]:
    """Codes that staff should settle, the most frequent first."""
    values = _values(wanted or UnmappedSearch()) | {"limit": limit, "offset": offset}
    with db.begin() as connection:
        return [from_row(row, Unmapped) for row in connection.execute(_FOUND, values).mappings()]


def count_unmapped(db: Database, wanted: UnmappedSearch) -> int:
    """How many `list_unmapped` would give without a limit."""
    with db.begin() as connection:
        return connection.execute(_COUNT, _values(wanted)).scalar_one()


def _values(wanted: UnmappedSearch) -> dict[str, Any]:
    return {
        "is_dismissed": wanted.is_dismissed,
        "system": plain(wanted.system),
        "pattern": like(wanted.text),
        "sites": None if wanted.sites is None else list(wanted.sites),
    }


def get_unmapped(db: Database, system: str, code: str) -> Unmapped:
    """A code that waits, or was set aside.

    Raises:
        NotFound: it never came, or has been settled.
    """
    with db.begin() as connection:
        return _unmapped(connection, system, code)


def _unmapped(connection: sa.Connection, system: str, code: str, lock: str = "") -> Unmapped:
    statement = sa.text(f"{_ONE} {lock}")
    row = connection.execute(statement, {"system": system, "code": code}).mappings().one_or_none()
    if row is None:
        raise NotFound("org_settled", "Nobody waits for this code any more.")
    return from_row(row, Unmapped)


def settle(
    db: Database, actor: Actor, chosen: Sequence[Settlement], *, clock: Clock = system_clock
) -> list[Settled]:
    """Give unmapped codes their departments, all or none.

    An unknown code means that department, without end if no days are named; one that was not
    valid then is widened by a further alias for the days around its use; of several successors
    the chosen one is kept.

    Raises:
        NotFound: a department is unknown, or a code does not wait (any more).
        StateConflict: a department is closed, or the days meet those of another meaning.
        Unprocessable: the days do not hold the one on which the code was used.
    """
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            today = hospital_day(clock())
            return [_settle(connection, actor, one, today, clock) for one in chosen]
    except exc.IntegrityError as error:
        raise overlap() from error


def _settle(
    connection: sa.Connection, actor: Actor, one: Settlement, today: date, clock: Clock
) -> Settled:
    if not open_among(connection, [one.department], today):
        department_of(connection, one.department)
        raise StateConflict("org_closed", f"{one.department} is closed.")
    line = _unmapped(connection, one.system, one.code, "FOR UPDATE")
    alias = _give_meaning(connection, line, one)
    facts = {
        "system": line.system,
        "code": line.code,
        "department": one.department,
        "reason": line.reason,
        "times": line.times,
    }
    audit_alias(connection, actor, "alias.settled", facts, clock)
    forget_unmapped(connection, line.system, line.code)
    return Settled(alias=alias, times=line.times)


def _give_meaning(connection: sa.Connection, line: Unmapped, one: Settlement) -> int:
    aliases = spans_of(connection, line.system, line.code)
    valid = [alias for alias in aliases if is_valid_on(alias, line.used_on)]
    if valid:
        return _change_meaning(connection, valid[0], one.department, line)
    days = (one.valid_from, one.valid_to)
    if days == (None, None):
        days = _gap(aliases, line.used_on)
    _check_used(line, *days)
    values = {"system": line.system, "code": line.code, "name": line.name}
    values |= {"department": one.department, "valid_from": days[0], "valid_to": days[1]}
    return insert_alias(connection, values)


def _change_meaning(
    connection: sa.Connection, alias: Alias, department: str, line: Unmapped
) -> int:
    """Of a split one part is kept beside the department of then; else the department changes."""
    sets = "heir = :to" if line.reason == "split" else "department = :to, heir = NULL"
    connection.execute(
        sa.text(
            f"UPDATE department_aliases SET {sets}, revision = revision + 1 WHERE id = :id"  # nosec B608
        ),
        {"to": department, "id": alias.id},
    )
    return alias.id


def _check_used(line: Unmapped, valid_from: date | None, valid_to: date | None) -> None:
    check_days(valid_from, valid_to)
    if not (valid_from or date.min) <= line.used_on <= (valid_to or date.max):
        raise Unprocessable(
            "org_days_miss", f"The days must hold {line.used_on}.", at="/valid_from"
        )


def _gap(aliases: Sequence[Alias], day: date) -> tuple[date | None, date | None]:
    """The days around `day` on which the code has no meaning yet."""
    before = [a.valid_to for a in aliases if a.valid_to is not None and a.valid_to < day]
    after = [a.valid_from for a in aliases if a.valid_from is not None and a.valid_from > day]
    first = date.fromordinal(max(before).toordinal() + 1) if before else None
    last = date.fromordinal(min(after).toordinal() - 1) if after else None
    return first, last


def dismiss(
    db: Database, actor: Actor, system: str, code: str, why: str, *, clock: Clock = system_clock
) -> None:
    """Set a code aside that means no department; it is counted on, unseen.

    Raises:
        NotFound: it does not wait (any more).
        Unprocessable: no reason is given, or one of more than 200 characters.
    """
    told = " ".join(why.replace("\0", "").split())
    if not told:
        raise Unprocessable("org_why_missing", "A reason is needed.", at="/why")
    if len(told) > MAX_WHY:
        raise Unprocessable("org_text_long", "That is too long.", at="/why")
    now = clock()
    with db.begin() as connection:
        _unmapped(connection, system, code, "FOR UPDATE")
        _set_aside(connection, system, code, (now, actor.name, told))
        facts = {"system": system, "code": code, "why": told}
        audit_alias(connection, actor, "alias.dismissed", facts, clock)


def take_up(
    db: Database, actor: Actor, system: str, code: str, *, clock: Clock = system_clock
) -> None:
    """Put a code that was set aside back on the list.

    Raises:
        NotFound: it has been settled.
    """
    with db.begin() as connection:
        _unmapped(connection, system, code, "FOR UPDATE")
        _set_aside(connection, system, code, (None, None, None))
        facts = {"system": system, "code": code}
        audit_alias(connection, actor, "alias.taken_up", facts, clock)


def _set_aside(
    connection: sa.Connection, system: str, code: str, told: tuple[Any, str | None, str | None]
) -> None:
    at, by, why = told
    connection.execute(
        sa.text(
            "UPDATE unmapped_codes SET dismissed_at = :at, dismissed_by = :by, "
            "dismissed_why = :why WHERE system = :system AND code = :code"
        ),
        {"at": at, "by": by, "why": why, "system": system, "code": code},
    )
