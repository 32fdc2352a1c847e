"""Organisation, accounts, surveys, sessions, responses, events; three roles; monthly partitions."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE sites (
    id text PRIMARY KEY,
    name jsonb NOT NULL,
    code text,
    kind text,
    visit_types text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL DEFAULT 0
);
CREATE TABLE departments (
    id text PRIMARY KEY,
    parent text REFERENCES departments,
    name jsonb NOT NULL,
    code text,
    kind text,
    sites text[] NOT NULL DEFAULT '{}',
    position integer NOT NULL DEFAULT 0
);
CREATE INDEX departments_parent ON departments (parent);
CREATE TABLE staff_members (
    id text PRIMARY KEY,
    department text NOT NULL REFERENCES departments,
    site text NOT NULL REFERENCES sites,
    name jsonb NOT NULL,
    title jsonb,
    position integer NOT NULL DEFAULT 0
);
CREATE INDEX staff_members_department ON staff_members (department);
CREATE TABLE dictionary_entries (
    dictionary text NOT NULL,
    id text NOT NULL,
    name jsonb NOT NULL,
    position integer NOT NULL DEFAULT 0,
    PRIMARY KEY (dictionary, id)
);

CREATE TABLE api_tokens (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE TABLE staff_links (
    token_hash bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE TABLE staff_sessions (
    token_hash bytea PRIMARY KEY,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);

CREATE TABLE surveys (
    id text PRIMARY KEY,
    kind text NOT NULL,
    title jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'published', 'closed', 'archived')),
    draft bytea,
    draft_digest text,
    draft_seq integer NOT NULL DEFAULT 0,
    published_version integer,
    closed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE survey_versions (
    survey_id text NOT NULL REFERENCES surveys,
    version integer NOT NULL,
    document bytea NOT NULL,
    digest text NOT NULL,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (survey_id, version)
);
CREATE TABLE survey_edits (
    survey_id text NOT NULL REFERENCES surveys,
    seq integer NOT NULL,
    changed integer NOT NULL,
    at timestamptz NOT NULL,
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    edit bytea NOT NULL,
    inverse bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('done', 'undone', 'dropped')),
    PRIMARY KEY (survey_id, seq)
);
CREATE INDEX survey_edits_changed ON survey_edits (survey_id, changed);
CREATE INDEX survey_edits_own ON survey_edits (survey_id, actor_id, state, seq);
CREATE TABLE survey_editors (
    survey_id text NOT NULL REFERENCES surveys,
    user_id text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (survey_id, user_id)
);
CREATE TABLE assets (
    sha256 text PRIMARY KEY,
    media_type text NOT NULL,
    bytes integer NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    survey_id text NOT NULL,
    survey_version integer NOT NULL,
    channel text NOT NULL,
    site text NOT NULL,
    lang text NOT NULL,
    seed bigint NOT NULL,
    context bytea NOT NULL,
    state bytea NOT NULL,
    rev integer NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    response_id uuid,
    outcome bytea,
    idempotency_key text,
    FOREIGN KEY (survey_id, survey_version) REFERENCES survey_versions
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX sessions_open_until ON sessions (expires_at) WHERE response_id IS NULL;
CREATE TABLE session_personal (
    session_id uuid PRIMARY KEY REFERENCES sessions ON DELETE CASCADE,
    answers bytea NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE session_ended_tokens (
    token_hash bytea PRIMARY KEY,
    reason text NOT NULL,
    ended_at timestamptz NOT NULL
);
CREATE TABLE session_handovers (
    code_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX session_handovers_session ON session_handovers (session_id);
CREATE TABLE attachments (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    question_id text NOT NULL,
    sha256 text NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    bytes integer NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX attachments_session ON attachments (session_id);
CREATE INDEX attachments_content ON attachments (sha256);

CREATE TABLE responses (
    site text NOT NULL,
    month date NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    survey_id text NOT NULL,
    survey_version integer NOT NULL,
    department text,
    channel text NOT NULL,
    lang text NOT NULL,
    started_at timestamptz NOT NULL,
    submitted_at timestamptz NOT NULL,
    context jsonb NOT NULL,
    answers jsonb NOT NULL,
    path text[] NOT NULL,
    asked text[] NOT NULL,
    computed jsonb NOT NULL,
    scores jsonb NOT NULL,
    lowest_band smallint,
    ending text,
    times jsonb NOT NULL,
    PRIMARY KEY (site, month, id)
) PARTITION BY RANGE (month);
CREATE INDEX responses_id ON responses (id);
CREATE TABLE response_personal (
    site text NOT NULL,
    month date NOT NULL,
    id uuid NOT NULL,
    answers jsonb NOT NULL,
    PRIMARY KEY (site, month, id)
) PARTITION BY RANGE (month);
CREATE TABLE response_feed_pending (
    response_id uuid PRIMARY KEY,
    site text NOT NULL,
    month date NOT NULL,
    survey_id text NOT NULL,
    submitted_at timestamptz NOT NULL
);
CREATE TABLE response_feed (
    seq bigint PRIMARY KEY,
    site text NOT NULL,
    month date NOT NULL,
    response_id uuid NOT NULL UNIQUE,
    survey_id text NOT NULL,
    submitted_at timestamptz NOT NULL
);
CREATE INDEX response_feed_survey ON response_feed (survey_id, seq);
CREATE TABLE response_tallies (
    site text NOT NULL,
    day date NOT NULL,
    survey_id text NOT NULL,
    channel text NOT NULL,
    responses integer NOT NULL,
    PRIMARY KEY (site, day, survey_id, channel)
);

CREATE TABLE events (
    site text NOT NULL,
    month date NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    happened_at timestamptz NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (site, month, id)
) PARTITION BY RANGE (month);
CREATE TABLE event_outbox (
    event_id uuid PRIMARY KEY,
    site text NOT NULL,
    month date NOT NULL,
    due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    failure text
);
CREATE INDEX event_outbox_due ON event_outbox (due_at);
"""

