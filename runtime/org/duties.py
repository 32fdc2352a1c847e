"""Which surveys a department is asked, and which of the staff answer for it, since when."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy import exc

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.departments import department_of, lock_organisation
from runtime.org.models import Account, Duty, DutyRow, from_row

_LINES = """
SELECT d.id, d.department, d.user_id::text AS user_id, u.name, u.login,
       u.state = 'active' AS is_active, d.duty, d.valid_from, d.valid_to
FROM department_duties d JOIN users u ON u.id = d.user_id
"""
_ACCOUNTS = "SELECT id::text AS id, login, name FROM users WHERE state = 'active'"
FOREIGN_KEY = "23503"  # SQLSTATE foreign_key_violation
_ABOVE = """
WITH RECURSIVE above AS (
    SELECT id, parent, 0 AS distance FROM departments WHERE id = :id
    UNION ALL
    SELECT d.id, d.parent, a.distance + 1 FROM departments d JOIN above a ON d.id = a.parent
)
"""
_SURVEYS = sa.text(f"""{_ABOVE}
SELECT DISTINCT s.survey_id FROM department_surveys s JOIN above a ON a.id = s.department
ORDER BY s.survey_id
""")  # nosec B608 - our own words
_WHO = sa.text(f"""{_ABOVE}
SELECT u.user_id::text FROM department_duties u JOIN above a ON a.id = u.department
WHERE u.duty = :duty AND daterange(u.valid_from, u.valid_to, '[]') @> CAST(:day AS date)
  AND a.distance = (
    SELECT min(b.distance) FROM department_duties v JOIN above b ON b.id = v.department
    WHERE v.duty = :duty AND daterange(v.valid_from, v.valid_to, '[]') @> CAST(:day AS date))
