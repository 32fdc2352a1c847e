"""What the database keeps and refuses: roles, immutability, the feed, the outbox, expiry."""

import csv
import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import redis
import sqlalchemy as sa
from litestar.testing import TestClient
from openpyxl import load_workbook
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy.exc import ProgrammingError

from runtime.accounts.service import create_token
from runtime.events import service as events
from runtime.events.jobs import QUEUE
from runtime.events.models import Event
from runtime.kit.clock import system_clock
from runtime.kit.content import XLSX
from runtime.kit.db import Database
from runtime.kit.problems import Gone, Overloaded
from runtime.responses import jobs
from runtime.responses.feed import read_feed
from runtime.surveys.service import store_survey
from runtime.wiring import HANDLERS, Deployment
from runtime.worker import EventWorker, connect, hand_on
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import SURVEY

Submit = Callable[[], str]


@pytest.fixture
def submit(deployment: Deployment) -> Submit:
    """Fill and submit one session of the usual survey; gives the response's id."""
    store_survey(deployment.db, msgspec.json.encode(SURVEY), publish=True)

    def fill() -> str:
        started = deployment.sessions.start("visit", "web")
        deployment.sessions.next_page(started.token, {"overall": 5})
        step = deployment.sessions.submit(started.token, {"nurse": 3, "note": "私事"})
        assert step.submitted is not None
        return step.submitted.response

    return fill


