"""System parameters, scheduled jobs, alarms and backups."""

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
