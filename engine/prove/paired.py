"""Choosers that answer two versions of a document alike."""

from typing import Any

from engine.prove.choosers import Dice, Explorer, Follower
from engine.prove.domains import Choice, Finite, Line, answer_unit
from engine.prove.plan import Flag, Multi
from engine.prove.solve import Model
from engine.prove.trace import Hidden, Trace
from engine.questions.choices import chosen_id


class Joint(Follower):
    """Follows a model of both versions; takes only values that the other version's state has."""

    def __init__(self, model: Model, twins: dict[str, Finite | Line]) -> None:
        super().__init__(model)
        self.twins = twins

    def finite(self, domain: Finite, hidden: Hidden, *, required: bool) -> Choice | None:
        """The first value in the order of both."""
        own = _chosen(domain, self.model)
        twin = self.twins.get(domain.name)
        other = _chosen(twin, self.model) if isinstance(twin, Finite) else []
        answers = [choice.answer for choice in other]
        common = [choice for choice in own if choice.answer in answers] or own
        common = [choice for choice in common if choice.option not in hidden]
        return min(common, key=lambda c: repr(c.answer)) if common else None

    def line(self, domain: Line, low: int, high: int, *, required: bool) -> int | None:
        """A value in both pieces."""
        found = super().line(domain, low, high, required=required)
        twin = self.twins.get(domain.name)
        if found is None or domain.variable is not None or not isinstance(twin, Line):
            return found
        other = super().line(twin, low, high, required=required)
        piece = next((p for p in domain.pieces if p.node in self.model.true), None)
        if other is None or piece is None:
            return found
        return domain.lattice.at_least(max(found, other)) if other <= piece.high else found


def _chosen(domain: Finite | None, model: Model) -> list[Choice]:
    if domain is None:
        return []
    return [c for s in domain.states if s.node in model.true for c in s.choices]


class Recalling(Explorer):
    """Answers the new version as the old one was answered, at random where it was not."""

    def __init__(self, dice: Dice, old: Trace) -> None:
        super().__init__(dice, (), 0)
        self.old = old

    def _recalled(self, name: str) -> Any:
        if name in self.old.context:
            return self.old.context[name]
        question, _, row = name.partition(".")
        answer: Any = self.old.answers.get(question)
        return answer.get(row) if row and answer is not None else answer

    def finite(self, domain: Finite, hidden: Hidden, *, required: bool) -> Choice | None:
        """The old answer, if this version has it."""
        wanted = self._recalled(domain.name)
        if wanted is None and domain.name in self.old.asked:
            return None
        for state in domain.states:
            for choice in state.choices:
                if choice.answer == wanted and choice.option not in hidden:
                    return choice
        return super().finite(domain, hidden, required=required)

    def line(self, domain: Line, low: int, high: int, *, required: bool) -> int | None:
        """The old answer, if this version takes it."""
        if domain.name == "today":
            return answer_unit("date", self.old.today)
        wanted = self._recalled(domain.name)
        if wanted is not None:
            return answer_unit(domain.kind, wanted)
        if domain.name in self.old.asked:
            return None
        return super().line(domain, low, high, required=required)

    def multi(self, domain: Multi, hidden: Hidden, *, required: bool) -> list[str]:
        """The old options that this version shows."""
        question = domain.question.id
        if question not in self.old.asked:
            return super().multi(domain, hidden, required=required)
        chosen = [chosen_id(item) for item in self._recalled(question) or ()]
        return [o for o in domain.nodes if o in chosen and o not in hidden]

    def flag(self, domain: Flag, shown: int, *, required: bool) -> bool:
        """As the old version was answered."""
        question = domain.question.id
        return question not in self.old.asked or question in self.old.answers
