"""Personal answers at rest: sealed, found, masked, unmasked, under keys replaced while in use."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient
from sqlalchemy.exc import IntegrityError, ProgrammingError

from runtime.accounts import role_editing
from runtime.accounts.access import Principal, Unmasking
from runtime.accounts.service import create_token
from runtime.audit.models import Actor
from runtime.kit.db import Database
from runtime.kit.problems import Forbidden, NotFound, Overloaded, StateConflict, Unprocessable
from runtime.kit.reach import EVERYTHING, NOTHING, Reach
from runtime.responses import consents, personal
from runtime.responses.feed import read_feed
from runtime.responses.resealing import STEPS
from runtime.secrets import rotation
from runtime.secrets.masks import Kind
from runtime.secrets.vault import SealBroken, Vault
from runtime.surveys.service import store_survey
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.runtime.conftest import survey_with

SEEDED = {
    "name": "陈晓明之",
    "phone": "13912345678",
    "card": "11010519491231002X",
    "mail": "chen.xm@example.cn",
    "address": "广东省深圳市福田区莲花路九十九号",
}
FORMATS = {"phone": "phone_cn", "card": "id_card_cn", "mail": "email"}


def _survey() -> bytes:
    questions: list[dict[str, Any]] = [
        {"id": name, "type": "text", "text": {"zh-CN": name, "en": name}}
        | ({"format": FORMATS[name]} if name in FORMATS else {})
        for name in SEEDED
    ]
    agree = {
        "id": "agree",
        "type": "consent",
        "text": {"zh-CN": "同意", "en": "I agree"},
        "document": "privacy",
        "version": 3,
    }
    page = {"id": "me", "title": {"zh-CN": "您", "en": "You"}, "questions": [*questions, agree]}
    ending = {"id": "thanks", "text": {"zh-CN": "{{name}}，感谢您", "en": "Thank you, {{name}}"}}
    document = survey_with(id="personal", pages=[page], scores=[], alerts=[], endings=[ending])
    return json.dumps(document).encode()


@pytest.fixture
def fill(deployment: Deployment) -> Callable[[], UUID]:
    """Submits a session that tells everything about a person; gives the response's id."""
    store_survey(deployment.db, _survey(), publish=True)

    def submit() -> UUID:
        started = deployment.sessions.start("personal", "web")
        deployment.sessions.save(started.token, SEEDED)
        answers = {"agree": {"agreed": True, "version": 3}}
        step = deployment.sessions.submit(started.token, answers)
        assert step.submitted is not None, step.problems
        again = deployment.sessions.current(started.token).view.done
        assert again is not None and SEEDED["name"] in again.text
        return UUID(step.submitted.response)

    return submit


def staff(
    *permissions: str,
    sites: tuple[str, ...] | None = None,
    fields: tuple[str, ...] = role_editing.FIELDS,
) -> Principal:
    """Somebody signed in with these permissions."""
    return Principal(
        user_id="u1",
        name="审核员",
        permissions=frozenset(permissions),
        reach=Reach(sites, None, False),
        exports=NOTHING,
        unmasking=(Unmasking(EVERYTHING, frozenset(fields)),),
        session="s1",
        lang=None,
        stage="full",
        csrf="c",
        address="10.0.0.1",
    )


