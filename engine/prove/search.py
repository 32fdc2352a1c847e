"""Settles what complete responses can show: many random walks first, then the solver.

A walk that shows a goal settles it for good. What is left goes to the solver as one question: can
any of it be shown? Each model is walked and settles what it shows; the last answer, no, settles all
the rest at once.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from engine.evaluation import Evaluation
from engine.prove.choosers import Dice, Explorer, Follower
from engine.prove.encode import Encoder
from engine.prove.formula import FALSE, TRUE, Node, Operator
from engine.prove.goals import Goal, RuleSite, hits, rule_sites
from engine.prove.numbers import Pick
from engine.prove.numeric import Numeric, Ratio, Term
from engine.prove.plan import Plan
from engine.prove.solve import Clock, Model, Solver
from engine.prove.trace import Trace
from engine.survey import Survey

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


def replay_on(survey: Survey) -> Replay:
    """The engine's own word on a walked response, if it is complete and on the same path."""

    def replay(trace: Trace) -> Evaluation | None:
        said = survey.evaluate(trace.answers, trace.context, trace.today)
        same = (
            said.complete
            and said.path == tuple(trace.path)
            and said.asked == tuple(trace.asked)
            and said.ending == trace.ending
        )
        return said if same else None

    return replay


class Search:
    """What is known so far: `shown` has a walked response for each goal that was reached,
    `excluded` the goals that no complete response reaches, `open` the others.

    With `goals` only these are looked for.
    """

    def __init__(
        self, plan: Plan, clock: Clock, replay: Replay, goals: Container[Goal] | None = None
    ) -> None:
        self.plan = plan
        self.clock = clock
        self.replay = replay
        self.sites: Sequence[RuleSite] = rule_sites(plan)
        self.encoder = Encoder(plan)
        self.solver = Solver(self.encoder.script, clock)
        self.shown: dict[Goal, Trace] = {}
        self.excluded: set[Goal] = set()
        self.open: set[Goal] = {g for g in self.encoder.goals if goals is None or g in goals}
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

    def bound(self, name: str, side: Pick, share: float) -> Bound:
        """The lowest or highest value of a score (`score.<id>`) or computed value, in `share`
        seconds at most."""
        clock = Clock(min(share, self.clock.left))
        best, trace = self._best_seen(name, side)
        number = self.encoder.rules.numbers.number(name, side)
        limit = number.limits.high if side == "high" else number.limits.low
        if best is None:
            answer = self.solver.ask([number.known], clock.left)
            if answer != "sat":
                return Bound(None, None, answer == "unsat")
            trace = self._walk_towards(self.solver.model(), side)
            best = None if trace is None else trace.value(name)
            if trace is None or best is None:
                return Bound(None, None, is_settled=False)
        if best == limit:
            return Bound(best, trace, is_settled=True)
        seen = _Seen(name, side, best, trace)
        if limit is not None:
            # Mostly the limit is reached at once; where it is not, optimising is cheaper.
            self._try(seen, number, _reaching(side), limit, Clock(clock.left / 8))
        if seen.best == limit:
            return seen.bound(is_settled=True)
        if isinstance(number, Term | Ratio) and not number.gain(seen.best).variables:
            return self._optimum(seen, number, clock)
        return self._approach(seen, number, limit, clock)

    def _try(
        self, seen: "_Seen", number: Numeric, op: Operator, aim: Fraction, clock: Clock
    ) -> Literal["sat", "unsat", "unknown"]:
        """Asks for a value beyond; `sat` only where a walk shows a better one."""
        answer = self.solver.ask([number.compare(op, aim)], clock.left)
        if answer != "sat":
            return answer
        found = self._walk_towards(self.solver.model(), seen.side)
        return "sat" if seen.improve(found) else "unknown"

    def _optimum(self, seen: "_Seen", number: Term | Ratio, clock: Clock) -> Bound:
        """Dinkelbach: as long as something is gained over the best ratio, that is the next one."""
        sign = Fraction(1 if seen.side == "high" else -1)
        for _ in range(MOST_STEPS):
            gain = number.gain(seen.best).times(sign)
            model = self.solver.best(number.known, gain, clock.left)
            if model is None:
                return seen.bound(is_settled=False)
            found = self._walk_towards(model, seen.side)
            if not seen.improve(found):
                return seen.bound(is_settled=found is not None)
        return seen.bound(is_settled=False)

    def _approach(
        self, seen: "_Seen", number: Numeric, limit: Fraction | None, clock: Clock
    ) -> Bound:
        """Halves the distance to the limit, and asks now and then whether there is any more."""
        for step in range(MOST_STEPS):
            if limit is None or step % 2 == 0:
                answer = self._try(seen, number, _beyond(seen.side), seen.best, clock)
                if answer != "sat":
                    return seen.bound(is_settled=answer == "unsat")
                continue
            middle = (seen.best + limit) / 2
            answer = self._try(seen, number, _reaching(seen.side), middle, clock)
            if answer == "unknown":
                return seen.bound(is_settled=False)
            if answer == "unsat":
                limit = middle
        return seen.bound(is_settled=False)

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

    def _walk_towards(self, model: Model, side: Pick) -> Trace | None:
        trace = Trace(self.plan, Follower(model, side))
        return trace if trace.stuck_at is None and self.replay(trace) else None


class _Seen:
    """The best value of a number that a walk has shown so far."""

    def __init__(self, name: str, side: Pick, best: Fraction, trace: Trace | None) -> None:
        self.name = name
        self.side: Pick = side
        self.best = best
        self.trace = trace

    def improve(self, trace: Trace | None) -> bool:
        """Takes a walk that shows more; true where it does."""
        value = None if trace is None else trace.value(self.name)
        if value is None or not (value > self.best if self.side == "high" else value < self.best):
            return False
        self.best, self.trace = value, trace
        return True

    def bound(self, *, is_settled: bool) -> Bound:
        """What is known."""
        return Bound(self.best, self.trace, is_settled)


def _reaching(side: Pick) -> Operator:
    return "ge" if side == "high" else "le"


def _beyond(side: Pick) -> Operator:
    return "gt" if side == "high" else "lt"


def _said(said: Evaluation, name: str) -> float | None:
    """What the engine prints for a score or computed value."""
    if name.startswith("score."):
        return said.scores[name.removeprefix("score.")].value
    return said.computed[name]
