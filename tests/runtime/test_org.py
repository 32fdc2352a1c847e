"""The unified department dictionary: its tree, its history, and the codes of other systems."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlalchemy import exc

from runtime.audit.models import Actor
from runtime.kit.db import Database
from runtime.kit.problems import AppError, NotFound, StateConflict, Unprocessable
from runtime.org import aliases, departments, likeness, resolving, settling, succession
from runtime.org.cache import KnownIds
from runtime.org.models import AliasSearch, Department, Part, Settled, Settlement, Site
from runtime.org.service import find_departments, store_organisation
from runtime.wiring import Deployment

EDITOR = Actor("staff", "u1", "李科员", "127.0.0.1", "console", None)


def now() -> datetime:
    return datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def db(deployment: Deployment) -> Database:
    """A small hospital: two sites, medicine with three departments below it."""
    store_organisation(
        deployment.db,
        sites=[Site(id="main", name={"zh-CN": "总院"}), Site(id="island", name={"zh-CN": "岛院"})],
        departments=[
            Department(id="medicine", name={"zh-CN": "内科"}, sites=("main", "island")),
            *(
                Department(id=key, name={"zh-CN": words}, parent="medicine", code=code)
                for key, words, code in (
                    ("heart", "心血管科", "101"),
                    ("lung", "呼吸科", "102"),
                    ("chest", "胸痛中心", "103"),
                    ("stomach", "脾胃病科", "104"),
                )
            ),
        ],
        staff=[],
        dictionaries={},
    )
    return deployment.db


def revision(db: Database, key: str) -> int:
    return departments.get_department(db, key).revision


def alias(db: Database, code: str, key: str, first: date | None, last: date | None) -> None:
    aliases.add_alias(
        db,
        EDITOR,
        system="HIS",
        code=code,
        name="",
        department=key,
        valid_from=first,
        valid_to=last,
        clock=now,
    )


def settle(db: Database, *chosen: tuple[str, str, str]) -> list[Settled]:
    given = [Settlement(system=one, code=code, department=to) for one, code, to in chosen]
    return settling.settle(db, EDITOR, given, clock=now)


def merge(db: Database, key: str, into: str, on: date) -> None:
    succession.merge_departments(
        db, EDITOR, departments=[(key, revision(db, key))], into=into, on=on, clock=now
    )


def add(db: Database, key: str, words: str, parent: str | None = "medicine") -> None:
    departments.add_department(
        db, EDITOR, department_id=key, name={"zh-CN": words}, parent=parent, clock=now
    )


def split(db: Database, key: str, on: date, *parts: Part) -> None:
    succession.split_department(
        db, EDITOR, key, revision=revision(db, key), parts=parts, on=on, clock=now
    )


def audited(db: Database) -> list[str]:
    with db.begin() as connection:
        return list(
            connection.execute(sa.text("SELECT action FROM audit_lines ORDER BY id")).scalars()
        )


def test_a_code_of_2019_finds_todays_department_through_two_merges_and_a_split(
    db: Database,
) -> None:
    """By site where the split says so, else all candidates. # R1.2.1.1 (part)"""
    alias(db, "0101", "lung", date(2015, 1, 1), date(2020, 12, 31))
    merge(db, "lung", "chest", date(2021, 1, 1))
    merge(db, "chest", "heart", date(2022, 6, 1))
    add(db, "heart_main", "心血管一科")
    add(db, "heart_island", "心血管二科")
    split(
        db,
        "heart",
        date(2024, 3, 1),
        Part(successor="heart_main", sites=("main",)),
        Part(successor="heart_island", sites=("island",)),
    )
    day = date(2019, 7, 1)
    at_main = resolving.resolve(db, "HIS", "0101", day, site="main", clock=now)
    at_island = resolving.resolve(db, "HIS", "0101", day, site="island", clock=now)
    assert at_main is not None and at_main.then == "lung"
    assert at_main.department == "heart_main"
    assert at_island is not None and at_island.department == "heart_island"
    assert settling.list_unmapped(db) == []
    anywhere = resolving.resolve(db, "HIS", "0101", day, clock=now)
    assert anywhere is not None and set(anywhere.departments) == {"heart_main", "heart_island"}
    assert anywhere.department is None
    assert [line.reason for line in settling.list_unmapped(db)] == ["split"]
    settle(db, ("HIS", "0101", "heart_main"))
    settled = resolving.resolve(db, "HIS", "0101", day, clock=now)
    assert settled is not None and settled.department == "heart_main"
    by_site = resolving.resolve(db, "HIS", "0101", day, site="island", clock=now)
    assert by_site is not None and by_site.department == "heart_island"
    assert settling.list_unmapped(db) == []


def test_a_former_code_that_goes_on_being_sent_is_followed_from_the_end_of_its_department(
    db: Database,
) -> None:
    """The source system was never told of the merge. # R1.2.1.1 (part)"""
    alias(db, "0101", "lung", None, None)
    merge(db, "lung", "chest", date(2021, 1, 1))
    found = resolving.resolve(db, "HIS", "0101", date(2025, 1, 1), clock=now)
    assert found is not None and found.departments == ("chest",)


