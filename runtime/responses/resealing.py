"""Personal answers and their indexes under the newest keys, a batch at a time."""

from typing import Any

import sqlalchemy as sa

from runtime.responses.personal import (
    lookup_row,
    open_answers,
    open_draft,
    open_outcome,
    seal_answers,
    seal_draft,
    seal_outcome,
)
from runtime.secrets.rotation import Reseal
from runtime.secrets.vault import Vault


def reseal_drafts(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Open sessions; a row that a patient changed meanwhile is left to the next batch."""
    rows = connection.execute(
        sa.text(
            "SELECT session_id, answers FROM session_personal WHERE key_id <> :key LIMIT :batch"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    for row in rows:
        answers = open_draft(vault, row.session_id, row.answers)
        connection.execute(
            sa.text(
                "UPDATE session_personal SET answers = :sealed "
                "WHERE session_id = :id AND answers = :old"
            ),
            {
                "id": row.session_id,
                "old": row.answers,
                "sealed": seal_draft(vault, row.session_id, answers),
            },
        )
    return len(rows)


def reseal_responses(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Responses, also those that an older version stored unsealed."""
    rows = connection.execute(
        sa.text(
            "SELECT site, month, id, sealed, answers FROM response_personal "
            "WHERE key_id <> :key OR key_id IS NULL LIMIT :batch FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    for row in rows:
        answers = open_answers(vault, row.id, row.sealed, row.answers)
        connection.execute(
            sa.text(
                "UPDATE response_personal SET sealed = :sealed, answers = NULL "
                "WHERE site = :site AND month = :month AND id = :id"
            ),
            {
                "site": row.site,
                "month": row.month,
                "id": row.id,
                "sealed": seal_answers(vault, row.id, answers),
            },
        )
    return len(rows)


def reseal_outcomes(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Pages that patients ended on."""
    rows = connection.execute(
        sa.text(
            "SELECT id, outcome FROM sessions WHERE outcome_key <> :key LIMIT :batch "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    for row in rows:
        outcome = open_outcome(vault, row.id, row.outcome)
        connection.execute(
            sa.text("UPDATE sessions SET outcome = :sealed WHERE id = :id"),
            {"id": row.id, "sealed": seal_outcome(vault, row.id, outcome)},
        )
    return len(rows)


def reseal_file_names(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Names of files that patients added."""
    rows = connection.execute(
        sa.text(
            "SELECT id, name FROM attachments WHERE key_id <> :key LIMIT :batch "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    for row in rows:
        name = vault.open("attachments", "name", str(row.id), row.name)
        connection.execute(
            sa.text("UPDATE attachments SET name = :name WHERE id = :id"),
            {"id": row.id, "name": vault.seal("attachments", "name", str(row.id), name)},
        )
    return len(rows)


def remake_lookups(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Indexes of answers, from the answers themselves."""
    rows = connection.execute(
        sa.text(
            "SELECT l.kind, l.value, l.response_id, l.question, l.site, l.month, p.sealed, "
            "p.answers FROM response_lookups l LEFT JOIN response_personal p "
            "ON p.site = l.site AND p.month = l.month AND p.id = l.response_id "
            "WHERE l.key_id <> :key LIMIT :batch FOR UPDATE OF l SKIP LOCKED"
        ),
        {"key": vault.index_key, "batch": batch},
    ).all()
    for row in rows:
        _remake(connection, vault, row)
    return len(rows)


def _remake(connection: sa.Connection, vault: Vault, row: Any) -> None:
    text = open_answers(vault, row.response_id, row.sealed, row.answers).get(row.question)
    place = {"id": row.response_id, "site": row.site, "month": row.month}
    fresh = lookup_row(vault, row.kind, row.question, text or "", place)
    connection.execute(
        sa.text(
            "UPDATE response_lookups SET value = :value, key_id = :key WHERE kind = :kind "
            "AND value = :old AND response_id = :id AND question = :question"
        ),
        fresh | {"old": row.value},
    )


STEPS: tuple[Reseal, ...] = (
    reseal_drafts,
    reseal_responses,
    reseal_outcomes,
    reseal_file_names,
    remake_lookups,
)
"""Everything that the responses keep under a key."""
