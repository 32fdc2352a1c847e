"""Personal answers: sealed at rest, found by blind index, shown masked, unmasked for a reason."""

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import msgspec
import sqlalchemy as sa

from engine.questions.consent import Consent
from engine.questions.text import TextQuestion
from runtime.accounts.access import Permission
from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.problems import Forbidden, NotFound, Unprocessable
from runtime.kit.reach import Reach
from runtime.responses.turn import Turn
from runtime.secrets.masks import HIDDEN, Kind, mask, normalised
from runtime.secrets.vault import Vault
from runtime.surveys.cache import Form, SurveyCache

LOOKUPS = "response_lookups"
MIN_REASON = 4

KIND_OF_FORMAT: Mapping[str, Kind] = {
    "phone_cn": "phone",
    "id_card_cn": "id_card",
    "email": "email",
}
FINDABLE: tuple[Kind, ...] = ("phone", "id_card", "email")


class Asking(Protocol):
    """Who wants to see a value: what `runtime.accounts.access.Principal` gives."""

    @property
    def reach(self) -> Reach: ...
    def fields_at(
        self, site: str | None, department: str | None, *, is_whistleblow: bool
    ) -> frozenset[str]: ...
    def may(self, permission: Permission) -> bool: ...
    def actor(self) -> Actor: ...


def seal_draft(vault: Vault, session_id: UUID, answers: Mapping[str, Any]) -> bytes:
    """Personal answers of a session that is being filled."""
    return vault.seal("session_personal", "answers", str(session_id), _json(answers))


def open_draft(vault: Vault, session_id: UUID, sealed: bytes) -> dict[str, Any]:
    """Personal answers of a session, back."""
    return msgspec.json.decode(vault.open("session_personal", "answers", str(session_id), sealed))


def seal_outcome(vault: Vault, session_id: UUID, outcome: bytes) -> bytes:
    """The page that a patient ended on: its texts may say a personal answer again."""
    return vault.seal("sessions", "outcome", str(session_id), outcome.decode())


def open_outcome(vault: Vault, session_id: UUID, sealed: bytes) -> bytes:
    """The page that a patient ended on, back."""
    return vault.open("sessions", "outcome", str(session_id), sealed).encode()


def seal_answers(vault: Vault, response_id: UUID | str, answers: Mapping[str, Any]) -> bytes:
    """Personal answers of a response."""
    return vault.seal("response_personal", "sealed", str(response_id), _json(answers))


