"""Whom two versions of a document ask different questions: one formula over both."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.definition import Document
from engine.evaluation import Evaluation
from engine.prove.choosers import Dice, Explorer
from engine.prove.cone import cone
from engine.prove.domains import Finite, Line
from engine.prove.encode import Encoder
from engine.prove.formula import FALSE, Node, Script, negate
from engine.prove.link import Link
from engine.prove.paired import Joint, Recalling
from engine.prove.plan import Grid, Plan
from engine.prove.solve import Clock, Model, Solver
from engine.prove.trace import Trace
from engine.survey import Survey

WALKS = 60


class Witness(NamedTuple):
    """A response that both versions accept, and what each of them makes of it."""

    answers: dict[str, Any]
    context: dict[str, Any]
    today: str
    old: Evaluation
    new: Evaluation


class Versions:
    """Two versions side by side; `only_old` and `only_new` have, for questions that both have, a
    response for which only that version asks it; `undecided` those that were not settled."""

    def __init__(self, old: Document, new: Document, seconds: float) -> None:
        self.clock = Clock(seconds)
        self.surveys = (Survey(old), Survey(new))
        self.plans = (Plan(old, "old."), Plan(new, "new."))
        self.script = Script()
        self.encoders = tuple(Encoder(plan, script=self.script) for plan in self.plans)
        self.shared = [q for q in self.plans[0].of if q in self.plans[1].of]
        self.only_old: dict[str, Witness] = {}
        self.only_new: dict[str, Witness] = {}
        self.undecided: set[str] = set()
        Link(self.encoders[0], self.encoders[1], self.script).write(self.shared)

    def settle(self) -> None:
        """Finds a witness for each question, or excludes that there is one."""
        self._explore()
        solver = Solver(self.script, self.clock)
        for question in self.shared:
            if cone(self.plans[0], question) == cone(self.plans[1], question):
                continue
            one, two = (encoder.asked[question] for encoder in self.encoders)
            for found, here, there in ((self.only_old, one, two), (self.only_new, two, one)):
                if question not in found:
                    both = self.script.both((here, negate(there)))
                    self._ask(solver, question, both, found)

    def _ask(self, solver: Solver, question: str, node: Node, found: dict[str, Witness]) -> None:
        if node == FALSE:
            return
        answer = solver.ask([node])
        if answer == "sat":
            self._note(self._walked(solver.model()))
        if answer != "unsat" and question not in found:
            self.undecided.add(question)

    def _explore(self) -> None:
        for n in range(WALKS):
            if self.clock.left < 0.05:
                return
            old = Trace(self.plans[0], Explorer(Dice(n + 1), (), (0, 20, 50)[n % 3]))
            new = Trace(self.plans[1], Recalling(Dice(n + 7), old))
            self._note(self._together(old, new))

    def _walked(self, model: Model) -> Witness | None:
        twins = [self._twins(i) for i in (0, 1)]
        old = Trace(self.plans[0], Joint(model, twins[1]))
        new = Trace(self.plans[1], Joint(model, twins[0]))
        return self._together(old, new)

    def _twins(self, which: int) -> dict[str, Finite | Line]:
        return {domain.name: domain for domain in _single_domains(self.plans[which])}

    def _together(self, old: Trace, new: Trace) -> Witness | None:
        """Both traces as one response, if both versions accept it."""
        if old.stuck_at or new.stuck_at or old.today != new.today:
            return None
        answers = {**new.answers, **old.answers}
        context = {**new.context, **old.context}
        said = [survey.evaluate(answers, context, old.today) for survey in self.surveys]
        if not (said[0].complete and said[1].complete):
            return None
        return Witness(answers, context, old.today, said[0], said[1])

    def _note(self, witness: Witness | None) -> None:
        if witness is None:
            return
        old, new = set(witness.old.asked), set(witness.new.asked)
        for question in self.shared:
            if question in old and question not in new:
                self.only_old.setdefault(question, witness)
            if question in new and question not in old:
                self.only_new.setdefault(question, witness)


def _single_domains(plan: Plan) -> Iterator[Finite | Line]:
    yield plan.today
    yield from plan.context.values()
    for domain in plan.of.values():
        if isinstance(domain, Grid):
            yield from domain.rows.values()
        elif isinstance(domain, Finite | Line):
            yield domain
