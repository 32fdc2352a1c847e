"""Roles as data and who holds them where; nobody administers, grants and audits at once."""

import json

import sqlalchemy as sa
from alembic import context, op

from runtime.migrations import Roles

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE roles (
    id text PRIMARY KEY,
    name jsonb NOT NULL,
    permissions text[] NOT NULL,
    widest text NOT NULL DEFAULT 'hospital' CHECK (widest IN ('hospital', 'sites', 'departments')),
    fields text[] NOT NULL DEFAULT '{}',
    is_preset boolean NOT NULL DEFAULT false,
    retired_at timestamptz,
    revision integer NOT NULL DEFAULT 1,
    position integer NOT NULL DEFAULT 0
);
CREATE TABLE user_roles (
    user_id uuid NOT NULL REFERENCES users,
    role_id text NOT NULL REFERENCES roles,
    sites text[],
    departments text[],
    until date,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role ON user_roles (role_id);

CREATE FUNCTION administration_of(permission text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN permission IN ('parameters:write', 'jobs:run', 'backup:run') THEN 'system'
        WHEN permission IN ('users:write', 'roles:write', 'sessions:end') THEN 'security'
        WHEN permission IN ('audit:read', 'audit:export') THEN 'audit'
    END
$$;
CREATE FUNCTION refuse_three_in_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4801004);
    IF EXISTS (
        SELECT FROM roles r, unnest(r.permissions) p WHERE r.retired_at IS NULL
        GROUP BY r.id HAVING count(DISTINCT administration_of(p)) = 3
    ) OR EXISTS (
        SELECT FROM user_roles g JOIN roles r ON r.id = g.role_id, unnest(r.permissions) p
        WHERE r.retired_at IS NULL AND (g.until IS NULL OR g.until >= current_date)
        GROUP BY g.user_id HAVING count(DISTINCT administration_of(p)) = 3
    ) THEN
        RAISE EXCEPTION 'nobody runs the system, grants rights and audits at once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'three_in_one';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER user_roles_three_in_one AFTER INSERT OR UPDATE ON user_roles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_three_in_one();
CREATE TRIGGER roles_three_in_one AFTER INSERT OR UPDATE ON roles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_three_in_one();
"""

PRESETS: tuple[tuple[str, str, str, str], ...] = (
    (
        "system_administrator", "系统管理员", "System administrator",
        "parameters:read parameters:write jobs:read jobs:run alarms:read backup:run "
        "sites:read sites:write departments:read departments:write dictionaries:read "
        "dictionaries:write aliases:settle users:read",
    ),
    (
        "security_administrator", "安全管理员", "Security administrator",
        "users:read users:write roles:read roles:write sessions:end alarms:read",
    ),
    (
        "auditor", "审计管理员", "Auditor",
        "audit:read audit:export alarms:read users:read roles:read",
    ),
    (
        "service_centre_handler", "服务中心经办人", "Service-centre handler",
        "responses:read surveys:read personal:unmask departments:read aliases:settle",
    ),
    (
        "reviewer", "审核人", "Reviewer",
        "responses:read responses:export surveys:read surveys:publish departments:read",
    ),
    ("department_contact", "科室联络员", "Department contact", "responses:read departments:read"),
    (
        "department_head", "科室负责人", "Department head",
        "responses:read responses:export departments:read surveys:read",
    ),
    (
        "survey_designer", "问卷设计员", "Survey designer",
        "surveys:read surveys:write surveys:publish dictionaries:read departments:read",
    ),
    (
        "analyst", "数据分析员", "Analyst",
        "responses:read responses:export surveys:read departments:read sites:read",
    ),
    (
        "site_manager", "院区管理者", "Site manager",
        "responses:read surveys:read departments:read sites:read alarms:read",
    ),
    ("discipline_officer", "纪检监察员", "Discipline officer", "responses:read whistleblow:read"),
)  # fmt: skip
WIDEST = {
    "department_contact": "departments", "department_head": "departments", "site_manager": "sites",
}  # fmt: skip
"""How widely a preset may be given; the others everywhere."""

FIELDS = ["phone", "name", "id_card", "email", "address", "text"]
"""Kinds of personal values, as `runtime/secrets/masks.py` names them."""


def upgrade() -> None:
    """Apply."""
    roles: Roles = context.config.attributes["roles"]
    op.execute(TABLES)
    for position, (role, zh, en, permissions) in enumerate(PRESETS):
        op.execute(
            sa.text(
                "INSERT INTO roles (id, name, permissions, widest, fields, is_preset, position) "
                "VALUES (:id, CAST(:name AS jsonb), :permissions, :widest, :fields, true, "
                ":position)"
            ).bindparams(
                id=role,
                name=json.dumps({"zh-CN": zh, "en": en}, ensure_ascii=False),
                permissions=permissions.split(),
                widest=WIDEST.get(role, "hospital"),
                fields=FIELDS if "personal:unmask" in permissions else [],
                position=position,
            )
        )
    app = f'"{roles.application}"'
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON roles, user_roles TO {app}")
