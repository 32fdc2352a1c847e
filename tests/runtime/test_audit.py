"""The audit trail: written beside the change, chained in order, never edited."""

import sqlalchemy as sa

from runtime.audit.models import SYSTEM
from runtime.audit.sealer import seal_pending
from runtime.audit.service import record
from runtime.wiring import Deployment


def test_a_line_is_sealed_once(deployment: Deployment) -> None:
    """The sealer chains what is committed and finds nothing more to do. # S58 (part)"""
    with deployment.db.begin() as connection:
        record(connection, SYSTEM, "parameter.changed", "parameter", "x", facts={"to": 2})
    assert seal_pending(deployment.db) == 1
    assert seal_pending(deployment.db) == 0
    with deployment.db.begin() as connection:
        assert connection.execute(sa.text("SELECT seq FROM audit_head")).scalar() == 1
