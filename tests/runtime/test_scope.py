"""The reach of a reader, held by the database itself: what no query can forget."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations, product
from pathlib import Path
from uuid import uuid4

import msgspec
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from runtime.kit.clock import hospital_day
from runtime.kit.db import Database
from runtime.kit.reach import EVERYTHING, NOTHING, Reach, sum_of
from runtime.org.models import Department, Site
from runtime.org.service import store_organisation
from runtime.responses.personal import find_responses
from runtime.staff import queries
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import SURVEY

SCOPED = (
    "responses", "response_personal", "response_lookups", "consents", "response_tallies",
    "response_feed", "response_feed_pending", "events", "consent_withdrawals",
)  # fmt: skip
PLACES = (("north", "skin"), ("north", "eye"), ("south", "skin"), ("south", None))
"""Where the four responses of each of two surveys come from."""


def words(text: str) -> dict[str, str]:
    return {"zh-CN": text, "en": text}


@pytest.fixture
def filled(deployment: Deployment) -> Deployment:
    """Two sites, two departments; an ordinary survey and a whistle-blowing form, four times each.

    A personal answer and a consent belong to each response.
    """
    store_organisation(
        deployment.db,
        sites=[Site(id=one, name=words(one), kind="hospital") for one in ("north", "south")],
        departments=[
            Department(id="skin", name=words("皮肤科"), sites=("north", "south")),
            Department(id="eye", name=words("眼科"), sites=("north",)),
        ],
        staff=[],
        dictionaries={},
    )
    agree = {"id": "agree", "type": "consent", "text": words("同意"), "document": "p", "version": 1}
    phone = {"id": "phone", "type": "text", "format": "phone_cn", "text": words("电话")}
    page = {"id": "one", "title": words("一"), "questions": [phone, agree]}
    context = {"visit.department": {"type": "text"}}
    for name, kind in (("plain", "survey"), ("secret", "whistleblow")):
        document = SURVEY | {"id": name, "kind": kind, "pages": [page], "context": context}
        document = {k: v for k, v in document.items() if k not in ("scores", "alerts", "endings")}
        store_survey(deployment.db, msgspec.json.encode(document), publish=True)
        for site, department in PLACES:
            told = {"visit.department": {"skin": "皮肤科"}.get(department or "", department or "?")}
            begun = deployment.sessions.start(name, "web", site=site, context=told)
            answers = {"phone": "13912345678", "agree": {"agreed": True, "version": 1}}
            step = deployment.sessions.submit(begun.token, answers)
            assert step.submitted is not None, step.problems
    return deployment


def seen(connection: sa.Connection) -> set[tuple[str, str, str | None]]:
    rows = connection.execute(sa.text("SELECT survey_id, site, department FROM responses"))
    return {(row.survey_id, row.site, row.department) for row in rows}


def count(connection: sa.Connection, table: str) -> int:
    return connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()


def test_without_a_declared_reach_no_row_is_seen(
    filled: Deployment, database_urls: DatabaseUrls
) -> None:
    """A plain sign-in as the program's role, and a transaction that forgot to declare. # S38"""
    with psycopg.connect(database_urls.app_url) as plain, filled.db.begin() as forgot:
        for table in SCOPED:
            row = plain.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            assert row == (0,), table
            assert count(forgot, table) == 0, table
    with filled.db.begin_everywhere() as connection:
        for table in ("responses", "response_personal", "response_lookups", "consents"):
            assert count(connection, table) == 8, table