def open_answers(
    vault: Vault, response_id: UUID | str, sealed: bytes | None, plain: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Personal answers of a response; `plain` is what an older version stored unsealed."""
    if sealed is None:
        return plain or {}
    opened = vault.open("response_personal", "sealed", str(response_id), sealed)
    return msgspec.json.decode(opened)


def _json(answers: Mapping[str, Any]) -> str:
    return msgspec.json.encode(answers).decode()


# At submission


def store_personal(
    connection: sa.Connection, vault: Vault, turn: Turn, row: dict[str, Any]
) -> None:
    """Write the sealed answers, the indexes that find them, and the consents given."""
    personal: dict[str, Any] = row["personal"]
    if personal:
        sealed = seal_answers(vault, row["id"], personal)
        connection.execute(_INSERT_PERSONAL, row | {"sealed": sealed})
    lookups = [
        lookup_row(vault, kind, question, personal[question], row)
        for question, kind in kinds_of(turn.form).items()
        if kind in FINDABLE and isinstance(personal.get(question), str)
    ]
    if lookups:
        connection.execute(_INSERT_LOOKUP, lookups)
    consents = _consents(turn, row)
    if consents:
        connection.execute(_INSERT_CONSENT, consents)


def lookup_row(
    vault: Vault, kind: Kind, question: str, text: str, row: Mapping[str, Any]
) -> dict[str, Any]:
    """The index of one answer under the key in use."""
    return {
        "kind": kind,
        "value": vault.index(LOOKUPS, kind, normalised(kind, text)),
        "key": vault.index_key,
        "question": question,
        "id": row["id"],
        "site": row["site"],
        "month": row["month"],
    }


def _consents(turn: Turn, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    answers = turn.evaluation.answers
    return [
        {
            "own": new_id(),
            "session": row["session"],
            "id": row["id"],
            "site": row["site"],
            "survey": row["survey"],
            "version": row["version"],
            "question": question.id,
            "document": question.document,
            "document_version": answers[question.id]["version"],
            "agreed": answers[question.id]["agreed"],
            "now": turn.now,
        }
        for question in turn.form.questions.values()
        if isinstance(question, Consent) and answers.get(question.id) is not None
    ]


_INSERT_PERSONAL = sa.text("""
INSERT INTO response_personal (site, month, id, sealed) VALUES (:site, :month, :id, :sealed)
""")
_INSERT_LOOKUP = sa.text("""
INSERT INTO response_lookups (kind, value, response_id, question, site, month, key_id)
VALUES (:kind, :value, :id, :question, :site, :month, :key) ON CONFLICT DO NOTHING
""")
_INSERT_CONSENT = sa.text("""
INSERT INTO consents (id, session_id, response_id, site, survey_id, survey_version, question,
    document, document_version, agreed, given_at)
VALUES (:own, :session, :id, :site, :survey, :version, :question, :document, :document_version,
    :agreed, :now)
""")


# Finding and showing


def find_responses(
    connection: sa.Connection, vault: Vault, kind: Kind, text: str, limit: int = 200
) -> list[UUID]:
    """Responses in which this phone number, identity card or e-mail was given, newest first."""
    values = vault.indexes(LOOKUPS, kind, normalised(kind, text))
    found = connection.execute(
        sa.text(
            "SELECT DISTINCT response_id FROM response_lookups "
            "WHERE kind = :kind AND value = ANY(:values) ORDER BY response_id DESC LIMIT :limit"
        ),
        {"kind": kind, "values": values, "limit": limit},
    )
    return list(found.scalars())


def kinds_of(form: Form) -> dict[str, Kind]:
    """The personal questions of a form and how their answers are masked."""
    return {name: _kind(form.questions[name]) for name in sorted(form.personal_ids)}


def _kind(question: object) -> Kind:
    if isinstance(question, TextQuestion) and question.format is not None:
        return KIND_OF_FORMAT[question.format]
    return "text"


def masked(form: Form, answers: Mapping[str, Any]) -> dict[str, str]:
    """Personal answers as everybody sees them who has not given a reason to see more."""
    kinds = kinds_of(form)
    return {name: _masked(kinds.get(name, "text"), value) for name, value in answers.items()}


def _masked(kind: Kind, value: Any) -> str:
    return mask(kind, value) if isinstance(value, str) else HIDDEN


_READ = sa.text("""
SELECT r.id, r.site, r.department, r.session_id, r.survey_id, r.survey_version,
    r.answers AS ordinary, p.sealed, p.answers, s.kind = 'whistleblow' AS is_whistleblow
FROM responses r JOIN surveys s ON s.id = r.survey_id
LEFT JOIN response_personal p ON p.site = r.site AND p.month = r.month AND p.id = r.id
WHERE r.id = :id
AND (p.id IS NOT NULL OR EXISTS (SELECT FROM attachments a WHERE a.session_id = r.session_id))
AND (CAST(:sites AS text[]) IS NULL OR r.site = ANY(:sites))
AND (CAST(:departments AS text[]) IS NULL OR r.department = ANY(:departments))
AND (:whistleblow OR s.kind <> 'whistleblow')
AND NOT EXISTS (SELECT FROM consent_withdrawals w WHERE w.response_id = r.id)
""")


def find_row(connection: sa.Connection, asking: Asking, response_id: UUID) -> Any:
    """What is stored of a response within reach that has personal answers or files.

    Raises:
        NotFound: there is none, or the consent was withdrawn.
    """
    sites, departments = asking.reach.sites, asking.reach.departments
    values = {
        "id": response_id,
        "sites": None if sites is None else list(sites),
        "departments": None if departments is None else list(departments),
        "whistleblow": asking.reach.whistleblow,
    }
    row = connection.execute(_READ, values).one_or_none()
    if row is None or not asking.reach.holds(
        row.site, row.department, is_whistleblow=row.is_whistleblow
    ):
        raise NotFound("response", "There is no such response with personal answers.")
    return row


def fields_of(asking: Asking, row: Any) -> frozenset[str]:
    """The kinds of personal values that may be seen in clear in a response that was found."""
    return asking.fields_at(row.site, row.department, is_whistleblow=row.is_whistleblow)


def read_masked(
    connection: sa.Connection,
    vault: Vault,
    surveys: SurveyCache,
    asking: Asking,
    response_id: UUID,
) -> dict[str, str]:
    """The personal answers of a response within reach, masked.

    Raises:
        NotFound: no such response within reach, it has no personal answers, or the consent to
            them was withdrawn.
    """
    row = find_row(connection, asking, response_id)
    form = surveys.get(row.survey_id, row.survey_version)
    return masked(form, open_answers(vault, row.id, row.sealed, row.answers))


def unmask(
    db: Database,
    vault: Vault,
    surveys: SurveyCache,
    asking: Asking,
    response_id: UUID,
    reason: str,
    *,
    questions: tuple[str, ...] = (),
    clock: Clock = system_clock,
) -> dict[str, Any]:
    """The personal answers themselves, all or those named; the look is recorded before it happens.

    Kinds of values that none of the asker's roles may unmask at this place stay masked.

    Raises:
        Forbidden: without the permission `personal:unmask`; that is recorded too.
        Unprocessable: the reason has fewer than four characters.
        NotFound: as `read_masked`.
    """
    reason = reason.strip()
    if not asking.may("personal:unmask"):
        _record_refusal(db, asking, response_id, clock)
        raise Forbidden("unmask", "You may not see personal data. Ask who looks after the roles.")
    if len(reason) < MIN_REASON:
        text = f"Say why you need to see this, in at least {MIN_REASON} characters."
        raise Unprocessable("unmask_reason", text, at="/reason")
    with db.begin_for(asking.reach) as connection:
        row = find_row(connection, asking, response_id)
        answers = open_answers(vault, row.id, row.sealed, row.answers)
        shown = {k: v for k, v in answers.items() if not questions or k in questions}
        form = surveys.get(row.survey_id, row.survey_version)
        kinds = kinds_of(form)
        fields = fields_of(asking, row)
        clear = {k for k in shown if kinds.get(k, "text") in fields}
        record(
            connection,
            asking.actor(),
            "personal.unmasked",
            "response",
            str(response_id),
            site=row.site,
            facts={"reason": reason, "questions": sorted(clear)},
            clock=clock,
        )
    hidden = masked(form, shown)
    return {name: shown[name] if name in clear else hidden[name] for name in shown}


def _record_refusal(db: Database, asking: Asking, response_id: UUID, clock: Clock) -> None:
    with db.begin() as connection:
        record(
            connection,
            asking.actor(),
            "personal.unmasked",
            "response",
            str(response_id),
            outcome="refused",
            clock=clock,
        )
