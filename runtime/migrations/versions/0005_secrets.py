"""Data keys, sealed personal fields and blind indexes."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0005"
down_revision = "0004"

KEY_OF = "get_byte({0}, 1) * 256 + get_byte({0}, 2)"

TABLES = f"""
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

DELETE FROM sessions WHERE outcome IS NOT NULL;
ALTER TABLE sessions
    ADD COLUMN outcome_key integer
        GENERATED ALWAYS AS ({KEY_OF.format("outcome")}) STORED REFERENCES data_keys;

DELETE FROM session_personal;
ALTER TABLE session_personal
    ADD COLUMN key_id integer NOT NULL
        GENERATED ALWAYS AS ({KEY_OF.format("answers")}) STORED REFERENCES data_keys;
CREATE INDEX session_personal_key ON session_personal (key_id);

ALTER TABLE users
    ADD COLUMN phone_key integer
        GENERATED ALWAYS AS ({KEY_OF.format("phone")}) STORED REFERENCES data_keys,
    ADD COLUMN email_key integer
        GENERATED ALWAYS AS ({KEY_OF.format("email")}) STORED REFERENCES data_keys;
ALTER TABLE user_totp
    ADD COLUMN key_id integer NOT NULL
        GENERATED ALWAYS AS ({KEY_OF.format("secret")}) STORED REFERENCES data_keys;

ALTER TABLE response_personal ALTER COLUMN answers DROP NOT NULL;
ALTER TABLE response_personal ADD COLUMN sealed bytea;
ALTER TABLE response_personal
    ADD COLUMN key_id integer
        GENERATED ALWAYS AS ({KEY_OF.format("sealed")}) STORED REFERENCES data_keys;
ALTER TABLE response_personal
    ADD CONSTRAINT response_personal_one CHECK ((answers IS NULL) <> (sealed IS NULL));
CREATE INDEX response_personal_key ON response_personal (key_id);

ALTER TABLE attachments DROP COLUMN name;
ALTER TABLE attachments
    ADD COLUMN name bytea,
    ADD COLUMN key_id integer
        GENERATED ALWAYS AS ({KEY_OF.format("name")}) STORED REFERENCES data_keys;
CREATE INDEX attachments_key ON attachments (key_id);

CREATE TABLE response_lookups (
    kind text NOT NULL,
    value bytea NOT NULL,
    response_id uuid NOT NULL,
    question text NOT NULL,
    site text NOT NULL,
    month date NOT NULL,
    key_id integer NOT NULL REFERENCES data_keys,
    PRIMARY KEY (kind, value, response_id, question)
);
CREATE INDEX response_lookups_key ON response_lookups (key_id);
CREATE INDEX response_lookups_response ON response_lookups (response_id);

CREATE TABLE consents (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL,
    response_id uuid NOT NULL,
    site text NOT NULL,
    survey_id text NOT NULL,
    survey_version integer NOT NULL,
    question text NOT NULL,
    document text NOT NULL,
    document_version integer NOT NULL,
    agreed boolean NOT NULL,
    given_at timestamptz NOT NULL
);
CREATE INDEX consents_response ON consents (response_id);
CREATE INDEX consents_document ON consents (document, document_version);
CREATE TABLE consent_withdrawals (
    consent_id uuid PRIMARY KEY REFERENCES consents,
    response_id uuid NOT NULL,
    site text NOT NULL,
    withdrawn_at timestamptz NOT NULL
);
CREATE INDEX consent_withdrawals_response ON consent_withdrawals (response_id);
"""  # nosec B608 - our own words

TRIGGERS = """
CREATE FUNCTION only_resealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current_key integer := (SELECT id FROM data_keys WHERE kind = 'data' AND active);
BEGIN
    IF (NEW.site, NEW.month, NEW.id) IS DISTINCT FROM (OLD.site, OLD.month, OLD.id)
       OR NEW.answers IS NOT NULL OR NEW.sealed IS NULL
       OR get_byte(NEW.sealed, 1) * 256 + get_byte(NEW.sealed, 2) <> current_key
       OR OLD.key_id = current_key THEN
        RAISE EXCEPTION '% never changes', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER response_personal_never_change ON response_personal;
CREATE TRIGGER response_personal_never_change BEFORE DELETE ON response_personal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER response_personal_only_resealed BEFORE UPDATE ON response_personal
    FOR EACH ROW EXECUTE FUNCTION only_resealed();
CREATE TRIGGER consents_never_change BEFORE UPDATE OR DELETE ON consents
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_withdrawals_never_change BEFORE UPDATE OR DELETE ON consent_withdrawals
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_withdrawals_never_emptied BEFORE TRUNCATE ON consent_withdrawals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consents_never_emptied BEFORE TRUNCATE ON consents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(TRIGGERS)
    app = f'"{roles.application}"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON data_keys, response_lookups TO {app}")
    op.execute(f"GRANT USAGE ON SEQUENCE data_key_ids TO {app}")
    op.execute(f"GRANT UPDATE (answers, sealed) ON response_personal TO {app}")
    op.execute(f"GRANT SELECT, INSERT ON consents, consent_withdrawals TO {app}")