def test_each_reach_sees_just_its_rows(filled: Deployment) -> None:
    """Every combination of sites, departments and whistle-blowing, against the same in Python.

    A department that could not be told is seen only by who reaches all departments. # S38 # S42
    """
    everything = {(name, *place) for name in ("plain", "secret") for place in PLACES}
    choices = product(
        (None, (), ("north",), ("south",), ("north", "south")),
        (None, (), ("skin",), ("eye",), ("skin", "eye")),
        (False, True),
    )
    for sites, departments, whistleblow in choices:
        expected = {
            (name, site, department)
            for name, site, department in everything
            if (sites is None or site in sites)
            and (departments is None or department in departments)
            and (whistleblow or name == "plain")
        }
        reach = Reach(sites, departments, whistleblow)
        with filled.db.begin_for(reach) as connection:
            assert seen(connection) == expected, reach
            for table in ("response_personal", "response_lookups", "consents"):
                assert count(connection, table) == len(expected), (reach, table)
            if reach != EVERYTHING:
                assert count(connection, "events") == count(connection, "response_feed") == 0


def tally(deployment: Deployment) -> None:
    """Count the responses by day, as the worker does."""
    with deployment.db.begin_everywhere() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO response_tallies (site, day, survey_id, channel, responses) "
                "SELECT site, submitted_at::date, survey_id, channel, count(*) FROM responses "
                "GROUP BY 1, 2, 3, 4"
            )
        )


def test_reports_of_wrongdoing_are_not_even_counted(filled: Deployment) -> None:
    """By survey, lately, by search or by number, for who reaches all else. # S42 (part)"""
    tally(filled)
    with filled.db.begin_everywhere() as connection:
        assert queries.count_by_survey(connection, filled.clock()).keys() == {"plain", "secret"}
        ids = list(connection.execute(sa.text("SELECT id FROM responses")).scalars())
        first = hospital_day(filled.clock())
        assert queries.count_since(connection, EVERYTHING, first)[0] == 8
    everybody = Reach(None, None, False)
    with filled.db.begin_for(everybody) as connection:
        assert queries.count_by_survey(connection, filled.clock()).keys() == {"plain"}
        assert queries.count_since(connection, everybody, first)[0] == 4
        assert {one.survey for one in queries.lines_of(connection, everybody, ids)} == {"plain"}
        found = find_responses(connection, filled.vault, "phone", "13912345678")
        assert len(found) == 4


SOME = [
    Reach(("north",), None, False),
    Reach(None, ("skin",), False),
    Reach(("south",), ("eye",), True),
    Reach(("south",), ("skin",), True),
    Reach(("north", "south"), None, True),
    Reach(("'", "north"), ("{*}", "eye"), False),
]


def test_what_several_roles_reach_is_what_each_of_them_reaches(filled: Deployment) -> None:
    """Every two and three of six, against one after the other; never what only their sites and
    departments together would hold. # S36 (part) S38 S42 (part)
    """
    tally(filled)
    alone: dict[Reach, set[tuple[str, str, str | None]]] = {}
    for reach in SOME:
        with filled.db.begin_for(reach) as connection:
            alone[reach] = seen(connection)
    for several in (*combinations(SOME, 2), *combinations(SOME, 3)):
        reach = sum_of(several)
        expected = set[tuple[str, str, str | None]]().union(*(alone[one] for one in several))
        with filled.db.begin_for(reach) as connection:
            assert seen(connection) == expected, several
            for table in ("response_personal", "response_lookups", "consents"):
                assert count(connection, table) == len(expected), (several, table)
            lines, _ = queries.list_responses(connection, reach, queries.Filters(), None)
            assert len(lines) == len(expected), several
            if reach.parts:
                for table in ("response_tallies", "events", "response_feed"):
                    assert count(connection, table) == 0, (several, table)


