"""What a form post of a survey page does, and which page follows."""

from collections.abc import Callable
from typing import Any

from litestar import Response

from engine import PageView
from renderers.web.forms import changed_answers
from renderers.web.render import Difference, render_conflict
from renderers.web.spoken import spoken
from renderers.web.words import closest, wording
from runtime.kit.problems import (
    NotFound,
    NotSignedIn,
    StateConflict,
    TooLarge,
    UnsupportedMedia,
)
from runtime.responses.results import Step
from runtime.responses.service import Sessions
from runtime.web.desk import Desk
from runtime.web.posted import Posted

PLAIN = frozenset(("next", "back", "submit", "save", "refresh"))


class StepPost:
    """One post to `/s/{survey}/fill`."""

    def __init__(self, desk: Desk, survey_id: str, posted: Posted) -> None:
        self.desk = desk
        self.survey_id = survey_id
        self.posted = posted
        self.sessions: Sessions = desk.deployment.sessions
        token = desk.token_of(survey_id)
        if token is None:
            raise NotSignedIn("token", "This browser has no session of the survey.")
        self.token = token
        self.page = posted.one("page") or None
        self.rev = posted.number("rev")
        self.wish = posted.one("do") or "next"
        self.answers = self._answers()
        self.notice = ""

    def _answers(self) -> dict[str, Any]:
        """What the patient changed on the page; a choice between two windows is applied."""
        form = self.desk.deployment.surveys.get(
            self.survey_id, self.posted.number("version") or self._version()
        )
        answers: dict[str, Any] = changed_answers(form.questions.values(), self.posted.fields)
        if self.wish.startswith("clear."):
            answers[self.wish.removeprefix("clear.")] = None
        if self.wish == "settle":
            self.wish = self.posted.one("then") or "save"
            for name in list(answers):
                if self.posted.one(f"keep.{name}") == "theirs":
                    del answers[name]
        return answers

    def _version(self) -> int:
        return self.sessions.current(self.token).view.survey.version

    def respond(self) -> Response[Any]:
        """Do what the pressed button asks for."""
        self._upload()
        verb, _, rest = self.wish.partition(".")
        match verb:
            case "next" | "submit" | "back":
                return self._move(verb)
            case "save":
                return self._save_for_later()
            case "text" | "lang":
                return self._change_look(verb, rest)
            case "remove":
                return self._remove(rest.partition(".")[2])
            case _:
                return self._redraw()

    # Moving

    def _move(self, verb: str) -> Response[Any]:
        call = {
            "next": self.sessions.next_page,
            "submit": self.sessions.submit,
            "back": self.sessions.back,
        }[verb]
        step = self._call(call)
        if step.outcome == "not_at_end":
            step = self.sessions.next_page(self.token, {}, page=self.page)
        if step.outcome == "page_not_current":
            return self._moved_meanwhile()
        if step.outcome == "conflict":
            return self._conflict(step)
        if step.submitted is not None:
            return self._ended(step)
        if step.outcome == "ok" and step.view.moved and not self.desk.is_fragment:
            return self.desk.go_to(f"/s/{self.survey_id}/fill")
        return self._show(step, self.notice or self._why_here(step, verb))

    def _call(self, call: Callable[..., Step]) -> Step:
        return call(self.token, self.answers, page=self.page, rev=self.rev)

    def _why_here(self, step: Step, verb: str) -> str:
        """The notice for a page that came again without a problem."""
        view = step.view
        if view.moved or step.outcome != "ok" or view.page is None:
            return ""
        if view.page.id != self.page:
            return "moved_on"
        seen = {entry.partition(":")[0] for entry in self.posted.fields.get("shown", ())}
        if any(question.id not in seen for question in view.questions):
            return "more"
        return "last" if verb == "next" and view.action == "submit" else ""

    def _moved_meanwhile(self) -> Response[Any]:
        """Another window went on: keep what was typed here and show where it stands."""
        step = self._call(self.sessions.save)
        if step.outcome == "conflict":
            return self._conflict(step)
        if step.submitted is not None:
            return self._ended(step)
        return self._show(step, "moved_on")

    def _ended(self, step: Step) -> Response[Any]:
        if self.desk.is_fragment:
            return self.desk.ending_page(step)
        return self.desk.go_to(f"/s/{self.survey_id}/fill")

    # Staying

    def _save(self) -> Step:
        return self._call(self.sessions.save)

    def _redraw(self) -> Response[Any]:
        """The page again with what is now asked (refresh, clear, upload)."""
        step = self._save()
        if step.outcome == "conflict":
            return self._conflict(step)
        if step.submitted is not None:
            return self._ended(step)
        return self._show(step, self.notice)

    def _save_for_later(self) -> Response[Any]:
        step = self._save()
        if step.outcome == "conflict":
            return self._conflict(step)
        if step.submitted is not None:
            return self._ended(step)
        offer = self.sessions.hand_over(self.token)
        url = f"{self.desk.deployment.settings.public_url}/s/resume/{offer.code}"
        return self.desk.step_page(step.view, step.attachments, notice="saved", resume_url=url)

    def _change_look(self, verb: str, value: str) -> Response[Any]:
        """Large text or another language; what was typed is saved first."""
        step = self._save()
        if step.outcome == "conflict":
            return self._conflict(step)
        self.desk.prefer(f"{verb}.{value}")
        if verb == "lang":
            self.sessions.change_language(self.token, value)
        return self.desk.go_to(f"/s/{self.survey_id}/fill")

    def _remove(self, attachment_id: str) -> Response[Any]:
        step = self._save()
        if step.outcome == "conflict":
            return self._conflict(step)
        try:
            self.sessions.detach(self.token, attachment_id)
            self.notice = "removed"
        except NotFound:
            self.notice = ""
        step = self.sessions.current(self.token)
        return self._show(step, self.notice)

    def _upload(self) -> None:
        """Store the files that came with the form, whatever button was pressed."""
        if not self.posted.files:
            if self.wish.startswith("upload."):
                self.notice = "upload_none"
            return
        self.notice = "uploaded"
        for file in self.posted.files:
            try:
                self.sessions.attach(self.token, file.question, file.name, file.content)
            except TooLarge:
                self.notice = "upload_too_large"
            except UnsupportedMedia:
                self.notice = "upload_bad_type"
            except StateConflict:
                self.notice = "upload_too_many"
        if self.notice != "uploaded" and self.wish in PLAIN:
            self.wish = "refresh"

    def _show(self, step: Step, notice: str) -> Response[Any]:
        status = step.status if step.outcome == "invalid" else 200
        return self.desk.step_page(step.view, step.attachments, status=status, notice=notice)

    # Two windows

    def _conflict(self, step: Step) -> Response[Any]:
        """Both values of each answer that two windows set differently."""
        named = [problem.at.removeprefix("/").partition("/")[0] for problem in step.problems]
        frame = self.desk.step_frame(step.view, step.attachments)
        differences = self._differences(step.view, named)
        if len(differences) < len(named):
            return self._moved_on_keeping_theirs(named)
        html = render_conflict(
            step.view,
            differences,
            [*self.posted.kept()],
            frame,
            self.wish,
            fragment=self.desk.is_fragment,
        )
        return self.desk.answer(html, 409)

    def _differences(self, view: PageView, named: list[str]) -> list[Difference]:
        picks = self.desk.pickers.for_view(view)
        t = wording(closest(view.lang))
        return [
            Difference(
                question=question.id,
                text=question.text,
                theirs=spoken(question, question.value, t, picks.get(question.id, ())),
                ours=spoken(question, self.answers.get(question.id), t, picks.get(question.id, ())),
            )
            for question in view.questions
            if question.id in named
        ]

    def _moved_on_keeping_theirs(self, named: list[str]) -> Response[Any]:
        """The other window left the page: keep its answers, save ours to the other questions."""
        for name in named:
            self.answers.pop(name, None)
        step = self._save()
        if step.submitted is not None:
            return self._ended(step)
        return self._show(step, "kept_theirs")
