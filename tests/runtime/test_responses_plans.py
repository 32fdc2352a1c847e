"""How PostgreSQL reads the list of responses: along an index, whatever is asked and by whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from runtime.kit.clock import hospital_day, system_clock
from runtime.kit.reach import EVERYTHING, Reach
from runtime.staff import queries
from runtime.wiring import Deployment
from tests.bench.console import multiply
from tests.conftest import DatabaseUrls
from tests.runtime.test_scope import filled

__all__ = ["filled"]
NOW = system_clock()
FILTERS = {
    "none": queries.Filters(),
    "survey": queries.Filters(survey="plain"),
    "site": queries.Filters(site="north"),
    "department": queries.Filters(departments=("skin",)),
    "channel": queries.Filters(channel="web"),
    "a channel without any": queries.Filters(channel="kiosk"),
    "a score": queries.Filters(band=4),
    "days": queries.Filters(since=NOW - timedelta(days=60), until=NOW - timedelta(days=30)),
}
READERS = {
    "everything": EVERYTHING,
    "a site": Reach(("north",), None, False),
    "a department": Reach(None, ("skin",), False),
}


@pytest.fixture
def many(filled: Deployment, database_urls: DatabaseUrls) -> Deployment:
    """Some ten thousand responses over a year."""
    assert multiply(database_urls.owner_url, 10_000) > 9_000
    with psycopg.connect(database_urls.owner_url) as owner:
        owner.execute("ANALYZE")
    return filled


def _plan(deployment: Deployment, reach: Reach, filters: queries.Filters, way: bool) -> str:
    """The plan of the very statement that the list runs, where reading all costs too much."""

    def read(connection: sa.Connection) -> None:
        connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        lines, _ = queries.list_responses(connection, reach, filters, None, oldest_first=way)
        assert lines or filters.channel == "kiosk"

    return _plan_of_last(deployment, reach, read)


def _plan_of_last(
    deployment: Deployment, reach: Reach, read: Callable[[sa.Connection], None]
) -> str:
    """The plan of the last statement that `read` runs."""
    ran: list[tuple[str, Any]] = []

    def keep(_c: Any, _k: Any, statement: str, values: Any, *_: Any) -> None:
        ran.append((statement, values))

    with deployment.db.begin_for(reach) as connection:
        event.listen(connection, "before_cursor_execute", keep)
        read(connection)
        event.remove(connection, "before_cursor_execute", keep)
        statement, values = ran[-1]
        rows = connection.exec_driver_sql("EXPLAIN " + statement, values).scalars()
        return "\n".join(rows)


def test_no_list_reads_every_response(many: Deployment) -> None:
    """Each filter, for each reader, from either end; also where nothing is found.

    # R1.2.1.1 (part)
    """
    for name, filters in FILTERS.items():
        for reader, reach in READERS.items():
            for way in (False, True):
                plan = _plan(many, reach, filters, way)
                assert "Seq Scan on responses" not in plan, (name, reader, way, plan)


def test_a_page_is_read_in_the_order_of_its_index(many: Deployment) -> None:
    """Who reaches everything waits for no sorting, with one filter or none."""
    for name, filters in FILTERS.items():
        plan = _plan(many, EVERYTHING, filters, False)
        assert "Sort  (" not in plan, (name, plan)


def test_the_plan_that_is_read_is_the_lists_own(many: Deployment) -> None:
    """Without its indexes the same statement is found out."""
    assert isinstance(_indexes(many), int) and _indexes(many) >= 5
    plan = _plan(many, EVERYTHING, FILTERS["none"], False)
    assert "responses_2" in plan and "Index" in plan


def test_the_counts_of_the_first_page_read_the_week_alone(many: Deployment) -> None:
    """For each reader, as the database plans it by itself: no month that holds responses is read
    from end to end, and months before the week are not looked at.

    # R1.2.1.1 (part)
    """
    first = hospital_day(NOW) - timedelta(days=6)
    for reader, reach in READERS.items():

        def read(connection: sa.Connection, reach: Reach = reach) -> None:
            came, low = queries.count_since(connection, reach, first)
            assert came > 20 and 0 < low < came

        plan = _plan_of_last(many, reach, read)
        assert f"responses_{hospital_day(NOW):%Y_%m}" in plan, plan
        for month, rows in _months(many).items():
            if rows:
                assert f"Seq Scan on {month} " not in plan, (reader, month, plan)
            if month < f"responses_{first:%Y_%m}":
                assert f" {month} " not in plan, (reader, month, plan)


def _months(deployment: Deployment) -> dict[str, int]:
    """The partitions by month, with how many responses each holds."""
    with deployment.db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT relname, reltuples FROM pg_class "
                "WHERE relname ~ '^responses_[0-9]{4}_[0-9]{2}$'"
            )
        )
        found = {row.relname: int(row.reltuples) for row in rows}
    assert sum(count > 0 for count in found.values()) > 10
    return found


def _indexes(deployment: Deployment) -> int:
    with deployment.db.begin() as connection:
        return connection.execute(
            sa.text("SELECT count(*) FROM pg_indexes WHERE tablename = 'responses'")
        ).scalar_one()


def test_a_department_narrows_the_list_with_all_below_it(many: Deployment) -> None:
    """The choices are those within reach, each with its subtree."""
    with many.db.begin_for(EVERYTHING) as connection:
        everywhere = queries.list_departments(connection, EVERYTHING)
        narrow = queries.list_departments(connection, READERS["a department"])
        lines, _ = queries.list_responses(
            connection, EVERYTHING, queries.Filters(departments=("eye",)), None
        )
    assert {one.id for one in everywhere} == {"skin", "eye"}
    assert [one.id for one in narrow] == ["skin"]
    assert {one.department_name["zh-CN"] for one in lines if one.department_name} == {"眼科"}
