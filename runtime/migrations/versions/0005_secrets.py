"""Data keys, sealed personal fields and blind indexes."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
