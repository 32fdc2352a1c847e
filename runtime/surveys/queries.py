"""What is known of surveys: lists, single ones, their versions and documents."""

from typing import Any

import msgspec
import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict
from runtime.surveys.models import SurveyDetail, SurveyLine, VersionLine

_LINE = "SELECT id, kind, title, state, published_version, updated_at FROM surveys"
READ = sa.text(
    "SELECT id, kind, title, state, published_version, updated_at, draft, draft_digest "
    "FROM surveys WHERE id = :id"
)


def list_surveys(db: Database, *, public_only: bool = False) -> list[SurveyLine]:
    """All surveys by id, or those that patients can start now."""
    condition = "WHERE state = 'published'" if public_only else ""
    with db.begin() as connection:
        rows = connection.execute(sa.text(f"{_LINE} {condition} ORDER BY id")).all()
    return [_line(row) for row in rows]


def get_line(db: Database, survey_id: str) -> SurveyLine:
    """One survey without its document.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        row = connection.execute(
            sa.text(f"{_LINE} WHERE id = :id"), {"id": survey_id}
        ).one_or_none()
    if row is None:
        raise NotFound("survey", "There is no survey of this id.")
    return _line(row)


def get_survey(db: Database, survey_id: str) -> SurveyDetail:
    """One survey with its newest document.

    Raises:
        NotFound: there is none of this id.
    """
    with db.begin() as connection:
        row = connection.execute(READ, {"id": survey_id}).one_or_none()
        if row is None:
            raise NotFound("survey", "There is no survey of this id.")
        line = _line(row)
        etag = newest_digest(connection, row)
        document = (
            bytes(row.draft)
            if row.draft is not None
            else document_of(connection, row.id, row.published_version)
        )
    return SurveyDetail(
        **msgspec.structs.asdict(line),
        etag=etag,
        is_draft=row.draft is not None,
        document=msgspec.Raw(document),
    )


def list_versions(db: Database, survey_id: str) -> list[VersionLine]:
    """The published versions of a survey, newest first."""
    with db.begin() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT version, published_at, published_by_name, approved_by_name, notes "
                "FROM survey_versions WHERE survey_id = :id ORDER BY version DESC"
            ),
            {"id": survey_id},
        ).all()
    return [VersionLine(*row) for row in rows]


def has_draft(db: Database, survey_id: str) -> bool:
    """Whether something newer than the published version waits to be published."""
    with db.begin() as connection:
        return connection.execute(
            sa.text("SELECT EXISTS (SELECT FROM surveys WHERE id = :id AND draft IS NOT NULL)"),
            {"id": survey_id},
        ).scalar_one()


def published_version(db: Database, survey_id: str) -> int:
    """The version that a new session takes.

    Raises:
        NotFound: no such survey, or never published.
        StateConflict: closed or archived.
    """
    with db.begin() as connection:
        row = connection.execute(
            sa.text("SELECT state, published_version FROM surveys WHERE id = :id"),
            {"id": survey_id},
        ).one_or_none()
    if row is None or row.published_version is None:
        raise NotFound("survey", "There is no published survey of this id.")
    if row.state != "published":
        raise StateConflict("survey_closed", "This survey takes no more answers.")
    return row.published_version


def read_version(db: Database, survey_id: str, version: int) -> bytes:
    """The document of a published version, byte for byte.

    Raises:
        NotFound: there is no such version.
    """
    with db.begin() as connection:
        return version_document(connection, survey_id, version)


# Inside a transaction


def version_document(connection: sa.Connection, survey_id: str, version: int) -> bytes:
    """The document of a published version, byte for byte.

    Raises:
        NotFound: there is no such version.
    """
    document = connection.execute(
        sa.text(
            "SELECT document FROM survey_versions WHERE survey_id = :id AND version = :version"
        ),
        {"id": survey_id, "version": version},
    ).scalar()
    if document is None:
        raise NotFound("survey", "There is no such version of this survey.")
    return bytes(document)


def newest_digest(connection: sa.Connection, row: Any) -> str:
    """What an ETag is made of: the digest of the draft, else of what is published."""
    if row.draft_digest is not None:
        return row.draft_digest
    return connection.execute(
        sa.text(
            "SELECT COALESCE((SELECT digest FROM survey_versions "
            "WHERE survey_id = :id AND version = :version), '')"
        ),
        {"id": row.id, "version": row.published_version},
    ).scalar_one()


def document_of(connection: sa.Connection, survey_id: str, version: int) -> bytes:
    """The document of a version that is known to be there, byte for byte."""
    return bytes(
        connection.execute(
            sa.text("SELECT document FROM survey_versions WHERE survey_id = :id AND version = :v"),
            {"id": survey_id, "v": version},
        ).scalar_one()
    )


def _line(row: Any) -> SurveyLine:
    return SurveyLine(row.id, row.kind, row.title, row.state, row.published_version, row.updated_at)
