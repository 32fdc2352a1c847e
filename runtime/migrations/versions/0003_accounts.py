"""Staff accounts: passwords, second factors, sessions, sign-in attempts."""

from alembic import context, op

from runtime.migrations import Roles

revision = "0003"
down_revision = "0002"

TABLES = """
DROP TABLE staff_sessions;
DROP TABLE staff_links;

CREATE TABLE users (
    id uuid PRIMARY KEY,
    login text NOT NULL UNIQUE CHECK (login = lower(login)),
    name text NOT NULL,
    phone bytea,
    phone_index bytea,
    email bytea,
    email_index bytea,
    lang text,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    state_why text,
    state_at timestamptz NOT NULL,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX users_phone_index ON users (phone_index);
CREATE INDEX users_email_index ON users (email_index);
CREATE INDEX users_name ON users (name, id);

CREATE TABLE user_identities (
    provider text NOT NULL,
    application text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (provider, application, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);

CREATE TABLE user_passwords (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    hash text NOT NULL,
    is_current boolean NOT NULL,
    must_change boolean NOT NULL DEFAULT false,
    expires_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX user_passwords_current ON user_passwords (user_id) WHERE is_current;
CREATE INDEX user_passwords_user ON user_passwords (user_id, created_at);

CREATE TABLE user_totp (
    user_id uuid PRIMARY KEY REFERENCES users,
    secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    confirmed_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE user_sessions (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES users,
    way text NOT NULL CHECK (way IN ('password', 'link', 'look', 'provider')),
    is_second boolean NOT NULL DEFAULT false,
    address text,
    agent text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE INDEX user_sessions_user ON user_sessions (user_id);
CREATE INDEX user_sessions_seen ON user_sessions (seen_at);

CREATE TABLE sign_in_attempts (
    key bytea PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    blocked_until timestamptz
);
CREATE INDEX sign_in_attempts_since ON sign_in_attempts (since);
CREATE TABLE captchas (
    id uuid PRIMARY KEY,
    letters text NOT NULL,
    question jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX captchas_expires ON captchas (expires_at);

CREATE TABLE one_time_links (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    purpose text NOT NULL CHECK (purpose IN ('set_up', 'look')),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX one_time_links_user ON one_time_links (user_id);
"""

NAMES = (
    "users, user_identities, user_passwords, user_totp, recovery_codes, user_sessions, "
    "sign_in_attempts, captchas, one_time_links"
)


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    op.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON {NAMES} TO "{roles.application}"')
    op.execute(f'REVOKE DELETE ON users FROM "{roles.application}"')
