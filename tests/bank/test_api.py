"""The bank over the API: a file becomes a job, the worker takes it once, pickers find questions."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from runtime.accounts.service import create_token
from runtime.audit.models import SYSTEM
from runtime.bank.jobs import MAX_TRIES, ask_import, get_import, take_imports
from runtime.bank.service import Wanted
from runtime.jobs.service import run_due
from runtime.schedule import JOBS
from runtime.wiring import Deployment
from tests.bank.many import jsonl
from tests.bank.test_import import ROWS, bomb, csv_of, held
from tests.serving import HUISHENG, Place

IMPORT = "/api/v1/question_bank/import"


def send(client: TestClient[Any], staff: dict[str, str], content: bytes, **fields: str) -> Any:
    return client.post(IMPORT, files={"file": ("题目.csv", content)}, data=fields, headers=staff)


def test_a_file_becomes_a_job_that_tells_how_it_went(
    deployment: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """202 with a job; the report says row, column, code and what to do. # R0.5 (part)"""
    content = csv_of(*ROWS, ["", "门诊", "", "", "猜谜题", "谜语", "", "", "", "", ""])
    for fields, new in (({"dry_run": "true"}, 0), ({"all_or_nothing": "true"}, 0), ({}, 3)):
        asked = send(client, staff, content, **fields)
        assert asked.status_code == 202, asked.text
        job = f"/api/v1/jobs/{asked.json()['job']}"
        assert asked.headers["location"] == job
        waiting = client.get(job, headers=staff).json()
        assert (waiting["state"], waiting["progress"], waiting["report"]) == ("waiting", 0, [])
        assert run_due(deployment, JOBS) >= 1
        done = client.get(job, headers=staff | {"accept-language": "zh-CN"}).json()
        assert done["state"] == ("refused" if "all_or_nothing" in fields else "done")
        assert (done["progress"], done["counts"]["new"], done["counts"]["bad"]) == (1, 3, 1)
        (told,) = done["report"]
        assert (told["row"], told["column"], told["code"]) == (5, "type", "type")
        assert "猜谜题" in told["message"]
        assert len(held(deployment.db)) == new


def test_who_may_import_and_what_is_refused(
    deployment: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Without the scope 403, without a form 415; a file that is no table ends as refused."""
    reader = {"authorization": f"Bearer {create_token(deployment.db, 'r', ['bank:read'])}"}
    assert send(client, reader, b"x").status_code == 403
    assert client.post(IMPORT, content=b"x", headers=staff).status_code == 415
    assert client.post(IMPORT, data={"file": "x"}, headers=staff).status_code == 415
    assert (
        client.get(f"/api/v1/jobs/{'0' * 8}-0000-7000-8000-{'0' * 12}", headers=staff).status_code
        == 404
    )
    asked = send(client, staff, bomb())
    take_imports(deployment)
    done = client.get(asked.headers["location"], headers=staff).json()
    assert done["state"] == "refused" and done["report"][0]["code"] == "unpacked"


def test_pickers_find_questions_by_words_and_place(
    deployment: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """Fifty at a time, each with the names of its place. # R1.2.1.3 (part)"""
    ask_import(deployment.db, SYSTEM, jsonl(120), "many.jsonl", Wanted())
    take_imports(deployment)
    places = client.get("/api/v1/question_bank/places", headers=staff).json()["places"]
    scene = next(
        one for one in places if one["name"]["zh-CN"] == "住院" and one["level"] == "scene"
    )
    url = "/api/v1/question_bank"
    first = client.get(url, params={"q": "态度", "place": scene["id"]}, headers=staff).json()
    assert first["items"] and all("态度" in str(one["question"]) for one in first["items"])
    assert {one["path"][0]["zh-CN"] for one in first["items"]} == {"住院"}
    page = client.get(url, headers=staff).json()
    rest = client.get(url, params={"after": page["next"]}, headers=staff).json()
    assert len(page["items"]) == len(rest["items"]) == 50
    nothing = {"q": "\0", "type": "\0", "tag": "'", "place": 2**31 - 1, "after": 2**62}
    assert client.get(url, params=nothing, headers=staff).json() == {"items": [], "next": None}


def test_what_kills_its_worker_again_and_again_is_given_up(deployment: Deployment) -> None:
    """Three times, then it is told as failed, and the next one is taken."""
    bad = ask_import(deployment.db, SYSTEM, csv_of(*ROWS), "bad", Wanted())
    good = ask_import(deployment.db, SYSTEM, csv_of(*ROWS), "good", Wanted())
    with deployment.db.begin() as connection:
        connection.execute(
            sa.text("UPDATE bank_imports SET state = 'running', tries = :n WHERE id = :id"),
            {"n": MAX_TRIES, "id": bad},
        )
    assert take_imports(deployment) == "1"
    assert get_import(deployment.db, bad).state == "failed"
    assert get_import(deployment.db, good).state == "done"


@pytest.mark.slow
def test_a_worker_that_is_killed_half_way_leaves_nothing_and_the_next_takes_all(
    deployment: Deployment, place: Place
) -> None:
    """kill -9 while questions are being stored: none is there; a new worker stores each once."""
    rows = 6_000
    asked = ask_import(deployment.db, SYSTEM, jsonl(rows), "many.jsonl", Wanted())
    worker = _worker(place)
    try:
        _until(lambda: 0 < get_import(deployment.db, asked).counts.new < rows)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        assert get_import(deployment.db, asked).state == "running"
        assert held(deployment.db) == []
        worker = _worker(place)
        _until(lambda: get_import(deployment.db, asked).state == "done")
    finally:
        worker.kill()
        worker.wait()
    counts = get_import(deployment.db, asked).counts
    assert (counts.new, counts.rows, len(held(deployment.db))) == (rows, rows, rows)


def _worker(place: Place) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [str(HUISHENG), "worker"],
        env=place.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _until(is_so: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)
