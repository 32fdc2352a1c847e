"""Aliases, historical codes, merges and splits of departments; who answers for what."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
