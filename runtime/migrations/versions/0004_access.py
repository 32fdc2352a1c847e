"""Roles, grants with their reach, and row-level security."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
