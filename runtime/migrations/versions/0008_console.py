"""Indexes for the order of the console's lists, alone and behind each filter."""

from alembic import op

revision = "0008"
down_revision = "0007"

FILTERS = ("survey_id", "site", "department", "channel", "lowest_band")


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE INDEX responses_order ON responses (submitted_at, id)")
    for column in FILTERS:
        op.execute(f"CREATE INDEX responses_by_{column} ON responses ({column}, submitted_at, id)")