def test_what_was_split_off_does_not_take_the_codes_of_those_who_came_later(db: Database) -> None:
    """A department that goes on after a split keeps codes used after it. # R1.2.1.1 (part)"""
    alias(db, "0101", "heart", None, None)
    add(db, "arrhythmia", "心律失常科")
    split(db, "heart", date(2024, 3, 1), Part(successor="heart"), Part(successor="arrhythmia"))
    after = resolving.resolve(db, "HIS", "0101", date(2024, 3, 2), clock=now)
    assert after is not None and after.departments == ("heart",)
    before = resolving.resolve(db, "HIS", "0101", date(2024, 2, 1), clock=now)
    assert before is not None and set(before.departments) == {"heart", "arrhythmia"}
    assert departments.get_department(db, "heart").closed_on is None


def test_a_merge_of_tomorrow_does_not_count_today(db: Database) -> None:
    """Its department is offered until then. # R1.2.1.1 (part)"""
    alias(db, "0101", "lung", None, None)
    merge(db, "lung", "chest", date(2999, 1, 1))
    found = resolving.resolve(db, "HIS", "0101", date(2019, 1, 1), clock=now)
    assert found is not None and found.departments == ("lung",)
    assert "lung" in {one.id for one in find_departments(db)}


def test_unmapped_codes_are_counted_until_staff_settle_them(db: Database) -> None:
    """Unknown, out of its time, without successor: each with its reason. # R1.2.1.1 (part)"""
    for _ in range(3):
        found = resolving.resolve(
            db, "12345", "X9", date(2026, 4, 1), name="呼吸内科", source="hotline", clock=now
        )
        assert found is None
    alias(db, "0101", "lung", date(2015, 1, 1), date(2020, 12, 31))
    assert resolving.resolve(db, "HIS", "0101", date(2021, 1, 1), clock=now) is None
    first, second = settling.list_unmapped(db)
    assert (first.system, first.code, first.name, first.times) == ("12345", "X9", "呼吸内科", 3)
    assert (first.reason, first.source, first.last_seen) == ("unknown", "hotline", now())
    assert (second.code, second.reason) == ("0101", "not_then")
    assert (
        likeness.suggest(departments.read_tree(db), ["呼吸内科"])["呼吸内科"][0].department
        == "lung"
    )
    done = settle(db, ("12345", "X9", "lung"), ("HIS", "0101", "chest"))
    assert [one.times for one in done] == [3, 1] and settling.list_unmapped(db) == []
    later = resolving.resolve(db, "HIS", "0101", date(2021, 1, 1), clock=now)
    earlier = resolving.resolve(db, "HIS", "0101", date(2020, 1, 1), clock=now)
    assert later is not None and later.department == "chest"
    assert earlier is not None and earlier.department == "lung"
    assert audited(db).count("alias.settled") == 2


def test_settling_is_all_or_nothing(db: Database) -> None:
    """An unknown department in the list leaves every code as it was. # R1.2.1.1 (part)"""
    for code in ("A", "B"):
        resolving.resolve(db, "HIS", code, date(2026, 1, 1), clock=now)
    with pytest.raises(NotFound):
        settle(db, ("HIS", "A", "lung"), ("HIS", "B", "nowhere"))
    assert {line.code for line in settling.list_unmapped(db)} == {"A", "B"}
    assert resolving.resolve(db, "HIS", "A", date(2026, 1, 1), clock=now) is None


def test_a_closed_department_is_not_offered_and_its_codes_are_told(
    db: Database, client: TestClient[Any]
) -> None:
    """Old responses keep its name: the row stays. # R1.2.1.1 (part)"""
    alias(db, "0104", "stomach", None, None)
    departments.close_department(db, EDITOR, "stomach", revision=1, on=date(2026, 5, 1), clock=now)
    assert "stomach" not in {one.id for one in find_departments(db)}
    offered = client.get("/api/v1/dictionaries/departments").json()["entries"]
    assert "stomach" not in {one["id"] for one in offered}
    assert "stomach" not in KnownIds(db).departments
    assert departments.get_department(db, "stomach").name == {"zh-CN": "脾胃病科"}
    found = resolving.resolve(db, "HIS", "0104", date(2026, 4, 1), clock=now)
    assert found is not None and found.departments == ()
    assert [line.reason for line in settling.list_unmapped(db)] == ["closed"]
    departments.reopen_department(
        db, EDITOR, "stomach", revision=revision(db, "stomach"), clock=now
    )
    assert "stomach" in {one.id for one in find_departments(db)}


