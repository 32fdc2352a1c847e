"""The rows of a survey inside a transaction: held, read, written."""

import hashlib
from typing import Any, cast

import msgspec
import sqlalchemy as sa

import engine
from runtime.audit.models import Actor
from runtime.bank.uses import note_uses, publish_uses
from runtime.kit.clock import Clock
from runtime.kit.problems import NotFound
from runtime.surveys import approvals, queries
from runtime.surveys.models import (
    Held,
    Notes,
    Stored,
    SurveyProblem,
)


def content_digest(data: bytes) -> str:
    """The same for documents that differ only in white space or the order of members."""
    canonical = msgspec.json.encode(msgspec.json.decode(data), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def hold(connection: sa.Connection, survey_id: str, *, for_update: bool = False) -> Held:
    """The newest document of a survey; with `for_update` nobody else changes it meanwhile.

    Raises:
        NotFound: there is none of this id.
    """
    row = connection.execute(
        sa.text(
            "SELECT s.id, s.published_version, s.draft, s.draft_seq, v.digest FROM surveys s "
            "LEFT JOIN survey_versions v ON v.survey_id = s.id AND v.version = s.published_version "
            "WHERE s.id = :id"
            f"{' FOR UPDATE OF s' if for_update else ''}"  # nosec B608 - our own words
        ),
        {"id": survey_id},
    ).one_or_none()
    if row is None:
        raise NotFound("survey", "There is no survey of this id.")
    is_draft = row.draft is not None
    data = (
        bytes(row.draft)
        if is_draft
        else queries.document_of(connection, row.id, row.published_version)
    )
    digest = row.digest
    if row.published_version is not None and digest is None:
        # Published while the lock was waited for: the row is the newest, the join is from before.
        digest = _digest_of(connection, row.id, row.published_version)
    return Held(row.id, data, row.draft_seq, row.published_version, digest, is_draft)


def _digest_of(connection: sa.Connection, survey_id: str, version: int) -> str:
    return connection.execute(
        sa.text("SELECT digest FROM survey_versions WHERE survey_id = :id AND version = :version"),
        {"id": survey_id, "version": version},
    ).scalar_one()


def keep_draft(
    connection: sa.Connection,
    document: engine.Document,
    data: bytes | None,
    actor: Actor,
    clock: Clock,
) -> int:
    """Store a document whose survey is held as its draft, or with None go back to what is
    published; how often the draft was changed so far."""
    digest = None if data is None else content_digest(data)
    write_draft(connection, document, data, digest, actor, clock)
    return connection.execute(
        sa.text("SELECT draft_seq FROM surveys WHERE id = :id"), {"id": document.id}
    ).scalar_one()


def lock(connection: sa.Connection, survey_id: str) -> Any | None:
    """The survey's row, which nobody else changes meanwhile; None where there is none."""
    return connection.execute(
        sa.text(
            "SELECT id, state, published_version, draft, draft_digest FROM surveys "
            "WHERE id = :id FOR UPDATE"
        ),
        {"id": survey_id},
    ).one_or_none()


def lock_or_create(connection: sa.Connection, document: engine.Document, clock: Clock) -> Any:
    """The survey's row, made where there is none, which nobody else changes meanwhile."""
    connection.execute(
        sa.text(
            "INSERT INTO surveys (id, kind, title, state, created_at, updated_at) "
            "VALUES (:id, :kind, CAST(:title AS jsonb), 'draft', :now, :now) "
            "ON CONFLICT (id) DO NOTHING"
        ),
        {
            "id": document.id,
            "kind": document.kind,
            "title": _words(document),
            "now": clock(),
        },
    )
    return lock(connection, document.id)


def _words(document: engine.Document) -> str:
    """The title by language, as JSON; a plain string serves every language."""
    title: Any = document.title
    by_language = dict.fromkeys(document.languages, title)
    words = cast(dict[str, Any], title) if isinstance(title, dict) else by_language
    return msgspec.json.encode(words).decode().replace("\\u0000", "")


def has_content(connection: sa.Connection, row: Any, digest: str) -> bool:
    """Whether the newest document is this one already."""
    return queries.newest_digest(connection, row) == digest


def write_draft(
    connection: sa.Connection,
    document: engine.Document,
    data: bytes | None,
    digest: str | None,
    actor: Actor,
    clock: Clock,
) -> None:
    """The document as the survey's draft; None takes the draft away."""
    approvals.void(connection, document.id, actor, clock)
    connection.execute(
        sa.text(
            "UPDATE surveys SET draft = :data, draft_digest = :digest, kind = :kind, "
            "draft_seq = draft_seq + 1, draft_by = :actor, "
            "title = CAST(:title AS jsonb), updated_at = :now WHERE id = :id"
        ),
        {
            "id": document.id,
            "data": data,
            "digest": digest,
            "kind": document.kind,
            "title": _words(document),
            "actor": actor.id,
            "now": clock(),
        },
    )
    note_uses(connection, document.id, None if data is None else document)


def publish_row(
    connection: sa.Connection,
    survey_id: str,
    data: bytes,
    digest: str,
    said: Notes,
    clock: Clock,
) -> None:
    """The document as the next version, without a draft beside it."""
    version = connection.execute(
        sa.text(
            "UPDATE surveys SET published_version = COALESCE(published_version, 0) + 1, "
            "state = 'published', draft = NULL, draft_digest = NULL, closed_at = NULL "
            "WHERE id = :id RETURNING published_version"
        ),
        {"id": survey_id},
    ).scalar_one()
    publish_uses(connection, survey_id)
    connection.execute(
        sa.text(
            "INSERT INTO survey_versions (survey_id, version, document, digest, published_at, "
            "published_by_name, approved_by_name, notes) "
            "VALUES (:id, :version, :data, :digest, :now, :by, :approved, :notes)"
        ),
        {
            "id": survey_id,
            "version": version,
            "data": data,
            "digest": digest,
            "now": clock(),
            "by": said.published_by,
            "approved": said.approved_by,
            "notes": said.notes,
        },
    )


def stored(
    connection: sa.Connection,
    survey_id: str,
    problems: tuple[SurveyProblem, ...],
    etag: str,
    *,
    is_new: bool,
) -> Stored:
    """What is stored now, with the problems that were found."""
    row = connection.execute(queries.READ, {"id": survey_id}).one()
    published = row.published_version or 0
    is_draft = row.draft is not None
    return Stored(
        survey_id,
        published + 1 if is_draft else published,
        "draft" if is_draft else row.state,
        problems,
        etag,
        is_new,
    )


def published_with(connection: sa.Connection, survey_id: str, digest: str) -> Stored | None:
    """What is published already, if it has this content and nothing newer waits."""
    row = connection.execute(queries.READ, {"id": survey_id}).one_or_none()
    if row is None or row.published_version is None or row.state != "published":
        return None
    if row.draft is not None or queries.newest_digest(connection, row) != digest:
        return None
    return stored(connection, survey_id, (), digest, is_new=False)
