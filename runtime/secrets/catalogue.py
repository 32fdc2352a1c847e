"""Every column of the database: personal, with its protection, or declared not personal.

A test compares this with the real database: a column without a line fails. `docs/data_catalogue.md`
is this module as a page.
"""

from typing import Literal

from msgspec import Struct

Class = Literal["personal", "sensitive", "secret"]
"""As PIPL (2021) articles 4 and 28 tell them apart; `secret` proves who somebody is."""


class Personal(Struct, frozen=True):
    """One column that tells something about a person, or lets somebody pass as one."""

    table: str
    column: str
    kind: Class
    why: str
    protected: str
    kept: str


PERSONAL: tuple[Personal, ...] = (
    Personal(
        "response_personal",
        "sealed",
        "sensitive",
        "answers of personal questions",
        "sealed, bound to the response; shown masked",
        "with the response",
    ),
    Personal(
        "response_personal",
        "answers",
        "sensitive",
        "the same, stored by an older version; empty after the next rotation",
        "own table; sealed by `huisheng keys rotate`",
        "until sealed",
    ),
    Personal(
        "session_personal",
        "answers",
        "sensitive",
        "personal answers while a survey is being filled",
        "sealed, bound to the session",
        "until submitted, given up or expired",
    ),
    Personal(
        "response_lookups",
        "value",
        "personal",
        "finds a response by phone, identity card or e-mail",
        "keyed index, no way back without the key",
        "with the response",
    ),
    Personal(
        "responses",
        "answers",
        "personal",
        "answers of ordinary questions, in free hand beside a choice too",
        "scope of staff and integrators",
        "with the response",
    ),
    Personal(
        "responses",
        "context",
        "personal",
        "visit facts: department, type, day",
        "scope of staff and integrators",
        "with the response",
    ),
    Personal(
        "responses",
        "computed",
        "personal",
        "values that the survey computes from answers",
        "scope of staff and integrators",
        "with the response",
    ),
    Personal(
        "sessions",
        "context",
        "personal",
        "visit facts of an open session",
        "server only",
        "until the session is removed",
    ),
    Personal(
        "sessions",
        "state",
        "personal",
        "answers of ordinary questions while being filled",
        "server only; personal answers never stand here",
        "emptied at submission",
    ),
    Personal(
        "sessions",
        "outcome",
        "personal",
        "the last page that the patient is shown again",
        "sealed, bound to the session",
        "until the session is removed",
    ),
    Personal(
        "attachments",
        "name",
        "personal",
        "file name as the patient's device gave it",
        "sealed, bound to the file; shown to its own patient, to staff for a reason",
        "with the response",
    ),
    Personal(
        "attachments",
        "sha256",
        "personal",
        "which picture or document was given",
        "content outside the database, by hash",
        "with the response",
    ),
    Personal(
        "consents",
        "agreed",
        "personal",
        "proof that consent was given before submission",
        "only ever added",
        "with the response",
    ),
    Personal(
        "api_tokens",
        "token_hash",
        "secret",
        "an integrator's access",
        "SHA-256 of 256 random bits",
        "until revoked",
    ),
    Personal(
        "sessions",
        "token_hash",
        "secret",
        "a patient's open session",
        "SHA-256 of 256 random bits",
        "until the session is removed",
    ),
    Personal(
        "user_sessions",
        "token_hash",
        "secret",
        "a signed-in member of staff",
        "hash of a random token",
        "until the session ends",
    ),
    Personal(
        "one_time_links",
        "token_hash",
        "secret",
        "first sign-in or a new password",
        "hash of a random token",
        "until used or over",
    ),
    Personal(
        "recovery_codes",
        "code_hash",
        "secret",
        "second factor without the device",
        "hash",
        "until used",
    ),
    Personal(
        "data_keys",
        "wrapped",
        "secret",
        "opens the sealed columns",
        "AES-256-GCM under the envelope key, which is outside",
        "until a rotation removes it",
    ),
    Personal(
        "users",
        "name",
        "personal",
        "who did what",
        "staff's own; users:read",
        "while employed and as long as the trail",
    ),
    Personal(
        "users",
        "login",
        "personal",
        "sign-in",
        "users:read",
        "while employed and as long as the trail",
    ),
    Personal("users", "phone", "personal", "codes and calls", "sealed", "while employed"),
    Personal(
        "users",
        "phone_index",
        "personal",
        "finds an account by phone",
        "keyed index",
        "while employed",
    ),
    Personal("users", "email", "personal", "letters of the system", "sealed", "while employed"),
    Personal(
        "users",
        "email_index",
        "personal",
        "finds an account by e-mail",
        "keyed index",
        "while employed",
    ),
    Personal(
        "user_passwords",
        "hash",
        "secret",
        "proves who signs in",
        "Argon2id",
        "as the rule on earlier passwords needs",
    ),
    Personal("user_totp", "secret", "secret", "second factor", "sealed", "until replaced"),
    Personal(
        "user_identities",
        "subject",
        "personal",
        "the same person at a sign-in provider",
        "server only",
        "while linked",
    ),
    Personal(
        "user_sessions",
        "address",
        "personal",
        "own sessions are recognised",
        "own and sessions:end only",
        "until the session ends",
    ),
    Personal(
        "user_sessions",
        "agent",
        "personal",
        "own sessions are recognised",
        "own and sessions:end only",
        "until the session ends",
    ),
    Personal(
        "sign_in_attempts",
        "key",
        "personal",
        "throttling by account and address",
        "server only",
        "until the block ends",
    ),
    Personal(
        "staff_members",
        "name",
        "personal",
        "patients name who served them",
        "public in the hospital",
        "while employed",
    ),
    Personal(
        "staff_members",
        "title",
        "personal",
        "patients name who served them",
        "public in the hospital",
        "while employed",
    ),
    Personal(
        "department_history",
        "by_name",
        "personal",
        "who changed the organisation",
        "departments:read",
        "as long as the department",
    ),
    Personal(
        "unmapped_codes",
        "dismissed_by",
        "personal",
        "who set a code aside",
        "aliases:settle",
        "as long as the code waits",
    ),
    Personal(
        "survey_edits",
        "actor_name",
        "personal",
        "who changed a survey",
        "surveys:write",
        "as long as the survey",
    ),
    Personal(
        "survey_versions",
        "published_by_name",
        "personal",
        "who published a version",
        "surveys:read",
        "as long as the survey",
    ),
    Personal(
        "survey_versions",
        "approved_by_name",
        "personal",
        "who approved it",
        "surveys:read",
        "as long as the survey",
    ),
    Personal(
        "survey_approvals",
        "asked_by_name",
        "personal",
        "who asked for approval of a survey",
        "surveys:read",
        "as long as the survey",
    ),
    Personal(
        "survey_approvals",
        "decided_by_name",
        "personal",
        "who approved, returned, withdrew or voided it",
        "surveys:read",
        "as long as the survey",
    ),
    Personal(
        "survey_templates",
        "kept_by_name",
        "personal",
        "who kept a survey as a template",
        "surveys:read",
        "as long as the template",
    ),
    Personal(
        "survey_editors",
        "name",
        "personal",
        "who has a survey open",
        "surveys:write",
        "as long as the survey",
    ),
    Personal(
        "bank_versions",
        "made_by",
        "personal",
        "who worded a question of the bank",
        "bank:read",
        "as long as the question",
    ),
    Personal(
        "bank_imports",
        "actor",
        "personal",
        "who asked for an import",
        "bank:write",
        "ninety days",
    ),
    Personal(
        "parameter_changes",
        "actor_name",
        "personal",
        "who changed a parameter",
        "parameters:read",
        "as long as the parameter",
    ),
    Personal(
        "audit_lines",
        "actor_name",
        "personal",
        "who did what (law: 180 days at least)",
        "audit:read; chained, append only",
        "three years",
    ),
    Personal(
        "audit_lines",
        "address",
        "personal",
        "from where",
        "audit:read; chained, append only",
        "three years",
    ),
    Personal(
        "audit_lines",
        "facts",
        "personal",
        "reason of a look at personal data; no values",
        "audit:read; chained, append only",
        "three years",
    ),
)