def test_a_department_never_stands_below_itself(db: Database) -> None:
    """Neither by one move nor by two at once. # R1.2.1.1 (part)"""
    for parent in ("heart", "medicine"):
        with pytest.raises(Unprocessable) as refused:
            departments.move_department(
                db, EDITOR, "medicine", revision=1, parent=parent, clock=now
            )
        assert refused.value.code == "org_cycle"
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def move(key: str, parent: str) -> None:
        start.wait()
        try:
            departments.move_department(db, EDITOR, key, revision=1, parent=parent, clock=now)
            outcomes.append("moved")
        except AppError as error:
            outcomes.append(error.code)

    threads = [
        threading.Thread(target=move, args=pair) for pair in (("heart", "lung"), ("lung", "heart"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved", "org_cycle"]
    assert len(departments.read_tree(db)) == 5


def test_overlapping_meanings_of_a_code_are_refused(db: Database) -> None:
    """Also by the database itself, for whoever writes past the service. # R1.2.1.1 (part)"""
    alias(db, "0101", "lung", date(2015, 1, 1), date(2020, 12, 31))
    alias(db, "0101", "heart", date(2021, 1, 1), None)
    for first, last in (
        (None, None),
        (date(2020, 12, 31), None),
        (date(2016, 1, 1), date(2016, 1, 1)),
    ):
        with pytest.raises(StateConflict) as refused:
            alias(db, "0101", "chest", first, last)
        assert refused.value.code == "org_overlap"
    with pytest.raises(Unprocessable):
        alias(db, "0102", "chest", date(2021, 1, 1), date(2020, 1, 1))
    kept = aliases.list_aliases(db, AliasSearch(text="0101"))
    with pytest.raises(StateConflict):
        aliases.change_alias(
            db,
            EDITOR,
            kept[1].id,
            revision=1,
            department="heart",
            valid_from=date(2020, 1, 1),
            valid_to=None,
            clock=now,
        )
    assert aliases.list_aliases(db, AliasSearch(text="0101")) == kept


def test_the_second_of_two_editors_is_told(db: Database) -> None:
    """A rename over a rename is refused, and the first one stays. # R1.2.1.1 (part)"""
    names: list[dict[str, str]] = [{"zh-CN": "呼吸与危重症科", "en": "Lungs"}, {"zh-CN": "肺病科"}]
    departments.rename_department(db, EDITOR, "lung", revision=1, name=names[0], clock=now)
    with pytest.raises(StateConflict) as told:
        departments.rename_department(db, EDITOR, "lung", revision=1, name=names[1], clock=now)
    assert told.value.code == "org_stale"
    assert departments.get_department(db, "lung").name == names[0]
    (line,) = departments.history_of(db, "lung")
    assert (line.kind, line.by_name, line.facts["before"]) == (
        "renamed",
        "李科员",
        {"zh-CN": "呼吸科"},
    )
    assert audited(db) == ["department.renamed"]


def test_a_former_code_of_the_dictionary_itself_still_finds_its_department(db: Database) -> None:
    """The unified dictionary has a history too. # R1.2.1.1 (part)"""
    departments.edit_department(
        db, EDITOR, "lung", revision=1, code="202", kind=None, sites=("main",), clock=now
    )
    for code in ("202", "102", "lung"):
        found = resolving.resolve(db, "unified", code, date(2020, 1, 1), clock=now)
        assert found is not None and found.department == "lung", code


REFUSED: list[tuple[str, Callable[[Database], object]]] = [
    ("org_id", lambda db: add(db, "No Spaces", "科")),
    ("org_name_missing", lambda db: add(db, "new", "  ")),
    ("org_name_long", lambda db: add(db, "new", "长" * 101)),
    ("org_taken", lambda db: add(db, "heart", "心")),
    ("org_department", lambda db: add(db, "new", "科", "nowhere")),
    ("org_merge_self", lambda db: merge(db, "heart", "heart", date(2025, 1, 1))),
    ("org_has_children", lambda db: merge(db, "medicine", "heart", date(2025, 1, 1))),
    ("org_split_parts", lambda db: split(db, "heart", date(2025, 1, 1), Part(successor="lung"))),
    (
        "org_split_sites",
        lambda db: split(
            db,
            "heart",
            date(2025, 1, 1),
            Part(successor="lung", sites=("main",)),
            Part(successor="chest", sites=("main",)),
        ),
    ),
    (
        "org_has_children",
        lambda db: departments.close_department(
            db, EDITOR, "medicine", revision=1, on=date(2025, 1, 1), clock=now
        ),
    ),
]


@pytest.mark.parametrize(("code", "attempt"), REFUSED)
def test_what_cannot_stand_is_refused_and_changes_nothing(
    db: Database, code: str, attempt: Callable[[Database], object]
) -> None:
    """Each with a code that the page words. # R1.2.1.1 (part)"""
    before = departments.read_tree(db)
    with pytest.raises(AppError) as refused:
        attempt(db)
    assert refused.value.code == code
    assert departments.read_tree(db) == before and audited(db) == []


def test_the_program_can_neither_change_nor_remove_the_history(db: Database) -> None:
    """Its role was granted reading and adding alone. # R1.2.1.1 (part)"""
    for statement in ("DELETE FROM department_history", "UPDATE department_history SET kind = ''"):
        with pytest.raises(exc.ProgrammingError), db.begin() as connection:
            connection.execute(sa.text(statement))
