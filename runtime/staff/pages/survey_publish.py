"""Publishing a survey: what stands against it, what it changes, and whose approval it needs."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar.types import ControllerRouterHandler

import engine
from engine import check
from engine.definition import Document
from engine.parse import parse
from engine.problems import Problem
from engine.scope import Scope
from runtime.kit.problems import AppError, Forbidden, NotFound, StateConflict, Unprocessable
from runtime.kit.words import say
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_places import placed
from runtime.staff.building_posts import Outcome
from runtime.staff.comparison import Telling
from runtime.staff.diagnosis import Finding, in_words, lacking_in, told_once
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect
from runtime.staff.pages.survey_changes import stored_answers
from runtime.staff.patients import Patient, names_of
from runtime.staff.patients import Telling as PatientTelling
from runtime.staff.unwritten import told_one_by_one
from runtime.surveys import approvals, findings, pictures, service
from runtime.surveys.approvals import Approval
from runtime.surveys.queries import read_version

HERE = "/publish"
SEEN = "seen:"


@shows(HERE, "surveys:read")
def show(desk: OnDesk) -> Answer:
    """What stands against publishing, what it changes, and what is to be confirmed."""
    return Gate(desk).draw()


@takes(HERE, "surveys:publish")
def publish(desk: OnDesk, fields: Sent) -> Answer:
    """Publish the draft that was looked at, or approve it; a later change is looked at first."""
    gate = Gate(desk)
    if (refused := gate.refusal(fields)) is not None:
        return gate.draw(refused, status=409, typed=fields)
    try:
        service.publish_survey(
            gate.db,
            desk.survey,
            confirm=gate.confirm or None,
            approval=_named(fields["approval"]),
            notes=fields["notes"],
            lang=desk.lang,
            actor=desk.principal.actor(),
            clock=desk.deployment.clock,
        )
    except (StateConflict, Forbidden, Unprocessable) as error:
        return gate.again(error, fields)
    return redirect(desk.under(""), toast="published")


@takes(f"{HERE}/ask")
def ask(desk: OnDesk, fields: Sent) -> Answer:
    """Ask for another person's approval of the draft that was looked at."""
    gate = Gate(desk)
    if (refused := gate.refusal(fields)) is not None:
        return gate.draw(refused, status=409, typed=fields)
    if not gate.is_publishable:
        return gate.draw(gate.say("not_yet"), status=422, typed=fields)
    try:
        approvals.ask(
            gate.db,
            desk.survey,
            desk.draft.seq,
            notes=fields["notes"],
            actor=desk.principal.actor(),
            clock=desk.deployment.clock,
        )
    except StateConflict as error:
        return gate.again(error, fields)
    return redirect(desk.under(HERE), toast="saved")


@takes(f"{HERE}/withdraw")
def withdraw(desk: OnDesk, fields: Sent) -> Answer:
    """Take one's own request for approval back."""
    return _settled(desk, fields, approvals.withdraw)


@takes(f"{HERE}/return", "surveys:publish")
def give_back(desk: OnDesk, fields: Sent) -> Answer:
    """Return a request with a reason."""
    return _settled(desk, fields, partial(approvals.give_back, reason=fields["reason"]))


def _settled(desk: Desk, fields: Fields, settle: Callable[..., None]) -> Answer:
    """The page after a request was withdrawn or returned."""
    gate = Gate(desk)
    approval = _named(fields["approval"])
    if approval is None:
        raise NotFound("approval", "There is no such request.")
    try:
        settle(gate.db, approval, actor=desk.principal.actor(), clock=desk.deployment.clock)
    except (StateConflict, Forbidden, Unprocessable) as error:
        return gate.again(error, fields)
    return redirect(desk.under(HERE), toast="saved")


def _named(text: str) -> UUID | None:
    """The request that a form names; None for none."""
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("approval", "There is no such request.") from None


