"""Where a question can be answered at all: whoever must answer and cannot is at a dead end."""

from fractions import Fraction

from engine.prove.answers import Visible
from engine.prove.domains import Finite, Line
from engine.prove.formula import FALSE, TRUE, Linear, Node, Script
from engine.prove.plan import Flag, Multi, Plan
from engine.questions import Question
from engine.questions.ranking import Ranking


def capacity(plan: Plan, script: Script, question: Question, visible: Visible) -> Node:
    """Where there is an answer that a required question takes, given what it shows."""
    domain = plan.of[question.id]
    match domain:
        case Finite():
            options = {c.option for s in domain.states for c in s.choices}
            return script.either(visible.get(option, TRUE) for option in options)
        case Line():
            return _line_capacity(script, question, domain, plan.today.variable)
        case Multi():
            alone = [visible[o.id] for o in domain.question.options if o.exclusive]
            others = [visible[o.id] for o in domain.question.options if not o.exclusive]
            least = max(1, domain.question.min_selected or 0)
            return script.either((*alone, script.at_least(least, others)))
        case Flag() if isinstance(question, Ranking):
            return script.either(visible.values())
        case _:
            return TRUE


def _line_capacity(script: Script, question: Question, domain: Line, today: str | None) -> Node:
    if not domain.pieces:
        return FALSE
    first, last = domain.pieces[0].low, domain.pieces[-1].high
    parts: list[Node] = []
    if today is not None:
        day = Linear(variables={today: Fraction(1)})
        if getattr(question, "min", None) == "today":
            parts.append(script.compare(day, "le", Fraction(last)))
        if getattr(question, "max", None) == "today":
            parts.append(script.compare(day, "ge", Fraction(first)))
    return script.both(parts)
