"""Sites, dictionaries, a department's surveys, and the staff who answer for it."""

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa

from runtime.accounts import users
from runtime.audit.models import Actor
from runtime.kit.db import Database
from runtime.kit.problems import AppError, NotFound, StateConflict, Unprocessable
from runtime.org import duties, entries, sites
from runtime.org.models import Department, Entry, Site
from runtime.org.service import list_sites, store_organisation
from runtime.wiring import Deployment

EDITOR = Actor("staff", "u1", "李科员", None, "console", None)
START = date(2026, 1, 1)


def now() -> datetime:
    return datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def db(deployment: Deployment) -> Database:
    """A site, two departments, a dictionary and a survey."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"})],
        departments=[
            Department(id="medicine", name={"zh-CN": "内科"}),
            Department(id="lung", name={"zh-CN": "呼吸科"}, parent="medicine"),
        ],
        staff=[],
        dictionaries={"tags": [Entry(id=key, name={"zh-CN": key}) for key in ("a", "b", "c")]},
    )
    with deployment.db.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO surveys (id, kind, title, state, created_at, updated_at) "
                "VALUES ('visit', 'survey', '{}', 'draft', now(), now())"
            )
        )
    return deployment.db


def test_a_survey_is_asked_in_the_department_and_below(db: Database) -> None:
    """Linked once at the top, asked in every department under it. # R1.2.1.1 (part)"""
    duties.set_surveys(db, EDITOR, "medicine", ("visit",), clock=now)
    assert duties.surveys_of(db, "lung") == ["visit"]
    assert duties.own_surveys_of(db, "lung") == []
    with pytest.raises(NotFound):
        duties.set_surveys(db, EDITOR, "medicine", ("nothing",), clock=now)
    assert duties.own_surveys_of(db, "medicine") == ["visit"]
    duties.set_surveys(db, EDITOR, "medicine", (), clock=now)
    assert duties.surveys_of(db, "lung") == []


def test_who_answers_is_a_matter_of_the_day(db: Database) -> None:
    """The department's own first, else the one above; a duty never twice. # R1.2.1.1 (part)"""

    with db.begin() as connection:
        boss, nurse = (str(users.ensure(connection, one, one)) for one in ("boss", "nurse"))

    def give(department: str, user: str, first: date, last: date | None = None) -> None:
        duties.give_duty(
            db,
            EDITOR,
            department,
            user_id=user,
            duty="contact",
            valid_from=first,
            valid_to=last,
            clock=now,
        )

    give("medicine", boss, START)
    assert duties.who_answers(db, "lung", "contact", START) == [boss]
    give("lung", nurse, date(2026, 2, 1))
    assert duties.who_answers(db, "lung", "contact", date(2026, 1, 31)) == [boss]
    assert duties.who_answers(db, "lung", "contact", date(2026, 2, 1)) == [nurse]
    assert duties.who_answers(db, "lung", "head", date(2026, 2, 1)) == []
    with pytest.raises(StateConflict):
        give("lung", nurse, date(2026, 3, 1))
    (line,) = duties.duties_of(db, "lung")
    duties.end_duty(db, EDITOR, line.id, on=date(2026, 4, 1), clock=now)
    assert duties.who_answers(db, "lung", "contact", date(2026, 4, 2)) == [boss]
    with pytest.raises(NotFound):
        duties.end_duty(db, EDITOR, line.id, on=date(2026, 4, 1), clock=now)
    give("lung", nurse, date(2026, 4, 2))
    with pytest.raises(Unprocessable):
        give("lung", str(uuid4()), START)


def test_a_site_is_renamed_and_closed_by_one_editor_at_a_time(db: Database) -> None:
    """A closed site is not offered. # R0.1 (part)"""
    sites.add_site(db, EDITOR, site_id="island", name={"zh-CN": "岛院"}, code="02", clock=now)

    def close(revision: int) -> None:
        sites.change_site(
            db,
            EDITOR,
            "island",
            revision=revision,
            name={"zh-CN": "二沙岛医院", "en": "Ersha"},
            code="02",
            closed_on=START,
            clock=now,
        )

    close(1)
    with pytest.raises(StateConflict) as told:
        close(1)
    assert told.value.code == "org_stale"
    assert [one.id for one in list_sites(db)] == ["main"]
    assert sites.read_sites(db)[1].name == {"zh-CN": "二沙岛医院", "en": "Ersha"}
    with pytest.raises(StateConflict):
        sites.add_site(db, EDITOR, site_id="main", name={"zh-CN": "又"}, code=None, clock=now)


def test_entries_are_added_renamed_ordered_and_closed(db: Database) -> None:
    """Each change by one editor, with its line in the trail. # R1.2.1.1 (part)"""
    assert entries.dictionaries(db) == [("tags", 3)]
    entries.add_entry(db, EDITOR, "tags", entry_id="d", name={"zh-CN": "丁"}, clock=now)
    for _ in range(4):
        entries.move_entry(db, EDITOR, "tags", "d", "up", clock=now)
    assert [one.id for one in entries.entries_of(db, "tags")] == ["d", "a", "b", "c"]

    def close() -> None:
        entries.change_entry(
            db,
            EDITOR,
            "tags",
            "d",
            revision=1,
            name={"zh-CN": "丁丁"},
            closed_on=date(2026, 5, 2),
            clock=now,
        )

    close()
    with pytest.raises(StateConflict):
        close()
    first = entries.entries_of(db, "tags")[0]
    assert (first.name, first.closed_on) == ({"zh-CN": "丁丁"}, date(2026, 5, 2))
    for attempt in ("tags", "nothing"):
        with pytest.raises(AppError):
            entries.add_entry(db, EDITOR, attempt, entry_id="a", name={"zh-CN": "甲"}, clock=now)
    with db.begin() as connection:
        actions = connection.execute(
            sa.text("SELECT action, count(*) FROM audit_lines GROUP BY action ORDER BY 1")
        ).all()
    assert [tuple(row) for row in actions] == [
        ("dictionary.added", 1),
        ("dictionary.changed", 1),
        ("dictionary.moved", 3),
    ]
