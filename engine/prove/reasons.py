"""Why something cannot be: a smallest set of rules that exclude it together."""

from engine.prove.encode import Encoder
from engine.prove.formula import FALSE
from engine.prove.goals import Goal
from engine.prove.plan import Plan
from engine.prove.solve import Clock, Solver


class Reasons:
    """Answers for goals that no complete response reaches."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.clock = clock
        self.encoder = Encoder(plan, labelled=True)
        self.solver = Solver(self.encoder.script, clock)
        self.places = {label: at for at, label in self.encoder.rules.labels.items()}

    def because(self, goal: Goal) -> list[str] | None:
        """Pointers of rules none of which can be left out, or None for want of time."""
        node = self.encoder.goals[goal]
        if node == FALSE:
            return []
        own = self.encoder.rules.labels.get(goal.name)
        if own is not None and self._excludes(node, [own]):
            return [goal.name]
        if self.solver.ask([node, *self.places]) != "unsat":
            return None
        kept = self._core()
        for label in list(kept):
            if self.clock.left < 0.01:
                break
            fewer = [other for other in kept if other != label]
            if label in kept and self._excludes(node, fewer):
                smaller = set(self._core())
                kept = [other for other in fewer if other in smaller]
        return sorted(self.places[label] for label in kept)

    def _excludes(self, node: str, labels: list[str]) -> bool:
        return self.solver.ask([node, *labels]) == "unsat"

    def _core(self) -> list[str]:
        return [name for name in self.solver.core() if name in self.places]
