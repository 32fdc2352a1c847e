"""The variables of the formula that stand for answers, and what binds them to one another.

A question that is bound has an answer where `answered` holds; one that is not yet bound is read as
unanswered, as by a rule that looks ahead.
"""

from collections.abc import Mapping
from fractions import Fraction

from engine.prove.domains import Finite, Line
from engine.prove.formula import FALSE, TRUE, Linear, Node, Range, Script, negate
from engine.prove.plan import Flag, Grid, Multi, Plan
from engine.questions import Question
from engine.questions.ranking import Ranking

Visible = Mapping[str, Node]
"""Where each option or row of a question is shown."""


class Answers:
    """Today, the context, and the answers of the questions bound so far.

    Attributes:
        answered: where a question is answered, by its id.
        options: where an option, or row, is chosen or filled in, by `question.option`.
    """

    def __init__(self, plan: Plan, script: Script) -> None:
        self.plan = plan
        self.script = script
        self.answered: dict[str, Node] = {}
        self.options: dict[str, Node] = {}
        self._bound: set[str] = set()
        self._context()

    def known(self, domain: Finite) -> Node:
        """Where a value of few states has one that rules can compare."""
        return self.script.either(s.node for s in domain.states if s.seen is not None)

    def option(self, domain: Multi, option: str) -> Node:
        """Where an option of a multi_choice question is chosen."""
        return domain.nodes[option] if domain.question.id in self._bound else FALSE

    def bind(self, question: Question, asked: Node, visible: Visible) -> Node:
        """Binds the values of a question; what a required answer must fulfil comes back."""
        domain = self.plan.of[question.id]
        self.answered[question.id] = FALSE
        self._bound.add(question.id)
        match domain:
            case None:
                return TRUE
            case Finite():
                return self._bind_choice(question, domain, asked, visible)
            case Line():
                answered = self._bind_line(domain, asked)
                self.answered[question.id] = answered
                self._moving_limits(question, domain, answered)
                return answered
            case Multi():
                return self._bind_multi(domain, asked, visible)
            case Grid():
                return self._bind_grid(domain, asked, visible)
            case Flag():
                return self._bind_flag(domain, asked, visible)

    def _context(self) -> None:
        self._bind_line(self.plan.today, TRUE)
        self.script.require(self.script.either(p.node for p in self.plan.today.pieces))
        for domain in self.plan.context.values():
            if isinstance(domain, Line):
                self._bind_line(domain, TRUE)
            else:
                self._bind_finite(domain, TRUE)

    def _bind_finite(self, domain: Finite, asked: Node) -> Node:
        nodes = [self.script.declare(state.node) for state in domain.states]
        self.script.at_most_one(nodes)
        for node in nodes:
            self.script.imply(node, asked)
        return self.script.either(nodes)

    def _bind_line(self, domain: Line, asked: Node) -> Node:
        script = self.script
        nodes = [script.declare(piece.node) for piece in domain.pieces]
        script.at_most_one(nodes)
        for node in nodes:
            script.imply(node, asked)
        answered = script.either(nodes)
        if domain.variable is not None:
            self._bind_variable(domain, answered)
        return answered

    def _bind_variable(self, domain: Line, answered: Node) -> None:
        script, lattice = self.script, domain.lattice
        assert domain.variable is not None
        name = script.declare(domain.variable, "Int")
        low, high = min(lattice.low, 0), max(lattice.high, 0)
        script.require(f"(and (<= {_int(low)} {name}) (<= {name} {_int(high)}))")
        script.ranges[name] = Range(Fraction(low), Fraction(high))
        term = Linear(variables={name: Fraction(1)})
        script.imply(negate(answered), script.define(f"(= {name} 0)"))
        for piece in domain.pieces:
            script.imply(piece.node, script.compare(term, "ge", Fraction(piece.low)))
            script.imply(piece.node, script.compare(term, "le", Fraction(piece.high)))
        if lattice.step > 1:
            count = script.fresh("Int")
            grid = f"(= {name} (+ {_int(lattice.origin)} (* {lattice.step} {count})))"
            script.imply(answered, script.define(grid))
        if lattice.is_uneven:
            cases = [
                f"(and (= (mod {name} {grain}) 0) (< {_int(-top)} {name}) (< {name} {top}))"
                for grain, top in lattice.brackets()
            ]
            script.require(f"(or {' '.join(cases)})")

    def _bind_choice(
        self, question: Question, domain: Finite, asked: Node, visible: Visible
    ) -> Node:
        answered = self.answered[question.id] = self._bind_finite(domain, asked)
        for state in domain.states:
            self.script.imply(state.node, visible.get(state.choices[0].option, TRUE))
            for choice in state.choices:
                if choice.option and visible:
                    self.options[f"{question.id}.{choice.option}"] = state.node
        if question.type == "consent":
            return self.script.either(s.node for s in domain.states if s.seen is not False)
        return answered

    def _moving_limits(self, question: Question, domain: Line, answered: Node) -> None:
        today = self.plan.today.variable
        if domain.variable is None or today is None:
            return
        gap = Linear(variables={domain.variable: Fraction(1), today: Fraction(-1)})
        if getattr(question, "min", None) == "today":
            self.script.imply(answered, self.script.compare(gap, "ge"))
        if getattr(question, "max", None) == "today":
            self.script.imply(answered, self.script.compare(gap, "le"))

    def _bind_multi(self, domain: Multi, asked: Node, visible: Visible) -> Node:
        script, question = self.script, domain.question
        nodes = [script.declare(node) for node in domain.nodes.values()]
        answered = self.answered[question.id] = script.either(nodes)
        for option, node in domain.nodes.items():
            script.imply(node, script.both((asked, visible[option])))
            self.options[f"{question.id}.{option}"] = node
        alone = [domain.nodes[o.id] for o in question.options if o.exclusive]
        for node in alone:
            others = script.either(other for other in nodes if other != node)
            script.imply(node, negate(others))
        plain = script.both((answered, negate(script.either(alone))))
        if (question.min_selected or 0) > 1:
            script.imply(plain, script.at_least(question.min_selected or 0, nodes))
        if question.max_selected is not None and question.max_selected < len(nodes):
            script.require(negate(script.at_least(question.max_selected + 1, nodes)))
        return answered

    def _bind_grid(self, domain: Grid, asked: Node, visible: Visible) -> Node:
        script, question = self.script, domain.question
        rows: dict[str, Node] = {}
        for row, cell in domain.rows.items():
            shown = script.both((asked, visible[row]))
            rows[row] = self._bind_finite(cell, shown)
            self.options[f"{question.id}.{row}"] = shown
        self.answered[question.id] = script.either(rows.values())
        full = {row: script.either((negate(visible[row]), node)) for row, node in rows.items()}
        if question.rows_required is True:
            return script.both(full.values())
        if isinstance(question.rows_required, tuple):
            return script.both(full[row] for row in question.rows_required)
        enough = script.at_least(question.rows_required or 1, list(rows.values()))
        return script.either((enough, script.both(full.values())))

    def _bind_flag(self, domain: Flag, asked: Node, visible: Visible) -> Node:
        script, question = self.script, domain.question
        node = self.answered[question.id] = script.declare(domain.node)
        script.imply(node, asked)
        if isinstance(question, Ranking):
            script.imply(node, script.either(visible.values()))
            for option, shown in visible.items():
                self.options[f"{question.id}.{option}"] = script.both((node, shown))
        return node


def _int(value: int) -> str:
    return f"(- {-value})" if value < 0 else str(value)
