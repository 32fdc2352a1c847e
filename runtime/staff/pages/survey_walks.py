"""The test patients of a survey: whether each still holds, how far they go, and who is missing."""

from collections.abc import Callable

import msgspec
from litestar.types import ControllerRouterHandler

import engine
from builder.edits import Insert, Remove, SetMember, Several
from builder.tree import find, to_tree, write
from builder.walks import accepting, new_walk
from engine import check
from engine.definition import Walk
from engine.prove.coverage import Coverage, Proposal
from engine.scope import Scope
from runtime.kit.problems import NotFound
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_posts import FIRST, Outcome, attempt
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect
from runtime.staff.lifelike import Lifelike
from runtime.staff.patients import Telling, coverage_of, key_of, names_of
from runtime.staff.rehearsal import compile_draft

HERE = "/edit/walks"
MAX_TITLE = 200


@shows(HERE)
def show(desk: OnDesk) -> Answer:
    """Every test patient, replayed on the draft; the share covered; proposals."""
    return Bench(desk).draw()


@takes(HERE)
def act(desk: OnDesk, fields: Sent) -> Answer:
    """One act on a test patient, as an edit that its author can take back."""
    bench = Bench(desk)
    verb, _, name = fields["do"].partition(" ")
    refused = attempt(desk, lambda: bench.do(verb, name, fields), fields)
    if refused is not None:
        return bench.draw(refused)
    return redirect(desk.under(HERE), toast="removed" if verb == "remove" else "saved")


class Bench:
    """The test patients of one draft."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.survey = compile_draft(write(desk.document)).survey
        self.is_sound = self.survey is not None and not check(desk.document)
        self.telling = Telling(Scope(desk.document), desk.lang, names_of(desk))

    def draw(self, outcome: Outcome = FIRST) -> Answer:
        """The page."""
        desk = self.desk
        patients = [self.telling.patient(one, self.survey) for one in desk.document.walks]
        coverage = self._coverage()
        reached = None if coverage is None else self.telling.reached(coverage)
        return drawn(
            desk,
            "walks",
            "build/walks.html",
            outcome,
            here=desk.under(HERE),
            patients=patients,
            broken=sum(bool(one.differences) for one in patients),
            reached=reached,
            t=self.telling.say,
        )

    def do(self, verb: str, name: str, fields: Fields) -> None:
        """Carry out an act.

        Raises:
            Refused: somebody changed it meanwhile.
            NotFound: no such act, no such patient.
        """
        acts: dict[str, Callable[[str, Fields], None]] = {
            "add": self._add,
            "add_all": self._add_all,
            "accept": self._accept,
            "accept_all": self._accept_all,
            "rename": self._rename,
            "copy": self._copy,
            "remove": self._remove,
        }
        if verb not in acts:
            raise NotFound("act", "There is no such act.")
        acts[verb](name, fields)

    def _walk(self, name: str) -> Walk:
        for one in self.desk.document.walks:
            if one.id == name:
                return one
        raise NotFound("walk", "There is no such test patient.")

    def _compiled(self) -> engine.Survey:
        if self.survey is None:
            raise NotFound("walk", "The draft cannot be filled in yet.")
        return self.survey

    def _coverage(self) -> Coverage | None:
        """How far the patients go and who is missing, as people of this hospital; None where there
        are errors."""
        if self.survey is None or not self.is_sound:
            return None
        found = coverage_of(self.survey)
        lifelike = Lifelike(self.desk.deployment.db, self.survey, self.desk.first)
        return msgspec.structs.replace(
            found, proposals=tuple(map(lifelike.proposal, found.proposals))
        )

    def _proposals(self) -> tuple[Proposal, ...]:
        self._compiled()
        coverage = self._coverage()
        return () if coverage is None else coverage.proposals

    def _insert(self, proposal: Proposal) -> Insert:
        one = proposal.response
        survey = self._compiled()
        title = self.telling.title(proposal)[:MAX_TITLE]
        value = new_walk(survey, one.answers, one.context, one.today, title)
        return Insert(into="", list="walks", value=value)

    def _add(self, name: str, _fields: Fields) -> None:
        for proposal in self._proposals():
            if key_of(proposal.response) == name:
                self.desk.apply(self._insert(proposal))
                return
        raise NotFound("walk", "This patient is proposed no longer.")

    def _add_all(self, _name: str, _fields: Fields) -> None:
        inserts = tuple(map(self._insert, self._proposals()))
        if inserts:
            self.desk.apply(Several(edits=inserts))

    def _accept(self, name: str, _fields: Fields) -> None:
        self.desk.apply(self._accepting(self._walk(name)))

    def _accept_all(self, _name: str, _fields: Fields) -> None:
        survey = self._compiled()
        broken = {p.split("/")[2] for p in (one.at for one in engine.run_walks(survey))}
        walks = [self.desk.document.walks[int(i)] for i in sorted(broken, key=int)]
        if walks:
            self.desk.apply(Several(edits=tuple(map(self._accepting, walks))))

    def _accepting(self, walk: Walk) -> SetMember:
        place = find(to_tree(self.desk.document), walk.id)
        assert place is not None
        return accepting(self._compiled(), walk, place.part.get("expect", msgspec.UNSET))

    def _rename(self, name: str, fields: Fields) -> None:
        title = " ".join(fields["title"].replace("\0", "").split())[:MAX_TITLE]
        if title:
            self.desk.apply(SetMember(of=self._walk(name).id, member="title", value=title))

    def _copy(self, name: str, _fields: Fields) -> None:
        walk = self._walk(name)
        own = self.telling.words.text(walk.title) or walk.id
        copied = {"title": self.telling.say("copy_of", title=own)[:MAX_TITLE]}
        place = find(to_tree(self.desk.document), walk.id)
        assert place is not None
        behind = place.home[place.position + 1 :]
        before = behind[0]["id"] if behind else None
        self.desk.apply(Insert(into="", list="walks", value=place.part | copied, before=before))

    def _remove(self, name: str, _fields: Fields) -> None:
        self.desk.apply(Remove(of=self._walk(name).id))


handlers: tuple[ControllerRouterHandler, ...] = (show, act)
