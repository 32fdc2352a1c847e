"""Settles what complete responses can show: many random walks first, then the solver.

A walk that shows a goal settles it for good. What is left goes to the solver as one question: can
any of it be shown? Each model is walked and settles what it shows; the last answer, no, settles all
the rest at once.
"""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from engine.evaluation import Evaluation
from engine.prove.choosers import Dice, Explorer, Follower
from engine.prove.encode import Encoder, Goal, Pick, RuleSite, hits, rule_sites
from engine.prove.formula import FALSE, TRUE, Node
from engine.prove.solve import Clock, Model, Solver
from engine.prove.trace import Plan, Trace

MOST_WALKS = 160
IDLE_WALKS = 10
MOST_STEPS = 400


class Bound(NamedTuple):
    """One end of what a score can be: None where it never has a value; the response that shows
    it; whether nothing lies beyond for certain."""

    value: Fraction | None
    trace: Trace | None
    is_settled: bool


Replay = Callable[[Trace], Evaluation | None]
"""What the engine itself says of a walked response, None where it does not agree."""


class Search:
    """What is known so far: `shown` has a walked response for each goal that was reached,
    `excluded` the goals that no complete response reaches, `open` the others."""

    def __init__(self, plan: Plan, clock: Clock, replay: Replay) -> None:
        self.plan = plan
        self.clock = clock
        self.replay = replay
        self.sites: Sequence[RuleSite] = rule_sites(plan)
        self.encoder = Encoder(plan)
        self.solver = Solver(self.encoder.script, clock)
        self.shown: dict[Goal, Trace] = {}
        self.excluded: set[Goal] = set()
        self.open: set[Goal] = set(self.encoder.goals)
        self.traces: list[tuple[Trace, Evaluation]] = []

    # -- goals ------------------------------------------------------------------------------

    def settle(self) -> None:
        """Settles every goal, as far as the time goes."""
        for goal in sorted(self.open):
            if self.encoder.goals[goal] == FALSE:
                self._exclude((goal,))
        self._explore()
        if self.open:
            self._solve()

    def _exclude(self, goals: Iterable[Goal]) -> None:
        found = set(goals)
        self.excluded |= found
        self.open -= found

    def _explore(self) -> None:
        idle = 0
        for n in range(MOST_WALKS):
            if idle >= IDLE_WALKS or not self.open or self.clock.left < 0.01:
                return
            wanted = {goal.name for goal in self.open if goal.kind == "option"}
            trace = Trace(self.plan, Explorer(Dice(n + 1), wanted, (0, 10, 40, 70)[n % 4]))
            idle = 0 if self.note(trace) else idle + 1

    def note(self, trace: Trace) -> bool:
        """Learns from a walk; true where it shows something new."""
        if trace.stuck_at is not None:
            return False
        new = hits(trace, self.sites) & self.open
        is_fresh = bool(new)
        if is_fresh:
            said = self.replay(trace)
            if said is None:
                return False
            self.traces.append((trace, said))
        for goal in new:
            self.shown[goal] = trace
        self.open -= new
        return is_fresh

    def _solve(self) -> None:
        # Options that nothing tells apart share a formula, and one name.
        names = {goal: self.solver.named(self.encoder.goals[goal]) for goal in sorted(self.open)}
        doubtful: set[Goal] = set()
        while todo := sorted(self.open - doubtful):
            wanted = list(dict.fromkeys(names[goal] for goal in todo))
            if TRUE in wanted:
                wanted = [TRUE]
            answer = self.solver.ask([self.solver.any_of(wanted)])
            if answer == "unsat":
                self._exclude(todo)
            elif answer == "unknown":
                self._one_by_one(todo, names)
                return
            else:
                doubtful |= self._follow(todo, names)

    def _follow(self, todo: Sequence[Goal], names: dict[Goal, Node]) -> set[Goal]:
        """Walks a model; what it claims but does not show is doubtful."""
        model = self.solver.model()
        claimed = {goal for goal in todo if names[goal] in model.true or names[goal] == TRUE}
        before = set(self.open)
        self.note(Trace(self.plan, Follower(model)))
        self._show_twins(model, claimed)
        if self.open != before:
            return set()
        return claimed or set(todo)

    def _show_twins(self, model: Model, claimed: Iterable[Goal]) -> None:
        """Options of one state differ in nothing but their name: walks another of them."""
        for goal in sorted(claimed):
            if goal.kind == "option" and goal in self.open:
                self.note(Trace(self.plan, Follower(model, option=goal.name)))

    def _one_by_one(self, todo: Sequence[Goal], names: dict[Goal, Node]) -> None:
        for i, goal in enumerate(todo):
            if goal not in self.open or self.clock.left < 0.005:
                continue
            share = self.clock.left / (len(todo) - i) * 2
            answer = self.solver.ask([names[goal]], share)
            if answer == "unsat":
                self._exclude((goal,))
            elif answer == "sat":
                self._follow((goal,), names)

    # -- bounds -----------------------------------------------------------------------------

    def bound(self, name: str, side: Pick) -> Bound:
        """The lowest or highest value of a score (`score.<id>`) or computed value."""
        best, trace = self._best_seen(name, side)
        number = self.encoder.number(name, side)
        limit = number.limits.high if side == "high" else number.limits.low
        if best is None:
            answer = self.solver.ask([number.known])
            if answer != "sat":
                return Bound(None, None, answer == "unsat")
            trace = self._walk_towards(name, side)
            best = None if trace is None else trace.value(name)
            if best is None:
                return Bound(None, None, is_settled=False)
        for step in range(MOST_STEPS):
            if best == limit:
                return Bound(best, trace, is_settled=True)
            aim = _aim(best, limit, step)
            beyond: Literal["gt", "ge", "lt", "le"]
            if aim is None:
                beyond, aim = ("gt" if side == "high" else "lt"), best
            else:
                beyond = "ge" if side == "high" else "le"
            answer = self.solver.ask([number.compare(beyond, aim)])
            if answer == "unknown":
                return Bound(best, trace, is_settled=False)
            if answer == "unsat":
                if aim == best:
                    return Bound(best, trace, is_settled=True)
                limit = aim
                continue
            found = self._walk_towards(name, side)
            value = None if found is None else found.value(name)
            if value is None or (value <= best if side == "high" else value >= best):
                return Bound(best, trace, is_settled=False)
            best, trace = value, found
        return Bound(best, trace, is_settled=False)

    def _best_seen(self, name: str, side: Pick) -> tuple[Fraction | None, Trace | None]:
        chosen = max if side == "high" else min
        known = [
            (v, i)
            for i, (_, said) in enumerate(self.traces)
            if (v := _said(said, name)) is not None
        ]
        if not known:
            return None, None
        trace = self.traces[chosen(known)[1]][0]
        return trace.value(name), trace

    def _walk_towards(self, name: str, side: Pick) -> Trace | None:
        trace = Trace(self.plan, Follower(self.solver.model(), side))
        return trace if trace.stuck_at is None and self.replay(trace) else None


def _aim(best: Fraction, limit: Fraction | None, step: int) -> Fraction | None:
    """What to ask for next: the limit itself, then just more than the best, then the middle."""
    if limit is None or step % 3 == 1:
        return None
    if step == 0:
        return limit
    return (best + limit) / 2


def _said(said: Evaluation, name: str) -> float | None:
    """What the engine prints for a score or computed value."""
    if name.startswith("score."):
        return said.scores[name.removeprefix("score.")].value
    return said.computed[name]
