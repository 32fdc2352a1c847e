"""A second person's approval: asked for, given, returned, void; and the worst moments of it."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

import engine
from builder.edits import SetMember
from runtime.audit.models import Actor
from runtime.drafts import service as drafts
from runtime.kit.problems import AppError, Forbidden, StateConflict, Unprocessable
from runtime.parameters.service import change
from runtime.surveys import approvals, queries, rows, service
from runtime.wiring import Deployment
from tests.runtime.conftest import SURVEY, survey_with

ANN = Actor("staff", "ann", "安", None, "staff", None)
BOB = Actor("staff", "bob", "鲍", None, "staff", None)
EVE = Actor("staff", "eve", "叶", None, "staff", None)


@pytest.fixture
def strict(deployment: Deployment) -> Deployment:
    """Where surveys need a second person; one is published, and Ann has changed it since."""
    service.store_survey(deployment.db, json.dumps(SURVEY).encode(), publish=True)
    change(deployment.db, ANN, "publishing.approve_surveys", True)
    edit(deployment, ANN, "新的一页")
    return deployment


def edit(deployment: Deployment, actor: Actor, text: str) -> int:
    set_title = SetMember(of="detail", member="title/zh-CN", value=text)
    return drafts.apply_edit(deployment.db, "visit", set_title, actor).seq


def ask(deployment: Deployment, actor: Actor = ANN) -> approvals.Approval:
    seq = drafts.seq_of(deployment.db, "visit")
    approvals.ask(deployment.db, "visit", seq, notes="改了一页的名字", actor=actor)
    found = approvals.newest(deployment.db, "visit")
    assert found is not None and found.state == "waiting"
    return found


def approve(deployment: Deployment, asked: approvals.Approval, actor: Actor = BOB) -> Any:
    return service.publish_survey(deployment.db, "visit", approval=asked.id, actor=actor)


def newest(deployment: Deployment) -> approvals.Approval:
    found = approvals.newest(deployment.db, "visit")
    assert found is not None
    return found


def actions(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        return list(
            connection.execute(
                sa.text("SELECT action FROM audit_lines WHERE object_type = 'survey' ORDER BY id")
            ).scalars()
        )


def test_the_author_asks_and_another_approves(strict: Deployment) -> None:
    """The version says who wrote, who approved and why; every step left a line. # R0.4 (part)"""
    with pytest.raises(StateConflict, match="second person"):
        service.publish_survey(strict.db, "visit", actor=ANN)
    stored = approve(strict, ask(strict))
    assert (stored.version, stored.state) == (2, "published")
    line = queries.list_versions(strict.db, "visit")[0]
    assert (line.published_by, line.approved_by, line.notes) == ("安", "鲍", "改了一页的名字")
    assert actions(strict)[-4:] == [
        "survey.edited", "survey.approval_asked", "survey.approved", "survey.published",
    ]  # fmt: skip
    assert approvals.waiting(strict.db) == []


def test_nobody_approves_their_own_request_or_their_own_last_edit(strict: Deployment) -> None:
    """Neither who asked nor who changed the draft last, whoever asked. # R0.4 (part)"""
    edit(strict, BOB, "鲍的一页")
    asked = ask(strict, ANN)
    for actor in (ANN, BOB):
        with pytest.raises(Forbidden):
            approve(strict, asked, actor)
        with pytest.raises(Forbidden):
            approvals.give_back(strict.db, asked.id, reason="不行", actor=actor)
    (waits,) = approvals.waiting(strict.db)
    assert [waits.is_for(one.id) for one in (ANN, BOB, EVE)] == [False, False, True]
    assert approve(strict, asked, EVE).version == 2


def test_a_request_is_returned_with_a_reason(strict: Deployment) -> None:
    """A reason of white space is none; what was returned is not approved any more. # R0.4 (part)"""
    asked = ask(strict)
    with pytest.raises(Unprocessable):
        approvals.give_back(strict.db, asked.id, reason=" \n\0 ", actor=BOB)
    approvals.give_back(strict.db, asked.id, reason="请先改错字", actor=BOB)
    found = newest(strict)
    assert (found.state, found.reason, found.decided_by_name) == ("returned", "请先改错字", "鲍")
    with pytest.raises(StateConflict):
        approve(strict, asked)
    assert queries.get_line(strict.db, "visit").version == 1


