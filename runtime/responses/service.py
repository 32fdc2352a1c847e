"""Sessions from their start to the response: the one service behind every channel.

The API, the web pages and the kiosk call the same methods of `Sessions`; a handler finds it as the
dependency `sessions`. Every method is synchronous, owns its transaction, and is safe to repeat.

What is expected comes back as a `Step` (outcome, current view, problems). Refusals that leave
nothing to show are raised as `runtime.kit.problems.AppError`: `NotSignedIn` (token unknown),
`NotFound`, `Forbidden`, `Gone` (handed over, expired), `StateConflict` (survey closed, and the
like), `TooLarge`, `UnsupportedMedia`, `Overloaded`. The app turns them into problem+json; HTML
channels catch them and show a page, worded by `runtime.kit.words.say(error.code, lang)`.
"""

from collections.abc import Callable, Container, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from runtime.kit import metrics
from runtime.kit.clock import Clock, month_of, system_clock
from runtime.kit.db import Database, Psycopg
from runtime.kit.files import ContentStore
from runtime.kit.ids import hash_token, new_token
from runtime.kit.logging import logger
from runtime.kit.problems import (
    Forbidden,
    Gone,
    NotFound,
    NotSignedIn,
    Overloaded,
    WordedProblem,
)
from runtime.kit.words import say
from runtime.org.cache import KnownIds
from runtime.responses import attachments, handover, invitations, queries, starting, submission
from runtime.responses.results import AttachmentInfo, Handover, Outcome, Started, Step, Submitted
from runtime.responses.state import Session
from runtime.responses.turn import FinalView, Turn, conflict_problems
from runtime.secrets.vault import Vault
from runtime.surveys.cache import Form, SurveyCache
from runtime.surveys.queries import published_version

TRIES = 8
TOKEN_PREFIX = "hss"  # nosec B105 - marks a token, is none

final_decoder = msgspec.json.Decoder(FinalView)


