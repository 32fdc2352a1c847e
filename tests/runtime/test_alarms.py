"""Alarms: raised once for one matter from lines of the audit trail, closed with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from litestar.testing import TestClient

from runtime.accounts import users
from runtime.alarms import rules, service
from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.problems import Forbidden, StateConflict, Unprocessable
from runtime.wiring import Deployment
from tests.runtime.test_users_page import sign_in

ANN = Actor("staff", "ann", "安", "10.0.0.8", "staff", None)


def _lines(deployment: Deployment, number: int, action: str, outcome: str = "ok") -> None:
    with deployment.db.begin() as connection:
        for _ in range(number):
            record(connection, ANN, action, "thing", "x", outcome=outcome)  # type: ignore[arg-type]


def _codes(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        return sorted(alarm.code for alarm in service.alarms(connection))


@pytest.mark.parametrize(
    ("code", "action", "outcome", "below", "more"),
    [
        ("failed_sign_ins", "account.sign_in_failed", "refused", 19, 1),
        ("lock_out", "account.sign_in_blocked", "refused", 0, 1),
        ("refusals", "access.refused", "refused", 19, 1),
        ("unmasked", "personal.unmasked", "ok", 50, 1),
        ("restored", "backup.restored", "ok", 0, 1),
    ],
)
def test_an_alarm_is_raised_at_its_number_and_once(
    deployment: Deployment, code: str, action: str, outcome: str, below: int, more: int
) -> None:
    """# R2.2.9 (part)"""
    _lines(deployment, below, action, outcome)
    assert rules.evaluate(deployment.db) == 0
    _lines(deployment, more, action, outcome)
    now = datetime.now(UTC)
    assert rules.evaluate(deployment.db, clock=lambda: now) == 1
    assert rules.evaluate(deployment.db, clock=lambda: now) == 0
    assert _codes(deployment) == [code]


def test_a_look_at_a_file_counts_as_one_at_an_answer(deployment: Deployment) -> None:
    """Twenty-five answers and as many files are fifty looks; one more of either is too many.

    # R2.2.9 (part)
    """
    _lines(deployment, 25, "personal.unmasked")
    _lines(deployment, 25, "attachment.viewed")
    assert rules.evaluate(deployment.db) == 0
    _lines(deployment, 1, "attachment.viewed")
    assert rules.evaluate(deployment.db) == 1
    assert _codes(deployment) == ["unmasked"]


def test_what_happened_long_ago_raises_nothing(deployment: Deployment) -> None:
    _lines(deployment, 30, "account.sign_in_failed", "refused")
    later = datetime.now(UTC) + timedelta(minutes=11)
    assert rules.evaluate(deployment.db, clock=lambda: later) == 0


def test_lines_that_were_never_sealed_raise_an_alarm_of_a_broken_chain(
    deployment: Deployment,
) -> None:
    """# R2.2.9 (part)"""
    assert rules.check_chain(deployment.db) == 0
    _lines(deployment, 2, "personal.unmasked")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert rules.check_chain(deployment.db, clock=lambda: later) == 2
    assert _codes(deployment) == ["chain_broken"]


def test_an_alarm_is_closed_once_with_a_reason(deployment: Deployment) -> None:
    """# R2.2.9 (part)"""
    with deployment.db.begin() as connection:
        service.raise_alarm(connection, "backup_failed", "critical", {"error": "OSError"})
        [alarm] = service.alarms(connection)
        assert service.open_alarms(connection) == 1
    with pytest.raises(Unprocessable):
        service.acknowledge(deployment.db, ANN, alarm.id, "  ")
    service.acknowledge(deployment.db, ANN, alarm.id, "磁盘已清理")
    with pytest.raises(StateConflict):
        service.acknowledge(deployment.db, ANN, alarm.id, "again")
    with deployment.db.begin() as connection:
        [alarm] = service.alarms(connection)
        assert service.open_alarms(connection) == 0
    assert (alarm.acknowledged_by, alarm.reason) == ("安", "磁盘已清理")


def test_what_is_well_again_closes_its_alarm_and_may_raise_it_anew(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """In the system's name, on the page too; other alarms stay open. # R2.2.9 (part)"""
    with deployment.db.begin() as connection:
        for code in ("backup_failed", "restored"):
            assert service.raise_alarm(connection, code, "critical", {}, key="2026-11-24")
        assert service.settle(connection, "backup_failed", "huisheng-1") == 1
        assert service.settle(connection, "backup_failed", "huisheng-2") == 0
        assert service.open_alarms(connection) == 1
    sign_in(deployment, client, "chief", "security_administrator")
    page = client.get("/staff/alarms").text
    assert "系统：已恢复正常" in page and "huisheng-1" in page
    with deployment.db.begin() as connection:
        assert service.raise_alarm(connection, "backup_failed", "critical", {}, key="2026-11-24")
        assert service.open_alarms(connection) == 2


def test_nobody_closes_an_alarm_about_themselves(
    deployment: Deployment, client: TestClient[Any]
) -> None:
    """The page says so, the alarm stays, and another one closes it. # S57 (part) R2.2.9 (part)"""
    csrf = sign_in(deployment, client, "curious", "site_manager")
    with deployment.db.begin() as connection:
        me = users.find(connection, "curious").id
        facts = {"whose": me, "number": 30}
        service.raise_alarm(connection, "refusals", "warning", facts, key="k")
        (alarm,) = service.alarms(connection)
    form = {"_csrf": csrf, "reason": "没什么事"}
    answer = client.post(f"/staff/alarms/{alarm.id}", data=form, headers={"accept-language": "zh"})
    assert answer.status_code == 403 and "这条告警涉及您本人" in answer.text
    actor = Actor("staff", me, "好奇", None, "staff", None)
    with pytest.raises(Forbidden):
        service.acknowledge(deployment.db, actor, alarm.id, "没什么事")
    assert _codes(deployment) == ["refusals"]
    service.acknowledge(deployment.db, ANN, alarm.id, "问过本人")
    with deployment.db.begin() as connection:
        assert service.open_alarms(connection) == 0
