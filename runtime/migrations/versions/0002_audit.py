"""The audit trail: lines, their chain, anchors and archives."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0002"
down_revision = "0001"

TABLES = """
CREATE TABLE audit_lines (
    month date NOT NULL,
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('staff', 'patient', 'api', 'system')),
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    address text,
    channel text NOT NULL,
    session text,
    action text NOT NULL,
    object_type text NOT NULL,
    object_id text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('ok', 'refused', 'failed')),
    site text,
    facts jsonb NOT NULL,
    PRIMARY KEY (month, id)
) PARTITION BY RANGE (month);
CREATE INDEX audit_lines_at ON audit_lines (at, id);
CREATE INDEX audit_lines_actor ON audit_lines (actor_id, at);
CREATE INDEX audit_lines_name ON audit_lines (actor_name, at) WHERE actor_name <> '';
CREATE INDEX audit_lines_not_ok ON audit_lines (outcome, at) WHERE outcome <> 'ok';
CREATE INDEX audit_lines_action ON audit_lines (action, at);
CREATE INDEX audit_lines_object ON audit_lines (object_id, at);

CREATE TABLE audit_unsealed (
    noted bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL,
    month date NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE audit_seals (
    seq bigint PRIMARY KEY,
    month date NOT NULL,
    line uuid NOT NULL UNIQUE,
    hash bytea NOT NULL,
    sealed_at timestamptz NOT NULL
);
CREATE TABLE audit_head (
    is_head boolean PRIMARY KEY DEFAULT true CHECK (is_head),
    seq bigint NOT NULL,
    hash bytea NOT NULL,
    sealed_at timestamptz
);
INSERT INTO audit_head (seq, hash) VALUES (0, sha256('huisheng.audit/1'::bytea));
CREATE TABLE audit_archives (
    month date PRIMARY KEY,
    lines bigint NOT NULL,
    file text NOT NULL,
    sha256 text NOT NULL,
    made_at timestamptz NOT NULL,
    removed_at timestamptz
);
"""

FUNCTIONS = """
CREATE FUNCTION note_unsealed_audit_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO audit_unsealed (id, month) VALUES (NEW.id, NEW.month);
    RETURN NULL;
END $$;

-- Every member as its length in bytes, a colon and its text ('-' where there is none), then a
-- comma; times are whole microseconds since 1970, so that no session's time zone matters.
CREATE FUNCTION audit_member(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN value IS NULL THEN '-,' ELSE octet_length(value) || ':' || value || ',' END
$$;
CREATE FUNCTION audit_line_bytes(seq bigint, line audit_lines) RETURNS bytea
LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT convert_to(
        audit_member(seq::text) || audit_member(to_char(line.month, 'YYYY-MM-DD'))
        || audit_member(line.id::text)
        || audit_member((extract(epoch FROM line.at) * 1000000)::bigint::text)
        || audit_member(line.actor_kind) || audit_member(line.actor_id)
        || audit_member(line.actor_name) || audit_member(line.address)
        || audit_member(line.channel) || audit_member(line.session)
        || audit_member(line.action) || audit_member(line.object_type)
        || audit_member(line.object_id) || audit_member(line.outcome)
        || audit_member(line.site) || audit_member(line.facts::text), 'UTF8')
$$;

CREATE FUNCTION seal_audit_lines(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    head audit_head;
    waiting record;
    line audit_lines;
    sealed integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(4801010) THEN
        RETURN 0;
    END IF;
    SELECT * INTO head FROM audit_head FOR UPDATE;
    FOR waiting IN SELECT noted, id, month FROM audit_unsealed ORDER BY noted LIMIT most LOOP
        SELECT * INTO line FROM audit_lines WHERE month = waiting.month AND id = waiting.id;
        CONTINUE WHEN NOT FOUND;
        head.seq := head.seq + 1;
        head.hash := sha256(head.hash || audit_line_bytes(head.seq, line));
        INSERT INTO audit_seals (seq, month, line, hash, sealed_at)
        VALUES (head.seq, line.month, line.id, head.hash, clock_timestamp());
        DELETE FROM audit_unsealed WHERE noted = waiting.noted;
        sealed := sealed + 1;
    END LOOP;
    UPDATE audit_head SET seq = head.seq, hash = head.hash, sealed_at = clock_timestamp()
    WHERE sealed > 0;
    RETURN sealed;
END $$;
REVOKE ALL ON FUNCTION seal_audit_lines FROM PUBLIC;
REVOKE ALL ON FUNCTION note_unsealed_audit_line FROM PUBLIC;

CREATE FUNCTION remove_archived_audit_month(gone date) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    part text := 'audit_lines' || to_char(gone, '_YYYY_MM');
    kept bigint;
BEGIN
    IF gone + interval '1 month' + interval '180 days' > now() THEN
        RAISE EXCEPTION 'audit lines of % are younger than 180 days', gone;
    END IF;
    LOCK TABLE audit_lines IN SHARE ROW EXCLUSIVE MODE;
    SELECT count(*) INTO kept FROM audit_lines WHERE month = gone;
    IF NOT EXISTS (SELECT FROM audit_archives WHERE month = gone AND lines = kept) THEN
        RAISE EXCEPTION 'audit lines of % are not the % lines that were archived', gone, kept;
    END IF;
    EXECUTE format('DROP TABLE %I', part);
    UPDATE audit_archives SET removed_at = now() WHERE month = gone;
END $$;
REVOKE ALL ON FUNCTION remove_archived_audit_month FROM PUBLIC;

CREATE OR REPLACE FUNCTION ensure_month_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    parent text;
    low date;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(4801002);
    FOREACH parent IN ARRAY ARRAY['responses', 'response_personal', 'events', 'audit_lines'] LOOP
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
"""

IMMUTABLE = ("audit_lines", "audit_seals")
TRIGGERS = """
CREATE TRIGGER audit_lines_unsealed AFTER INSERT ON audit_lines
    FOR EACH ROW EXECUTE FUNCTION note_unsealed_audit_line();
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute("CREATE TABLE audit_lines_other PARTITION OF audit_lines DEFAULT")
    op.execute(TRIGGERS)
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER {table}_never_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute("SELECT ensure_month_partitions((now() - interval '4 months')::date, 8)")
    _grant(roles)


def _grant(roles: Roles) -> None:
    app, auditor = f'"{roles.application}"', f'"{roles.auditor}"'
    readable = "audit_lines, audit_seals, audit_head, audit_unsealed, audit_archives"
    op.execute(f"GRANT SELECT ON {readable} TO {app}, {auditor}")
    op.execute(f"GRANT INSERT ON audit_lines TO {app}")
    op.execute(f"GRANT EXECUTE ON FUNCTION seal_audit_lines TO {app}")