class Sessions:
    """The session service; one for a process, safe to share between threads."""

    def __init__(
        self,
        db: Database,
        *,
        files: ContentStore,
        secret: bytes,
        vault: Vault,
        surveys: SurveyCache | None = None,
        known: KnownIds | None = None,
        session_hours: int = 72,
        max_files: int = 20,
        max_file_bytes: int = 10 * 1024 * 1024,
        clock: Clock = system_clock,
    ) -> None:
        self.db = db
        self.files = files
        self.secret = secret
        self.vault = vault
        self.surveys = surveys or SurveyCache(db)
        self.known = known or KnownIds(db)
        self.session_hours = session_hours
        self.max_files = max_files
        self.max_file_bytes = max_file_bytes
        self.clock = clock

    # Beginning

    def start(
        self,
        survey_id: str,
        channel: str,
        *,
        lang: str | None = None,
        context: Mapping[str, Any] | None = None,
        invitation: str | None = None,
        site: str | None = None,
        is_trusted: bool = False,
    ) -> Started:
        """Begin a session of the published version and give its first page and its token.

        `context` is trusted: pass it only where the caller may set it (an integrator's token);
        a patient's own visit arrives in a signed `invitation`. `site` is what the channel knows
        by itself (a kiosk's place). Languages the survey lacks fall back to its first.
        `is_trusted` callers may also start surveys that need a known patient.
        """
        now = self.clock()
        form = self.surveys.get(survey_id, published_version(self.db, survey_id))
        facts = dict(context or {})
        if invitation is not None:
            invited = invitations.read(invitation, self.secret, survey_id=survey_id, now=now)
            facts |= invited.context
            site, lang = invited.site or site, lang or invited.lang
        elif form.survey.document.identity == "required" and not is_trusted:
            raise Forbidden("identity_required", say("identity_required", "en"))
        session = starting.new_session(
            form, channel, lang, facts, site, known=self.known, hours=self.session_hours, now=now
        )
        turn = self._turn(session, form, now)
        turn.begin()
        view = turn.draw()
        token = new_token(TOKEN_PREFIX)
        starting.insert(self.db, session, token, now)
        metrics.sessions_started.labels(channel).inc()
        return Started(view, token)

    # Steps

    def current(self, token: str, *, session_id: str | None = None) -> Step:
        """The current page; after submission a view with `done`. Changes nothing."""
        with self.db.autocommit() as connection:
            session = self._load(connection, token, session_id)
        if session.outcome is not None:
            return _finished("ok", session)
        turn = self._open(session)
        turn.settle()
        return turn.step("ok", turn.draw())

    def save(
        self,
        token: str,
        answers: Mapping[str, Any],
        *,
        page: str | None = None,
        rev: int | None = None,
        session_id: str | None = None,
    ) -> Step:
        """Merge answers key by key (`None` clears) and give the same page again, refreshed.

        Outcomes: `ok`, `conflict` (somebody else set a key meanwhile; nothing stored),
        `submitted` (the session is over).
        """

        def act(turn: Turn) -> Step:
            turn.merge(answers)
            turn.settle()
            return turn.step("ok", turn.draw(moved=False))

        return self._take_turn(token, session_id, answers, rev, act)

    def next_page(
        self,
        token: str,
        answers: Mapping[str, Any],
        *,
        page: str | None = None,
        rev: int | None = None,
        session_id: str | None = None,
    ) -> Step:
        """Merge answers and go to the next page on the path.

        Outcomes: `ok` (look at `view.moved`), `invalid` (problems; good answers are kept),
        `conflict`, `page_not_current`, `submitted`. On the last page `view.action` is `submit`
        and `next_page` stays.
        """

        def act(turn: Turn) -> Step:
            turn.merge(answers)
            went = turn.advance(answers)
            if went.outcome == "problems":
                view = turn.draw(moved=False, marks="all")
                return turn.step("invalid", view, turn.worded(went.problems))
            is_moved = went.outcome == "moved"
            return turn.step("ok", turn.draw(moved=is_moved, marks=_marks(went.outcome)))

        return self._take_turn(token, session_id, answers, rev, _on_page(page, answers, act))

    def back(
        self,
        token: str,
        answers: Mapping[str, Any],
        *,
        page: str | None = None,
        rev: int | None = None,
        session_id: str | None = None,
    ) -> Step:
        """Merge answers and go to the last page shown before."""

        def act(turn: Turn) -> Step:
            turn.merge(answers)
            is_moved = turn.go_back()
            return turn.step("ok", turn.draw(moved=is_moved))

        return self._take_turn(token, session_id, answers, rev, _on_page(page, answers, act))

    def submit(
        self,
        token: str,
        answers: Mapping[str, Any],
        *,
        page: str | None = None,
        rev: int | None = None,
        session_id: str | None = None,
        idempotency_key: str | None = None,
    ) -> Step:
        """Merge answers and, from the last page, store the response once.

        Outcomes: `ok` with `submitted` set (each repetition answers the same), `invalid`,
        `not_at_end`, `conflict`, `page_not_current`.
        """

        def act(turn: Turn) -> Step:
            turn.merge(answers)
            turn.settle()
            if not turn.is_at_end():
                return _refused(turn, "not_at_end")
            went = turn.advance(answers)
            if went.outcome == "again" or not turn.is_at_end():
                return _refused(turn, "not_at_end")
            if turn.evaluation.problems:
                if went.outcome != "problems":
                    turn.go_to_first_problem()
                view = turn.draw(moved=False, marks="all")
                return turn.step("invalid", view, turn.worded(turn.evaluation.problems))
            return turn.step("ok", turn.draw_end())

        step = self._take_turn(
            token,
            session_id,
            answers,
            rev,
            _on_page(page, answers, act, is_strict=True),
            finish=lambda turn: self._finish(turn, idempotency_key),
        )
        return msgspec.structs.replace(step, outcome="ok") if step.submitted else step

    def change_language(self, token: str, lang: str, *, session_id: str | None = None) -> Step:
        """The same page in another language of the survey (an unknown one changes nothing)."""

        def act(turn: Turn) -> Step:
            turn.settle()
            if lang in turn.survey.document.languages and lang != turn.session.lang:
                turn.session.lang = lang
                turn.is_changed = True
            return turn.step("ok", turn.draw(moved=False))

        return self._take_turn(token, session_id, {}, None, act)

    def _take_turn(
        self,
        token: str,
        session_id: str | None,
        answers: Mapping[str, Any],
        rev: int | None,
        act: Callable[[Turn], Step],
        finish: Callable[[Turn], FinalView | None] | None = None,
    ) -> Step:
        """Read, act, write if nobody wrote meanwhile; else again with what they wrote."""
        for _ in range(TRIES):
            with self.db.autocommit() as connection:
                session = self._load(connection, token, session_id)
                if session.outcome is not None:
                    return _finished("submitted", session)
                turn = self._open(session)
                keys = turn.conflicts(answers, rev)
                if keys:
                    turn.settle()
                    view = turn.draw(moved=False, is_kept=False)
                    return turn.step("conflict", view, conflict_problems(keys, session.lang))
                step = act(turn)
                is_end = finish is not None and step.outcome == "ok"
                is_stored = is_end or step.outcome == "page_not_current" or not turn.is_changed
                if not is_stored and not queries.store_turn(connection, turn, self.vault):
                    continue
            if is_end and finish is not None:
                final = finish(turn)
                if final is None:
                    continue
                submitted = Submitted(final.response, final.scores, final.done)
                step = msgspec.structs.replace(step, view=final.view, submitted=submitted)
            self._log_dropped(turn)
            return step
        raise Overloaded(wait_seconds=1)

    def _load(self, connection: Psycopg, token: str, session_id: str | None) -> Session:
        """The session that the token opens.

        Raises:
            NotSignedIn: the token is unknown.
            NotFound: it opens another session than the one that is named.
            Gone: it was handed over or ended, or its time is over.
        """
        session = queries.load_session(connection, hash_token(token), self.vault)
        if session is None:
            reason = queries.why_ended(connection, hash_token(token))
            if reason is not None:
                raise Gone(reason, say(reason, "en"))
            raise NotSignedIn("token", say("token", "en"))
        if session_id is not None and session_id != str(session.id):
            raise NotFound("session", say("session", "en"))
        if session.outcome is None and session.expires_at <= self.clock():
            raise Gone("session_expired", say("session_expired", session.lang))
        return session

    def _open(self, session: Session) -> Turn:
        form = self.surveys.get(session.survey_id, session.survey_version)
        return self._turn(session, form, self.clock())

    def _turn(self, session: Session, form: Form, now: datetime) -> Turn:
        return Turn(session, form, now, self._known_ids(session, form), self.known)

    def _known_ids(self, session: Session, form: Form) -> dict[str, Container[str]]:
        known: dict[str, Container[str]] = {}
        for name in form.upload_ids:
            known[name] = {file.id for file in session.state.files if file.question == name}
        for question in form.departments:
            known[question.id] = self.known.departments_within(question.within)
        for question in form.staff:
            known[question.id] = self.known.staff_within(question.within)
        return known

    def _log_dropped(self, turn: Turn) -> None:
        if turn.dropped:
            names = [name[:64] for name in turn.dropped[:50]]
            logger().info("answers_dropped", session=str(turn.session.id), ids=names)

    def _finish(self, turn: Turn, idempotency_key: str | None) -> FinalView | None:
        month, department = month_of(turn.now), self._department(turn)
        final = submission.submit(self.db, self.vault, turn, month, idempotency_key, department)
        if final is not None:
            metrics.responses_submitted.labels(turn.session.channel).inc()
        return final

    def _department(self, turn: Turn) -> str | None:
        """The department that a response is about: the visit's, else the first one answered."""
        told = turn.session.context.get("visit.department")
        answered = (turn.evaluation.answers.get(one.id) for one in turn.form.departments)
        found = (self.known.department_of(text) for text in (told, *answered))
        return next((one for one in found if one is not None), None)

    def abandon(self, token: str, *, session_id: str | None = None) -> None:
        """End a session that will not be submitted and remove its answers (the kiosk's wipe)."""
        with self.db.autocommit() as connection:
            session = self._load(connection, token, session_id)
        if session.outcome is None:
            submission.forget_session(self.db, session, hash_token(token), self.clock())

    # Attachments

    def attach(
        self, token: str, question: str, name: str, content: bytes, *, session_id: str | None = None
    ) -> AttachmentInfo:
        """Store a picture or document for an upload or signature question and add it to its value.

        Raises:
            UnsupportedMedia: the content is of no accepted type, whatever its name says.
            TooLarge: over the question's limit of bytes, or pixels.
            StateConflict: the question has its full number of files, or the session is over.
            NotFound: no such upload question is asked.
        """
        with self.db.autocommit() as connection:
            turn = self._open_for_files(self._load(connection, token, session_id))
        rules = attachments.rules_for(turn, question, self.max_files, self.max_file_bytes)
        kept = attachments.keep(self.files, rules, name, content)
        for _ in range(TRIES):
            attachments.require_room(turn, rules)
            if attachments.bind(self.db, self.vault, turn, rules, kept):
                return kept.shown
            with self.db.autocommit() as connection:
                turn = self._open_for_files(self._load(connection, token, session_id))
            rules = attachments.rules_for(turn, question, self.max_files, self.max_file_bytes)
        raise Overloaded(wait_seconds=1)

    def detach(self, token: str, attachment_id: str, *, session_id: str | None = None) -> None:
        """Remove an attachment of this session from its question's value."""
        for _ in range(TRIES):
            with self.db.autocommit() as connection:
                turn = self._open_for_files(self._load(connection, token, session_id))
            if attachments.unbind(self.db, self.vault, turn, attachment_id):
                return
        raise Overloaded(wait_seconds=1)

    def read_attachment(self, token: str, attachment_id: str) -> tuple[AttachmentInfo, bytes]:
        """An attachment of this session, for its own patient to see."""
        with self.db.autocommit() as connection:
            session = self._load(connection, token, None)
        return attachments.read(self.db, self.files, self.vault, session, attachment_id)

    def _open_for_files(self, session: Session) -> Turn:
        attachments.require_open(session)
        return self._open(session)

    # Going on elsewhere

    def hand_over(self, token: str, *, session_id: str | None = None) -> Handover:
        """A code of one use and ten minutes; the URL for a QR code is the channel's matter."""
        with self.db.autocommit() as connection:
            session = self._load(connection, token, session_id)
        attachments.require_open(session)
        return handover.offer(self.db, session, self.clock())

    def resume(self, code: str, channel: str) -> Started:
        """Go on with a handed-over session under a new token; the old one ends (then `Gone`)."""
        token = new_token(TOKEN_PREFIX)
        life = timedelta(hours=self.session_hours)
        handover.accept(self.db, code, token, life, self.clock(), channel)
        return Started(self.current(token).view, token)


