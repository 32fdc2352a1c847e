"""Whom two versions of a document ask different questions: one formula over both."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from engine.definition import Document
from engine.evaluation import Evaluation
from engine.prove.choosers import Dice, Explorer, Follower
from engine.prove.domains import Choice, Finite, Line, answer_unit
from engine.prove.encode import Encoder
from engine.prove.formula import FALSE, Linear, Node, Script, negate
from engine.prove.solve import Clock, Model, Solver
from engine.prove.trace import Domain, Flag, Grid, Hidden, Multi, Plan, Trace
from engine.questions.choices import chosen_id
from engine.ruletree import Rule, refs
from engine.survey import Survey

WALKS = 60
_ONE = Fraction(1)


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
        _Link(self.encoders[0], self.encoders[1], self.script).write(self.shared)

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
            new = Trace(self.plans[1], _Recalling(Dice(n + 7), old))
            self._note(self._together(old, new))

    def _walked(self, model: Model) -> Witness | None:
        twins = [self._twins(i) for i in (0, 1)]
        old = Trace(self.plans[0], _Joint(model, twins[1]))
        new = Trace(self.plans[1], _Joint(model, twins[0]))
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


def cone(plan: Plan, question: str) -> set[bytes]:
    """All that decides whether a question is asked, as bytes: where two versions have the same,
    they ask the same patients."""
    document, scope = plan.document, plan.scope
    found: set[bytes] = set()
    seen: set[str] = set()
    todo = [question]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        ref = scope.refs.get(name)
        source, owner = (ref.source, ref.id) if ref else ("question", name)
        match source:
            case "score" | "computed":
                definition: Any = scope.scores if source == "score" else scope.computed
                found.add(_bytes(definition[owner]))
                todo.extend(scope.members(name))
            case "context":
                found.add(_bytes(name, document.context[name]))
            case "question":
                if name != question:
                    found.add(_bytes(scope.questions[owner]))
                    todo.extend(_refs(c.show_if for c in scope.questions[owner].choices()))
                todo.extend(_gates(plan, owner, found))
            case _:
                pass
    return found


def _gates(plan: Plan, question: str, found: set[bytes]) -> Iterator[str]:
    """Notes the rules that decide whether a question is asked; gives the refs they read."""
    p = plan.scope.page_of[question]
    *before, page = plan.document.pages[: p + 1]
    own = plan.scope.questions[question].show_if
    found.add(_bytes("question", question, page.id, page.show_if, own))
    yield from _refs((page.show_if, own))
    for earlier in before:
        if earlier.next:
            found.add(_bytes("page", earlier.id, earlier.show_if, earlier.next))
            yield from _refs((earlier.show_if, *(jump.if_ for jump in earlier.next)))
    if any(earlier.next for earlier in before):
        found.add(_bytes("order", [earlier.id for earlier in before]))


def _refs(rules: Iterable[Rule | None]) -> Iterator[str]:
    for rule in rules:
        if rule is not None:
            yield from refs(rule)


def _bytes(*parts: Any) -> bytes:
    return msgspec.json.encode(parts)


class _Link:
    """Says in the formula that both versions are given the same answers.

    Allows a little more than that where an option can be hidden in one version alone.
    """

    def __init__(self, old: Encoder, new: Encoder, script: Script) -> None:
        self.old = old
        self.new = new
        self.script = script

    def write(self, shared: list[str]) -> None:
        """Links context, today and the questions that both have."""
        self._link(self.old.plan.today, self.new.plan.today, [], loose=False)
        for name, domain in self.old.plan.context.items():
            if name in self.new.plan.context:
                self._link(domain, self.new.plan.context[name], [], loose=False)
        for question in shared:
            asked = [self.old.asked[question], self.new.asked[question]]
            questions = [e.plan.scope.questions[question] for e in (self.old, self.new)]
            loose = any(c.show_if is not None for q in questions for c in q.choices())
            one, two = self.old.plan.of[question], self.new.plan.of[question]
            self._link(one, two, asked, loose=loose)

    def _link(self, one: Domain, two: Domain, asked: list[Node], *, loose: bool) -> None:
        match one, two:
            case Finite(), Finite():
                self._finite(one, two, asked, loose)
            case Line(), Line():
                self._line(one, two, asked)
            case Multi(), Multi():
                for option, node in one.nodes.items():
                    if not loose:
                        self._same(asked, node, two.nodes.get(option, FALSE))
            case Grid(), Grid():
                for row, cell in one.rows.items():
                    if row in two.rows:
                        self._finite(cell, two.rows[row], asked, loose)
            case Flag(), Flag() if not loose:
                self._same(asked, one.node, two.node)
            case _:
                pass

    def _same(self, asked: list[Node], one: Node, two: Node) -> None:
        both = self.script.both(asked)
        self.script.imply(both, self.script.either((negate(one), two)))
        self.script.imply(both, self.script.either((one, negate(two))))

    def _finite(self, one: Finite, two: Finite, asked: list[Node], loose: bool) -> None:
        script = self.script
        ones = script.either(state.node for state in one.states)
        twos = script.either(state.node for state in two.states)
        if not loose:
            self._same(asked, ones, twos)
        if not (one.is_certain and two.is_certain) or _has_unknown(one) or _has_unknown(two):
            return
        if self.old.plan.scope.refs[one.name].facet.kind == "text":
            self._open_texts(one, two, asked)
            return
        for state in one.states:
            answers = [choice.answer for choice in state.choices]
            fitting = [s.node for s in two.states if any(c.answer in answers for c in s.choices)]
            condition = script.both((*asked, state.node, twos))
            script.imply(condition, script.either(fitting))

    def _open_texts(self, one: Finite, two: Finite, asked: list[Node]) -> None:
        """Texts beyond the constants stand for each other; only equal constants are linked."""
        script = self.script
        for state in one.states:
            for twin in two.states:
                mine = {c.answer for c in state.choices}
                theirs = {c.answer for c in twin.choices}
                constants = _constants(self.old, one.name) | _constants(self.new, two.name)
                if mine <= constants and theirs <= constants and mine.isdisjoint(theirs):
                    both = script.both((*asked, state.node, twin.node))
                    script.imply(both, FALSE)

    def _line(self, one: Line, two: Line, asked: list[Node]) -> None:
        script = self.script
        ones = script.either(piece.node for piece in one.pieces)
        twos = script.either(piece.node for piece in two.pieces)
        self._same(asked, ones, twos)
        both = script.both((*asked, ones, twos))
        if one.variable and two.variable:
            gap = Linear(variables={one.variable: _ONE, two.variable: -_ONE})
            script.imply(both, script.compare(gap, "eq"))
            return
        for piece in one.pieces:
            fitting = [p.node for p in two.pieces if p.low <= piece.high and piece.low <= p.high]
            script.imply(script.both((both, piece.node)), script.either(fitting))


def _constants(encoder: Encoder, name: str) -> set[Any]:
    return set(encoder.plan.uses.constants(name))


def _has_unknown(domain: Finite) -> bool:
    return any(c.answer is None for s in domain.states for c in s.choices)


def _single_domains(plan: Plan) -> Iterator[Finite | Line]:
    yield plan.today
    yield from plan.context.values()
    for domain in plan.of.values():
        if isinstance(domain, Grid):
            yield from domain.rows.values()
        elif isinstance(domain, Finite | Line):
            yield domain


class _Joint(Follower):
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


class _Recalling(Explorer):
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
