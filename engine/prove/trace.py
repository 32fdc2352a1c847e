"""One complete response, walked page by page, and everything that it shows.

Plain and independent of the solver's formulas: what a solver claims is believed only after it was
walked here (and, before it is reported, by the engine itself).
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, Protocol, TypeGuard

from engine.arithmetic import computed_value, score_members, score_value
from engine.definition import If, Jump, Operand
from engine.numbers import exact
from engine.prove.domains import Choice, Finite, Line, answer_unit, entered
from engine.prove.plan import Flag, Grid, Multi, Plan
from engine.prove.truths import Truth, test_of
from engine.questions import Question
from engine.questions.multi_choice import MultiChoice
from engine.questions.ranking import Ranking
from engine.questions.uploads import UploadQuestion

Hidden = frozenset[str]


class Chooser(Protocol):
    """Answers for a walk; None leaves a value out."""

    def finite(self, domain: Finite, hidden: Hidden, *, required: bool) -> Choice | None:
        """One of a few values, not a hidden option."""
        ...

    def line(self, domain: Line, low: int, high: int, *, required: bool) -> int | None:
        """An element of a lattice between two units."""
        ...

    def multi(self, domain: Multi, hidden: Hidden, *, required: bool) -> list[str]:
        """The chosen options, none hidden."""
        ...

    def flag(self, domain: Flag, shown: int, *, required: bool) -> bool:
        """Whether to answer at all; `shown` is the number of options left to a ranking."""
        ...


class Trace:
    """A response as it was walked; complete unless `stuck_at` names a question."""

    def __init__(self, plan: Plan, chooser: Chooser, stop_at: str | None = None) -> None:
        self.plan = plan
        self.chooser = chooser
        self.stop_at = stop_at
        self.answers: dict[str, Any] = {}
        self.context: dict[str, Any] = {}
        self.today = ""
        self.path: list[str] = []
        self.unskipped: set[int] = set()
        self.asked: dict[str, None] = {}
        self.chosen: set[str] = set()
        """Options and rows as `question.option`."""
        self.taken: str | None = None
        self.jumps: list[str] = []
        self.ending: str | None = None
        self.stuck_at: str | None = None
        self._values: dict[str, Any] = {}
        self._scored: dict[str, Fraction | None] = {}
        self._walk()

    # -- values -----------------------------------------------------------------------------

    def value(self, name: str) -> Any:
        """What rules see of a ref; None is unknown."""
        values = self._values
        if name in values:
            return values[name]
        if name in self.plan.derived:
            ref = self.plan.scope.refs[name]
            found = self.score(ref.id) if ref.source == "score" else self.computed(ref.id)
            values[name] = found
            return found
        return None

    def is_answered(self, name: str) -> bool:
        """Whether a ref stands for anything (not applicable counts)."""
        ref = self.plan.scope.refs[name]
        if ref.source != "question":
            return self.value(name) is not None
        answer = self.answers.get(ref.id)
        if answer is not None and isinstance(self.plan.of[ref.id], Grid) and ref.part:
            return ref.part in answer
        return answer is not None

    def score(self, score: str) -> Any:
        """The unrounded score."""
        definition = self.plan.scope.scores[score]
        return score_value(definition, score_members(definition, self._points))

    def _points(self, member: str) -> Any:
        if member.startswith("score."):
            return self.value(member)
        if member not in self._scored:
            answer = self.answers.get(member)
            question = self.plan.scope.questions[member]
            self._scored[member] = None if answer is None else question.points(answer)
        return self._scored[member]

    def computed(self, name: str) -> Any:
        """The unrounded computed value."""
        computed = self.plan.scope.computed[name]

        def holds() -> bool:
            assert isinstance(computed.value, If)
            return test_of(computed.value.when)(self) is True

        return computed_value(computed, self._operand, holds)

    def _operand(self, operand: Operand) -> Any:
        if not isinstance(operand, str):
            return exact(operand)
        value = self.value(operand)
        return None if value is None else Fraction(value)

    def holds(self, at: str) -> Truth:
        """The truth of a rule of the document."""
        return self.plan.rules[at](self)

    # -- the walk ---------------------------------------------------------------------------

    def _walk(self) -> None:
        plan = self.plan
        self._choose_context()
        goal = 0
        for p, page in enumerate(plan.document.pages):
            if p < goal:
                continue
            self.unskipped.add(p)
            if page.show_if is not None and not self.holds(f"/pages/{p}/show_if"):
                continue
            self.path.append(page.id)
            for q, question in enumerate(page.questions):
                at = f"/pages/{p}/questions/{q}"
                if question.show_if is not None and not self.holds(f"{at}/show_if"):
                    continue
                self.asked[question.id] = None
                if question.id == self.stop_at:
                    return
                if not self._ask(question, at):
                    self.stuck_at = question.id
                    return
            goal = max(goal, self._leave(p, page.next))
        if self.ending is None and plan.document.endings:
            self.ending = plan.document.endings[0].id

    def _leave(self, p: int, jumps: tuple[Jump, ...]) -> int:
        for n, jump in enumerate(jumps):
            if jump.if_ is None or self.holds(f"/pages/{p}/next/{n}/if"):
                self.jumps.append(f"/pages/{p}/next/{n}")
                if jump.to.startswith("end:"):
                    self.ending = jump.to.removeprefix("end:")
                return self.plan.targets[jump.to]
        return 0

    def _choose_context(self) -> None:
        day = self.chooser.line(
            self.plan.today,
            self.plan.today.lattice.low,
            self.plan.today.lattice.high,
            required=True,
        )
        assert day is not None
        self.today = self._values["today"] = self.plan.today.answer(day)
        for name, domain in self.plan.context.items():
            if isinstance(domain, Line):
                unit = self.chooser.line(
                    domain, domain.lattice.low, domain.lattice.high, required=False
                )
                if unit is not None:
                    self.context[name] = domain.answer(unit)
                    self._values[name] = domain.seen(unit)
            elif choice := self.chooser.finite(domain, frozenset(), required=False):
                self.context[name], self._values[name] = choice.answer, choice.seen

    def _ask(self, question: Question, at: str) -> bool:
        """Asks the chooser; False where a required answer cannot be given."""
        needed = question.required
        required = needed if isinstance(needed, bool) else self.holds(f"{at}/required") is True
        hidden = self._hidden(question, at)
        domain = self.plan.of[question.id]
        match domain:
            case None:
                return True
            case Finite():
                given = self._finite(question, domain, hidden, required)
            case Line():
                given = self._line(question, domain, required)
            case Multi():
                given = self._multi(domain, hidden, required)
            case Grid():
                return self._grid(domain, hidden, required)
            case Flag():
                given = self._flag(domain, hidden, required)
        return given or not required

    def _hidden(self, question: Question, at: str) -> Hidden:
        member = "rows" if question.type == "matrix" else "options"
        return frozenset(
            choice.id
            for i, choice in enumerate(question.choices())
            if choice.show_if is not None and not self.holds(f"{at}/{member}/{i}/show_if")
        )

    def _finite(self, question: Question, domain: Finite, hidden: Hidden, required: bool) -> bool:
        choice = self.chooser.finite(domain, hidden, required=required)
        if choice is None or choice.answer is None or choice.option in hidden:
            return False
        if required and question.type == "consent" and choice.seen is False:
            return False
        self.answers[question.id] = choice.answer
        self._scored[question.id] = choice.points
        if choice.seen is not None:
            self._values[question.id] = choice.seen
        if choice.option:
            self.chosen.add(f"{question.id}.{choice.option}")
        return True

    def _line(self, question: Question, domain: Line, required: bool) -> bool:
        low, high = domain.lattice.low, domain.lattice.high
        day = answer_unit("date", self.today)
        if getattr(question, "min", None) == "today":
            low = max(low, day)
        if getattr(question, "max", None) == "today":
            high = min(high, day)
        unit = self.chooser.line(domain, low, high, required=required)
        if unit is None or not (low <= unit <= high and domain.lattice.has(unit)):
            return False
        self.answers[question.id] = domain.answer(unit)
        self._values[question.id] = domain.seen(unit)
        return True

    def _multi(self, domain: Multi, hidden: Hidden, required: bool) -> bool:
        question = domain.question
        chosen = self.chooser.multi(domain, hidden, required=required)
        if not chosen or not fits(question, chosen) or not hidden.isdisjoint(chosen):
            return False
        self.answers[question.id] = [entered(o) for o in question.options if o.id in chosen]
        self._values[question.id] = frozenset(chosen)
        self._values[f"{question.id}.count"] = len(chosen)
        self.chosen.update(f"{question.id}.{o}" for o in chosen)
        return True

    def _grid(self, domain: Grid, hidden: Hidden, required: bool) -> bool:
        question = domain.question
        needed = set(question.needed_rows(hidden)) if required else set[str]()
        least = question.least_rows(hidden) if required else 0
        answer: dict[str, Any] = {}
        for row, cell in domain.rows.items():
            if row in hidden:
                continue
            self.chosen.add(f"{question.id}.{row}")
            must = row in needed or len(answer) < least
            if choice := self.chooser.finite(cell, frozenset(), required=must):
                answer[row] = choice.answer
                if choice.seen is not None:
                    self._values[cell.name] = choice.seen
        if answer:
            self.answers[question.id] = answer
        return needed <= answer.keys() and len(answer) >= least

    def _flag(self, domain: Flag, hidden: Hidden, required: bool) -> bool:
        question = domain.question
        options = [o for o in question.ids() if o not in hidden] if _is_ranking(question) else []
        if _is_ranking(question) and not options:
            return False
        if not self.chooser.flag(domain, len(options), required=required):
            return False
        if _is_ranking(question):
            self.chosen.update(f"{question.id}.{o}" for o in options)
            self.answers[question.id] = options[: question.most or len(options)]
        else:
            self.answers[question.id] = ["a1"] if isinstance(question, UploadQuestion) else "a1"
        return True


def _is_ranking(question: Question) -> TypeGuard[Ranking]:
    return isinstance(question, Ranking)


def fits(question: MultiChoice, chosen: Iterable[str]) -> bool:
    """Whether a selection keeps the question's limits."""
    count = len(list(chosen))
    taken = set(chosen)
    if any(o.exclusive and o.id in taken for o in question.options):
        return count == 1
    most = question.max_selected
    return count >= (question.min_selected or 0) and (most is None or count <= most)
