"""Proves what every complete response of a document has in common (design section 5).

`prove` is exact: what it reports as impossible is excluded by a solver over a formula that allows
at least everything the engine allows; what it reports as possible was walked and replayed by the
engine itself; what neither settled is listed as undecided.

Read `plan` first: what each value of the document can be. From there two ways lead on that know
nothing of each other: `trace` walks one response (`truths` are its rules, `choosers` its answers),
and `encode` writes the formula of all responses (`answers`, `rules` and `numbers` are its parts,
`formula` the text that the solver in `solve` reads). `search` plays one against the other until
every one of the `goals` is settled.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from engine.definition import Document
from engine.numbers import rounded
from engine.prove.choosers import Follower
from engine.prove.constants import constants_out_of_range
from engine.prove.encode import Encoder
from engine.prove.findings import Findings, Undecided, Unreachable, digest, warnings
from engine.prove.formula import negate
from engine.prove.goals import Goal
from engine.prove.numbers import Pick
from engine.prove.plan import Plan
from engine.prove.reasons import Reasons
from engine.prove.search import Search, replay_on
from engine.prove.solve import Clock, Solver
from engine.prove.trace import Trace
from engine.survey import Survey

__all__ = ["Findings", "Undecided", "Unreachable", "digest", "prove", "warnings"]
Range = tuple[float | None, float | None]


def prove(document: Document, seconds: float = 5.0, about: str = "") -> Findings:
    """What holds of every complete response.

    Args:
        document: without errors (`check` found none).
        seconds: how long it may take; what is not settled by then is in `undecided`.
        about: the pointer of a rule that somebody looks at: `witnesses` then also has a response
            in which it is true, and one in which it is not, by `true.<pointer>`, `false.<pointer>`.
    """
    return _Proof(document, Clock(seconds), about).run()


class _Proof:
    def __init__(self, document: Document, clock: Clock, about: str) -> None:
        self.document = document
        self.clock = clock
        self.about = about
        self.plan = Plan(document)
        self.search = Search(self.plan, clock, replay_on(Survey(document)))
        self.places = dict(_places(document))
        self.undecided: dict[str, str] = {}
        self.witnesses: dict[str, Any] = {}
        self.unsatisfiable: list[str] = []
        self.dead_ends: list[str] = []
        self.every_path_ends: bool | None = True
        self.ends_left = 2 * (len(document.scores) + len(document.computed))

    def run(self) -> Findings:
        """Everything, the cheap and important first."""
        self.search.settle()
        for question in self.search.encoder.suspects:
            self.dead_end(question)
        scores = {s.id: self.range("scores", s.id) for s in self.document.scores}
        computed = {c.id: self.range("computed", c.id) for c in self.document.computed}
        never, always = self.rules()
        unreachable = Unreachable(
            pages=self.lost("page", (page.id for page in self.document.pages)),
            questions=self.lost("question", self.plan.scope.questions),
            options=self.lost("option", (n for n in self.places if "." in n)),
            endings=self.lost("ending", (e.id for e in self.document.endings)),
            jumps=self.lost("jump", (n for n in self.places if n.startswith("/"))),
        )
        self.positive_witnesses({self.about, *never, *always})
        self.reasons(unreachable, never, always)
        return Findings(
            unreachable=unreachable,
            never=never,
            always=always,
            scores=scores,
            computed=computed,
            unsatisfiable=tuple(self.unsatisfiable),
            dead_ends=tuple(self.dead_ends),
            constants=tuple(constants_out_of_range(self.plan)),
            every_path_ends=self.every_path_ends,
            undecided=tuple(Undecided(at, why) for at, why in self.undecided.items()),
            witnesses=self.witnesses,
            places=self.places,
        )

    # -- goals ------------------------------------------------------------------------------

    def lost(self, kind: Any, names: Iterable[str]) -> tuple[str, ...]:
        """The names that no complete response reaches; undecided ones are noted."""
        found: list[str] = []
        for name in names:
            goal = Goal(kind, name)
            if goal in self.search.excluded:
                found.append(name)
            elif goal in self.search.open:
                self.leave_open(self.places[name])
        return tuple(found)

    def leave_open(self, at: str) -> None:
        """Notes a place that was not settled, and why."""
        covered = self.clock.left >= 0.01 or self.search.encoder.script.has_free
        self.undecided.setdefault(at, "theory" if covered else "time")

    def rules(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The rules that are never and always true where they are looked at."""
        never: list[str] = []
        always: list[str] = []
        shown, excluded = self.search.shown, self.search.excluded
        for site in self.search.sites:
            at = site.placed.at
            true, false = Goal("true", at), Goal("false", at)
            if true in self.search.open or false in self.search.open:
                self.leave_open(at)
            elif true in excluded and false in shown:
                never.append(at)
            elif false in excluded and true in shown:
                always.append(at)
        return tuple(never), tuple(always)

    # -- dead ends --------------------------------------------------------------------------

    def dead_end(self, question: str) -> None:
        """Whether somebody is asked a required question that they cannot answer."""
        at = self.places[question]
        encoder = Encoder(self.plan, stop_at=question)
        solver = Solver(encoder.script, self.clock)
        assert encoder.stop is not None
        required, capacity = encoder.stop
        stuck = solver.ask([required, negate(capacity)])
        if stuck == "unsat":
            return
        trace = None
        if stuck == "sat":
            trace = Trace(self.plan, Follower(solver.model()), stop_at=question)
        if trace is None or trace.stuck_at is not None or question not in trace.asked:
            self.leave_open(at)
            self.every_path_ends = None if self.every_path_ends else self.every_path_ends
            return
        self.every_path_ends = False
        self.dead_ends.append(question)
        self.witnesses[f"dead_ends.{question}"] = _response(trace)
        if solver.ask([required, capacity]) == "unsat":
            self.unsatisfiable.append(question)

    # -- bounds -----------------------------------------------------------------------------

    def range(self, kind: str, name: str) -> Range:
        """The lowest and highest value, as evaluations print them."""
        ref = f"score.{name}" if kind == "scores" else name
        return self.end(kind, name, ref, "low"), self.end(kind, name, ref, "high")

    def end(self, kind: str, name: str, ref: str, side: Pick) -> float | None:
        """One end of a range."""
        # Whoever needs less leaves it to the others: twice an even share is a fair start.
        share = 2 * self.clock.left / max(1, self.ends_left)
        self.ends_left -= 1
        bound = self.search.bound(ref, side, share)
        if not bound.is_settled:
            self.leave_open(self.places[name])
        if bound.trace is not None:
            self.witnesses[f"{kind}.{name}.{side}"] = _response(bound.trace)
        return None if bound.value is None else _printed(bound.value)

    # -- witnesses --------------------------------------------------------------------------

    def positive_witnesses(self, rules: set[str]) -> None:
        """A response for each page, ending and jump that is reached, and for and against these
        rules."""
        for goal, trace in sorted(self.search.shown.items()):
            if goal.kind in ("page", "ending", "jump"):
                self.witnesses[f"{goal.kind}s.{goal.name}"] = _response(trace)
            elif goal.kind in ("true", "false") and goal.name in rules:
                self.witnesses[f"{goal.kind}.{goal.name}"] = _response(trace)

    def reasons(self, lost: Unreachable, never: tuple[str, ...], always: tuple[str, ...]) -> None:
        """For each finding the rules behind it, as far as the time goes."""
        wanted = [
            *((at, Goal("true", at)) for at in never),
            *((at, Goal("false", at)) for at in always),
            *((f"unreachable.pages.{n}", Goal("page", n)) for n in lost.pages),
            *((f"unreachable.endings.{n}", Goal("ending", n)) for n in lost.endings),
            *((f"unreachable.jumps.{n}", Goal("jump", n)) for n in lost.jumps),
            *((f"unreachable.questions.{n}", Goal("question", n)) for n in lost.questions),
            *((f"unreachable.options.{n}", Goal("option", n)) for n in lost.options),
        ]
        if not wanted:
            return
        reasons = Reasons(self.plan, self.clock)
        for name, goal in wanted:
            if self.clock.left < 0.01:
                return
            if (found := reasons.because(goal)) is not None:
                self.witnesses[name] = {"because": found}


def _printed(value: Fraction) -> float:
    return rounded(value.numerator, value.denominator)


def _response(trace: Trace) -> dict[str, Any]:
    return {"answers": trace.answers, "context": trace.context, "today": trace.today}


def _places(document: Document) -> Iterator[tuple[str, str]]:
    """The pointers of everything that findings name; of jumps the pointer is the name."""
    for p, page in enumerate(document.pages):
        yield page.id, f"/pages/{p}"
        for q, question in enumerate(page.questions):
            at = f"/pages/{p}/questions/{q}"
            yield question.id, at
            for member in ("options", "rows"):
                if member == "options" and question.type == "matrix":
                    continue
                for i, part in enumerate(getattr(question, member, ())):
                    yield f"{question.id}.{part.id}", f"{at}/{member}/{i}"
        for n in range(len(page.next)):
            yield f"/pages/{p}/next/{n}", f"/pages/{p}/next/{n}"
    for member in ("scores", "computed", "endings"):
        for i, part in enumerate(getattr(document, member)):
            yield part.id, f"/{member}/{i}"
