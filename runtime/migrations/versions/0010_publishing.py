"""Who published which version and why; a second person's approval; templates of surveys."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0010"
down_revision = "0009"

TABLES = """
ALTER TABLE surveys ADD COLUMN draft_by text NOT NULL DEFAULT '';
ALTER TABLE survey_versions
    ADD COLUMN published_by_name text NOT NULL DEFAULT '',
    ADD COLUMN approved_by_name text NOT NULL DEFAULT '',
    ADD COLUMN notes text NOT NULL DEFAULT '';
CREATE TABLE survey_approvals (
    id uuid PRIMARY KEY,
    survey_id text NOT NULL REFERENCES surveys,
    seq integer NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'approved', 'returned', 'void')),
    notes text NOT NULL,
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    asked_by_name text NOT NULL,
    decided_at timestamptz,
    decided_by_name text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX survey_approvals_waiting ON survey_approvals (survey_id)
    WHERE state = 'waiting';
CREATE INDEX survey_approvals_newest ON survey_approvals (survey_id, asked_at);
CREATE TABLE survey_templates (
    id text PRIMARY KEY,
    title jsonb NOT NULL,
    description jsonb NOT NULL,
    kind text NOT NULL,
    category text NOT NULL,
    visit_types text[] NOT NULL,
    questions integer NOT NULL,
    document bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    kept_by text NOT NULL,
    kept_by_name text NOT NULL
);
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(f'GRANT SELECT, INSERT, UPDATE ON survey_approvals TO "{roles.application}"')
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON survey_templates TO "{roles.application}"')
