"""Storing, checking, publishing, closing surveys; published versions never change."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

import engine
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable, WordedProblem
from runtime.surveys import approvals, findings, pictures, queries, rows
from runtime.surveys.models import (
    Notes,
    Stored,
    SurveyLine,
    SurveyProblem,
)

GRACE = timedelta(hours=24)


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
    digest = rows.content_digest(data)
    problems = ()
    if publish:
        with db.begin() as connection:
            known = rows.published_with(connection, document.id, digest)
        if known is not None:
            return known
        _require_no_approval(db, document, actor)
        problems = _publishable(db, document, confirm, lang)
    with db.begin() as connection:
        row = rows.lock_or_create(connection, document, clock)
        if publish:
            known = rows.published_with(connection, document.id, digest)  # while it was proved
            if known is not None:
                return known
        elif rows.has_content(connection, row, digest):
            return rows.stored(connection, document.id, problems, digest, is_new=False)
        rows.write_draft(connection, document, data, digest, actor, clock)
        if publish:
            rows.publish_row(connection, document.id, data, digest, Notes(_named(actor)), clock)
        stored = rows.stored(connection, document.id, problems, digest, is_new=True)
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
    digest = rows.content_digest(data)
    with db.begin() as connection:
        row = rows.lock(connection, survey_id)
        _require_match(connection, row, if_match)
        if row is None:
            made = rows.lock_or_create(connection, examined.document, clock)
            if made.draft is not None:  # by somebody else, a moment ago
                _require_match(connection, made, if_match)
        rows.write_draft(connection, examined.document, data, digest, actor, clock)
        problems = findings.words(examined.problems, lang)
        stored = rows.stored(connection, survey_id, problems, digest, is_new=row is None)
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
        held = rows.hold(connection, survey_id)
        if not held.is_draft:
            if approval is not None:
                raise StateConflict("approval_void", "Nothing waits to be published any more.")
            stored = rows.stored(connection, survey_id, (), held.digest or "", is_new=False)
            if stored.state != "published":
                raise StateConflict("state", f"The survey is {stored.state}; reopen it.")
            return stored
    document = require_sound(held.data, lang)
    if approval is None:
        _require_no_approval(db, document, actor)
    problems = _publishable(db, document, confirm, lang)
    digest = rows.content_digest(held.data)
    with db.begin() as connection:
        if rows.hold(connection, survey_id, for_update=True).seq != held.seq:
            raise StateConflict(
                "changed_meanwhile", "Somebody changed the draft; look at it again."
            )
        said = Notes(_named(actor), "", approvals.plain_notes(notes))
        if approval is not None:
            asked = approvals.approve(connection, approval, actor, clock)
            said = Notes(asked.asked_by_name, actor.name, asked.notes)
        rows.publish_row(connection, survey_id, held.data, digest, said, clock)
        approvals.void(connection, survey_id, actor, clock)
        stored = rows.stored(connection, survey_id, problems, digest, is_new=True)
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


def _record(connection: sa.Connection, actor: Actor, stored: Stored, clock: Clock) -> None:
    """The audit line of a stored or published document: which content, never the content."""
    facts = {"version": stored.version, "sha256": stored.etag, "problems": len(stored.problems)}
    action = "survey.drafted" if stored.state == "draft" else "survey.published"
    record(connection, actor, action, "survey", stored.id, facts=facts, clock=clock)


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
    row = rows.lock(connection, survey_id)
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
