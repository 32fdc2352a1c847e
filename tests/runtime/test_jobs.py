"""Scheduled jobs: due times, several workers, lost runs, pause and run now."""

import threading
from datetime import UTC, datetime, time, timedelta

import pytest

from runtime.audit.models import SYSTEM
from runtime.jobs import service
from runtime.jobs.models import DailyAt, Every, Job
from runtime.kit.ids import new_id
from runtime.kit.problems import NotFound
from runtime.schedule import JOBS
from runtime.wiring import Deployment

NOON = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)  # 12:00 at the hospital


def _counting() -> tuple[list[int], Job]:
    done: list[int] = []
    return done, Job("count", Every(60), lambda _made: done.append(1))


def test_a_daily_job_is_due_at_the_hospitals_time_of_day() -> None:
    """# R1.2.4.2 (part)"""
    assert DailyAt(time(2, 30)).next_after(NOON) == datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
    assert DailyAt(time(12, 0)).next_after(NOON) == NOON + timedelta(days=1)
    assert DailyAt(time(12, 1)).next_after(NOON) == NOON + timedelta(minutes=1)


def test_a_job_runs_when_due_and_not_again_before_its_time(deployment: Deployment) -> None:
    """# R1.2.4.2 (part)"""
    done, job = _counting()
    service.register(deployment.db, [job], clock=lambda: NOON)
    assert service.run_due(deployment, [job], clock=lambda: NOON) == 1
    assert service.run_due(deployment, [job], clock=lambda: NOON + timedelta(seconds=59)) == 0
    assert service.run_due(deployment, [job], clock=lambda: NOON + timedelta(seconds=60)) == 1
    assert len(done) == 2
    with deployment.db.begin() as connection:
        [state] = service.states(connection)
    assert state.due_at == NOON + timedelta(seconds=120)
    assert state.last is not None
    assert state.last.outcome == "ok"


def test_two_workers_run_a_due_job_once(deployment: Deployment) -> None:
    started, finish = threading.Event(), threading.Event()
    done: list[int] = []

    def work(_made: Deployment) -> None:
        done.append(1)
        started.set()
        assert finish.wait(60)

    job = Job("slow", Every(60), work)
    service.register(deployment.db, [job], clock=lambda: NOON)
    one = threading.Thread(
        target=service.run_due, args=(deployment, [job]), kwargs={"clock": lambda: NOON}
    )
    one.start()
    assert started.wait(60)
    later = NOON + timedelta(hours=1)
    assert service.run_due(deployment, [job], clock=lambda: later) == 0
    finish.set()
    one.join(60)
    assert done == [1]


def test_a_run_lost_with_its_worker_is_found_and_run_again(deployment: Deployment) -> None:
    done, job = _counting()
    service.register(deployment.db, [job], clock=lambda: NOON + timedelta(hours=5))
    with deployment.db.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO job_runs (id, name, started_at) VALUES (%s, 'count', %s)", (new_id(), NOON)
        )
    assert service.run_due(deployment, [job], clock=lambda: NOON + timedelta(seconds=5)) == 1
    with deployment.db.begin() as connection:
        outcomes = [run.outcome for run in service.runs(connection, "count")]
    assert outcomes == ["ok", "lost"]
    assert done == [1]


def test_a_failure_is_written_down_and_the_next_job_still_runs(deployment: Deployment) -> None:
    done, job = _counting()

    def fail(_made: Deployment) -> None:
        raise NotFound("x", "The target is not there.")

    broken = Job("broken", Every(60), fail)
    service.register(deployment.db, [broken, job], clock=lambda: NOON)
    assert service.run_due(deployment, [broken, job], clock=lambda: NOON) == 2
    with deployment.db.begin() as connection:
        [run] = service.runs(connection, "broken")
    assert run.outcome == "failed"
    assert run.message == "NotFound: The target is not there."
    assert done == [1]


def test_a_paused_job_waits_but_run_now_runs_it_once(deployment: Deployment) -> None:
    """# R1.2.4.2 (part)"""
    done, job = _counting()
    db = deployment.db
    service.register(db, [job], clock=lambda: NOON)
    service.pause(db, SYSTEM, "count")
    assert service.run_due(deployment, [job], clock=lambda: NOON) == 0
    service.ask_run(db, SYSTEM, "count")
    assert service.run_due(deployment, [job], clock=lambda: NOON) == 1
    assert service.run_due(deployment, [job], clock=lambda: NOON + timedelta(hours=1)) == 0
    service.resume(db, SYSTEM, "count")
    assert service.run_due(deployment, [job], clock=lambda: NOON + timedelta(hours=1)) == 1
    assert len(done) == 2
    with db.begin() as connection:
        actions = connection.exec_driver_sql(
            "SELECT action FROM audit_lines WHERE object_type = 'job' ORDER BY id"
        )
        assert actions.scalars().all() == ["job.paused", "job.asked", "job.resumed"]
    with pytest.raises(NotFound):
        service.pause(db, SYSTEM, "nothing")


def test_the_programs_own_jobs_all_run(deployment: Deployment) -> None:
    """All but the backup work without a setting. # R1.2.4.2 (part)"""
    service.register(deployment.db, JOBS)
    for job in JOBS:
        service.ask_run(deployment.db, SYSTEM, job.name)
    heavy = [job for job in JOBS if not job.is_light]
    assert service.run_due(deployment, JOBS) == len(heavy)
    with deployment.db.begin() as connection:
        last = {s.name: s.last.outcome for s in service.states(connection) if s.last}
    assert last.pop("nightly_backup") == "failed"
    assert last == {job.name: "ok" for job in heavy if job.name != "nightly_backup"}
