"""System parameters: limits, history, undo, and what another process sees."""

import pytest

from runtime.audit.models import Actor
from runtime.kit.problems import StateConflict, Unprocessable
from runtime.parameters import service
from runtime.parameters.registry import PARAMETERS
from runtime.wiring import Deployment

ANN = Actor("staff", "ann", "安", "10.0.0.8", "staff", None)


def test_a_changed_parameter_is_in_force_at_once_and_its_history_says_who(
    deployment: Deployment,
) -> None:
    """# R1.2.4.2 (part)"""
    db = deployment.db
    assert service.value_of(db, "backup.keep") == 14
    assert service.value_of(db, "backup.keep", 7) == 7
    service.change(db, ANN, "backup.keep", 30)
    assert service.value_of(db, "backup.keep", 7) == 30
    with db.begin() as connection:
        [line] = service.history(connection, "backup.keep")
        actions = connection.exec_driver_sql(
            "SELECT action, actor_id, facts FROM audit_lines WHERE object_id = 'backup.keep'"
        ).all()
    assert (line.actor_id, line.actor_name, line.old, line.new) == ("ann", "安", None, 30)
    assert actions == [("parameter.changed", "ann", {"old": None, "new": 30})]


def test_undo_gives_back_the_value_before_and_only_of_the_newest_change(
    deployment: Deployment,
) -> None:
    """# R1.2.4.2 (part)"""
    db = deployment.db
    service.change(db, ANN, "backup.keep", 30)
    service.change(db, ANN, "backup.keep", 40)
    with db.begin() as connection:
        newest, oldest = service.history(connection, "backup.keep")
    with pytest.raises(StateConflict):
        service.undo(db, ANN, oldest.id)
    service.undo(db, ANN, newest.id)
    assert service.value_of(db, "backup.keep") == 30
    with db.begin() as connection:
        assert len(service.history(connection, "backup.keep")) == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("audit.keep_days", 179),
        ("backup.keep", 0),
        ("backup.keep", True),
        ("backup.nightly", 1),
        ("backup.keep", 1001),
    ],
)
def test_a_value_outside_its_limits_or_type_is_refused(
    deployment: Deployment, name: str, value: int
) -> None:
    """# S59 (part): the audit trail is kept 180 days at the least"""
    with pytest.raises(Unprocessable):
        service.change(deployment.db, ANN, name, value)
    with deployment.db.begin() as connection:
        assert service.history(connection, name) == []


@pytest.mark.parametrize("text", ["", "-1", "1.5", "二", "9999999999", "yes"])
def test_text_that_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(Unprocessable):
        service.parse("backup.keep", text)


def test_every_default_lies_within_its_own_limits() -> None:
    for one in PARAMETERS:
        assert one.minimum <= one.default <= one.maximum, one.name
