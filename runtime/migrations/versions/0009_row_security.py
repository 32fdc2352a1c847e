"""Rows are seen and written within the reach that a transaction declares; without one, none are.

`huisheng.sites` and `huisheng.departments` are `*` or an array's text, `huisheng.whistleblow` is
`on`; each is set for one transaction by `runtime.kit.db.Database.begin_for`. The owner, who dumps
and restores, is not bound: the programs never sign in as the owner.
"""

from alembic import context, op

from runtime.migrations import Roles

revision = "0009"
down_revision = "0008"

FUNCTIONS = """
CREATE FUNCTION reaches_all(setting text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('huisheng.' || setting, true), '') = '*'
$$;
CREATE FUNCTION reaches(setting text) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN reaches_all(setting) THEN '{}'
        ELSE coalesce(nullif(current_setting('huisheng.' || setting, true), ''), '{}') END::text[]
$$;
CREATE FUNCTION reaches_whistleblow() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('huisheng.whistleblow', true), '') = 'on'
$$;
CREATE FUNCTION reaches_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT reaches_all('sites') AND reaches_all('departments') AND reaches_whistleblow()
$$;
"""

SITES = "((SELECT reaches_all('sites')) OR site = ANY ((SELECT reaches('sites'))::text[]))"
DEPARTMENTS = (
    "((SELECT reaches_all('departments')) "
    "OR department = ANY ((SELECT reaches('departments'))::text[]))"
)
KINDS = (
    "((SELECT reaches_whistleblow()) OR survey_id <> ALL "
    "(ARRAY(SELECT id FROM surveys WHERE kind = 'whistleblow')))"
)
EVERYTHING = "(SELECT reaches_everything())"
OF_RESPONSE = (
    f"({EVERYTHING} OR EXISTS (SELECT FROM responses r WHERE r.site = {{0}}.site "  # nosec B608 - our own words
    "AND r.id = {0}.{1}))"
)

POLICIES = {
    "responses": f"{SITES} AND {DEPARTMENTS} AND {KINDS}",
    "response_personal": OF_RESPONSE.format("response_personal", "id"),
    "response_lookups": OF_RESPONSE.format("response_lookups", "response_id"),
    "consents": OF_RESPONSE.format("consents", "response_id"),
    "consent_withdrawals": OF_RESPONSE.format("consent_withdrawals", "response_id"),
    "response_tallies": f"{SITES} AND (SELECT reaches_all('departments')) AND {KINDS}",
    "response_feed": EVERYTHING,
    "response_feed_pending": EVERYTHING,
    "events": EVERYTHING,
}
"""Which rows of a table the application sees, changes and may add."""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(FUNCTIONS)
    for table, rows in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(
            f'CREATE POLICY within_reach ON {table} TO "{roles.application}" '
            f"USING ({rows}) WITH CHECK ({rows})"
        )
    op.execute(f'CREATE POLICY audited ON events FOR SELECT TO "{roles.auditor}" USING (true)')
