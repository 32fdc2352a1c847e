"""Files that came with a response, for staff: named once a reason was given, each look recorded.

A picture may show a face and a document a finding whatever its question says of privacy, so every
file is treated as a personal answer.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.content import is_picture
from runtime.kit.db import Database
from runtime.kit.files import ContentStore
from runtime.kit.problems import Forbidden, Gone, NotFound, Unprocessable
from runtime.responses.personal import Asking, fields_of, find_row, open_answers
from runtime.secrets.masks import Kind
from runtime.secrets.vault import SealBroken, Vault
from runtime.surveys.cache import SurveyCache

FILE_KIND: Kind = "text"
"""The kind of personal values, of those that roles may unmask, which files count as."""
PASS_LASTS = timedelta(minutes=15)
FORBIDDEN = "You may not see personal data. Ask who looks after the roles."
_PLACE = ("response_files", "pass")


class GivenFile(msgspec.Struct, frozen=True):
    """A file that an answer of the response names."""

    id: str
    question: str
    name: str
    type: str
    bytes: int
    sha256: str

    @property
    def is_picture(self) -> bool:
        """Whether it was drawn anew when it came, so that a browser may show it."""
        return is_picture(self.type)


class Pass(msgspec.Struct, frozen=True):
    """The reason that opens a response's files, until it is asked for again."""

    until: datetime
    reason: str


def give_pass(
    vault: Vault, asking: Asking, response_id: UUID, reason: str, *, clock: Clock = system_clock
) -> str:
    """What the addresses of the files carry: sealed, for this sign-in and this response alone."""
    told = msgspec.json.encode(Pass(clock() + PASS_LASTS, reason.strip())).decode()
    sealed = vault.seal(*_PLACE, _holder(asking, response_id), told)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _reason_of(
    vault: Vault, asking: Asking, response_id: UUID, given: str, clock: Clock = system_clock
) -> str:
    try:
        sealed = base64.b64decode(given + "=" * (-len(given) % 4), b"-_", validate=True)
        told = vault.open(*_PLACE, _holder(asking, response_id), sealed)
        found = msgspec.json.decode(told, type=Pass)
    except (ValueError, SealBroken, msgspec.DecodeError):
        found = None
    if found is None or found.until < clock():
        raise Unprocessable("file_reason", "Give your reason on the response's page again.")
    return found.reason


def _holder(asking: Asking, response_id: UUID) -> str:
    return f"{asking.actor().session}/{response_id}"


def list_files(
    connection: sa.Connection,
    vault: Vault,
    surveys: SurveyCache,
    asking: Asking,
    response_id: UUID,
) -> list[GivenFile]:
    """The files that the answers name, in the order of the questions; none for who may not see.

    Raises:
        NotFound: no such response within reach, or the consent was withdrawn.
    """
    row = find_row(connection, asking, response_id)
    if FILE_KIND not in fields_of(asking, row):
        return []
    answers = row.ordinary | open_answers(vault, row.id, row.sealed, row.answers)
    form = surveys.get(row.survey_id, row.survey_version)
    named = list(_named(answers, form.upload_ids))
    stored = connection.execute(_FILES, {"session": row.session_id}).all()
    files = {str(one.id): one for one in stored}
    return [_given(vault, files[name]) for name in named if name in files]


_FILES = sa.text("""
SELECT id, question_id, name, media_type, bytes, sha256 FROM attachments WHERE session_id = :session
""")


def _named(answers: Mapping[str, Any], questions: Iterable[str]) -> Iterator[str]:
    """The ids in the answers; a file whose question fell off the path is in none."""
    for question in questions:
        value = answers.get(question)
        yield from cast(list[str], value) if isinstance(value, list) else [value] if value else []


def _given(vault: Vault, row: Any) -> GivenFile:
    name = vault.open("attachments", "name", str(row.id), row.name) if row.name else ""
    return GivenFile(str(row.id), row.question_id, name, row.media_type, row.bytes, row.sha256)


def open_file(
    db: Database,
    files: ContentStore,
    vault: Vault,
    surveys: SurveyCache,
    asking: Asking,
    response_id: UUID,
    file_id: str,
    given: str,
    *,
    clock: Clock = system_clock,
) -> tuple[GivenFile, bytes]:
    """A file with its content; the look is recorded before it happens. `given` is a pass.

    Raises:
        NotFound: as `list_files`, or the response has no such file.
        Forbidden: without the permission to see personal answers, or files among them.
        Unprocessable: no reason was given in this sign-in, or too long ago.
        Gone: the file is on record and not on the disk; that is recorded too.
    """
    if not asking.may("personal:unmask"):
        raise Forbidden("unmask", FORBIDDEN)
    with db.begin_for(asking.reach) as connection:
        row = find_row(connection, asking, response_id)
        if FILE_KIND not in fields_of(asking, row):
            raise Forbidden("unmask", FORBIDDEN)
        found = list_files(connection, vault, surveys, asking, response_id)
        file = next((one for one in found if one.id == file_id), None)
        if file is None:
            raise NotFound("attachment", "The response has no such file.")
        reason = _reason_of(vault, asking, response_id, given, clock)
        content = files.get(file.sha256)
        record(
            connection,
            asking.actor(),
            "attachment.viewed",
            "attachment",
            file.id,
            outcome="ok" if content is not None else "failed",
            site=row.site,
            facts={"reason": reason, "response": str(response_id), "question": file.question},
            clock=clock,
        )
    if content is None:
        raise Gone("file_missing", "The file is not on the server; restore it from the backup.")
    return file, content
