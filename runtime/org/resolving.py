"""Finding today's department for a code of another system; what has none is counted."""

from datetime import date

import sqlalchemy as sa

from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.org.aliases import is_valid_on, open_among, plain, spans_of
from runtime.org.departments import OWN_SYSTEM
from runtime.org.models import Reason, Resolution
from runtime.org.succession import departments_on, read_successions

_COUNT_UNMAPPED = sa.text("""
INSERT INTO unmapped_codes AS u (system, code, name, reason, site, source, used_on, candidates,
                                 times, first_seen, last_seen)
VALUES (:system, :code, :name, :reason, :site, :source, :used_on, :candidates, 1, :now, :now)
ON CONFLICT (system, code) DO UPDATE SET
    times = u.times + 1, last_seen = excluded.last_seen, reason = excluded.reason,
    name = CASE WHEN excluded.name = '' THEN u.name ELSE excluded.name END,
    site = coalesce(excluded.site, u.site), source = excluded.source,
    used_on = excluded.used_on, candidates = excluded.candidates
""")


def resolve(
    db: Database,
    system: str,
    code: str,
    on: date,
    *,
    site: str | None = None,
    name: str = "",
    source: str = "",
    clock: Clock = system_clock,
) -> Resolution | None:
    """Today's department(s) of a code that a source system used on the day `on`; None: unknown.

    What has not exactly one department is counted for staff to settle, with the name that came
    with it and its `source` (the interface that brought it).
    """
    system, code = plain(system), plain(code)
    now = clock()
    with db.begin() as connection:
        found, reason = _find(connection, system, code, on, hospital_day(now), site)
        if reason is not None and code:
            connection.execute(
                _COUNT_UNMAPPED,
                {
                    "system": system,
                    "code": code,
                    "name": plain(name),
                    "reason": reason,
                    "site": site,
                    "source": plain(source),
                    "used_on": on,
                    "candidates": list(found.departments) if found else [],
                    "now": now,
                },
            )
    return found


def _find(
    connection: sa.Connection, system: str, code: str, on: date, today: date, site: str | None
) -> tuple[Resolution | None, Reason | None]:
    aliases = spans_of(connection, system, code)
    valid = [alias for alias in aliases if is_valid_on(alias, on)]
    if valid:
        then, heir = valid[0].department, valid[0].heir
    elif system == OWN_SYSTEM and (own := _own(connection, code)) is not None:
        then, heir = own, None
    else:
        return None, "not_then" if aliases else "unknown"
    successions = read_successions(connection)
    ends = departments_on(successions, then, on, today, site)
    if len(ends) > 1 and heir is not None:
        ends = ends & departments_on(successions, heir, on, today, site) or ends
    departments = tuple(open_among(connection, ends, today))
    reason: Reason | None = None if len(departments) == 1 else "split" if departments else "closed"
    return Resolution(then=then, departments=departments), reason


def _own(connection: sa.Connection, code: str) -> str | None:
    """A code (or id) of the dictionary itself."""
    return connection.execute(
        sa.text("SELECT id FROM departments WHERE code = :code OR id = :code ORDER BY id LIMIT 1"),
        {"code": code},
    ).scalar_one_or_none()
