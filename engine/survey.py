"""A compiled survey: the document and the one function that evaluates it."""

from collections.abc import Container, Mapping
from datetime import date
from typing import Any

from engine.check import check_parsed
from engine.compile import compile_evaluate
from engine.definition import Document
from engine.evaluation import Evaluation
from engine.parse import parse
from engine.problems import Rejected
from engine.reach import pages_from, refreshing
from engine.scope import Scope


class Survey:
    """A checked and compiled survey; immutable, safe to share between threads."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.scope = Scope(document)
        self._evaluate = compile_evaluate(document)
        self.page_of = {
            question.id: page.id for page in document.pages for question in page.questions
        }
        self.refreshing = refreshing(self.scope)
        self.pages_from = pages_from(document)

    @property
    def id(self) -> str:
        """The document's id."""
        return self.document.id

    def evaluate(
        self,
        answers: Mapping[str, Any],
        context: Mapping[str, Any] | None = None,
        today: date | str | None = None,
        known: Mapping[str, Container[str]] | None = None,
    ) -> Evaluation:
        """Evaluates one set of answers.

        Args:
            answers: question id → value, as they came from outside.
            context: flat names (`visit.type`) → values.
            today: the day that `today` means; without it comparisons with it are unknown.
            known: question id → the ids that exist for it (departments, staff, attachments);
                a question that is not named is not looked up.
        """
        day = today.isoformat() if isinstance(today, date) else today
        return self._evaluate(answers, context or {}, day, known)


def compile_survey(document: Document) -> Survey:
    """Compiles a document without errors (`check` found none)."""
    return Survey(document)


def load(data: bytes) -> Survey:
    """Parses, checks and compiles.

    Raises:
        Rejected: the document has errors; all of them are in it.
    """
    parsed = parse(data)
    problems = check_parsed(parsed)
    if problems or parsed.document is None:
        raise Rejected(problems)
    return compile_survey(parsed.document)
