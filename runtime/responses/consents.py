"""Consents that came with a response: which were given, and taking them back.

PIPL article 15 gives everybody the right to withdraw; what was done before stays lawful. Article 47
then asks for deletion, or where law keeps a record, for no use but keeping it: the response stays,
its personal answers are shown and found no more.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.responses.personal import MIN_REASON


class Consent(Struct, frozen=True):
    """One answer to a consent question; `withdrawn_at` is None while it stands."""

    id: UUID
    site: str
    question: str
    document: str
    document_version: int
    agreed: bool
    given_at: datetime
    withdrawn_at: datetime | None


def consents_of(connection: sa.Connection, response_id: UUID) -> list[Consent]:
    """The consents of a response within the connection's reach, in the order of their questions."""
    rows = connection.execute(
        sa.text(
            "SELECT c.id, c.site, c.question, c.document, c.document_version, c.agreed, "
            "c.given_at, w.withdrawn_at FROM consents c "
            "LEFT JOIN consent_withdrawals w ON w.consent_id = c.id "
            "WHERE c.response_id = :id ORDER BY c.question, c.id"
        ),
        {"id": response_id},
    )
    return [Consent(*row) for row in rows]


def withdraw(
    connection: sa.Connection,
    response_id: UUID,
    reason: str,
    *,
    actor: Actor,
    clock: Clock = system_clock,
) -> Sequence[Consent]:
    """Take back every consent of a response for the patient who asked; gives those that stood.

    From this transaction on its personal answers are neither shown, masked or clear, nor found by
    telephone, identity card or e-mail. `reason` says who asked and how; it is kept in the audit
    trail, so it names nobody.

    Raises:
        NotFound: no such response within the connection's reach, or none was agreed to.
        StateConflict: all were withdrawn before.
        Unprocessable: the reason has fewer than four characters.
    """
    words = reason.strip()
    if len(words) < MIN_REASON:
        text = f"Say how the patient asked for it, in at least {MIN_REASON} characters."
        raise Unprocessable("consent_reason", text, at="/reason")
    agreed = [one for one in consents_of(connection, response_id) if one.agreed]
    if not agreed:
        raise NotFound("consent", "There is no such response with a consent.")
    now = clock()
    standing = [one for one in agreed if _end(connection, one, response_id, now)]
    if not standing:
        raise StateConflict("consent_withdrawn", "This consent was withdrawn before.")
    forgotten = connection.execute(
        sa.text("DELETE FROM response_lookups WHERE response_id = :id"), {"id": response_id}
    ).rowcount
    documents = [f"{one.document}/{one.document_version}" for one in standing]
    facts = {"reason": words, "documents": documents, "lookups_removed": forgotten}
    site, subject = standing[0].site, str(response_id)
    record(
        connection,
        actor,
        "consent.withdrawn",
        "response",
        subject,
        site=site,
        facts=facts,
        clock=clock,
    )
    return standing


def _end(connection: sa.Connection, one: Consent, response_id: UUID, now: datetime) -> bool:
    """Two who ask at once: one of them writes the row."""
    return bool(
        connection.execute(
            sa.text(
                "INSERT INTO consent_withdrawals (consent_id, response_id, site, withdrawn_at) "
                "VALUES (:consent, :response, :site, :now) ON CONFLICT DO NOTHING"
            ),
            {"consent": one.id, "response": response_id, "site": one.site, "now": now},
        ).rowcount
    )
