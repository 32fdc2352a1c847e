"""Codes of other systems: finding today's department for one, and settling those that have none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.departments import OWN_SYSTEM, department_of, lock_organisation, stale
from runtime.org.models import Alias, Reason, Resolution, Suggestion, Unmapped, Words, from_row
from runtime.org.succession import departments_on, read_successions

MAX_CODE = 100
MIN_LIKENESS = 0.3
_COLUMNS = "id, system, code, name, department, heir, valid_from, valid_to, revision"
_OF_CODE = sa.text(
    f"SELECT {_COLUMNS} FROM department_aliases "  # nosec B608
    "WHERE system = :system AND code = :code ORDER BY valid_from NULLS FIRST"
)
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
    aliases = [from_row(row, Alias) for row in _rows(connection, system, code)]
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
    departments = tuple(_open(connection, ends, today))
    reason: Reason | None = None if len(departments) == 1 else "split" if departments else "closed"
    return Resolution(then=then, departments=departments), reason


def _rows(connection: sa.Connection, system: str, code: str) -> Sequence[Mapping[Any, Any]]:
    return connection.execute(_OF_CODE, {"system": system, "code": code}).mappings().all()


def _own(connection: sa.Connection, code: str) -> str | None:
    """A code (or id) of the dictionary itself."""
    return connection.execute(
        sa.text("SELECT id FROM departments WHERE code = :code OR id = :code ORDER BY id LIMIT 1"),
        {"code": code},
    ).scalar_one_or_none()


def _open(connection: sa.Connection, ends: Iterable[str], today: date) -> Sequence[str]:
    return (
        connection.execute(
            sa.text(
                "SELECT id FROM departments WHERE id = ANY (:ends) "
                "AND coalesce(closed_on > :today, true) ORDER BY position, id"
            ),
            {"ends": list(ends), "today": today},
        )
        .scalars()
        .all()
    )


def is_valid_on(alias: Alias, day: date) -> bool:
    """Whether the code was in use on a day; both ends count."""
    return (alias.valid_from or date.min) <= day <= (alias.valid_to or date.max)


def add_alias(
    db: Database,
    actor: Actor,
    *,
    system: str,
    code: str,
    name: str,
    department: str,
    valid_from: date | None,
    valid_to: date | None,
    clock: Clock = system_clock,
) -> None:
    """A code means a department from a day to a day (both count; None: without end).

    Raises:
        StateConflict: the same code already means something in a part of that time.
        NotFound: there is no such department.
        Unprocessable: the code is empty, or the last day comes before the first.
    """
    values: dict[str, Any] = {
        "system": _required(system, "/system"),
        "code": _required(code, "/code"),
        "name": plain(name),
        "department": department,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    _check_days(valid_from, valid_to)
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            department_of(connection, department)
            _insert(connection, values)
            _audit(connection, actor, "alias.added", values, clock)
            _forget_unmapped(connection, [(values["system"], values["code"])])
    except exc.IntegrityError as error:
        raise _overlap() from error


def change_alias(
    db: Database,
    actor: Actor,
    alias_id: int,
    *,
    revision: int,
    department: str,
    valid_from: date | None,
    valid_to: date | None,
    clock: Clock = system_clock,
) -> None:
    """Another department or other days for a code.

    Raises:
        StateConflict: it overlaps another, or somebody else changed it meanwhile.
        NotFound: there is no such alias or department.
    """
    _check_days(valid_from, valid_to)
    values = {"department": department, "valid_from": valid_from, "valid_to": valid_to}
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            before = alias_of(connection, alias_id)
            if before.revision != revision:
                raise stale()
            department_of(connection, department)
            connection.execute(
                sa.text(
                    "UPDATE department_aliases SET department = :department, heir = NULL, "
                    "valid_from = :valid_from, valid_to = :valid_to, revision = revision + 1 "
                    "WHERE id = :id"
                ),
                values | {"id": alias_id},
            )
            facts = {"before": before.department, "system": before.system, "code": before.code}
            _audit(connection, actor, "alias.changed", facts | values, clock)
    except exc.IntegrityError as error:
        raise _overlap() from error


def alias_of(connection: sa.Connection, alias_id: int) -> Alias:
    """One alias.

    Raises:
        NotFound: there is none of this id.
    """
    statement = sa.text(f"SELECT {_COLUMNS} FROM department_aliases WHERE id = :id")  # nosec B608
    found = connection.execute(statement, {"id": alias_id}).mappings().one_or_none()
    if found is None:
        raise NotFound("org_alias", "There is no such code.")
    return from_row(found, Alias)


def aliases_of(db: Database, department_id: str) -> list[Alias]:
    """The codes that mean a department, or that came to it by a split, by system and code."""
    statement = sa.text(
        f"SELECT {_COLUMNS} FROM department_aliases WHERE department = :id OR heir = :id "  # nosec B608
        "ORDER BY system, code, valid_from NULLS FIRST"
    )
    with db.begin() as connection:
        rows = connection.execute(statement, {"id": department_id}).mappings()
        return [from_row(row, Alias) for row in rows]


def list_aliases(
    db: Database, *, q: str = "", system: str | None = None, limit: int = 200, offset: int = 0
) -> list[Alias]:
    """Aliases by system and code; `q` is part of a code, a name, or a department's id."""
    pattern = f"%{plain(q).replace(chr(92), chr(92) * 2).replace('%', chr(92) + '%')}%"
    statement = sa.text(
        f"SELECT {_COLUMNS} FROM department_aliases WHERE (CAST(:system AS text) IS NULL "  # nosec B608
        "OR system = :system) AND (code ILIKE :pattern OR name ILIKE :pattern OR department = :q) "
        "ORDER BY system, code, valid_from NULLS FIRST LIMIT :limit OFFSET :offset"
    )
    values = {
        "system": system,
        "pattern": pattern,
        "q": plain(q),
        "limit": limit,
        "offset": offset,
    }
    with db.begin() as connection:
        return [from_row(row, Alias) for row in connection.execute(statement, values).mappings()]