NOT_PERSONAL: dict[str, str] = {
    "alarms": (
        "id code key severity facts raised_at seen_at acknowledged_at acknowledged_by reason"
    ),
    "alembic_version": "version_num",
    "api_tokens": "id name scopes created_at expires_at revoked_at",
    "assets": "sha256 media_type bytes created_at",
    "attachments": "id session_id question_id media_type bytes created_at key_id",
    "audit_archives": "month lines file sha256 made_at removed_at",
    "audit_head": "is_head seq hash sealed_at",
    "audit_lines": (
        "month id at actor_kind actor_id channel session action object_type object_id outcome site"
    ),
    "audit_seals": "seq month line hash sealed_at",
    "audit_unsealed": "noted id month",
    "bank_imports": (
        "id name content is_dry all_or_nothing take_duplicates asked_at state tries progress "
        "counts report ended_at"
    ),
    "bank_items": (
        "id seq place type tags state version digest folded grams sameness bands revision "
        "updated_at"
    ),
    "bank_places": "id parent name position closed_at revision",
    "bank_uses": "survey_id is_draft question item version",
    "bank_versions": "item version question made_at",
    "captchas": "id letters question expires_at",
    "consent_withdrawals": "consent_id response_id site withdrawn_at",
    "consents": (
        "id session_id response_id site survey_id survey_version question document "
        "document_version given_at"
    ),
    "data_keys": "id kind fingerprint active created_at",
    "department_aliases": "id system code name department heir valid_from valid_to revision",
    "department_duties": "id department user_id duty valid_from valid_to",
    "department_history": "id department kind effective_on at facts",
    "department_successors": "department effective_on successor kind sites",
    "department_surveys": "department survey_id",
    "departments": "id parent name code kind sites position opened_on closed_on revision",
    "dictionary_entries": "dictionary id name position closed_on revision",
    "event_outbox": "event_id site month due_at attempts failure",
    "events": "site month id type subject happened_at facts",
    "job_runs": "id name started_at ended_at outcome message",
    "one_time_links": "user_id purpose expires_at used_at",
    "parameter_changes": "id name at actor_id old new",
    "parameters": "name value changed_at",
    "recovery_codes": "user_id used_at",
    "response_feed": "seq site month response_id survey_id submitted_at",
    "response_feed_pending": "response_id site month survey_id submitted_at",
    "response_lookups": "kind response_id question site month key_id",
    "response_personal": "site month id key_id",
    "response_tallies": "site day survey_id channel responses",
    "responses": (
        "site month id session_id survey_id survey_version department channel lang "
        "started_at submitted_at path asked scores lowest_band ending times"
    ),
    "scheduled_jobs": "name due_at is_paused is_asked seen_at",
    "session_ended_tokens": "token_hash reason ended_at",
    "session_handovers": "code_hash session_id expires_at used_at",
    "session_personal": "session_id key_id",
    "sessions": (
        "id survey_id survey_version channel site lang seed rev started_at updated_at "
        "expires_at response_id idempotency_key outcome_key"
    ),
    "sign_in_attempts": "failures since blocked_until",
    "sites": "id name code kind visit_types position district closed_on revision",
    "roles": "id name permissions widest fields is_preset retired_at revision position",
    "staff_members": "id department site position",
    "survey_approvals": "id survey_id seq state notes asked_at asked_by decided_at reason",
    "survey_templates": (
        "id title description kind category visit_types questions document kept_at kept_by"
    ),
    "survey_versions": "survey_id version document digest published_at notes",
    "survey_editors": "survey_id user_id place seen_at",
    "survey_edits": "survey_id seq changed at actor_id edit inverse state",
    "surveys": (
        "id kind title state draft draft_digest draft_seq draft_by published_version closed_at "
        "created_at updated_at"
    ),
    "unmapped_codes": (
        "system code name reason site source used_on candidates times first_seen last_seen "
        "dismissed_at dismissed_why"
    ),
    "user_identities": "provider application user_id created_at",
    "user_passwords": "id user_id is_current must_change expires_at created_at",
    "user_roles": "user_id role_id sites departments until granted_at",
    "user_sessions": "id user_id way is_second created_at seen_at",
    "user_totp": "user_id last_step confirmed_at created_at key_id",
    "users": "id lang state state_why state_at last_used_at created_at phone_key email_key",
}
"""Columns that tell nothing about a person, by table, each name once."""

_HEAD = """# Data catalogue

Every column that tells something about a person or lets somebody pass as one. Made from
`runtime/secrets/catalogue.py` (`python -m runtime.secrets.catalogue`); a test compares it with the
database, where a column without a line fails. *sealed* is AES-256-GCM bound to table, column and
row; a *keyed index* is HMAC-SHA256 with a key of its own; a *secret* proves who somebody is.

| Table | Column | Class | Why | Protected | Kept |
|---|---|---|---|---|---|
"""


def as_page() -> str:
    """The catalogue as Markdown."""
    rows = (
        f"| `{p.table}` | `{p.column}` | {p.kind} | {p.why} | {p.protected} | {p.kept} |"
        for p in PERSONAL
    )
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(as_page(), end="")
