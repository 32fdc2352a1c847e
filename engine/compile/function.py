"""The function as a whole: its head, the pages with their jumps, and what it returns."""

from collections.abc import Callable, Container, Mapping
from fractions import Fraction
from typing import Any

from engine.arithmetic import printed
from engine.compile.questions import Questions
from engine.compile.rules import Rules
from engine.compile.source import Source
from engine.compile.sums import Sums
from engine.compile.variables import Variables
from engine.context import read_context
from engine.definition import Document, Page
from engine.evaluation import Evaluation, ScoreValue
from engine.numbers import exact, rounded
from engine.questions.base import NO_IDS, Bounds, is_unanswered
from engine.scope import BEFORE_ALL

Evaluate = Callable[
    [Mapping[str, Any], Mapping[str, Any], str | None, Mapping[str, Container[str]] | None],
    Evaluation,
]


class Function:
    """Writes the function of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.source = Source(
            {
                "Evaluation": Evaluation,
                "Score": ScoreValue,
                "Fraction": Fraction,
                "rounded": rounded,
                "printed": printed,
                "exact": exact,
                "no_ids": NO_IDS,
                "bounds": Bounds,
                "read_context": read_context,
                "context_fields": document.context,
                "is_unanswered": is_unanswered,
            }
        )
        self.variables = Variables(document)
        self.scope = self.variables.scope
        self.rules = Rules(self.source, self.variables)
        self.questions = Questions(self.source, self.variables, self.rules)
        self.sums = Sums(self.source, self.variables, self.rules)

    def compiled(self) -> Evaluate:
        """The function itself."""
        with self.source.block("def evaluate(answers, context, today, known):"):
            self._head()
            self.sums.due(BEFORE_ALL)
            for p, page in enumerate(self.document.pages):
                self._page(p, page)
            self._tail()
        names = self.source.names
        exec(compile(self.source.text(), f"<survey {self.document.id}>", "exec"), names)  # nosec B102 - our words
        return names["evaluate"]

    def _head(self) -> None:
        source = self.source
        source.line("get = answers.get")
        source.line("path = []; asked = []; out = {}; problems = []; dropped = []")
        source.line("jump = 0; ending = None")
        with source.block("if context:"):
            source.line("values, context_problems = read_context(context_fields, context)")
        with source.block("else:"):
            source.line("values = context; context_problems = ()")
        for i, name in enumerate(self.document.context):
            if name in self.variables.needed:
                source.line(f"c{i} = values.get({source.constant(name)})")
        unknown = [v for q in self.scope.questions.values() for v in self.variables.kept(q)]
        for start in range(0, len(unknown), 50):
            source.line(" = ".join(unknown[start : start + 50]) + " = None")

    def _page(self, p: int, page: Page) -> None:
        source, scope = self.source, self.scope
        tests = [f"jump <= {p}"] if self._can_be_jumped(p) else []
        if page.show_if is not None:
            tests.append(self.rules.true(page.show_if))
        before = set(self.sums.done)
        with source.block_if(tests):
            source.line(f"path.append({source.constant(page.id)})")
            for q, question in enumerate(page.questions):
                self.questions.write(question)
                self.sums.due(scope.page_start[p] + q)
            self._jumps(page)
        if tests:  # what was due on a page that may be left out is due behind it as well
            self.sums.done = before
            self.sums.due(scope.page_start[p + 1] - 1)

    def _can_be_jumped(self, p: int) -> bool:
        before = self.document.pages[:p]
        return any(self._target(jump.to) > p for page in before for jump in page.next)

    def _target(self, to: str) -> int:
        if to == "end" or to.startswith("end:"):
            return len(self.document.pages)
        return self.scope.page_index[to]

    def _jumps(self, page: Page) -> None:
        source = self.source
        word = "if"
        for jump in page.next:
            test = "True" if jump.if_ is None else self.rules.true(jump.if_)
            with source.block(f"{word} {test}:"):
                source.line(f"jump = {self._target(jump.to)}")
                if jump.to.startswith("end:"):
                    source.line(f"ending = {source.constant(jump.to.removeprefix('end:'))}")
            word = "elif"

    def _tail(self) -> None:
        source, scope = self.source, self.scope
        self.sums.due(len(scope.place))
        source.line("left = answers.keys() - set(asked)")
        with source.block("if left:"):
            matrices = source.constant(
                frozenset(q.id for q in scope.questions.values() if q.type == "matrix")
            )
            test = f"k in left and not is_unanswered(answers[k], k in {matrices})"
            source.line(f"dropped += [k for k in answers if {test}]")
        if self.document.endings:
            first = source.constant(self.document.endings[0].id)
            source.line(f"if ending is None: ending = {first}")
        computed = ", ".join(
            f"{source.constant(name)}: printed(x{i})" for i, name in enumerate(scope.computed)
        )
        scores = ", ".join(
            f"{source.constant(name)}: Score(None if s{i} is None else rounded(s{i}, d{i}),"
            f" n{i}, {len(score.of)})"
            for i, (name, score) in enumerate(scope.scores.items())
        )
        source.line(
            "return Evaluation(tuple(path), tuple(asked), out, tuple(problems), context_problems,"
            f" {{{computed}}}, {{{scores}}}, ending, not problems, tuple(dropped))"
        )
