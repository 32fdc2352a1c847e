"""The question bank: its tree, items with versions, where they are used, imports under way."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0011"
down_revision = "0010"

TABLES = """
CREATE TABLE bank_places (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent integer REFERENCES bank_places,
    name jsonb NOT NULL,
    position integer NOT NULL,
    closed_at timestamptz,
    revision integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX bank_places_name ON bank_places (coalesce(parent, 0), (name->>'zh-CN'));
CREATE TABLE bank_items (
    id text COLLATE "C" PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    place integer NOT NULL REFERENCES bank_places,
    type text NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
    version integer NOT NULL,
    digest bytea NOT NULL,
    folded text NOT NULL,
    grams integer[] NOT NULL,
    sameness bytea NOT NULL,
    bands integer[] NOT NULL,
    revision integer NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX bank_items_seq ON bank_items (seq);
CREATE INDEX bank_items_place ON bank_items (place, seq);
CREATE INDEX bank_items_sameness ON bank_items (sameness);
CREATE INDEX bank_items_grams ON bank_items USING gin (grams);
CREATE INDEX bank_items_bands ON bank_items USING gin (bands);
CREATE INDEX bank_items_tags ON bank_items USING gin (tags);
ALTER TABLE bank_items ALTER grams SET STATISTICS 1000;
CREATE TABLE bank_versions (
    item text COLLATE "C" NOT NULL REFERENCES bank_items,
    version integer NOT NULL,
    question bytea NOT NULL,
    made_at timestamptz NOT NULL,
    made_by text NOT NULL,
    PRIMARY KEY (item, version)
);
CREATE TABLE bank_uses (
    survey_id text NOT NULL REFERENCES surveys,
    is_draft boolean NOT NULL,
    question text NOT NULL,
    item text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (survey_id, is_draft, question)
);
CREATE INDEX bank_uses_item ON bank_uses (item);
CREATE TABLE bank_imports (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    content bytea,
    is_dry boolean NOT NULL,
    all_or_nothing boolean NOT NULL,
    take_duplicates boolean NOT NULL,
    actor jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'refused', 'failed')),
    tries integer NOT NULL DEFAULT 0,
    progress real NOT NULL DEFAULT 0,
    counts jsonb NOT NULL DEFAULT '{}',
    report bytea NOT NULL DEFAULT '[]',
    ended_at timestamptz
);
CREATE INDEX bank_imports_open ON bank_imports (asked_at) WHERE state IN ('waiting', 'running');
"""

USES = """
INSERT INTO bank_uses (survey_id, is_draft, question, item, version)
SELECT d.id, d.is_draft, q->>'id', q->'bank'->>'id', (q->'bank'->>'version')::numeric::integer
FROM (
    SELECT id, true AS is_draft, convert_from(draft, 'UTF8')::jsonb AS document
    FROM surveys WHERE draft IS NOT NULL
    UNION ALL
    SELECT s.id, false, convert_from(v.document, 'UTF8')::jsonb
    FROM surveys s JOIN survey_versions v
    ON v.survey_id = s.id AND v.version = s.published_version
) d, jsonb_path_query(d.document, '$.pages[*].questions[*] ? (exists(@.bank.id))') q
ON CONFLICT DO NOTHING
"""
"""Surveys that were stored before the bank was there name questions of it as well."""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(USES)
    op.execute(
        "UPDATE roles SET permissions = permissions || '{bank:read,bank:write}' "
        "WHERE id = 'survey_designer'"
    )
    op.execute("UPDATE roles SET permissions = permissions || '{bank:read}' WHERE id = 'reviewer'")
    app = f'"{roles.application}"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON bank_places, bank_uses TO {app}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON bank_imports TO {app}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON bank_items TO {app}")
    op.execute(f"GRANT SELECT, INSERT ON bank_versions TO {app}")