ORDER BY u.valid_from, u.user_id
""")  # nosec B608 - our own words


def surveys_of(db: Database, department_id: str) -> list[str]:
    """The surveys that a department is asked, its own and those of the departments above it."""
    with db.begin() as connection:
        return list(connection.execute(_SURVEYS, {"id": department_id}).scalars())


def own_surveys_of(db: Database, department_id: str) -> list[str]:
    """The surveys that are linked to this very department."""
    with db.begin() as connection:
        return list(
            connection.execute(
                sa.text(
                    "SELECT survey_id FROM department_surveys WHERE department = :id ORDER BY 1"
                ),
                {"id": department_id},
            ).scalars()
        )


def set_surveys(
    db: Database,
    actor: Actor,
    department_id: str,
    surveys: tuple[str, ...],
    *,
    clock: Clock = system_clock,
) -> None:
    """Link a department with exactly these surveys.

    Raises:
        NotFound: the department or a survey is unknown.
    """
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            department_of(connection, department_id)
            connection.execute(
                sa.text("DELETE FROM department_surveys WHERE department = :id"),
                {"id": department_id},
            )
            for survey in dict.fromkeys(surveys):
                connection.execute(
                    sa.text("INSERT INTO department_surveys VALUES (:id, :survey)"),
                    {"id": department_id, "survey": survey},
                )
            facts = {"surveys": sorted(set(surveys))}
            record(
                connection,
                actor,
                "department.surveys_set",
                "department",
                department_id,
                facts=facts,
                clock=clock,
            )
    except exc.IntegrityError as error:
        raise NotFound("survey", "There is no such survey.") from error


def duties_of(db: Database, department_id: str) -> list[DutyRow]:
    """Who answers or answered for a department, the present ones first."""
    statement = sa.text(
        f"{_LINES} WHERE d.department = :id "  # nosec B608 - our own words
        "ORDER BY d.valid_to DESC NULLS FIRST, d.duty, d.valid_from"
    )
    with db.begin() as connection:
        rows = connection.execute(statement, {"id": department_id}).mappings()
        return [from_row(row, DutyRow) for row in rows]


def who_answers(db: Database, department_id: str, duty: Duty, on: date) -> list[str]:
    """The users with a duty on a day, of the department or of the nearest one above it."""
    with db.begin() as connection:
        values = {"id": department_id, "duty": duty, "day": on}
        return list(connection.execute(_WHO, values).scalars())


def accounts_for_duties(db: Database, limit: int = 500) -> list[Account]:
    """The open accounts by name, for a list to choose from."""
    statement = sa.text(f"{_ACCOUNTS} ORDER BY name, login LIMIT :limit")  # nosec B608
    with db.begin() as connection:
        rows = connection.execute(statement, {"limit": limit}).mappings()
        return [from_row(row, Account) for row in rows]


def account_named(db: Database, typed: str) -> Account:
    """The open account of a sign-in name, or of a name that only one person has.

    Raises:
        Unprocessable: nobody is called so, or several are.
    """
    statement = sa.text(f"{_ACCOUNTS} AND (login = :typed OR name = :typed)")  # nosec B608
    with db.begin() as connection:
        rows = connection.execute(statement, {"typed": " ".join(typed.split())}).mappings()
        found = [from_row(row, Account) for row in rows]
    exact = [one for one in found if one.login == typed.strip()] or found
    if len(exact) != 1:
        code = "org_account_several" if exact else "org_account_none"
        raise Unprocessable(code, "Choose one account from the list.", at="/account")
    return exact[0]


def give_duty(
    db: Database,
    actor: Actor,
    department_id: str,
    *,
    user_id: str,
    duty: Duty,
    valid_from: date,
    valid_to: date | None = None,
    clock: Clock = system_clock,
) -> None:
    """A user answers for a department from a day on.

    Raises:
        StateConflict: the user has this duty already in a part of that time.
        NotFound: there is no such department.
        Unprocessable: the last day comes before the first, or there is no such account.
    """
    if valid_to is not None and valid_to < valid_from:
        raise Unprocessable("org_alias_days", "The last day comes before the first.")
    values = {
        "department": department_id,
        "user_id": user_id,
        "duty": duty,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    try:
        with db.begin() as connection:
            lock_organisation(connection)
            department_of(connection, department_id)
            connection.execute(
                sa.text(
                    "INSERT INTO department_duties (department, user_id, duty, valid_from, "
                    "valid_to) VALUES (:department, :user_id, :duty, :valid_from, :valid_to)"
                ),
                values,
            )
            _audit(connection, actor, "duty_given", department_id, user_id, duty, clock)
    except exc.IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) == FOREIGN_KEY:
            raise Unprocessable("org_account_none", "There is no such account.") from error
        raise StateConflict("org_duty_overlap", "The duty is given already.") from error


def end_duty(
    db: Database, actor: Actor, duty_id: int, *, on: date | None = None, clock: Clock = system_clock
) -> None:
    """The last day of a duty, today if none is named; its line stays.

    Raises:
        NotFound: there is no such duty, or it has ended before.
    """
    day = on or hospital_day(clock())
    with db.begin() as connection:
        lock_organisation(connection)
        row = connection.execute(
            sa.text(
                "UPDATE department_duties SET valid_to = greatest(valid_from, CAST(:day AS date)) "
                "WHERE id = :id AND coalesce(valid_to > :day, true) "
                "RETURNING department, user_id::text AS user_id, duty"
            ),
            {"id": duty_id, "day": day},
        ).one_or_none()
        if row is None:
            raise NotFound("org_duty", "There is no such duty.")
        _audit(connection, actor, "duty_ended", row.department, row.user_id, row.duty, clock)


def _audit(
    connection: sa.Connection,
    actor: Actor,
    verb: str,
    department: str,
    user_id: str,
    duty: str,
    clock: Clock,
) -> None:
    record(
        connection,
        actor,
        f"department.{verb}",
        "department",
        department,
        facts={"user": user_id, "duty": duty},
        clock=clock,
    )
