"""Which local variable of the function holds what, and which are needed at all.

`v3` is what rules see of the fourth question, `v3_1` of a part of it, `a3` whether it is answered
where that says more, `p3` its points; `c0`, `x0` and `f0` are of the first value of the context,
the first computed value and the first score.
"""

from math import lcm

from engine.definition import Document
from engine.points import denominators
from engine.questions import Question
from engine.ruletree import refs
from engine.scope import Ref, Scope, operands


class Variables:
    """The variables of one document.

    Attributes:
        needed: refs that rules or computed values read.
        scored: questions whose points a score counts.
        exact_scores: scores that are read on as rationals, as `score.<id>`.
        unit: a denominator in which the points of every scored question are whole numbers.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self.scope = Scope(document)
        self.numbers = {q: n for n, q in enumerate(self.scope.place)}
        self.needed = self._needed()
        members = [m for score in document.scores for m in score.of]
        self.scored = {m for m in members if not m.startswith("score.")}
        self.exact_scores = {n for n in (*self.needed, *members) if n.startswith("score.")}
        self.unit = _common_unit(self.scope, self.scored)

    def _needed(self) -> set[str]:
        found: set[str] = set()
        for placed in self.scope.rules():
            found.update(refs(placed.rule))
        for computed in self.document.computed:
            found.update(o for o in operands(computed) if isinstance(o, str))
        return found

    def of(self, ref: Ref) -> str:
        """The variable of a ref."""
        match ref.source:
            case "question" if ref.part:
                number = self.numbers[ref.id]
                index = list(self.scope.questions[ref.id].facets()).index(ref.part)
                return f"v{number}_{index}"
            case "question":
                return f"v{self.numbers[ref.id]}"
            case "context":
                return f"c{list(self.document.context).index(ref.id)}"
            case "computed":
                return f"x{list(self.scope.computed).index(ref.id)}"
            case "score":
                return f"f{list(self.scope.scores).index(ref.id)}"
            case _:
                return "today"

    def answered(self, variable: str) -> str:
        """The variable that tells whether there is an answer behind an unknown value."""
        return variable.replace("v", "a")

    def may_not_apply(self, name: str) -> bool:
        """Whether an answered question, or row of it, can have an unknown rule value."""
        return bool(getattr(self.scope.questions[name], "not_applicable", False))

    def parts(self, question: Question) -> list[tuple[str, str]]:
        """The variables of a question's parts that are read: (variable, part)."""
        number = self.numbers[question.id]
        return [
            (f"v{number}_{i}", part)
            for i, part in enumerate(question.facets())
            if part and f"{question.id}.{part}" in self.needed
        ]

    def kept(self, question: Question) -> list[str]:
        """All variables of a question."""
        number = self.numbers[question.id]
        found = [variable for variable, _ in self.parts(question)]
        if question.id in self.needed or found:
            found.append(f"v{number}")
        if self.may_not_apply(question.id):
            found += [self.answered(variable) for variable in found]
        if question.id in self.scored:
            found.append(f"p{number}")
        return found


def _common_unit(scope: Scope, scored: set[str]) -> int:
    unit = 1
    for name in scored:
        unit = lcm(unit, *denominators(scope.questions[name]))
    return unit
