"""The document under check, and whether what it mentions is there."""

from collections.abc import Iterator

from engine.definition import Document
from engine.problems import Problem, pointer
from engine.questions import Question
from engine.scope import BEFORE_ALL, NEVER, Scope


class Subject:
    """A document whose shape is sound.

    Attributes:
        lost: ids of parts that could not be read; what mentions them is not complained of.
    """

    def __init__(self, document: Document, lost: frozenset[str]) -> None:
        self.document = document
        self.lost = lost
        self.scope = Scope(document)
        self.endings = {ending.id for ending in document.endings}

    def placed_questions(self) -> Iterator[tuple[str, Question]]:
        """Every question with its pointer."""
        for p, page in enumerate(self.document.pages):
            for q, question in enumerate(page.questions):
                yield pointer("pages", p, "questions", q), question

    def reference(self, at: str, name: str, place: int) -> Iterator[Problem]:
        """Unknown, later or cyclic refs; nothing for those whose question could not be read."""
        ref = self.scope.refs.get(name)
        if ref is None:
            if self.lost.isdisjoint((name.split(".")[0], name.removeprefix("score."))):
                yield Problem("unknown_reference", at, {"ref": name})
        elif ref.position == NEVER:
            if place != NEVER:
                yield Problem("cycle", at, {"ref": name})
        elif ref.position >= place and ref.position != BEFORE_ALL:
            yield Problem("forward_reference", at, {"ref": name})
