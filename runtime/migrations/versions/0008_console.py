"""What the console's lists need to stay fast."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