def test_nothing_is_added_or_changed_outside_the_reach(filled: Deployment) -> None:
    """An insert for another site or department is refused, an update finds nothing. # S38"""
    insert = sa.text(
        "INSERT INTO responses (site, month, id, session_id, survey_id, survey_version, "
        "department, channel, lang, started_at, submitted_at, context, answers, path, asked, "
        "computed, scores, times) SELECT :site, month, :id, session_id, survey_id, "
        "survey_version, :department, channel, lang, started_at, submitted_at, context, answers, "
        "path, asked, computed, scores, times FROM responses WHERE survey_id = 'plain' LIMIT 1"
    )
    reach = Reach(("north",), ("skin",), False)
    with filled.db.begin_for(reach) as connection:
        connection.execute(insert, {"site": "north", "department": "skin", "id": uuid4()})
    for site, department in (("south", "skin"), ("north", "eye"), ("north", None)):
        values = {"site": site, "department": department, "id": uuid4()}
        with (
            pytest.raises(ProgrammingError, match="row-level security"),
            filled.db.begin_for(reach) as connection,
        ):
            connection.execute(insert, values)
    two = sum_of((Reach(("north",), None, False), Reach(None, ("skin",), False)))
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        filled.db.begin_for(two) as connection,
    ):
        connection.execute(insert, {"site": "south", "department": "eye", "id": uuid4()})
    with filled.db.begin_for(Reach(("south",), None, False)) as connection:
        change = sa.text("UPDATE response_personal SET sealed = sealed WHERE site = 'north'")
        assert connection.execute(change).rowcount == 0
        gone = connection.execute(sa.text("DELETE FROM response_tallies WHERE site = 'north'"))
        assert gone.rowcount == 0


def test_strange_names_of_sites_stay_names(filled: Deployment) -> None:
    """A star, commas, braces and quotes in an id widen nothing. # S38 (part)"""
    for odd in ("*", "{*}", "north,south", '"north"', "{north}", "", "NULL", "'; --", "\\", "北"):
        with filled.db.begin_for(Reach((odd,), (odd,), True)) as connection:
            assert seen(connection) == set(), odd
        with filled.db.begin_for(Reach((odd, "south"), None, True)) as connection:
            assert {site for _, site, _ in seen(connection)} == {"south"}, odd


def test_a_reach_ends_with_its_transaction(filled: Deployment, database_urls: DatabaseUrls) -> None:
    """One pooled connection, used by turns, also after a failure and by the short way. # S38"""
    db = Database(database_urls.app_url, pool_size=1)
    try:
        for reach in (EVERYTHING, Reach(("north",), None, False)):
            with db.begin_for(reach) as connection:
                assert seen(connection)
            with db.begin() as connection:
                assert seen(connection) == set()
            with pytest.raises(ProgrammingError), db.begin_for(reach) as connection:
                connection.execute(sa.text("SELECT nonsense"))
            with db.autocommit() as short:
                row = short.execute("SELECT count(*) FROM responses").fetchone()
                assert row == (0,)
            with db.begin_for(NOTHING) as connection:
                assert seen(connection) == set()
    finally:
        db.close()


def test_readers_at_once_keep_their_own_reach(
    filled: Deployment, database_urls: DatabaseUrls
) -> None:
    """Eight threads share two connections, each with another reach, 400 times. # S38"""
    db = Database(database_urls.app_url, pool_size=2)
    barrier = threading.Barrier(8)

    def read(number: int) -> None:
        site = ("north", "south")[number % 2]
        barrier.wait()
        for _ in range(50):
            with db.begin_for(Reach((site,), None, False)) as connection:
                assert {one for _, one, _ in seen(connection)} == {site}

    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(read, range(8)))
    finally:
        db.close()


def test_every_table_that_names_a_response_has_its_rule(
    filled: Deployment, database_urls: DatabaseUrls
) -> None:
    """Whoever adds a table with a site and a month, or a response, decides about its rows."""
    without = {
        "sessions": "a patient's own, opened by its secret token alone",
        "event_outbox": "numbers of events that wait",
        "audit_lines": "append only; read by who may read the audit trail",
        "audit_unsealed": "the same, before it is chained",
        "audit_seals": "hashes of months",
        "audit_archives": "names of months archived",
    }
    with psycopg.connect(database_urls.owner_url) as owner:
        named = owner.execute(
            "SELECT DISTINCT c.relname, c.relrowsecurity FROM pg_class c "
            "JOIN pg_attribute a ON a.attrelid = c.oid "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition "
            "AND c.relnamespace = 'public'::regnamespace "
            "AND a.attname IN ('response_id', 'month') AND NOT a.attisdropped"
        ).fetchall()
    bare = {name for name, is_bound in named if not is_bound}
    assert bare <= set(without), bare - set(without)
    assert {name for name, is_bound in named if is_bound} == set(SCOPED) - {"response_tallies"}