def _marks(outcome: str) -> Any:
    """A page that comes again to ask something new carries no marks."""
    return "none" if outcome == "again" else "bad"


def _refused(turn: Turn, outcome: Outcome, *, is_kept: bool = True) -> Step:
    problem = WordedProblem(outcome, "", say(outcome, turn.session.lang))
    view = turn.draw(moved=False, marks="none", is_kept=is_kept)
    return turn.step(outcome, view, (problem,))


def _on_page(
    page: str | None,
    answers: Mapping[str, Any],
    act: Callable[[Turn], Step],
    *,
    is_strict: bool = False,
) -> Callable[[Turn], Step]:
    """`act` on the page that the client shows; on another one nothing happens."""

    def guarded(turn: Turn) -> Step:
        if page is None or page == turn.stored_journey.page:
            return act(turn)
        turn.settle()
        if page == turn.journey.page:
            return act(turn)
        if turn.changed_keys(answers) or is_strict:
            return _refused(turn, "page_not_current", is_kept=False)
        return turn.step("ok", turn.draw(moved=False))

    return guarded


def _finished(outcome: Outcome, session: Session) -> Step:
    """What a submitted session answers, always the same."""
    assert session.outcome is not None
    final = final_decoder.decode(session.outcome)
    submitted = Submitted(final.response, final.scores, final.done)
    problems = (
        (WordedProblem("submitted", "", say("submitted", session.lang)),)
        if outcome == "submitted"
        else ()
    )
    return Step(outcome, final.view, problems, (), submitted)
