"""Storing, checking, publishing, closing surveys; published versions never change."""

import hashlib
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

import engine
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.bank.uses import note_uses, publish_uses
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable, WordedProblem
from runtime.surveys import approvals, findings, pictures, queries
from runtime.surveys.models import (
    Held,
    Notes,
    Stored,
    SurveyLine,
    SurveyProblem,
)

GRACE = timedelta(hours=24)


def content_digest(data: bytes) -> str:
    """The same for documents that differ only in white space or the order of members."""
    canonical = msgspec.json.encode(msgspec.json.decode(data), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _refuse(problems: tuple[SurveyProblem, ...]) -> Unprocessable:
    worded = tuple(WordedProblem(p.code, p.at, p.message) for p in problems)
    return Unprocessable("document", "The document has problems.", problems=worded)


def store_survey(
    db: Database,
    data: bytes,
    *,
    publish: bool = False,
    confirm: str | None = None,
    lang: str = "zh-CN",
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> Stored:
    """Store a document without errors as draft, or as the next published version.

    The same content again changes nothing.

    Raises:
        Unprocessable: errors, all of them; when publishing also broken walks, missing pictures.
        StateConflict: publishing with findings that `confirm` does not repeat, or what needs a
            second person's approval.
    """
    document = require_sound(data, lang)
    digest = content_digest(data)
    problems = ()
    if publish:
        with db.begin() as connection:
            known = _published_with(connection, document.id, digest)
        if known is not None:
            return known
        _require_no_approval(db, document, actor)
        problems = _publishable(db, document, confirm, lang)
    with db.begin() as connection:
        row = _lock_or_create(connection, document, clock)
        if publish:
            known = _published_with(connection, document.id, digest)  # while it was proved
            if known is not None:
                return known
        elif _has_content(connection, row, digest):
            return _stored(connection, document.id, problems, digest, is_new=False)
        _write_draft(connection, document, data, digest, actor, clock)
        if publish:
            _publish_row(connection, document.id, data, digest, Notes(_named(actor)), clock)
        stored = _stored(connection, document.id, problems, digest, is_new=True)
        _record(connection, actor, stored, clock)
        return stored


def require_sound(data: bytes, lang: str) -> engine.Document:
    """The document, if nothing is wrong with it.

    Raises:
        Unprocessable: errors, all of them.
    """
    examined = findings.examine(data)
    if examined.document is None or examined.errors:
        raise _refuse(findings.words(examined.problems, lang))
    return examined.document


def _named(actor: Actor) -> str:
    """Who published, for people; the programs themselves are nobody."""
    return "" if actor.kind == "system" else actor.name


def _require_no_approval(db: Database, document: engine.Document, actor: Actor) -> None:
    if actor.kind != "system" and approvals.is_needed(db, document.kind):
        raise StateConflict(
            "approval_needed",
            "A second person has to approve this survey: ask for it on its publishing page.",
        )


def put_draft(
    db: Database,
    survey_id: str,
    data: bytes,
    *,
    if_match: str | None,
    lang: str = "zh-CN",
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> Stored:
    """Store whatever parses as the draft, with its problems.

    Raises:
        Unprocessable: the structure cannot be read, or the document has another id.
        StateConflict: `if_match` is not the ETag of the draft that is stored.
    """
    examined = findings.examine(data)
    if examined.document is None:
        raise _refuse(findings.words(examined.problems, lang))
    if examined.document.id != survey_id:
        raise Unprocessable("id", "The document's id differs from the address.", at="/id")
    digest = content_digest(data)
    with db.begin() as connection:
        row = _lock(connection, survey_id)
        _require_match(connection, row, if_match)
        if row is None:
            made = _lock_or_create(connection, examined.document, clock)
            if made.draft is not None:  # by somebody else, a moment ago
                _require_match(connection, made, if_match)
        _write_draft(connection, examined.document, data, digest, actor, clock)
        problems = findings.words(examined.problems, lang)
        stored = _stored(connection, survey_id, problems, digest, is_new=row is None)
        _record(connection, actor, stored, clock)
        return stored


def publish_survey(
    db: Database,
    survey_id: str,
    *,
    confirm: str | None = None,
    approval: UUID | None = None,
    notes: str = "",
    lang: str = "zh-CN",
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> Stored:
    """Publish the draft as the next version; without a draft, what is published stays.

    With `approval` the person who calls approves that request; the version is its author's, with
    the notes given there.

    Raises:
        NotFound, Unprocessable, StateConflict: as `store_survey`; somebody changed the draft while
            it was proved; the request waits no longer.
        Forbidden: one's own request, or one's own last edit.
    """
    with db.begin() as connection:
        held = hold(connection, survey_id)
        if not held.is_draft:
            if approval is not None:
                raise StateConflict("approval_void", "Nothing waits to be published any more.")
            stored = _stored(connection, survey_id, (), held.digest or "", is_new=False)
            if stored.state != "published":
                raise StateConflict("state", f"The survey is {stored.state}; reopen it.")
            return stored
    document = require_sound(held.data, lang)
    if approval is None:
        _require_no_approval(db, document, actor)
    problems = _publishable(db, document, confirm, lang)
    digest = content_digest(held.data)
    with db.begin() as connection:
        if hold(connection, survey_id, for_update=True).seq != held.seq:
            raise StateConflict(
                "changed_meanwhile", "Somebody changed the draft; look at it again."
            )
        said = Notes(_named(actor), "", approvals.plain_notes(notes))
        if approval is not None:
            asked = approvals.approve(connection, approval, actor, clock)
            said = Notes(asked.asked_by_name, actor.name, asked.notes)
        _publish_row(connection, survey_id, held.data, digest, said, clock)
        approvals.void(connection, survey_id, actor, clock)
        stored = _stored(connection, survey_id, problems, digest, is_new=True)
        _record(connection, actor, stored, clock)
        return stored


def close_survey(
    db: Database, survey_id: str, *, actor: Actor = SYSTEM, clock: Clock = system_clock
) -> SurveyLine:
    """Take no new sessions; open ones may finish for 24 hours.

    Raises:
        NotFound, StateConflict: no such survey, or not published.
    """
    now = clock()
    with db.begin() as connection:
        _change_state(connection, survey_id, "published", "closed", now)
        connection.execute(
            sa.text(
                "UPDATE sessions SET expires_at = LEAST(expires_at, :until) "
                "WHERE survey_id = :id AND response_id IS NULL AND expires_at > :now"
            ),
            {"id": survey_id, "until": now + GRACE, "now": now},
        )
        record(connection, actor, "survey.closed", "survey", survey_id, clock=clock)
    return queries.get_line(db, survey_id)


def reopen_survey(
    db: Database,
    survey_id: str,
    *,
    session_hours: int,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> SurveyLine:
    """Take sessions again; those that were still open get their whole time back.

    Raises:
        NotFound, StateConflict: no such survey, or not closed.
    """
    now = clock()
    with db.begin() as connection:
        _change_state(connection, survey_id, "closed", "published", now)
        connection.execute(
            sa.text(
                "UPDATE sessions SET expires_at = started_at + make_interval(hours => :hours) "
                "WHERE survey_id = :id AND response_id IS NULL AND expires_at > :now"
            ),
            {"id": survey_id, "hours": session_hours, "now": now},
        )
        record(connection, actor, "survey.reopened", "survey", survey_id, clock=clock)
    return queries.get_line(db, survey_id)


# Inside a transaction


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
    _write_draft(connection, document, data, digest, actor, clock)
    return connection.execute(
        sa.text("SELECT draft_seq FROM surveys WHERE id = :id"), {"id": document.id}
    ).scalar_one()


def _lock(connection: sa.Connection, survey_id: str) -> Any | None:
    return connection.execute(
        sa.text(
            "SELECT id, state, published_version, draft, draft_digest FROM surveys "
            "WHERE id = :id FOR UPDATE"
        ),
        {"id": survey_id},
    ).one_or_none()


def _lock_or_create(connection: sa.Connection, document: engine.Document, clock: Clock) -> Any:
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
    return _lock(connection, document.id)


def _words(document: engine.Document) -> str:
    """The title by language, as JSON; a plain string serves every language."""
    title: Any = document.title
    by_language = dict.fromkeys(document.languages, title)
    words = cast(dict[str, Any], title) if isinstance(title, dict) else by_language
    return msgspec.json.encode(words).decode().replace("\\u0000", "")


def _has_content(connection: sa.Connection, row: Any, digest: str) -> bool:
    return queries.newest_digest(connection, row) == digest


def _require_match(connection: sa.Connection, row: Any | None, if_match: str | None) -> None:
    wanted = if_match.strip().removeprefix("W/").strip('"') if if_match else None
    if row is None:
        if wanted is not None:
            raise StateConflict("changed_meanwhile", "There is no draft with this ETag.")
        return
    if wanted is None:
        raise StateConflict("if_match", "Send If-Match with the ETag that you last read.")
    if wanted not in ("*", queries.newest_digest(connection, row)):
        raise StateConflict(
            "changed_meanwhile", "Somebody changed the draft meanwhile; read it again."
        )


def _write_draft(
    connection: sa.Connection,
    document: engine.Document,
    data: bytes | None,
    digest: str | None,
    actor: Actor,
    clock: Clock,
) -> None:
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


def _publish_row(
    connection: sa.Connection,
    survey_id: str,
    data: bytes,
    digest: str,
    said: Notes,
    clock: Clock,
) -> None:
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


def _stored(
    connection: sa.Connection,
    survey_id: str,
    problems: tuple[SurveyProblem, ...],
    etag: str,
    *,
    is_new: bool,
) -> Stored:
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


def _record(connection: sa.Connection, actor: Actor, stored: Stored, clock: Clock) -> None:
    """The audit line of a stored or published document: which content, never the content."""
    facts = {"version": stored.version, "sha256": stored.etag, "problems": len(stored.problems)}
    action = "survey.drafted" if stored.state == "draft" else "survey.published"
    record(connection, actor, action, "survey", stored.id, facts=facts, clock=clock)


def _published_with(connection: sa.Connection, survey_id: str, digest: str) -> Stored | None:
    """What is published already, if it has this content and nothing newer waits."""
    row = connection.execute(queries.READ, {"id": survey_id}).one_or_none()
    if row is None or row.published_version is None or row.state != "published":
        return None
    if row.draft is not None or queries.newest_digest(connection, row) != digest:
        return None
    return _stored(connection, survey_id, (), digest, is_new=False)


def _publishable(
    db: Database, document: engine.Document, confirm: str | None, lang: str
) -> tuple[SurveyProblem, ...]:
    """The confirmed findings of a document that may be published."""
    survey = engine.compile_survey(document)
    walks = findings.words(engine.run_walks(survey), lang)
    broken = (*walks, *pictures.missing_pictures(db, document, lang))
    if broken:
        raise _refuse(broken)
    proof = findings.prove(document, findings.PUBLISH_SECONDS)
    worded = findings.words(findings.warnings(proof), lang)
    digest = findings.digest_of(worded)
    if worded and confirm != digest:
        raise StateConflict(
            "findings",
            "Confirm the findings to publish all the same.",
            problems=tuple(WordedProblem(p.code, p.at, p.message) for p in worded),
            confirm=digest,
        )
    return worded


def _change_state(connection: sa.Connection, survey_id: str, old: str, new: str, now: Any) -> None:
    row = _lock(connection, survey_id)
    if row is None:
        raise NotFound("survey", "There is no survey of this id.")
    if row.state != old:
        raise StateConflict("state", f"The survey is {row.state}, not {old}.")
    connection.execute(
        sa.text(
            "UPDATE surveys SET state = :new, updated_at = :now, "
            "closed_at = CASE WHEN :new = 'closed' THEN CAST(:now AS timestamptz) END "
            "WHERE id = :id"
        ),
        {"new": new, "now": now, "id": survey_id},
    )
