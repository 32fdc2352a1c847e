"""An index for lines of the audit trail that no patient caused: they are few among millions."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.execute(
        "CREATE INDEX audit_lines_no_patient ON audit_lines (actor_kind, at, id) "
        "WHERE actor_kind <> 'patient'"
    )