def test_who_asked_withdraws_and_nobody_else(strict: Deployment) -> None:
    """The draft stays, the line says who; what was withdrawn is not approved, and may be asked for
    again. # R0.4 (part)"""
    asked = ask(strict)
    for actor in (BOB, EVE):
        with pytest.raises(Forbidden):
            approvals.withdraw(strict.db, asked.id, actor=actor)
    approvals.withdraw(strict.db, asked.id, actor=ANN)
    assert (newest(strict).state, newest(strict).decided_by_name) == ("withdrawn", "安")
    assert actions(strict)[-1] == "survey.approval_withdrawn" and approvals.waiting(strict.db) == []
    for late in (
        lambda: approve(strict, asked),
        lambda: approvals.give_back(strict.db, asked.id, reason="晚了", actor=BOB),
        lambda: approvals.withdraw(strict.db, asked.id, actor=ANN),
    ):
        with pytest.raises(StateConflict):
            late()
    assert approve(strict, ask(strict)).version == 2


def test_of_an_approval_and_a_withdrawal_at_one_moment_exactly_one_decides(
    strict: Deployment,
) -> None:
    """Either it is out and was never withdrawn, or the other way round. Twelve races."""
    for n in range(12):
        edit(strict, ANN, f"第 {n} 次")
        asked, before = ask(strict), queries.get_line(strict.db, "visit").version or 0
        gate = threading.Barrier(2)

        def at_once(act: Callable[[], Any], gate: Any = gate) -> bool:
            gate.wait()
            try:
                act()
            except StateConflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            is_out = pool.submit(at_once, partial(approve, strict, asked))
            is_back = pool.submit(
                at_once, partial(approvals.withdraw, strict.db, asked.id, actor=ANN)
            )
        assert is_out.result() != is_back.result()
        after = queries.get_line(strict.db, "visit").version or 0
        assert (after > before) == is_out.result() == (newest(strict).state == "approved")


@pytest.mark.parametrize("way", ["edit", "undo", "document", "ask again"])
def test_any_change_after_the_request_voids_it(strict: Deployment, way: str) -> None:
    """An edit, taking one back, a document from outside, another request. # R0.4 (part)"""
    asked = ask(strict)
    match way:
        case "edit":
            edit(strict, ANN, "又改了")
        case "undo":
            drafts.undo(strict.db, "visit", ANN)
        case "document":
            data = json.dumps(survey_with(category="x")).encode()
            service.put_draft(strict.db, "visit", data, if_match="*", actor=EVE)
        case _:
            ask(strict)
    with pytest.raises(StateConflict):
        approve(strict, asked)
    with pytest.raises(StateConflict):
        approvals.give_back(strict.db, asked.id, reason="晚了", actor=BOB)
    assert "survey.approval_voided" in actions(strict)
    assert queries.get_line(strict.db, "visit").version == 1


def test_a_request_for_a_draft_that_was_changed_meanwhile_is_refused(strict: Deployment) -> None:
    """What one asks for is what one saw."""
    seq = drafts.seq_of(strict.db, "visit")
    edit(strict, BOB, "悄悄改了")
    with pytest.raises(StateConflict):
        approvals.ask(strict.db, "visit", seq, notes="", actor=ANN)


