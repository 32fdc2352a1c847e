"""Merges and splits of departments, and the way from a department of then to those of today."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import StateConflict, Unprocessable
from runtime.org.departments import (
    close_in,
    department_of,
    lock_organisation,
    note,
    require_open,
    stale,
)
from runtime.org.models import Footprint, Part, Succession, from_row

MIN_PARTS = 2
_FOOTPRINT = sa.text("""
SELECT (SELECT count(*) FROM department_aliases WHERE department = :id OR heir = :id) AS aliases,
       (SELECT count(*) FROM department_duties WHERE department = :id
        AND coalesce(valid_to >= :today, true)) AS duties,
       (SELECT count(*) FROM responses WHERE department = :id) AS responses
""")
Successions = dict[str, list[Succession]]
"""Every succession by the department it starts from, oldest first."""


def merge_departments(
    db: Database,
    actor: Actor,
    *,
    departments: Sequence[tuple[str, int]],
    into: str,
    on: date,
    clock: Clock = system_clock,
) -> None:
    """From the day `on`, these departments (id, revision read) are part of `into`; they close.

    Raises:
        Unprocessable: none is named, or one is merged into itself.
        StateConflict: one is closed, has open departments below it, or was changed meanwhile.
    """
    if not departments or any(name == into for name, _ in departments):
        raise Unprocessable("org_merge_self", "Name the departments that join another.", at="/into")
    with db.begin() as connection:
        lock_organisation(connection)
        require_open(department_of(connection, into))
        for name, revision in departments:
            found = department_of(connection, name)
            close_in(connection, found, revision, on)
            _insert(connection, name, on, into, "merge", ())
            note(connection, actor, name, "merged", {"into": into}, on=on, clock=clock)
        names = [name for name, _ in departments]
        note(connection, actor, into, "took_over", {"from": names}, on=on, clock=clock)


def split_department(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    revision: int,
    parts: Sequence[Part],
    on: date,
    clock: Clock = system_clock,
) -> None:
    """From the day `on` a department is several, by site where the parts name sites.

    If it is one of its own parts it goes on (something was split off), else it closes.

    Raises:
        Unprocessable: fewer than two parts, a part twice, or a site in two parts.
        StateConflict: the department or a part is closed, or it was changed meanwhile.
    """
    check_parts(parts)
    with db.begin() as connection:
        lock_organisation(connection)
        found = department_of(connection, department_id)
        require_open(found)
        for part in parts:
            require_open(department_of(connection, part.successor))
        if any(part.successor == department_id for part in parts):
            if found.revision != revision:
                raise stale()
            _raise_revision(connection, department_id)
        else:
            close_in(connection, found, revision, on)
        if _changed_since(connection, department_id, on):
            raise StateConflict("org_later_change", "It was merged or split on that day or later.")
        for part in parts:
            _insert(connection, department_id, on, part.successor, "split", part.sites)
            if part.successor != department_id:
                facts = {"from": department_id, "sites": part.sites}
                note(connection, actor, part.successor, "split_off", facts, on=on, clock=clock)
        facts = {"into": {part.successor: part.sites for part in parts}}
        note(connection, actor, department_id, "split", facts, on=on, clock=clock)


def check_parts(parts: Sequence[Part]) -> None:
    """Raise Unprocessable for fewer than two parts, a part twice, or a site in two parts."""
    names = [part.successor for part in parts]
    sites = [site for part in parts for site in part.sites]
    if len(names) < MIN_PARTS or len(set(names)) != len(names):
        raise Unprocessable("org_split_parts", "A split needs two different parts.", at="/parts")
    if len(set(sites)) != len(sites):
        raise Unprocessable("org_split_sites", "A site goes to one part only.", at="/parts")


def _insert(
    connection: sa.Connection,
    department: str,
    on: date,
    successor: str,
    kind: str,
    sites: Sequence[str],
) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO department_successors (department, effective_on, successor, kind, sites) "
            "VALUES (:department, :day, :successor, :kind, :sites)"
        ),
        {
            "department": department,
            "day": on,
            "successor": successor,
            "kind": kind,
            "sites": list(sites),
        },
    )


def _raise_revision(connection: sa.Connection, department_id: str) -> None:
    connection.execute(
        sa.text("UPDATE departments SET revision = revision + 1 WHERE id = :id"),
        {"id": department_id},
    )


def _changed_since(connection: sa.Connection, department_id: str, on: date) -> bool:
    return connection.execute(
        sa.text(
            "SELECT EXISTS (SELECT FROM department_successors "
            "WHERE department = :id AND effective_on >= :day)"
        ),
        {"id": department_id, "day": on},
    ).scalar_one()


def read_successions(connection: sa.Connection) -> Successions:
    """Every merge and split: a few hundred lines in a large hospital's decades."""
    found: Successions = {}
    rows = connection.execute(
        sa.text(
            "SELECT department, effective_on, successor, kind, sites FROM department_successors "
            "ORDER BY department, effective_on, successor"
        )
    ).mappings()
    for row in rows:
        line = from_row(row, Succession)
        found.setdefault(line.department, []).append(line)
    return found


def successions_around(db: Database, department_id: str) -> list[Succession]:
    """What a department came from and what it became, oldest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT department, effective_on, successor, kind, sites "
                "FROM department_successors WHERE department = :id OR successor = :id "
                "ORDER BY effective_on, department, successor"
            ),
            {"id": department_id},
        ).mappings()
        return [from_row(row, Succession) for row in rows]


def footprint_of(connection: sa.Connection, department_id: str, today: date) -> Footprint:
    """What hangs on a department; responses only as far as the transaction may see them."""
    row = connection.execute(_FOOTPRINT, {"id": department_id, "today": today}).mappings().one()
    return from_row(row, Footprint)


def departments_on(
    successions: Successions, department: str, on: date, until: date, site: str | None
) -> frozenset[str]:
    """What a department that was meant on the day `on` has become by the day `until`.

    A split is followed by site where the site is known and a part names it, else into all parts.
    A department that was already over on that day, as when a source system goes on sending a
    former code, is followed from the day it ended.
    """
    ends: set[str] = set()
    seen: set[tuple[str, date, bool]] = set()
    todo = [(department, _first_day(successions.get(department, []), on), False)]
    while todo:
        name, day, is_past = todo.pop()
        if (name, day, is_past) in seen:
            continue
        seen.add((name, day, is_past))
        step = _next_step(successions.get(name, []), day, until, is_past=is_past)
        if not step:
            ends.add(name)
        for line in _by_site(step, site):
            todo.append((line.successor, line.effective_on, line.successor == name))
    return frozenset(ends)


def _first_day(lines: Sequence[Succession], on: date) -> date:
    before = [line for line in lines if line.effective_on < on]
    if not before:
        return on
    last = before[-1].effective_on
    has_gone_on = any(
        line.successor == line.department for line in before if line.effective_on == last
    )
    return on if has_gone_on else last


def _next_step(
    lines: Sequence[Succession], day: date, until: date, *, is_past: bool
) -> list[Succession]:
    """The lines of the first change on or after a day; `is_past` leaves that day itself out."""
    later = [
        line
        for line in lines
        if day <= line.effective_on <= until and not (is_past and line.effective_on == day)
    ]
    return [line for line in later if line.effective_on == later[0].effective_on]


def _by_site(step: Sequence[Succession], site: str | None) -> Sequence[Succession]:
    named = [line for line in step if site is not None and site in line.sites]
    return named or step