def test_responses_never_change(
    submit: Submit, deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """Neither the application nor the owner changes one; the auditor reads events only."""
    submit()
    owner, auditor = Database(database_urls.owner_url), Database(database_urls.auditor_url)
    for table in ("responses", "response_personal", "events", "survey_versions"):
        for db in (deployment.db, owner):
            for change in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                with pytest.raises(ProgrammingError), db.begin() as connection:
                    connection.execute(sa.text(change))
    with auditor.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM events")).scalar() == 1
    with pytest.raises(ProgrammingError), auditor.begin() as connection:
        connection.execute(sa.text("SELECT * FROM response_personal"))
    with deployment.db.begin() as connection:
        role = connection.execute(
            sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        ).scalar()
    assert role is False
    owner.close()
    auditor.close()


def test_fifty_submits_at_once_store_one_response(submit: Submit, deployment: Deployment) -> None:
    """Once-only is decided on the session row; all who try hear the same."""
    started = deployment.sessions.start("visit", "web")
    deployment.sessions.next_page(started.token, {"overall": 4})
    barrier = threading.Barrier(4)

    def press(number: int) -> str:
        if number < 4:
            barrier.wait()
        while True:
            try:
                step = deployment.sessions.submit(started.token, {"nurse": 1 + number % 5})
            except Overloaded:
                continue
            assert step.submitted is not None
            return step.submitted.response

    with ThreadPoolExecutor(4) as pool:
        heard = set(pool.map(press, range(50)))
    assert len(heard) == 1
    with deployment.db.begin_everywhere() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM responses")).scalar() == 1


def test_answers_given_at_once_all_arrive(submit: Submit, deployment: Deployment) -> None:
    """Two tabs that save different questions at the same moment lose nothing."""
    started = deployment.sessions.start("visit", "web")
    deployment.sessions.next_page(started.token, {"overall": 5})
    with ThreadPoolExecutor(2) as pool:
        for n in range(10):
            nurse = pool.submit(deployment.sessions.save, started.token, {"nurse": 1 + n % 5})
            note = pool.submit(deployment.sessions.save, started.token, {"note": f"第{n}"})
            assert (nurse.result().outcome, note.result().outcome) == ("ok", "ok")
            shown = deployment.sessions.current(started.token).view.questions
            values = {q.id: q.value for q in shown}
            assert (values["nurse"], values["note"]) == (1 + n % 5, f"第{n}")


def test_a_reader_of_the_feed_meets_each_response_once(
    submit: Submit, deployment: Deployment
) -> None:
    """Also while others are submitting, whose transactions end in any order."""
    stop = threading.Event()
    made: list[str] = []

    def keep_submitting() -> None:
        while not stop.is_set():
            made.append(submit())

    writers = [threading.Thread(target=keep_submitting) for _ in range(2)]
    for writer in writers:
        writer.start()
    met: list[str] = []
    cursor = None
    for _ in range(40):
        piece = read_feed(deployment.db, cursor=cursor, limit=7)
        met += [line.id for line in piece.responses]
        cursor = piece.cursor
    stop.set()
    for writer in writers:
        writer.join()
    while (piece := read_feed(deployment.db, cursor=cursor, limit=7)).responses:
        met += [line.id for line in piece.responses]
        cursor = piece.cursor
    assert len(met) == len(set(met)) and set(met) == set(made)


def test_personal_answers_need_their_own_scope(
    submit: Submit, deployment: Deployment, client: TestClient[Any]
) -> None:
    """The feed over HTTP, plain and as FHIR."""
    response = submit()

    def read(*scopes: str, **more: Any) -> Any:
        token = create_token(deployment.db, "feed", scopes)
        headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
        return client.get("/api/v1/responses", headers=headers, params=more)

    plain = read("responses:read").json()
    assert [line["id"] for line in plain["responses"]] == [response]
    assert plain["responses"][0]["answers"] == {"overall": 5, "nurse": 3}
    both = read("responses:read", "responses:personal").json()
    assert both["responses"][0]["answers"]["note"] == "私事"
    assert read("responses:read", cursor=plain["cursor"]).json()["responses"] == []
    assert read("responses:read", survey="other").json()["responses"] == []
    assert read("responses:read", since="2999-01-01T00:00:00Z").json()["responses"] == []
    assert read("responses:read", since="2999-01-01").json()["responses"] == []
    assert read("responses:read", since="2020-01-01").json() == plain
    for wrong in ("x", "", "2026-02-30", "2026-01-01T00:00:00", "20260101T", "2026-W01-1"):
        assert read("responses:read", since=wrong).status_code == 422, wrong
    assert read("responses:read", cursor="!").status_code == 422
    assert read("surveys:read").status_code == 403
    assert client.get("/api/v1/responses").status_code == 401
    fhir = read("responses:read", headers={"accept": "application/fhir+json"})
    assert fhir.headers["content-type"].startswith("application/fhir+json")
    entry = fhir.json()["entry"][0]["resource"]
    assert (entry["resourceType"], entry["status"]) == ("QuestionnaireResponse", "completed")
    score = plain["responses"][0]["scores"]["service"]["value"]
    assert entry["item"][-1] == {"linkId": "score.service", "answer": [{"valueDecimal": score}]}


def test_the_feed_comes_in_the_shape_that_is_asked_for(
    submit: Submit, deployment: Deployment, client: TestClient[Any]
) -> None:
    """Lines, a table and a workbook hold what JSON holds; each names where the next piece is."""
    responses = [submit(), submit()]
    token = create_token(deployment.db, "feed", ["responses:read"])

    def read(accept: str, **more: Any) -> Any:
        headers = {"authorization": f"Bearer {token}", "accept": accept}
        return client.get("/api/v1/responses", headers=headers, params=more)

    plain = read("application/json", survey="visit").json()
    lines = read("application/jsonl", survey="visit")
    assert [json.loads(line) for line in lines.text.splitlines()] == plain["responses"]
    assert lines.headers["huisheng-cursor"] == plain["cursor"]
    table = read("text/csv", survey="visit")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["_id"] for row in rows] == responses
    assert [(row["overall"], row["nurse"], row["note"]) for row in rows] == [("5", "3", "")] * 2
    book = load_workbook(io.BytesIO(read(XLSX, survey="visit").content)).active
    assert book is not None
    heads, *others = book.iter_rows(values_only=True)
    assert (list(heads), len(others)) == (list(rows[0]), 2)
    refused = read("text/csv")
    assert (refused.status_code, refused.json()["problems"][0]["at"]) == (422, "/survey")
    first = read("application/fhir+json", survey="visit", limit=1).json()
    follow = first["link"][0]["url"]
    headers = {"authorization": f"Bearer {token}", "accept": "application/fhir+json"}
    second = client.get(follow, headers=headers).json()
    met = [entry["resource"]["id"] for part in (first, second) for entry in part["entry"]]
    assert met == responses and "survey=visit" in follow
    assert read("image/png, */*").headers["content-type"] == "application/json"


