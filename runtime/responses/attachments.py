"""Files that patients add: recognised by content, kept by hash, bound to their session."""

from typing import Any

import msgspec
import sqlalchemy as sa

from engine.questions.uploads import PICTURE_TYPES, Signature, UploadQuestion
from runtime.kit.content import clean_name, clean_picture, is_picture, recognise
from runtime.kit.db import Database
from runtime.kit.files import ContentStore
from runtime.kit.ids import new_id
from runtime.kit.problems import NotFound, StateConflict, TooLarge, Unprocessable, UnsupportedMedia
from runtime.kit.words import say
from runtime.responses import queries
from runtime.responses.results import AttachmentInfo
from runtime.responses.state import Session, StoredFile
from runtime.responses.turn import Turn
from runtime.secrets.vault import Vault

SIGNATURE_BYTES = 1024 * 1024


class Rules(msgspec.Struct, frozen=True):
    """What a question accepts."""

    question: str
    types: tuple[str, ...]
    max_files: int
    max_bytes: int
    max_session_files: int
    is_signature: bool
    lang: str


class Kept(msgspec.Struct, frozen=True):
    """A file that is on the disk and not yet bound."""

    shown: AttachmentInfo
    sha256: str


def require_open(session: Session) -> None:
    """Refuse a session that is over.

    Raises:
        StateConflict: it was submitted.
    """
    if session.outcome is not None:
        raise StateConflict("submitted", say("submitted", session.lang))


def rules_for(turn: Turn, question_id: str, max_files: int, max_bytes: int) -> Rules:
    """The rules of an upload question that is asked now.

    Raises:
        NotFound: no such question is asked.
    """
    question = turn.form.questions.get(question_id)
    lang = turn.session.lang
    if question_id in turn.evaluation.asked:
        if isinstance(question, Signature):
            return Rules(
                question_id,
                PICTURE_TYPES,
                1,
                min(SIGNATURE_BYTES, max_bytes),
                max_files,
                True,
                lang,
            )
        if isinstance(question, UploadQuestion):
            return Rules(
                question_id,
                question.accepted_types(),
                question.max_files,
                min(question.max_bytes, max_bytes),
                max_files,
                False,
                lang,
            )
    raise NotFound("question", say("question", lang), at="/question")


def keep(files: ContentStore, rules: Rules, name: str, content: bytes) -> Kept:
    """Check the content, draw pictures anew, put the file on the disk.

    Raises:
        Unprocessable, TooLarge, UnsupportedMedia: empty; too large; not of an accepted type.
    """
    if not content:
        raise Unprocessable("empty_file", say("empty_file", rules.lang), at="/file")
    if len(content) > rules.max_bytes:
        limit = f"{rules.max_bytes / 1024 / 1024:.3g} MB"
        raise TooLarge("file_size", say("file_size", rules.lang, limit=limit), at="/file")
    media_type = recognise(content)
    if media_type not in rules.types:
        raise UnsupportedMedia("file_type_here", say("file_type_here", rules.lang), at="/file")
    stored = clean_picture(content, media_type) if is_picture(media_type) else content
    shown = AttachmentInfo(str(new_id()), clean_name(name), len(stored), media_type)
    return Kept(shown, files.put(stored))


def require_room(turn: Turn, rules: Rules) -> None:
    """Refuse one file too many.

    Raises:
        StateConflict: the question, or the session, has its full number.
    """
    files = turn.session.state.files
    if rules.is_signature:
        return
    if sum(file.question == rules.question for file in files) >= rules.max_files:
        raise StateConflict("file_count", say("file_count", rules.lang), at="/question")
    if len(files) >= rules.max_session_files:
        raise StateConflict("session_files", say("session_files", rules.lang))


def bind(db: Database, vault: Vault, turn: Turn, rules: Rules, kept: Kept) -> bool:
    """Write the row and add the id to the question's value; tells whether nobody came between."""
    shown, state = kept.shown, turn.session.state
    if rules.is_signature:
        state.files = [file for file in state.files if file.question != rules.question]
    state.files.append(StoredFile(shown.id, rules.question, shown.name, shown.type, shown.bytes))
    with db.begin() as connection:
        if not _store_value(connection, vault, turn, rules.question, rules.is_signature):
            connection.rollback()
            return False
        connection.execute(
            sa.text(
                "INSERT INTO attachments (id, session_id, question_id, sha256, name, media_type, "
                "bytes, created_at) "
                "VALUES (:id, :session, :question, :sha256, :name, :type, :bytes, :now)"
            ),
            {
                "id": shown.id,
                "session": turn.session.id,
                "question": rules.question,
                "sha256": kept.sha256,
                "name": vault.seal("attachments", "name", shown.id, shown.name),
                "type": shown.type,
                "bytes": shown.bytes,
                "now": turn.now,
            },
        )
    return True


def unbind(db: Database, vault: Vault, turn: Turn, attachment_id: str) -> bool:
    """Take a file off its question; tells whether nobody came between.

    Raises:
        NotFound: the session has no such file.
    """
    state = turn.session.state
    file = next((file for file in state.files if file.id == attachment_id), None)
    if file is None:
        raise NotFound("attachment", say("attachment", turn.session.lang))
    state.files.remove(file)
    is_signature = isinstance(turn.form.questions.get(file.question), Signature)
    with db.begin() as connection:
        if not _store_value(connection, vault, turn, file.question, is_signature):
            connection.rollback()
            return False
        connection.execute(sa.text("DELETE FROM attachments WHERE id = :id"), {"id": attachment_id})
    return True


def _store_value(
    connection: sa.Connection, vault: Vault, turn: Turn, question_id: str, is_signature: bool
) -> bool:
    ids = [file.id for file in turn.session.state.files if file.question == question_id]
    value: Any = (ids[-1] if ids else None) if is_signature else ids
    turn.set_files(question_id, value, frozenset(ids))
    driver: Any = connection.connection.driver_connection
    return queries.store_turn(driver, turn, vault)


def read(
    db: Database, files: ContentStore, vault: Vault, session: Session, attachment_id: str
) -> tuple[AttachmentInfo, bytes]:
    """A file of this session.

    Raises:
        NotFound: the session has no such file.
    """
    with db.begin() as connection:
        row = connection.execute(
            sa.text(
                "SELECT id, sha256, name, media_type, bytes FROM attachments "
                "WHERE id = :id AND session_id = :session"
            ),
            {"id": queries.as_uuid(attachment_id), "session": session.id},
        ).one_or_none()
    content = files.get(row.sha256) if row is not None else None
    if row is None or content is None:
        raise NotFound("attachment", say("attachment", session.lang))
    name = vault.open("attachments", "name", str(row.id), row.name) if row.name else ""
    return AttachmentInfo(str(row.id), name, row.bytes, row.media_type), content
