"""Staff accounts: passwords, second factors, sessions, sign-in attempts."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
