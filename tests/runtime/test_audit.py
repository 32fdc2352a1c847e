"""The audit trail: written beside the change, chained in order, never edited."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from runtime.audit import anchors, archive
from runtime.audit.export import csv_of, neutral_cell
from runtime.audit.keys import SigningKey, signing_key
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.queries import Filters, search
from runtime.audit.retention import RetentionTooShort, check_keep_days, is_past
from runtime.audit.sealer import seal_pending
from runtime.audit.service import record
from runtime.audit.verify import Report, verify
from runtime.audit.watch import watch_trail
from runtime.jobs.service import register, run_due
from runtime.kit.clock import month_of
from runtime.kit.db import Database
from runtime.kit.settings import SettingsError, read_settings
from runtime.schedule import JOBS
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from runtime.worker import Periodic
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import SURVEY

NURSE = Actor("staff", "u1", "王护士", "10.0.0.7", "staff", "s1")


@pytest.fixture
def owner(database_urls: DatabaseUrls) -> Iterator[Database]:
    """The role that owns the tables, as an administrator of the database would use it."""
    made = Database(database_urls.owner_url, statement_seconds=60)
    yield made
    made.close()


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    return signing_key(tmp_path)


def write(db: Database, count: int, *, at: datetime | None = None) -> None:
    """So many lines, each in a transaction of its own."""
    for number in range(count):
        with db.begin() as connection:
            clock = (lambda: at) if at else (lambda: datetime.now(UTC))
            record(connection, NURSE, "role.changed", "role", str(number), clock=clock)


def change_and_fail(db: Database) -> float:
    """A change that breaks off after its line was written."""
    with db.begin() as connection:
        record(connection, NURSE, "role.changed", "role", "r1")
        return 1 / 0


def verified(db: Database, **given: object) -> Report:
    with db.begin() as connection:
        return verify(connection, **given)  # type: ignore[arg-type]


def tamper(owner: Database, statement: str) -> None:
    """What who owns the tables can do: triggers off, change, triggers on."""
    with owner.begin() as connection:
        for table in ("audit_lines", "audit_seals"):
            connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(sa.text(statement))
        for table in ("audit_lines", "audit_seals"):
            connection.execute(sa.text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def faults(report: Report) -> list[tuple[str, int | None]]:
    return [(fault.kind, fault.seq) for fault in report.faults]


def test_a_line_stays_exactly_if_the_change_stays(deployment: Deployment) -> None:
    """A transaction that is rolled back leaves no line; the fields of one are all there. # S57"""
    with pytest.raises(ZeroDivisionError):
        change_and_fail(deployment.db)
    with deployment.db.begin() as connection:
        record(
            connection, NURSE, "parameter.changed", "parameter", "x",
            outcome="refused", site="east", facts={"from": 1, "to": "二"},
        )  # fmt: skip
        (line,) = search(connection, Filters()).lines
    assert msgspec.structs.astuple(line)[3:] == (
        "staff", "u1", "王护士", "10.0.0.7", "staff", "s1", "parameter.changed", "parameter", "x",
        "refused", "east", '{"to": "二", "from": 1}',
    )  # fmt: skip
    assert abs(line.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_five_thousand_inserts_at_once_give_an_unbroken_chain(deployment: Deployment) -> None:
    """Ten writers and two sealers at the same time: every line sealed, no false break. # S58"""

    def work(writer: int) -> None:
        if writer >= 8:
            for _ in range(60):
                seal_pending(deployment.db, limit=97)
            return
        for number in range(25):
            with deployment.db.begin() as connection:
                for item in range(25):
                    record(connection, NURSE, "role.read", "role", f"{writer}-{number}-{item}")

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(work, range(10)))
    while seal_pending(deployment.db):
        pass
    report = verified(deployment.db)
    assert (report.sealed, report.head, report.unsealed, report.faults) == (5000, 5000, 0, [])


