"""Which ways through a survey there are, and which of them one response takes.

A page shown and not shown, a question asked and not asked, an option there and not there, each jump
taken and not wanted, each ending, each other rule true and not true: so many branches has a survey.
What is taken is told from the rules as trees and the engine's evaluation alone.
"""

from collections.abc import Generator, Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from engine.definition import Page
from engine.derivation import Values, truth
from engine.evaluation import Evaluation
from engine.scope import PlacedRule, Scope, question_rules
from engine.survey import Survey

BranchKind = Literal["page", "question", "jump", "ending", "true", "false"]


class Branch(NamedTuple):
    """One way to go. `name` is an id; of a jump or a rule its pointer. `false` of a rule is that it
    is looked at and not true."""

    kind: BranchKind
    name: str


def branches(scope: Scope) -> tuple[Branch, ...]:
    """Every branch of a document, in its order."""
    return tuple(dict.fromkeys(_branches(scope)))


def _branches(scope: Scope) -> Iterator[Branch]:
    document = scope.document
    for p, page in enumerate(document.pages):
        at = f"/pages/{p}"
        yield Branch("page", page.id)
        if page.show_if is not None:
            yield Branch("false", f"{at}/show_if")
        for q, question in enumerate(page.questions):
            yield Branch("question", question.id)
            for placed in question_rules(question, f"{at}/questions/{q}", 0):
                yield from _both(placed)
        for n, jump in enumerate(page.next):
            yield Branch("jump", f"{at}/next/{n}")
            if jump.if_ is not None:
                yield Branch("false", f"{at}/next/{n}/if")
    for placed in _others(scope):
        yield from _both(placed)
    for ending in document.endings:
        yield Branch("ending", ending.id)


def _both(placed: PlacedRule) -> Iterator[Branch]:
    """A rule true and not true; that a question's own rule is true shows in its being asked."""
    if placed.role != "question":
        yield Branch("true", placed.at)
    yield Branch("false", placed.at)


def _others(scope: Scope) -> Iterator[PlacedRule]:
    return (placed for placed in scope.rules() if placed.role in ("computed", "alert"))


def taken(
    survey: Survey,
    answers: Mapping[str, Any],
    context: Mapping[str, Any] | None = None,
    today: date | str | None = None,
) -> frozenset[Branch]:
    """The branches that a response takes; none where it is not complete."""
    evaluation = survey.evaluate(answers, context, today)
    if not evaluation.complete:
        return frozenset()
    day = today.isoformat() if isinstance(today, date) else today
    return frozenset(_Taken(survey, evaluation, Values(survey, evaluation, context, day)).all())


class _Taken:
    """One complete response, walked over the rules."""

    def __init__(self, survey: Survey, evaluation: Evaluation, values: Values) -> None:
        self.scope = survey.scope
        self.evaluation = evaluation
        self.values = values
        self.asked = frozenset(evaluation.asked)

    def all(self) -> Iterator[Branch]:
        """Every branch."""
        pages = self.scope.document.pages
        goal = 0
        for p, page in enumerate(pages):
            if p < goal:
                continue
            if page.show_if is not None and truth(page.show_if, self.values) is not True:
                yield Branch("false", f"/pages/{p}/show_if")
                continue
            yield Branch("page", page.id)
            yield from self._questions(p, page)
            goal = yield from self._leave(p, page)
        for placed in _others(self.scope):
            yield self._rule(placed)
        if self.evaluation.ending is not None:
            yield Branch("ending", self.evaluation.ending)

    def _questions(self, p: int, page: Page) -> Iterator[Branch]:
        for q, question in enumerate(page.questions):
            at = f"/pages/{p}/questions/{q}"
            if question.id not in self.asked:
                yield Branch("false", f"{at}/show_if")
                continue
            yield Branch("question", question.id)
            for placed in question_rules(question, at, 0):
                if placed.role != "question":
                    yield self._rule(placed)

    def _leave(self, p: int, page: Page) -> Generator[Branch, None, int]:
        """Gives, as its value, the place of the page that a jump leads to, 0 where none does."""
        index = self.scope.page_index
        goal = 0
        is_free = True
        for n, jump in enumerate(page.next):
            if jump.if_ is not None and truth(jump.if_, self.values) is not True:
                yield Branch("false", f"/pages/{p}/next/{n}/if")
            elif is_free:
                yield Branch("jump", f"/pages/{p}/next/{n}")
                is_free, goal = False, index.get(jump.to, len(self.scope.document.pages))
        return goal

    def _rule(self, placed: PlacedRule) -> Branch:
        is_true = truth(placed.rule, self.values) is True
        return Branch("true" if is_true else "false", placed.at)