def test_a_dump_of_the_database_holds_no_personal_value(
    fill: Callable[[], UUID], deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """Every column of every table as text, also as raw bytes, after and amid a session. # S49

    # R2.2.4 (part)
    """
    fill()
    started = deployment.sessions.start("personal", "web")
    deployment.sessions.save(started.token, SEEDED)
    owner = Database(database_urls.owner_url)
    scanned = 0
    with owner.begin() as connection:
        tables = connection.execute(
            sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        for table in list(tables):
            for row in connection.execute(sa.text(f'SELECT t.* FROM "{table}" t')):
                for value in row:
                    raw = value if isinstance(value, bytes) else str(value).encode()
                    scanned += 1
                    for name, seeded in SEEDED.items():
                        assert seeded.encode() not in raw, (table, name)
    owner.close()
    assert scanned > 100


def test_a_response_is_found_by_phone_card_and_mail(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """However it is written; another kind with the same digits finds nothing. # S51"""
    response, vault = fill(), deployment.vault
    written: tuple[tuple[Kind, str], ...] = (
        ("phone", "+86 139-1234-5678"),
        ("id_card", SEEDED["card"].lower()),
        ("email", "Chen.XM@example.cn"),
    )
    with deployment.db.begin_everywhere() as connection:
        for kind, text in written:
            assert personal.find_responses(connection, vault, kind, text) == [response], kind
        assert personal.find_responses(connection, vault, "phone", "13912345679") == []
        assert personal.find_responses(connection, vault, "id_card", SEEDED["phone"]) == []


def test_sealed_answers_moved_to_another_response_do_not_open(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """The row is part of what is authenticated. # S49 (part)"""
    one, other = fill(), fill()
    with deployment.db.begin_everywhere() as connection:
        sealed = connection.execute(
            sa.text("SELECT sealed FROM response_personal WHERE id = :id"), {"id": one}
        ).scalar_one()
    assert personal.open_answers(deployment.vault, one, sealed) == SEEDED
    with pytest.raises(SealBroken):
        personal.open_answers(deployment.vault, other, sealed)


def test_only_a_rotation_rewrites_a_sealed_answer(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """Under the active key no row changes, and never anything but the sealed column."""
    response, vault = fill(), deployment.vault
    fresh = personal.seal_answers(vault, response, {"name": "x"})
    for change in ("sealed = :sealed", "site = 'x'", "answers = '{}', sealed = NULL"):
        with pytest.raises(ProgrammingError), deployment.db.begin_everywhere() as connection:
            connection.execute(
                sa.text(f"UPDATE response_personal SET {change} WHERE id = :id"),
                {"id": response, "sealed": fresh} if ":sealed" in change else {"id": response},
            )


def test_a_consent_is_kept_with_document_version_and_time(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """One row for each consent answer of a submission; none can be changed. # S63 (part)"""
    response = fill()
    with deployment.db.begin_everywhere() as connection:
        row = connection.execute(sa.text("SELECT * FROM consents")).one()
    assert (row.response_id, row.document, row.document_version) == (response, "privacy", 3)
    assert row.agreed and row.given_at is not None and row.question == "agree"
    with pytest.raises(ProgrammingError), deployment.db.begin_everywhere() as connection:
        connection.execute(sa.text("UPDATE consents SET agreed = false"))


def test_values_are_masked_until_somebody_gives_a_reason(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """Permission, a reason of four characters, reach; each look is a line of the trail. # S37

    # R2.2.4 (part)
    """
    response, db, vault = fill(), deployment.db, deployment.vault
    with db.begin_everywhere() as connection:
        shown = personal.read_masked(connection, vault, deployment.surveys, staff(), response)
    assert shown["phone"] == "139****5678"
    assert (shown["card"], shown["mail"]) == ("110***********002X", "c***@example.cn")
    assert (shown["name"], shown["address"]) == ("****", "****")
    may = staff("personal:unmask")
    with pytest.raises(Forbidden):
        personal.unmask(db, vault, deployment.surveys, staff(), response, "回访患者")
    with pytest.raises(Unprocessable):
        personal.unmask(db, vault, deployment.surveys, may, response, " 看看 ")
    far = staff("personal:unmask", sites=("elsewhere",))
    with pytest.raises(NotFound):
        personal.unmask(db, vault, deployment.surveys, far, response, "回访患者")
    assert personal.unmask(db, vault, deployment.surveys, may, response, "回访患者") == SEEDED
    by_phone = staff("personal:unmask", fields=("phone",))
    some = personal.unmask(db, vault, deployment.surveys, by_phone, response, "回访患者")
    assert some == shown | {"phone": SEEDED["phone"]}
    one = personal.unmask(
        db, vault, deployment.surveys, may, response, "回访患者", questions=("phone",)
    )
    assert one == {"phone": SEEDED["phone"]}
    with db.begin() as connection:
        lines = connection.execute(
            sa.text(
                "SELECT outcome, facts FROM audit_lines WHERE action = 'personal.unmasked' "
                "ORDER BY at"
            )
        ).all()
    assert [line.outcome for line in lines] == ["refused", "ok", "ok", "ok"]
    assert lines[2].facts == {"reason": "回访患者", "questions": ["phone"]}
    assert lines[3].facts == {"reason": "回访患者", "questions": ["phone"]}


def test_an_integrator_who_reads_personal_answers_leaves_a_line(
    fill: Callable[[], UUID], deployment: Deployment, client: TestClient[Any]
) -> None:
    """With the scope they come as before and are recorded; without it neither."""
    fill()
    lines = sa.text("SELECT facts FROM audit_lines WHERE action = 'personal.read'")

    def read(*scopes: str) -> tuple[Any, int]:
        token = create_token(deployment.db, "his", scopes)
        answer = client.get("/api/v1/responses", headers={"authorization": f"Bearer {token}"})
        with deployment.db.begin_everywhere() as connection:
            return answer.json()["responses"][0]["answers"], len(connection.execute(lines).all())

    plain, count = read("responses:read")
    assert "phone" not in plain and count == 0
    whole, count = read("responses:read", "responses:personal")
    assert whole["phone"] == SEEDED["phone"] and count == 1


def test_no_personal_value_reaches_the_log(
    fill: Callable[[], UUID], deployment: Deployment, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither a good session nor a broken seal writes one. # S49 (part)"""
    response = fill()
    with pytest.raises(SealBroken) as caught:
        personal.open_answers(deployment.vault, response, b"\x01" + b"0" * 60)
    personal.unmask(
        deployment.db,
        deployment.vault,
        deployment.surveys,
        staff("personal:unmask"),
        response,
        "回访患者",
    )
    written = "".join(capfd.readouterr()) + str(caught.value)
    assert not [value for value in SEEDED.values() if value in written]


WRITERS = 50
PATIENCE_SECONDS = 120


def test_keys_are_replaced_while_fifty_write(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """Every row opens before, during and after; the old keys are gone and nothing needs them. # S50

    The writers are a program of their own: it learns of the new keys only by reading them anew.
    """
    responses = [fill() for _ in range(20)]
    settings = msgspec.structs.replace(deployment.settings, pool_size=24)
    writing = Deployment(settings, database_url=deployment.db.url, redis_url=deployment.redis_url)
    writing.vault.refresh_seconds = 0.5
    deployment.vault.refresh_seconds = 0.5
    tokens = [writing.sessions.start("personal", "web").token for _ in range(WRITERS)]
    stop, failures, written = threading.Event(), list[Exception](), [0] * WRITERS

    def write(number: int) -> None:
        while not stop.is_set():
            try:
                value = f"陈{number}之{written[number] + 1}"
                if writing.sessions.save(tokens[number], {"name": value}).outcome == "ok":
                    written[number] += 1
                shown = writing.sessions.current(tokens[number]).view.questions
                assert next(q.value for q in shown if q.id == "name") == value
                time.sleep(0.02)
            except Overloaded:
                time.sleep(0.05)
            except Exception as error:
                failures.append(error)
                return

    def read() -> None:
        while not stop.is_set():
            try:
                with writing.db.begin_everywhere() as connection:
                    found = personal.find_responses(
                        connection, writing.vault, "phone", SEEDED["phone"]
                    )
                assert set(found) == set(responses)
                _read_all(writing, responses)
            except Overloaded:
                time.sleep(0.05)
            except Exception as error:
                failures.append(error)
                return

    def until_each_wrote() -> None:
        kept = list(written)
        end = time.monotonic() + PATIENCE_SECONDS
        while any(now == was for now, was in zip(written, kept, strict=True)) and not failures:
            assert time.monotonic() < end
            time.sleep(0.05)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    threads.append(threading.Thread(target=read))
    for thread in threads:
        thread.start()
    until_each_wrote()
    before = {line.id for line in rotation.status(deployment.vault)}
    removed = rotation.rotate(deployment.vault, ("data", "index"), STEPS)
    until_each_wrote()
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    assert set(removed) == before
    lines = rotation.status(deployment.vault)
    assert [line.active for line in lines] == [True, True]
    assert {line.kind: line.rows for line in lines} == {"data": 2 * 20 + WRITERS, "index": 60}
    fresh = Vault(deployment.db, deployment.vault.envelope)
    with deployment.db.begin_everywhere() as connection:
        found = personal.find_responses(connection, fresh, "phone", SEEDED["phone"])
    assert set(found) == set(responses)
    for number, token in enumerate(tokens):
        shown = deployment.sessions.current(token).view.questions
        value = next(q.value for q in shown if q.id == "name")
        assert value == f"陈{number}之{written[number]}"
    _read_all(deployment, responses)
    writing.close()


def _read_all(deployment: Deployment, responses: list[UUID]) -> None:
    with deployment.db.begin_everywhere() as connection:
        rows = connection.execute(sa.text("SELECT id, sealed FROM response_personal")).all()
    assert {row.id for row in rows} == set(responses)
    for row in rows:
        assert personal.open_answers(deployment.vault, row.id, row.sealed) == SEEDED


def test_a_key_that_a_row_needs_cannot_be_removed(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """The database itself refuses, and refuses rows under a key that is gone. # S50 (part)"""
    fill()
    with pytest.raises(IntegrityError), deployment.db.begin_everywhere() as connection:
        connection.execute(sa.text("DELETE FROM data_keys WHERE kind = 'data'"))


ANN = Actor("staff", "ann", "安", "10.0.0.8", "staff", None)


def test_a_withdrawn_consent_ends_every_use_of_personal_answers(
    fill: Callable[[], UUID], deployment: Deployment, database_urls: DatabaseUrls
) -> None:
    """Neither shown nor unmasked nor found nor fed; the response stays; the trail tells why.

    # S63 (part)
    # R2.2.10 (part)
    """
    response, other = fill(), fill()
    asking, vault = staff("responses:read", "personal:unmask"), deployment.vault
    with deployment.db.begin_everywhere() as connection:
        (given,) = consents.consents_of(connection, response)
        assert (given.document, given.agreed, given.withdrawn_at) == ("privacy", True, None)
        assert len(personal.find_responses(connection, vault, "phone", SEEDED["phone"])) == 2
        with pytest.raises(Unprocessable):
            consents.withdraw(connection, response, " 电话 ", actor=ANN)
    with deployment.db.begin_for(asking.reach) as connection:
        (ended,) = consents.withdraw(connection, response, "患者本人来电要求", actor=ANN)
        assert ended.id == given.id
    with deployment.db.begin_everywhere() as connection:
        assert personal.find_responses(connection, vault, "phone", SEEDED["phone"]) == [other]
        (given,) = consents.consents_of(connection, response)
        assert given.withdrawn_at is not None
        with pytest.raises(NotFound):
            personal.read_masked(connection, vault, deployment.surveys, asking, response)
        assert personal.read_masked(connection, vault, deployment.surveys, asking, other)
        lines = connection.execute(
            sa.text("SELECT object_id, facts FROM audit_lines WHERE action = 'consent.withdrawn'")
        ).all()
    assert [(line.object_id, line.facts) for line in lines] == [
        (
            str(response),
            {"reason": "患者本人来电要求", "documents": ["privacy/3"], "lookups_removed": 3},
        )
    ]
    with pytest.raises(NotFound):
        personal.unmask(
            deployment.db, vault, deployment.surveys, asking, response, "核对患者的投诉"
        )
    fed = read_feed(deployment.db, vault=vault, reader=ANN).responses
    assert {item.id: SEEDED["phone"] in str(item) for item in fed} == {
        str(response): False,
        str(other): True,
    }


def test_a_withdrawal_happens_once_within_reach_and_for_good(
    fill: Callable[[], UUID], deployment: Deployment
) -> None:
    """Twice is told, a foreign response is unknown, and no row of it changes. # S63 (part)"""
    response, reason = fill(), "书面申请"
    foreign = Reach(("elsewhere",), None, False)
    with deployment.db.begin_for(foreign) as connection:
        with pytest.raises(NotFound):
            consents.withdraw(connection, response, reason, actor=ANN)
    with deployment.db.begin_everywhere() as connection:
        consents.withdraw(connection, response, reason, actor=ANN)
        with pytest.raises(StateConflict):
            consents.withdraw(connection, response, reason, actor=ANN)
    for change in (
        "UPDATE consent_withdrawals SET withdrawn_at = now()",
        "DELETE FROM consent_withdrawals",
        "TRUNCATE consent_withdrawals",
    ):
        with pytest.raises(ProgrammingError), deployment.db.begin_everywhere() as connection:
            connection.execute(sa.text(change))