def test_verify_names_the_unsealed_tail(deployment: Deployment) -> None:
    """Young lines without a seal are named, old ones are a fault. # S58"""
    write(deployment.db, 3)
    assert seal_pending(deployment.db) == 3
    write(deployment.db, 2)
    report = verified(deployment.db)
    assert (report.sealed, report.unsealed, report.is_sound) == (3, 2, True)
    later = verified(deployment.db, clock=lambda: datetime.now(UTC) + timedelta(minutes=6))
    assert faults(later) == [("unsealed_late", None)] * 2


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = '李'", "outcome = 'ok', action = 'role.read'", "address = NULL",
        "at = at + interval '1 microsecond'", "facts = '{\"a\": 1}'", "site = ''",
    ],
)  # fmt: skip
def test_a_line_that_the_owner_altered_is_named(
    deployment: Deployment, owner: Database, change: str
) -> None:
    """Any column, changed past the trigger, shows at its own place and no other. # S58"""
    write(deployment.db, 5)
    seal_pending(deployment.db)
    tamper(owner, f"UPDATE audit_lines SET {change} WHERE object_id = '2'")
    assert faults(verified(deployment.db)) == [("altered", 3)]


def test_deleted_lines_are_named(deployment: Deployment, owner: Database) -> None:
    """With its seal or without it, sealed or not yet. # S58"""
    write(deployment.db, 6)
    seal_pending(deployment.db)
    write(deployment.db, 1)
    tamper(owner, "DELETE FROM audit_lines WHERE id = (SELECT line FROM audit_seals WHERE seq = 2)")
    tamper(
        owner,
        "WITH gone AS (DELETE FROM audit_seals WHERE seq = 4 RETURNING line) "
        "DELETE FROM audit_lines WHERE id IN (SELECT line FROM gone)",
    )
    tamper(owner, "DELETE FROM audit_lines WHERE id IN (SELECT id FROM audit_unsealed)")
    found = faults(verified(deployment.db))
    assert found == [("deleted", 2), ("seal_deleted", 4), ("deleted", None)]


