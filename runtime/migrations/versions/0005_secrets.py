"""Data keys, sealed personal fields and blind indexes."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE SEQUENCE data_key_ids MAXVALUE 65535;
CREATE TABLE data_keys (
    id integer PRIMARY KEY CHECK (id BETWEEN 1 AND 65535),
    kind text NOT NULL CHECK (kind IN ('data', 'index')),
    wrapped bytea NOT NULL,
    fingerprint text NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX data_keys_active ON data_keys (kind) WHERE active;
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    app = f'"{roles.application}"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON data_keys TO {app}")
    op.execute(f"GRANT USAGE ON SEQUENCE data_key_ids TO {app}")