OPEN = {
    "what the hospital publishes or asks, in every site alike": (
        "surveys survey_versions survey_edits survey_editors survey_approvals survey_templates "
        "assets bank_imports bank_items bank_places bank_uses bank_versions dictionary_entries"
    ),
    "the organisation, of which pages show what is one's own; patients choose from it": (
        "sites departments department_aliases department_duties department_history "
        "department_successors department_surveys staff_members unmapped_codes"
    ),
    "read before anybody is known, to find out who asks": (
        "users user_identities user_passwords user_roles user_sessions user_totp recovery_codes "
        "one_time_links captchas sign_in_attempts roles api_tokens data_keys"
    ),
    "a patient's own, opened by its secret token; files by a response within reach": (
        "sessions session_personal session_handovers session_ended_tokens attachments"
    ),
    "the program's own, without rows of patients": (
        "alarms alembic_version event_outbox job_runs scheduled_jobs parameters parameter_changes"
    ),
    "append only by grants; read by who may read the trail": (
        "audit_archives audit_head audit_lines audit_seals audit_unsealed"
    ),
}
"""Tables without row-level security, and why none is needed."""


def test_every_table_is_bound_to_a_reach_or_open_for_a_reason(
    filled: Deployment, database_urls: DatabaseUrls
) -> None:
    """Whoever adds a table decides. # S38 (part)"""
    with psycopg.connect(database_urls.owner_url) as owner:
        tables: dict[str, bool] = dict(
            owner.execute(
                "SELECT relname, relrowsecurity FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND NOT relispartition AND relnamespace = 'public'::regnamespace"
            ).fetchall()
        )
    assert {name for name, is_bound in tables.items() if is_bound} == set(SCOPED)
    named = [name for names in OPEN.values() for name in names.split()]
    assert sorted(named) == sorted(tables.keys() - set(SCOPED))


def test_partitions_open_no_side_door(filled: Deployment, database_urls: DatabaseUrls) -> None:
    """A month's own table, made before or after, is not read beside its parent. # S38 (part)"""
    month = hospital_day(filled.clock()).strftime("%Y_%m")
    with psycopg.connect(database_urls.app_url, autocommit=True) as plain:
        plain.execute("SELECT ensure_month_partitions('2031-05-01', 1)")
        for part in (month, "other", "2031_05"):
            for table in ("responses", "response_personal", "events"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    plain.execute(f"SELECT * FROM {table}_{part}".encode())


def test_the_dictionarys_department_is_kept_with_a_response(filled: Deployment) -> None:
    """By id or by name in any language; what no dictionary knows is kept as none."""
    known = filled.known
    assert known.department_of("skin") == "skin"
    assert known.department_of(" 皮肤科 ") == "skin"
    assert known.department_of("外科") is None
    assert known.department_of(None) is None
    assert known.department_of(7) is None
    with filled.db.begin_everywhere() as connection:
        told = connection.execute(
            sa.text("SELECT context ->> 'visit.department', department FROM responses")
        ).all()
    assert {(row[0], row[1]) for row in told} == {("皮肤科", "skin"), ("eye", "eye"), ("?", None)}


def test_staff_pages_read_responses_only_within_a_reach() -> None:
    """Neither pages of staff nor their queries may work in the name of the whole program.

    What counts rows for a change of the organisation is the one exception, and shows no row.
    """
    folder = Path(__file__).parents[2] / "runtime" / "staff"
    found = {
        file.name
        for file in folder.rglob("*.py")
        if re.search(r"begin_everywhere|EVERYTHING\b", file.read_text("utf-8"))
    }
    assert found == {"department_changes.py"}