def test_of_an_approval_and_an_edit_at_one_moment_exactly_one_decides(strict: Deployment) -> None:
    """Either the approved draft is out and the edit is a new draft, or nothing went out; never is
    something published that nobody approved. Twelve races. # R0.4 (part)"""
    outcomes: set[str] = set()
    for n in range(12):
        title = f"第 {n} 次"
        edit(strict, ANN, title)
        asked, before = ask(strict), queries.get_line(strict.db, "visit").version or 0
        gate = threading.Barrier(3)

        def approving(asked: approvals.Approval = asked, gate: Any = gate) -> str:
            gate.wait()
            try:
                approve(strict, asked)
            except StateConflict:
                return "refused"
            return "published"

        def returning(asked: approvals.Approval = asked, gate: Any = gate) -> str:
            gate.wait()
            try:
                approvals.give_back(strict.db, asked.id, reason="再看看", actor=EVE)
            except AppError:
                return "late"
            return "returned"

        def editing(title: str = title, gate: Any = gate) -> str:
            gate.wait()
            edit(strict, ANN, f"{title}之后")
            return "edited"

        racers: list[Callable[[], str]] = [approving, returning, editing]
        with ThreadPoolExecutor(3) as pool:
            said = [one.result() for one in [pool.submit(racer) for racer in racers]]
        after = queries.get_line(strict.db, "visit").version or 0
        state = newest(strict).state
        assert (after == before + 1) == (said[0] == "published") == (state == "approved"), said
        assert (said[1] == "returned") == (state == "returned"), said
        if after > before:
            with strict.db.begin() as connection:
                out = queries.document_of(connection, "visit", after).decode()
            assert title in out and f"{title}之后" not in out
        assert f"{title}之后" in bytes(queries.get_survey(strict.db, "visit").document).decode()
        outcomes.add(state)
    assert outcomes <= {"approved", "returned", "void"}


def test_integrators_are_told_that_approval_is_needed(
    strict: Deployment, client: TestClient[Any], staff: dict[str, str]
) -> None:
    """409 with its code, both where a draft and where a document is published; other kinds go.
    # R1.2.1.3 (part)"""
    for call in (
        client.post("/api/v1/surveys/visit/publish", headers=staff),
        client.post("/api/v1/surveys?publish=true", json=survey_with(category="x"), headers=staff),
    ):
        assert call.status_code == 409, call.text
        assert call.json()["problems"][0]["code"] == "approval_needed"
    praise = survey_with(id="thanks", kind="praise")
    assert client.post("/api/v1/surveys?publish=true", json=praise, headers=staff).is_success
    change(strict.db, ANN, "publishing.approve_surveys", False)
    assert client.post("/api/v1/surveys/visit/publish", headers=staff).status_code == 200


def test_a_draft_changed_while_it_is_proved_is_not_published(deployment: Deployment) -> None:
    """The edit is kept and looked at again: nothing goes out that its publisher did not see.
    # R0.4 (part)"""
    db = deployment.db
    service.store_survey(db, json.dumps(SURVEY).encode(), publish=True)
    edit(deployment, ANN, "第一")
    second = survey_with(category="second")
    document = engine.load(json.dumps(second).encode()).document
    with ThreadPoolExecutor(1) as pool:
        with db.begin() as connection:
            rows.hold(connection, "visit", for_update=True)
            publishing = pool.submit(service.publish_survey, db, "visit", actor=ANN)
            wait_for_a_waiting_lock(deployment)
            rows.keep_draft(
                connection, document, json.dumps(second).encode(), BOB, deployment.clock
            )
        with pytest.raises(StateConflict, match="changed"):
            publishing.result()
    assert queries.get_line(db, "visit").version == 1
    assert "second" in bytes(queries.get_survey(db, "visit").document).decode()


def test_an_edit_that_waits_while_a_version_goes_out_goes_on_from_it(strict: Deployment) -> None:
    """It was begun before there was such a version, and finds it when its turn comes."""
    with ThreadPoolExecutor(1) as pool:
        with strict.db.begin() as connection:
            rows.hold(connection, "visit", for_update=True)
            editing = pool.submit(edit, strict, BOB, "等到了")
            wait_for_a_waiting_lock(strict)
            for statement in (
                "INSERT INTO survey_versions (survey_id, version, document, digest, published_at) "
                "SELECT survey_id, 2, document, 'second', now() FROM survey_versions",
                "UPDATE surveys SET published_version = 2, draft = NULL WHERE id = 'visit'",
            ):
                connection.execute(sa.text(statement))
        assert editing.result() > 0
    assert "等到了" in bytes(queries.get_survey(strict.db, "visit").document).decode()


def wait_for_a_waiting_lock(deployment: Deployment) -> None:
    for _ in range(600):
        with deployment.db.begin() as connection:
            query = sa.text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            if connection.execute(query).scalar_one():
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")
