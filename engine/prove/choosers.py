"""Two ways to answer a walk: at random towards what was not seen yet, and as a model says."""

from collections.abc import Container, Sequence
from typing import Literal, TypeVar

from engine.prove.domains import DEFAULT_TODAY, Choice, Finite, Line, answer_unit
from engine.prove.plan import Flag, Multi
from engine.prove.solve import Model
from engine.prove.trace import Hidden, fits

Item = TypeVar("Item")


class Dice:
    """A fixed sequence that looks random (a 64-bit congruential generator, Knuth's constants)."""

    def __init__(self, seed: int) -> None:
        self._state = seed * 2654435761 + 1442695040888963407

    def below(self, count: int) -> int:
        """A whole number from 0 to count − 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 33) % count

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]


class Explorer:
    """Answers at random, options that were not chosen yet first; `skip` of 100 answers are left
    out where nothing asks for them."""

    def __init__(self, dice: Dice, wanted: Container[str], skip: int) -> None:
        self.dice = dice
        self.wanted = wanted
        self.skip = skip

    def _skips(self, required: bool) -> bool:
        return not required and self.dice.below(100) < self.skip

    def finite(self, domain: Finite, hidden: Hidden, *, required: bool) -> Choice | None:
        """Any state, then any value in it."""
        if self._skips(required) or not domain.states:
            return None
        choices = [
            c for s in domain.states for c in s.choices
            if c.option not in hidden and c.answer is not None
        ]  # fmt: skip
        if not choices:
            return None
        fresh = [c for c in choices if c.option and f"{domain.name}.{c.option}" in self.wanted]
        if fresh and self.dice.below(3):
            return self.dice.pick(fresh)
        state = self.dice.pick(domain.states)
        own = [c for c in state.choices if c.option not in hidden and c.answer is not None]
        return self.dice.pick(own or choices)

    def line(self, domain: Line, low: int, high: int, *, required: bool) -> int | None:
        """An end of any piece, within the limits of the day."""
        if self._skips(required):
            return None
        if domain.name == "today" and len(domain.pieces) == 1 and domain.variable is None:
            return answer_unit("date", DEFAULT_TODAY)
        order = [self.dice.pick(domain.pieces)] if domain.pieces else []
        for piece in (*order, *domain.pieces):
            first, last = max(piece.low, low), min(piece.high, high)
            if found := domain.lattice.piece(first, last):
                return self.dice.pick(found)
        return None

    def multi(self, domain: Multi, hidden: Hidden, *, required: bool) -> list[str]:
        """One option, or several."""
        if self._skips(required):
            return []
        question = domain.question
        shown = [o for o in question.options if o.id not in hidden]
        if not shown:
            return []
        alone = [o.id for o in shown if o.exclusive]
        others = [o.id for o in shown if not o.exclusive]
        least = max(1, question.min_selected or 0)
        if alone and (len(others) < least or self.dice.below(4) == 0):
            return [self.dice.pick(alone)]
        most = min(len(others), question.max_selected or len(others))
        if most < least:
            return []
        count = least + self.dice.below(most - least + 1)
        fresh = [o for o in others if f"{question.id}.{o}" in self.wanted]
        chosen: dict[str, None] = dict.fromkeys(fresh[:count])
        while len(chosen) < count:
            chosen[self.dice.pick(others)] = None
        return list(chosen)

    def flag(self, domain: Flag, shown: int, *, required: bool) -> bool:
        """Mostly."""
        return not self._skips(required)


class Follower:
    """Answers as a model says; of values that no rule tells apart the first, or with `pick` the
    one with the lowest or highest points, or with `option` (`question.option`) that one."""

    def __init__(
        self, model: Model, pick: Literal["low", "high"] | None = None, option: str = ""
    ) -> None:
        self.model = model
        self.pick = pick
        self.option = option

    def finite(self, domain: Finite, hidden: Hidden, *, required: bool) -> Choice | None:
        """The state that is true."""
        for state in domain.states:
            if state.node in self.model.true:
                choices = [c for c in state.choices if c.option not in hidden]
                named = [c for c in choices if f"{domain.name}.{c.option}" == self.option]
                if named or not choices or state.points is None or self.pick is None:
                    choices = named or choices
                    return choices[0] if choices else None
                best = max if self.pick == "high" else min
                return best(choices, key=lambda c: c.points or 0)
        return None

    def line(self, domain: Line, low: int, high: int, *, required: bool) -> int | None:
        """The variable where there is one, else the start of the piece that is true."""
        for piece in domain.pieces:
            if piece.node in self.model.true:
                if domain.variable is not None:
                    return self.model.integers.get(domain.variable, 0)
                return piece.low
        return None

    def multi(self, domain: Multi, hidden: Hidden, *, required: bool) -> list[str]:
        """The options that are true."""
        chosen = [o for o, node in domain.nodes.items() if node in self.model.true]
        return chosen if chosen and fits(domain.question, chosen) else []

    def flag(self, domain: Flag, shown: int, *, required: bool) -> bool:
        """As the model has it."""
        return domain.node in self.model.true
