"""Which questions of which surveys came from the bank; kept as each survey is stored."""

import sqlalchemy as sa

from engine.definition import Document
from runtime.bank.models import Use

_COLUMNS = "SELECT item, version, survey_id, question, is_draft FROM bank_uses "


def note_uses(connection: sa.Connection, survey_id: str, document: Document | None) -> None:
    """Keep the bank's questions of a survey's draft, or of none; writes only what differs."""
    key = {"survey": survey_id, "draft": True}
    old = {
        (row.question, row.item, row.version)
        for row in connection.execute(
            sa.text(_COLUMNS + "WHERE survey_id = :survey AND is_draft = :draft"), key
        )
    }
    new = _uses_in(document)
    if old == new:
        return
    connection.execute(
        sa.text("DELETE FROM bank_uses WHERE survey_id = :survey AND is_draft = :draft"), key
    )
    if new:
        connection.execute(
            sa.text(
                "INSERT INTO bank_uses (survey_id, is_draft, question, item, version) "
                "VALUES (:survey, :draft, :question, :item, :version) ON CONFLICT DO NOTHING"
            ),
            [key | {"question": q, "item": item, "version": v} for q, item, v in sorted(new)],
        )


def publish_uses(connection: sa.Connection, survey_id: str) -> None:
    """The draft is what is published now."""
    key = {"survey": survey_id}
    for words in (
        "DELETE FROM bank_uses WHERE survey_id = :survey AND NOT is_draft",
        "UPDATE bank_uses SET is_draft = false WHERE survey_id = :survey",
    ):
        connection.execute(sa.text(words), key)


def _uses_in(document: Document | None) -> set[tuple[str, str, int]]:
    if document is None:
        return set()
    return {
        (question.id, question.bank.id, question.bank.version)
        for page in document.pages
        for question in page.questions
        if question.bank is not None and 0 < question.bank.version < 2**31
    }


def uses_of(connection: sa.Connection, item: str) -> list[Use]:
    """Where a question of the bank is asked, in drafts and in what is published."""
    rows = connection.execute(
        sa.text(_COLUMNS + "WHERE item = :item ORDER BY survey_id, question, is_draft"),
        {"item": item},
    )
    return [Use(*row) for row in rows]
