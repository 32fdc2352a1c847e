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
    change = (
        "UPDATE session_personal SET answers = :sealed WHERE session_id = :id AND answers = :old"
    )
    return _write(connection, change, [_draft(vault, row) for row in rows])


def _draft(vault: Vault, row: Any) -> dict[str, Any]:
    answers = open_draft(vault, row.session_id, row.answers)
    sealed = seal_draft(vault, row.session_id, answers)
    return {"id": row.session_id, "old": row.answers, "sealed": sealed}


def reseal_responses(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Responses, also those that an older version stored unsealed."""
    rows = connection.execute(
        sa.text(
            "SELECT site, month, id, sealed, answers FROM response_personal "
            "WHERE key_id <> :key OR key_id IS NULL LIMIT :batch FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    _write_columns(connection, _RESEAL_RESPONSES, [_response(vault, row) for row in rows])
    return len(rows)


_RESEAL_RESPONSES = sa.text("""
UPDATE response_personal p SET sealed = n.sealed, answers = NULL
FROM unnest(CAST(:site AS text[]), CAST(:month AS date[]), CAST(:id AS uuid[]),
            CAST(:sealed AS bytea[])) AS n (site, month, id, sealed)
WHERE p.site = n.site AND p.month = n.month AND p.id = n.id
""")
"""One statement for a batch: planning it over all months costs more than the rows."""


def _response(vault: Vault, row: Any) -> dict[str, Any]:
    answers = open_answers(vault, row.id, row.sealed, row.answers)
    sealed = seal_answers(vault, row.id, answers)
    return {"site": row.site, "month": row.month, "id": row.id, "sealed": sealed}


def reseal_outcomes(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Pages that patients ended on."""
    rows = connection.execute(
        sa.text(
            "SELECT id, outcome FROM sessions WHERE outcome_key <> :key LIMIT :batch "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    values = [
        {"id": row.id, "sealed": seal_outcome(vault, row.id, open_outcome(vault, *row))}
        for row in rows
    ]
    return _write(connection, "UPDATE sessions SET outcome = :sealed WHERE id = :id", values)


def reseal_file_names(connection: sa.Connection, vault: Vault, batch: int) -> int:
    """Names of files that patients added."""
    rows = connection.execute(
        sa.text(
            "SELECT id, name FROM attachments WHERE key_id <> :key LIMIT :batch "
            "FOR UPDATE SKIP LOCKED"
        ),
        {"key": vault.data_key, "batch": batch},
    ).all()
    place = ("attachments", "name")
    values = [
        {
            "id": row.id,
            "sealed": vault.seal(*place, str(row.id), vault.open(*place, str(row.id), row.name)),
        }
        for row in rows
    ]
    return _write(connection, "UPDATE attachments SET name = :sealed WHERE id = :id", values)


def _write(connection: sa.Connection, change: str, values: list[dict[str, Any]]) -> int:
    """All rows of a batch in one pipeline; gives how many."""
    if values:
        connection.execute(sa.text(change), values)
    return len(values)


def _write_columns(
    connection: sa.Connection, change: sa.TextClause, rows: list[dict[str, Any]]
) -> None:
    """All rows of a batch in one statement, a list for each column."""
    if rows:
        connection.execute(change, {name: [row[name] for row in rows] for name in rows[0]})


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
    _write_columns(connection, _REMAKE_LOOKUPS, [_lookup(vault, row) for row in rows])
    return len(rows)


_REMAKE_LOOKUPS = sa.text("""
UPDATE response_lookups l SET value = n.value, key_id = n.key
FROM unnest(CAST(:kind AS text[]), CAST(:old AS bytea[]), CAST(:id AS uuid[]),
            CAST(:question AS text[]), CAST(:value AS bytea[]), CAST(:key AS integer[]))
    AS n (kind, old, id, question, value, key)
WHERE l.kind = n.kind AND l.value = n.old AND l.response_id = n.id AND l.question = n.question
""")


def _lookup(vault: Vault, row: Any) -> dict[str, Any]:
    text = open_answers(vault, row.response_id, row.sealed, row.answers).get(row.question)
    place = {"id": row.response_id, "site": row.site, "month": row.month}
    return lookup_row(vault, row.kind, row.question, text or "", place) | {"old": row.value}


STEPS: tuple[Reseal, ...] = (
    reseal_drafts,
    reseal_responses,
    reseal_outcomes,
    reseal_file_names,
    remake_lookups,
)
"""Everything that the responses keep under a key."""
