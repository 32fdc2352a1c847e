"""The audit trail: lines, their chain, anchors and archives."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