def _perform(deployment: Deployment) -> None:
    connection = connect(deployment.redis_url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    EventWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)


def test_events_wait_while_redis_is_away(
    submit: Submit, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost; when it is back all is delivered, each once."""
    submit()
    away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    with pytest.raises(redis.RedisError):
        hand_on(deployment, Queue(QUEUE, connection=away, serializer=JSONSerializer))
    assert events.waiting_events(deployment.db) == 1
    later = Deployment(
        deployment.settings,
        database_url=deployment.db.url,
        redis_url=deployment.redis_url,
        clock=lambda: system_clock() + timedelta(minutes=2),
    )
    back = Queue(QUEUE, connection=connect(deployment.redis_url), serializer=JSONSerializer)
    assert hand_on(later, back) == 1
    monkeypatch.setattr("runtime.worker._deployment", deployment)
    _perform(deployment)
    later.close()
    assert events.waiting_events(deployment.db) == 0
    with deployment.db.begin_everywhere() as connection:
        tallies = connection.execute(sa.text("SELECT responses FROM response_tallies")).scalars()
        assert list(tallies) == [1]


def test_an_event_is_delivered_once(submit: Submit, deployment: Deployment) -> None:
    """A second delivery finds nothing to claim; a handler that fails leaves it for later."""
    submit()
    (event,) = events.due_events(deployment.db)
    assert events.due_events(deployment.db) == []

    def fail(_: sa.Connection, __: Any) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        events.deliver(deployment.db, event, {"response.submitted": (fail,)})
    assert events.waiting_events(deployment.db) == 1
    assert events.deliver(deployment.db, event, HANDLERS) is True
    assert events.deliver(deployment.db, event, HANDLERS) is False
    assert events.deliver(deployment.db, UUID(int=0), HANDLERS) is False


def test_events_travel_together_and_fail_alone(
    submit: Submit, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One job carries three; the one whose handler fails waits for a later try."""
    _, unlucky, _ = submit(), submit(), submit()

    def fail(_: sa.Connection, event: Event) -> None:
        if event.subject == unlucky:
            raise ValueError("no")

    handlers = {name: (fail, *others) for name, others in HANDLERS.items()}
    monkeypatch.setattr("runtime.wiring.HANDLERS", handlers)
    monkeypatch.setattr("runtime.worker._deployment", deployment)
    queue = Queue(QUEUE, connection=connect(deployment.redis_url), serializer=JSONSerializer)
    assert (hand_on(deployment, queue), queue.count) == (3, 1)
    _perform(deployment)
    with deployment.db.begin_everywhere() as connection:
        waiting = connection.execute(
            sa.text(
                "SELECT e.subject, o.failure FROM event_outbox o JOIN events e ON e.id = o.event_id"
            )
        ).all()
        tallies = connection.execute(sa.text("SELECT responses FROM response_tallies")).scalars()
        assert list(tallies) == [2]
    assert [tuple(row) for row in waiting] == [(unlucky, "ValueError")]


def test_given_up_sessions_are_forgotten(submit: Submit, deployment: Deployment) -> None:
    """A day after their end their answers are gone, and their token says why."""
    started = deployment.sessions.start("visit", "web")
    deployment.sessions.save(started.token, {"overall": 3})
    much_later = system_clock() + timedelta(days=5)
    assert jobs.remove_expired_sessions(deployment.db, clock=lambda: much_later) == 1
    with pytest.raises(Gone):
        deployment.sessions.current(started.token)


def test_partitions_are_made_ahead(deployment: Deployment) -> None:
    """By the application's role, through a function of the owner's."""
    later = system_clock() + timedelta(days=400)
    assert jobs.make_partitions(deployment.db, clock=lambda: later) > 0
    assert jobs.make_partitions(deployment.db, clock=lambda: later) == 0
