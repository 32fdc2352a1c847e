"""Aliases, historical codes, merges and splits of departments; who answers for what."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0006"
down_revision = "0005"

TABLES = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

ALTER TABLE sites
    ADD COLUMN district jsonb,
    ADD COLUMN closed_on date,
    ADD COLUMN revision integer NOT NULL DEFAULT 1;
ALTER TABLE departments
    ADD COLUMN opened_on date,
    ADD COLUMN closed_on date,
    ADD COLUMN revision integer NOT NULL DEFAULT 1,
    ADD CONSTRAINT departments_not_below_itself CHECK (parent <> id);
CREATE INDEX departments_code ON departments (code);
ALTER TABLE dictionary_entries
    ADD COLUMN closed_on date,
    ADD COLUMN revision integer NOT NULL DEFAULT 1;

CREATE TABLE department_successors (
    department text NOT NULL REFERENCES departments,
    effective_on date NOT NULL,
    successor text NOT NULL REFERENCES departments,
    kind text NOT NULL CHECK (kind IN ('merge', 'split')),
    sites text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (department, effective_on, successor)
);
CREATE INDEX department_successors_successor ON department_successors (successor);
COMMENT ON COLUMN department_successors.sites IS 'the sites that went there; empty: not by site';

CREATE TABLE department_history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department text NOT NULL REFERENCES departments,
    kind text NOT NULL,
    effective_on date NOT NULL,
    at timestamptz NOT NULL,
    by_name text NOT NULL,
    facts jsonb NOT NULL
);
CREATE INDEX department_history_department ON department_history (department, id DESC);

CREATE TABLE department_aliases (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system text NOT NULL,
    code text NOT NULL,
    name text NOT NULL DEFAULT '',
    department text NOT NULL REFERENCES departments,
    heir text REFERENCES departments,
    valid_from date,
    valid_to date,
    revision integer NOT NULL DEFAULT 1,
    CONSTRAINT department_aliases_days CHECK (valid_from <= valid_to),
    CONSTRAINT department_aliases_overlap EXCLUDE USING gist (
        system WITH =, code WITH =, daterange(valid_from, valid_to, '[]') WITH &&
    )
);
CREATE INDEX department_aliases_department ON department_aliases (department);
COMMENT ON COLUMN department_aliases.valid_to IS 'the last day on which the code was in use';
COMMENT ON COLUMN department_aliases.heir IS 'which of several successors staff settled on';

CREATE TABLE unmapped_codes (
    system text NOT NULL,
    code text NOT NULL,
    name text NOT NULL DEFAULT '',
    reason text NOT NULL CHECK (reason IN ('unknown', 'not_then', 'split', 'closed')),
    site text,
    source text NOT NULL DEFAULT '',
    used_on date NOT NULL,
    candidates text[] NOT NULL DEFAULT '{}',
    times bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    dismissed_at timestamptz,
    dismissed_by text,
    dismissed_why text,
    CONSTRAINT unmapped_codes_dismissed
        CHECK (num_nulls(dismissed_at, dismissed_by, dismissed_why) IN (0, 3)),
    PRIMARY KEY (system, code)
);
CREATE INDEX unmapped_codes_times ON unmapped_codes (times DESC) WHERE dismissed_at IS NULL;

CREATE TABLE department_surveys (
    department text NOT NULL REFERENCES departments,
    survey_id text NOT NULL REFERENCES surveys,
    PRIMARY KEY (department, survey_id)
);
CREATE INDEX department_surveys_survey ON department_surveys (survey_id);

CREATE TABLE department_duties (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    department text NOT NULL REFERENCES departments,
    user_id uuid NOT NULL REFERENCES users,
    duty text NOT NULL CHECK (duty IN ('contact', 'head', 'deputy')),
    valid_from date NOT NULL,
    valid_to date,
    CONSTRAINT department_duties_days CHECK (valid_from <= valid_to),
    CONSTRAINT department_duties_overlap EXCLUDE USING gist (
        department WITH =, user_id WITH =, duty WITH =,
        daterange(valid_from, valid_to, '[]') WITH &&
    )
);
CREATE INDEX department_duties_user ON department_duties (user_id);
"""

CHANGING = (
    "department_successors",
    "department_aliases",
    "unmapped_codes",
    "department_surveys",
    "department_duties",
)


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    app, auditor = f'"{roles.application}"', f'"{roles.auditor}"'
    op.execute(TABLES)
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {', '.join(CHANGING)} TO {app}")
    op.execute(f"GRANT SELECT, INSERT ON department_history TO {app}")
    op.execute(
        "GRANT SELECT ON sites, departments, department_history, department_successors "
        f"TO {auditor}"
    )