IMMUTABLE = ("survey_versions", "responses", "response_personal", "events", "response_feed")
PARTITIONED = ("responses", "response_personal", "events")

FUNCTIONS = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never changes', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION ensure_month_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    low date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(4801002);
    FOREACH parent IN ARRAY ARRAY['responses', 'response_personal', 'events'] LOOP
        FOR step IN 0 .. months - 1 LOOP
            low := (date_trunc('month', first) + make_interval(months => step))::date;
            IF to_regclass(format('%I', parent || to_char(low, '_YYYY_MM'))) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    parent || to_char(low, '_YYYY_MM'), parent,
                    low, (low + interval '1 month')::date);
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
REVOKE ALL ON FUNCTION ensure_month_partitions FROM PUBLIC;
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    for table in PARTITIONED:
        op.execute(f"CREATE TABLE {table}_other PARTITION OF {table} DEFAULT")
    op.execute("SELECT ensure_month_partitions((now() - interval '4 months')::date, 8)")
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    _grant(roles)


def _grant(roles: Roles) -> None:
    for role in (roles.application, roles.auditor):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "  # nosec B608 - the operator's
            f'THEN CREATE ROLE "{role}" NOLOGIN; END IF; END $$'
        )
    app, auditor = f'"{roles.application}"', f'"{roles.auditor}"'
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {app}, {auditor}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}")
    for table in IMMUTABLE:
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {app}")
    op.execute(
        "DO $$ DECLARE part regclass; BEGIN FOR part IN SELECT inhrelid::regclass FROM pg_inherits "
        "WHERE inhparent IN ('responses'::regclass, 'response_personal'::regclass, "
        "'events'::regclass) LOOP EXECUTE format('REVOKE ALL ON %s FROM "
        f"{app}"  # nosec B608 - the operator's
        "', part); END LOOP; END $$"
    )
    op.execute(f"GRANT EXECUTE ON FUNCTION ensure_month_partitions TO {app}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {app}")
    op.execute(f"GRANT SELECT ON events, surveys, survey_versions, alembic_version TO {auditor}")
