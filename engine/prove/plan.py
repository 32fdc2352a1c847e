"""A document with what each of its values can be: the ground of walks and of the formula."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.definition import Document
from engine.prove.domains import Domains, Finite, Line
from engine.prove.formula import Node
from engine.prove.truths import test_of
from engine.prove.uses import Uses
from engine.questions import Question
from engine.questions.matrix import Matrix
from engine.questions.multi_choice import MultiChoice


class Multi(NamedTuple):
    """A multi_choice question: one formula an option."""

    question: MultiChoice
    nodes: Mapping[str, Node]


class Grid(NamedTuple):
    """A matrix: one domain a row."""

    question: Matrix
    rows: Mapping[str, Finite]


class Flag(NamedTuple):
    """A question of which only matters whether it is answered."""

    question: Question
    node: Node


Domain = Finite | Line | Multi | Grid | Flag | None


class Plan:
    """A document with the domain of every value in it; `rules` are ready to be asked.

    `prefix` keeps the names of two documents apart that go into one formula.
    """

    def __init__(self, document: Document, prefix: str = "") -> None:
        self.document = document
        self.prefix = prefix
        self.uses = Uses(document)
        self.scope = self.uses.scope
        self.domains = Domains(self.uses, prefix)
        self.context = {
            name: self.domains.of_context(name, field)
            for name, field in document.context.items()
            if name in self.uses.read
        }
        self.today = self.domains.today()
        self.of: dict[str, Domain] = {q.id: self._domain(q) for q in self.scope.questions.values()}
        self.targets = _targets(document)
        self.derived = {
            n for n, ref in self.scope.refs.items() if ref.source in ("score", "computed")
        }
        self.rules = {placed.at: test_of(placed.rule) for placed in self.uses.rules}

    def domain(self, name: str) -> Finite | Line | None:
        """The domain of a ref with one value; None for counts, scores and computed values."""
        ref = self.scope.refs[name]
        match ref.source:
            case "today":
                return self.today
            case "context":
                return self.context[name]
            case "question":
                whole = self.of[ref.id]
                if isinstance(whole, Grid):
                    return whole.rows[ref.part] if ref.part else None
                return whole if isinstance(whole, Finite | Line) and not ref.part else None
            case _:
                return None

    def _domain(self, question: Question) -> Domain:
        if question.valueless:
            return None
        match question:
            case MultiChoice():
                start = f"{self.prefix}{question.id}!"
                return Multi(question, {o: f"{start}{i}" for i, o in enumerate(question.ids())})
            case Matrix():
                rows = {row.id: self.domains.cell(question, row.id) for row in question.rows}
                return Grid(question, rows)
            case _:
                found = self.domains.of_question(question)
                return Flag(question, f"{self.prefix}{question.id}!") if found is None else found


def _targets(document: Document) -> dict[str, int]:
    index = {page.id: i for i, page in enumerate(document.pages)}
    last = len(document.pages)
    return {jump.to: index.get(jump.to, last) for page in document.pages for jump in page.next}
