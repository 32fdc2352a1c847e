"""System parameters, scheduled jobs, alarms and backups."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0007"
down_revision = "0006"

TABLES = """
CREATE TABLE parameters (
    name text PRIMARY KEY,
    value jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE TABLE parameter_changes (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    at timestamptz NOT NULL,
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    old jsonb,
    new jsonb
);
CREATE INDEX parameter_changes_name ON parameter_changes (name, id);
CREATE TABLE scheduled_jobs (
    name text PRIMARY KEY,
    due_at timestamptz NOT NULL,
    is_paused boolean NOT NULL DEFAULT false,
    is_asked boolean NOT NULL DEFAULT false,
    seen_at timestamptz
);
CREATE TABLE job_runs (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    outcome text CHECK (outcome IN ('ok', 'failed', 'lost')),
    message text NOT NULL DEFAULT ''
);
CREATE INDEX job_runs_name ON job_runs (name, id);
CREATE INDEX job_runs_open ON job_runs (name) WHERE ended_at IS NULL;
CREATE TABLE alarms (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    key text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
    facts jsonb NOT NULL,
    raised_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    reason text,
    UNIQUE (code, key)
);
CREATE INDEX alarms_open ON alarms (id) WHERE acknowledged_at IS NULL;
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    app = f'"{roles.application}"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON parameters, scheduled_jobs TO {app}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON job_runs TO {app}")
    op.execute(f"GRANT SELECT, INSERT ON parameter_changes TO {app}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON alarms TO {app}")
