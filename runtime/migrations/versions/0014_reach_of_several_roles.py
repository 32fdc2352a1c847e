"""What several roles reach is the sum of each one's places, not every site in every department.

`huisheng.parts` is an array of reaches as JSON where `huisheng.sites` and `huisheng.departments`
only bound them, and empty where those say it exactly.
"""

from alembic import context, op

from runtime.migrations import Roles

revision = "0014"
down_revision = "0013"

FUNCTIONS = """
CREATE FUNCTION reaches_whole() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('huisheng.parts', true), '') = ''
$$;
CREATE FUNCTION reaches_part(the_site text, the_department text, the_survey text)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM jsonb_to_recordset(current_setting('huisheng.parts', true)::jsonb)
            AS p (sites text[], departments text[], whistleblow boolean)
        WHERE (p.sites IS NULL OR the_site = ANY (p.sites))
          AND (p.departments IS NULL OR the_department = ANY (p.departments))
          AND (p.whistleblow OR NOT EXISTS (
              SELECT FROM surveys WHERE id = the_survey AND kind = 'whistleblow'))
    )
$$;
CREATE OR REPLACE FUNCTION reaches_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT reaches_all('sites') AND reaches_all('departments') AND reaches_whistleblow()
        AND reaches_whole()
$$;
"""

PARTS = "((SELECT reaches_whole()) OR reaches_part(site, department, survey_id))"
WHOLE = "(SELECT reaches_whole())"
NARROWED = {"responses": PARTS, "response_tallies": WHOLE}
"""What is asked of a row besides the policy of migration 0009."""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(FUNCTIONS)
    for table, rows in NARROWED.items():
        op.execute(
            f'CREATE POLICY within_parts ON {table} AS RESTRICTIVE TO "{roles.application}" '
            f"USING ({rows}) WITH CHECK ({rows})"
        )