def list_unmapped(db: Database, limit: int = 200) -> list[Unmapped]:
    """Codes that staff should settle, the most frequent first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT system, code, name, reason, site, source, used_on, candidates, times, "
                "last_seen FROM unmapped_codes WHERE dismissed_at IS NULL "
                "ORDER BY times DESC, last_seen DESC, system, code LIMIT :limit"
            ),
            {"limit": limit},
        ).mappings()
        return [from_row(row, Unmapped) for row in rows]


def settle(
    db: Database,
    actor: Actor,
    chosen: Sequence[tuple[str, str, str]],
    *,
    clock: Clock = system_clock,
) -> int:
    """Give unmapped codes (system, code, department) their departments, all or none.

    An unknown code means that department without end; one that was not valid then is widened by
    a further alias for the days around its use; of several successors the chosen one is kept.
    Gives how many were settled; what another already settled is left as it is.

    Raises:
        NotFound: a department is unknown.
        StateConflict: a department is closed.
    """
    done = 0
    with db.begin() as connection:
        lock_organisation(connection)
        today = hospital_day(clock())
        for system, code, department in chosen:
            if not _open(connection, [department], today):
                department_of(connection, department)
                raise StateConflict("org_closed", f"{department} is closed.")
            line = _unmapped(connection, system, code)
            if line is None:
                continue
            _settle_one(connection, line, department)
            facts = {"department": department, "reason": line.reason}
            _audit(
                connection, actor, "alias.settled", facts | {"system": system, "code": code}, clock
            )
            done += 1
        _forget_unmapped(connection, [(system, code) for system, code, _ in chosen])
    return done


def _settle_one(connection: sa.Connection, line: Unmapped, department: str) -> None:
    aliases = [from_row(row, Alias) for row in _rows(connection, line.system, line.code)]
    valid = [alias for alias in aliases if is_valid_on(alias, line.used_on)]
    if valid and line.reason == "split":
        connection.execute(
            sa.text(
                "UPDATE department_aliases SET heir = :heir, revision = revision + 1 WHERE id = :id"
            ),
            {"heir": department, "id": valid[0].id},
        )
        return
    if valid:
        connection.execute(
            sa.text(
                "UPDATE department_aliases SET department = :department, heir = NULL, "
                "revision = revision + 1 WHERE id = :id"
            ),
            {"department": department, "id": valid[0].id},
        )
        return
    valid_from, valid_to = _gap(aliases, line.used_on)
    _insert(
        connection,
        {
            "system": line.system,
            "code": line.code,
            "name": line.name,
            "department": department,
            "valid_from": valid_from,
            "valid_to": valid_to,
        },
    )


def _gap(aliases: Sequence[Alias], day: date) -> tuple[date | None, date | None]:
    """The days around `day` on which the code has no meaning yet."""
    before = [a.valid_to for a in aliases if a.valid_to is not None and a.valid_to < day]
    after = [a.valid_from for a in aliases if a.valid_from is not None and a.valid_from > day]
    first = date.fromordinal(max(before).toordinal() + 1) if before else None
    last = date.fromordinal(min(after).toordinal() - 1) if after else None
    return first, last


def dismiss(
    db: Database,
    actor: Actor,
    codes: Sequence[tuple[str, str]],
    *,
    clock: Clock = system_clock,
) -> None:
    """Take codes off the list that mean no department; they are counted on, unseen."""
    with db.begin() as connection:
        for system, code in codes:
            connection.execute(
                sa.text(
                    "UPDATE unmapped_codes SET dismissed_at = :now "
                    "WHERE system = :system AND code = :code"
                ),
                {"now": clock(), "system": system, "code": code},
            )
            _audit(connection, actor, "alias.dismissed", {"system": system, "code": code}, clock)


def suggest(db: Database, names: Sequence[str], limit: int = 3) -> dict[str, list[Suggestion]]:
    """For each name the open departments with the most similar names, the likest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT id, name FROM departments WHERE closed_on IS NULL ORDER BY position, id"
            )
        ).all()
    known: list[tuple[str, Words]] = [(row.id, row.name) for row in rows]
    return {name: _suggest(name, known, limit) for name in dict.fromkeys(names) if name}