class Gate:
    """What a draft has to pass before it goes out, for one person."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.db = desk.deployment.db
        self.errors = check(desk.document)
        self.doubts: tuple[Problem, ...] = ()
        self.told: list[tuple[str, Finding]] = []
        self.broken: list[Patient] = []
        self.lost_pictures = 0
        if desk.draft.is_draft and not self.errors:
            self._examine(desk.document)

    def _examine(self, document: Document) -> None:
        found = findings.prove(document, findings.PUBLISH_SECONDS)
        self.doubts = findings.warnings(found)
        once = told_once(self.doubts)
        self.told = list(zip(map(_key, once), in_words(self.desk, once, found), strict=True))
        self.lost_pictures = len(pictures.missing_pictures(self.db, document, self.desk.lang))
        telling = PatientTelling(Scope(document), self.desk.lang, names_of(self.desk))
        survey = engine.compile_survey(document)
        patients = (telling.patient(walk, survey) for walk in document.walks)
        self.broken = [one for one in patients if one.differences]

    def say(self, code: str, **params: object) -> str:
        """One of the page's sentences."""
        return say(f"publish_{code}", self.desk.lang, **params)

    @property
    def is_publishable(self) -> bool:
        """Whether nothing forbids publishing; doubts and approval may still stand before it."""
        is_sound = not (self.errors or self.broken or self.lost_pictures)
        return self.desk.draft.is_draft and is_sound

    @property
    def confirm(self) -> str:
        """The digest of the warnings, as the API asks it to be repeated."""
        words = findings.words(self.doubts, self.desk.lang)
        return findings.digest_of(words) if words else ""

    @property
    def is_approval_needed(self) -> bool:
        """Whether a second person has to approve this draft."""
        return approvals.is_needed(self.db, self.desk.document.kind)

    def refusal(self, fields: Fields) -> str | None:
        """Why a form is not taken: the draft has changed since, or a warning was not seen."""
        if fields["seq"] != str(self.desk.draft.seq):
            return self.say("changed_since")
        seen = {value for name, value in fields.items() if name.startswith(SEEN)}
        if not {key for key, _ in self.told} <= seen:
            return self.say("needs_confirmation")
        return None

    def again(self, error: AppError, fields: Fields) -> Answer:
        """The page as it is now, with what was refused."""
        known = ("approval_needed", "approval_void", "approve_own", "changed_meanwhile", "findings",
                 "reason", "withdraw_others")  # fmt: skip
        code = error.code if error.code in known else "not_yet"
        newest = Gate(Desk(self.desk.request, self.desk.principal, self.desk.deployment,
                           self.desk.survey))  # fmt: skip
        return newest.draw(newest.say(f"refused_{code}"), status=error.status, typed=fields)

    def draw(self, refused: str = "", *, status: int = 200, typed: Fields | None = None) -> Answer:
        """The page."""
        desk = self.desk
        asked = approvals.newest(self.db, desk.survey)
        return drawn(
            desk,
            "publish",
            "build/publish.html",
            Outcome(typed, status=status),
            here=desk.under(HERE),
            refused=refused,
            errors=[
                *placed(desk, told_one_by_one(self.errors)),
                *((one.owner, one.name, one.sentence) for one in lacking_in(desk, self.errors)),
            ],
            broken=self.broken,
            walks=len(desk.document.walks),
            lost_pictures=self.lost_pictures,
            doubts=self.told,
            is_publishable=self.is_publishable,
            needs_approval=self.is_approval_needed,
            asked=asked if self._still_matters(asked) else None,
            may_decide=self._may_decide(asked),
            may_withdraw=self._may_withdraw(asked),
            changes=self._changes(),
            p=self.say,
        )

    def _still_matters(self, asked: Approval | None) -> bool:
        return self.desk.draft.is_draft and asked is not None and asked.state != "approved"

    def _may_decide(self, asked: Approval | None) -> bool:
        """Whether this person may approve what waits."""
        if asked is None or asked.state != "waiting":
            return False
        me = self.desk.principal
        waits = {one.survey_id: one for one in approvals.waiting(self.db)}.get(self.desk.survey)
        return me.may("surveys:publish") and waits is not None and waits.is_for(me.user_id)

    def _may_withdraw(self, asked: Approval | None) -> bool:
        """Whether this person waits for others and may take the request back."""
        me = self.desk.principal
        if asked is None or asked.state != "waiting" or not me.may("surveys:write"):
            return False
        return asked.asked_by == me.user_id

    def _changes(self) -> dict[str, Any] | None:
        """What the draft changes against the version that is out; None for the first one."""
        desk = self.desk
        version = desk.draft.version
        if version is None or not desk.draft.is_draft:
            return None
        published = parse(read_version(self.db, desk.survey, version)).document
        assert published is not None, "only what can be read is published"
        telling = Telling(published, desk.document, desk.lang)
        stored = stored_answers(desk.deployment, desk.document.kind, desk.survey, telling)
        return {"lines": telling.lines(), "v": telling.say, **telling.verdict(stored)}


def _key(problem: Problem) -> str:
    """What a form names a warning by."""
    return f"{problem.code} {problem.at}"


handlers: tuple[ControllerRouterHandler, ...] = (show, publish, ask, withdraw, give_back)
