"""A request for approval may also be withdrawn by whoever asked."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply."""
    op.execute("ALTER TABLE survey_approvals DROP CONSTRAINT survey_approvals_state_check")
    op.execute(
        "ALTER TABLE survey_approvals ADD CONSTRAINT survey_approvals_state_check "
        "CHECK (state IN ('waiting', 'approved', 'returned', 'withdrawn', 'void'))"
    )