def _suggest(name: str, known: Sequence[tuple[str, Words]], limit: int) -> list[Suggestion]:
    found = [
        Suggestion(
            department=key,
            name=words,
            likeness=max((likeness(name, text) for text in words.values()), default=0.0),
        )
        for key, words in known
    ]
    near = [one for one in found if one.likeness >= MIN_LIKENESS]
    return sorted(near, key=lambda one: -one.likeness)[:limit]


def likeness(one: str, other: str) -> float:
    """Dice's coefficient over single characters and pairs: 1 alike, 0 nothing in common."""
    left, right = _pieces(one), _pieces(other)
    if not left or not right:
        return 0.0
    return 2 * len(left & right) / (len(left) + len(right))


def _pieces(text: str) -> set[str]:
    plain_text = "".join(c for c in text.lower() if c.isalnum())
    for ending in ("门诊", "病区", "诊室", "科"):
        if len(plain_text) > len(ending) + 1:
            plain_text = plain_text.removesuffix(ending)
    return set(plain_text) | {a + b for a, b in pairwise(plain_text)}


def plain(text: str) -> str:
    """One line of at most 100 characters, as codes and names are kept."""
    return " ".join(text.replace("\0", "").split())[:MAX_CODE]


def _check_days(valid_from: date | None, valid_to: date | None) -> None:
    if valid_from and valid_to and valid_to < valid_from:
        raise Unprocessable(
            "org_alias_days", "The last day comes before the first.", at="/valid_to"
        )


def _required(text: str, at: str) -> str:
    if not plain(text):
        raise Unprocessable("org_code_missing", "A system and a code are needed.", at=at)
    return plain(text)


def _overlap() -> StateConflict:
    return StateConflict(
        "org_overlap", "The code already means a department in a part of that time.", at="/code"
    )


def _insert(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO department_aliases (system, code, name, department, valid_from, valid_to) "
            "VALUES (:system, :code, :name, :department, :valid_from, :valid_to)"
        ),
        dict(values),
    )


def _forget_unmapped(connection: sa.Connection, codes: Iterable[tuple[str, str]]) -> None:
    for system, code in codes:
        connection.execute(
            sa.text("DELETE FROM unmapped_codes WHERE system = :system AND code = :code"),
            {"system": system, "code": code},
        )


def _unmapped(connection: sa.Connection, system: str, code: str) -> Unmapped | None:
    row = (
        connection.execute(
            sa.text(
                "SELECT system, code, name, reason, site, source, used_on, candidates, times, "
                "last_seen FROM unmapped_codes WHERE system = :system AND code = :code FOR UPDATE"
            ),
            {"system": system, "code": code},
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else from_row(row, Unmapped)


def _audit(
    connection: sa.Connection, actor: Actor, action: str, values: Mapping[str, Any], clock: Clock
) -> None:
    known = f"{values.get('system', '')}/{values.get('code', '')}"
    record(connection, actor, action, "alias", known, facts=values, clock=clock)