def test_a_cut_tail_shows_against_the_head_and_against_the_anchor(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """Whoever also turns the head back is found by the anchor outside the database. # S58"""
    path = tmp_path / "elsewhere" / anchors.FILE
    write(deployment.db, 4)
    seal_pending(deployment.db)
    assert anchors.write_anchor(deployment.db, path, key) is not None
    assert anchors.write_anchor(deployment.db, path, key) is None
    known = anchors.read_anchors(path, key.public)
    assert verified(deployment.db, anchors=known).is_sound
    tamper(
        owner,
        "WITH gone AS (DELETE FROM audit_seals WHERE seq > 2 RETURNING line) "
        "DELETE FROM audit_lines WHERE id IN (SELECT line FROM gone)",
    )
    assert faults(verified(deployment.db)) == [("tail_cut", 4)]
    tamper(
        owner,
        "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_seals WHERE seq = 2)",
    )
    assert verified(deployment.db).is_sound
    assert faults(verified(deployment.db, anchors=known)) == [("tail_cut", 4)]


def test_a_chain_written_anew_shows_against_the_anchor(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """A chain that is sound in itself, over an altered line, is not the anchored one. # S58"""
    path = tmp_path / anchors.FILE
    write(deployment.db, 3)
    seal_pending(deployment.db)
    anchors.write_anchor(deployment.db, path, key)
    tamper(owner, "UPDATE audit_lines SET actor_name = '李' WHERE object_id = '1'")
    tamper(
        owner,
        "INSERT INTO audit_unsealed (id, month) SELECT line, month FROM audit_seals ORDER BY seq",
    )
    tamper(owner, "DELETE FROM audit_seals")
    tamper(owner, "UPDATE audit_head SET seq = 0, hash = sha256('huisheng.audit/1')")
    seal_pending(deployment.db)
    assert verified(deployment.db).is_sound
    known = anchors.read_anchors(path, key.public)
    assert faults(verified(deployment.db, anchors=known)) == [("anchor", 3)]


def test_a_forged_anchor_is_refused(
    deployment: Deployment, key: SigningKey, tmp_path: Path
) -> None:
    """Another place or another key is not what the auditor's public key signed. # S58"""
    path = tmp_path / anchors.FILE
    write(deployment.db, 1)
    seal_pending(deployment.db)
    anchors.write_anchor(deployment.db, path, key)
    with pytest.raises(anchors.UnreadableAnchor):
        anchors.read_anchors(path, SigningKey(b"x" * 32).public)
    path.write_text(path.read_text().replace('"seq":1', '"seq":2'))
    with pytest.raises(anchors.UnreadableAnchor):
        anchors.read_anchors(path, key.public)


@pytest.mark.parametrize("table", ["audit_lines", "audit_seals", "audit_head", "audit_archives"])
def test_the_application_only_appends(deployment: Deployment, owner: Database, table: str) -> None:
    """No UPDATE, DELETE or TRUNCATE by grant; none by the owner's slip either. # S58"""
    write(deployment.db, 1)
    seal_pending(deployment.db)
    changes = (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET month = month")
    for change in changes[: 2 if table == "audit_head" else 3]:
        with pytest.raises(ProgrammingError, match="permission denied"):
            with deployment.db.begin() as connection:
                connection.execute(sa.text(change))
        if table in ("audit_lines", "audit_seals"):
            with pytest.raises(ProgrammingError, match="never changes"), owner.begin() as made:
                made.execute(sa.text(change))
    if table != "audit_lines":
        with pytest.raises(ProgrammingError, match="permission denied"):
            with deployment.db.begin() as connection:
                connection.execute(sa.text(f"INSERT INTO {table} SELECT * FROM {table}"))


def test_the_application_reaches_no_partition_and_no_waiting_list(deployment: Deployment) -> None:
    """The way past the parent table is closed, and lines cannot be hidden from sealing. # S58"""
    partition = f"audit_lines_{month_of(datetime.now(UTC)):%Y_%m}"
    for statement in (
        f"DELETE FROM {partition}",
        f"TRUNCATE {partition}",
        "DELETE FROM audit_unsealed",
        "SELECT remove_archived_audit_month('2020-01-01')",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            with deployment.db.begin() as connection:
                connection.execute(sa.text(statement))


def test_the_auditor_reads_and_writes_nothing(
    deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """The auditor's role verifies by itself; it can neither write nor seal. # S58"""
    write(deployment.db, 2)
    seal_pending(deployment.db)
    auditor = Database(database_urls.auditor_url)
    assert verified(auditor).sealed == 2
    with pytest.raises(ProgrammingError), auditor.begin() as connection:
        record(connection, SYSTEM, "a.b", "c", "d")
    with pytest.raises(ProgrammingError), auditor.begin() as connection:
        connection.execute(sa.text("SELECT seal_audit_lines(1)"))
    auditor.close()


def test_retention_below_180_days_is_refused() -> None:
    """179 is refused wherever it is set; three years is the default. # R2.2.5 (part), S59"""
    with pytest.raises(RetentionTooShort):
        check_keep_days(179)
    with pytest.raises(SettingsError, match="AUDIT_KEEP_DAYS"):
        read_settings({"HUISHENG_AUDIT_KEEP_DAYS": "179"})
    assert read_settings({"HUISHENG_AUDIT_KEEP_DAYS": "180"}).audit_keep_days == 180
    assert read_settings({}).audit_keep_days >= 3 * 365


def test_day_179_and_day_180_are_kept() -> None:
    """A month goes only when its very last day is more than 180 days ago. # S59"""
    march = date(2026, 3, 1)
    last = date(2026, 3, 31)
    assert not is_past(march, last + timedelta(days=179), 180)
    assert not is_past(march, last + timedelta(days=180), 180)
    assert is_past(march, last + timedelta(days=181), 180)


def with_old_lines(deployment: Deployment, owner: Database) -> date:
    """Four lines of a month long past, two of today; gives the old month."""
    old = datetime.now(UTC) - timedelta(days=400)
    with owner.begin() as connection:
        connection.execute(sa.text("SELECT ensure_month_partitions(:m, 1)"), {"m": month_of(old)})
    write(deployment.db, 4, at=old)
    write(deployment.db, 2)
    seal_pending(deployment.db)
    return month_of(old)


def test_an_archived_month_still_verifies(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """Written, verified, removed: the chain goes on through the archive's lines. # S59"""
    month = with_old_lines(deployment, owner)
    with owner.begin() as connection:
        assert archive.past_months(connection, 180) == [month]
        path = archive.archive_month(connection, month, tmp_path, key)
        archive.remove_archived(connection, month, tmp_path, key.public, 180)
    with deployment.db.begin() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM audit_lines")).scalar()
    assert count == 2
    assert [found.seq for found in archive.archived_lines(path, key.public)] == [1, 2, 3, 4]
    archived = archive.read_archives(tmp_path, key.public)
    report = verified(deployment.db, archived=archived)
    assert (report.sealed, report.archived, report.faults) == (6, 4, [])
    assert len(verified(deployment.db, archived={}).faults) == 4


def test_an_archive_that_was_touched_is_refused(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """A changed line, a changed manifest and another key are all noticed. # S59"""
    month = with_old_lines(deployment, owner)
    with owner.begin() as connection:
        path = archive.archive_month(connection, month, tmp_path, key)
    file, sound = path.with_suffix(".jsonl.gz"), path.read_text()
    with pytest.raises(archive.ArchiveFault, match="not signed"):
        list(archive.archived_lines(path, SigningKey(b"y" * 32).public))
    path.write_text(sound.replace('"lines": 4', '"lines": 3'))
    with pytest.raises(archive.ArchiveFault, match="not signed"):
        list(archive.archived_lines(path, key.public))
    path.write_text(sound)
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b"role", b"rule")))
    with pytest.raises(archive.ArchiveFault, match="not the file"), owner.begin() as connection:
        archive.remove_archived(connection, month, tmp_path, key.public, 180)


def test_young_or_unarchived_months_cannot_be_removed(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """The database's own function refuses too, whatever calls it. # S59"""
    month, this_month = with_old_lines(deployment, owner), month_of(datetime.now(UTC))
    with owner.begin() as connection:
        archive.archive_month(connection, this_month, tmp_path, key)
    with pytest.raises(archive.ArchiveFault), owner.begin() as connection:
        archive.remove_archived(connection, this_month, tmp_path, key.public, 180)
    for refused in (this_month, month):
        with pytest.raises(DBAPIError), owner.begin() as connection:
            connection.execute(
                sa.text("SELECT remove_archived_audit_month(:month)"), {"month": refused}
            )


def test_a_month_with_unsealed_lines_is_not_archived(
    deployment: Deployment, owner: Database, key: SigningKey, tmp_path: Path
) -> None:
    """What has no place in the chain would be lost to verification. # S59 (part)"""
    write(deployment.db, 2)
    with pytest.raises(archive.ArchiveFault), owner.begin() as connection:
        archive.archive_month(connection, month_of(datetime.now(UTC)), tmp_path, key)
    assert list(tmp_path.glob("audit-*")) == []


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "－1"]
)
def test_cells_that_look_like_formulas_are_neutralised(text: str) -> None:
    """A spreadsheet shows the cell as text. # S60 (part)"""
    assert neutral_cell(text).startswith("'")
    assert neutral_cell("role.changed") == "role.changed"


def test_a_line_end_in_a_value_stays_within_its_line(deployment: Deployment) -> None:
    """CR, LF, NUL, escape codes and lone surrogates become visible escapes. # S60 (part)"""
    evil = "a\r\nforged,line\x00\x1b[31m\u2028\ud800=HYPERLINK(1)"
    with deployment.db.begin() as connection:
        actor = Actor("staff", "u2", "=cmd|' /C calc'!A0", None, "staff", None)
        record(connection, actor, "role.changed", "role", evil, facts={evil: [evil]})
        (line,) = search(connection, Filters()).lines
    assert (
        line.object_id == "a\\u000d\\u000aforged,line\\u0000\\u001b[31m\\u2028\\ud800=HYPERLINK(1)"
    )
    rows = list(csv.reader(io.StringIO(csv_of([line]).decode("utf-8-sig"))))
    assert len(rows) == 2 and rows[1][3] == "'=cmd|' /C calc'!A0"
    assert seal_pending(deployment.db) == 1
    assert verified(deployment.db).is_sound


def test_search_narrows_and_pages(deployment: Deployment) -> None:
    """By person, action, area, object, outcome and time; pages neither repeat nor lose. # S57"""
    write(deployment.db, 7)
    with deployment.db.begin() as connection:
        record(connection, SYSTEM, "job.ran", "job", "backup", outcome="failed")
        assert len(search(connection, Filters(person="王护士")).lines) == 7
        assert len(search(connection, Filters(action="job.ran")).lines) == 1
        assert len(search(connection, Filters(action="role.")).lines) == 7
        assert len(search(connection, Filters(object_id="3")).lines) == 1
        assert len(search(connection, Filters(outcome="failed")).lines) == 1
        assert search(connection, Filters(since=datetime.now(UTC))).lines == ()
        assert len(search(connection, Filters(until=datetime.now(UTC))).lines) == 8
        first = search(connection, Filters(), limit=5)
        second = search(connection, Filters(), limit=5, after=first.next)
    assert len({line.id for line in first.lines + second.lines}) == 8
    assert second.next is None


def test_a_patients_start_and_submission_leave_a_line_each(deployment: Deployment) -> None:
    """Pages between leave none; times of answers stand there, answers do not.

    # R2.2.5 (part), S57
    """
    store_survey(deployment.db, msgspec.json.encode(SURVEY), publish=True)
    started = deployment.sessions.start("visit", "web")
    deployment.sessions.next_page(started.token, {"overall": 5})
    step = deployment.sessions.submit(started.token, {"nurse": 3, "note": "私事"})
    assert step.submitted is not None
    with deployment.db.begin() as connection:
        lines = search(connection, Filters()).lines
    submitted, begun = (line for line in lines if line.actor_kind == "patient")
    session = started.view.session
    assert (begun.action, begun.object_id, begun.actor_id) == ("session.started", session, session)
    assert (submitted.action, submitted.object_id) == (
        "response.submitted",
        step.submitted.response,
    )
    assert (submitted.actor_kind, submitted.actor_name, submitted.channel) == ("patient", "", "web")
    assert set(json.loads(submitted.facts)["seconds"]) <= {"arrival", "detail"}
    assert "私事" not in submitted.facts and "nurse" not in submitted.facts


def test_the_worker_seals_and_anchors(deployment: Deployment) -> None:
    """What is due from time to time includes both. # S58 (part)"""
    write(deployment.db, 2)
    Periodic(deployment).run_due()
    register(deployment.db, JOBS)
    run_due(deployment, JOBS)
    assert verified(deployment.db).sealed == 2
    assert (deployment.settings.data_dir / "audit" / anchors.FILE).exists()


def test_the_hourly_look_tells_a_break_and_anchors_no_broken_chain(
    deployment: Deployment, owner: Database
) -> None:
    """Yesterday's part is taken from its anchor, today's is recomputed. # S58 (part)"""
    settings, path = deployment.settings, deployment.settings.data_dir / "audit" / anchors.FILE
    write(deployment.db, 2)
    seal_pending(deployment.db)
    assert watch_trail(deployment.db, settings) is not None
    write(deployment.db, 2)
    seal_pending(deployment.db)
    later = datetime.now(UTC) + timedelta(hours=25)
    recent = watch_trail(deployment.db, settings, clock=lambda: later)
    assert recent is not None and (recent.sealed, recent.faults) == (2, [])
    tamper(owner, "UPDATE audit_lines SET outcome = 'failed' WHERE object_id = '1'")
    write(deployment.db, 1)
    seal_pending(deployment.db)
    broken = watch_trail(deployment.db, settings)
    assert broken is not None and {kind for kind, _ in faults(broken)} == {"altered"}
    assert len(path.read_text().splitlines()) == 2
    path.write_text("{}\n")
    assert watch_trail(deployment.db, settings) is None
