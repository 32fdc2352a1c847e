"""What the function does at a question: reads its answer, and keeps what rules and scores need.

Most answers are good as they came; a test of the question's own type tells so at once, and only the
others are read in full.
"""

from collections.abc import Callable, Container, Mapping
from typing import Any

from engine.compile.rules import Rules
from engine.compile.source import Source
from engine.compile.variables import Variables
from engine.points import scaled_points
from engine.problems import Problem, pointer
from engine.questions import Question
from engine.questions.base import Bounds, QuestionBase, Read, is_unanswered


class Questions:
    """Writes one question after another."""

    def __init__(self, source: Source, variables: Variables, rules: Rules) -> None:
        self.source = source
        self.variables = variables
        self.rules = rules

    def write(self, question: Question) -> None:
        """Asks the question where its rule is true."""
        shown = [] if question.show_if is None else [self.rules.true(question.show_if)]
        with self.source.block_if(shown):
            self._ask(question)

    def _ask(self, question: Question) -> None:
        source = self.source
        name = source.constant(question.id)
        source.line(f"asked.append({name})")
        if question.valueless:
            with source.block(f"if {name} in answers and not is_unanswered(get({name})):"):
                source.line(f"dropped.append({name})")
            return
        hidden = self._hidden(question)
        source.line(f"r = get({name})")
        self._fast_path(question, name, hidden)
        with source.block("else:"):
            self._slow_path(question, name, hidden)

    def _hidden(self, question: Question) -> str:
        """Writes the set of options that do not exist for this response; its variable."""
        rules = [(c.id, c.show_if) for c in question.choices() if c.show_if is not None]
        if not rules:
            return "no_ids"
        self.source.line("h = set()")
        for option, rule in rules:
            test = self.rules.true(rule)
            self.source.line(f"if not ({test}): h.add({self.source.constant(option)})")
        return "h"

    def _fast_path(self, question: Question, name: str, hidden: str) -> None:
        """Takes what is certainly good; an answer of None is no answer."""
        source = self.source
        fast = question.fast()
        no_answer = "if r is None:"
        if fast is not None:
            test, constants = fast
            test = test.format(**{k: source.constant(v) for k, v in constants.items()})
            guard = "" if hidden == "no_ids" else " and r not in h"
            with source.block(f"if {test}{guard}:"):
                source.line(f"out[{name}] = r")
                self._keep(question, "r", "r")
            no_answer = "elif r is None:"
        with source.block(no_answer):
            self._required(question, "None", hidden)

    def _slow_path(self, question: Question, name: str, hidden: str) -> None:
        source = self.source
        reader = source.constant(_reader(question))
        source.line(f"x, p, d = {reader}(r, {hidden}, today, known)")
        source.line("if d: dropped += d")
        source.line("if p is not None: problems.append(p)")
        with source.block("elif x is None:"):
            self._required(question, "None", hidden)
        with source.block("else:"):
            source.line(f"out[{name}] = x")
            self._keep(question, "x", None)
            if _has_own_missing(question):
                self._required(question, "x", hidden)

    def _keep(self, question: Question, value: str, rule_value: str | None) -> None:
        """Keeps what rules and scores need of an answered question."""
        source, variables = self.source, self.variables
        number = variables.numbers[question.id]
        kept = variables.kept(question)
        if f"v{number}" in kept:
            seen = rule_value or f"{source.constant(question.rule_value)}({value})"
            source.line(f"v{number} = {seen}")
        for variable, part in variables.parts(question):
            if part == "count":
                source.line(f"{variable} = len(v{number})")
                continue
            source.line(f"{variable} = v{number}.get({source.constant(part)})")
            if variables.answered(variable) in kept:
                answered = f"{source.constant(part)} in {value}"
                source.line(f"{variables.answered(variable)} = {answered}")
        if f"a{number}" in kept:
            source.line(f"a{number} = True")
        if question.id in variables.scored:
            points = scaled_points(question, variables.unit, plain=rule_value is not None)
            source.line(f"p{number} = {source.constant(points)}({value})")

    def _required(self, question: Question, value: str, hidden: str) -> None:
        """Writes what a required question lacks; `pass` where nothing can be lacking."""
        source, required = self.source, question.required
        if required is False:
            source.line("pass")
            return
        with source.block_if([] if required is True else [self.rules.true(required)]):
            if _has_own_missing(question):
                missing = source.constant(question.missing)
                source.line(f"problems += {missing}({value}, bounds({hidden}))")
            else:
                problem = source.constant(Problem("required", pointer(question.id)))
                source.line(f"problems.append({problem})")


def _has_own_missing(question: Question) -> bool:
    return type(question).missing is not QuestionBase.missing


def _reader(question: Question) -> Callable[..., Read]:
    """Reads one answer of a question as it came, unanswered forms included."""
    is_matrix = question.type == "matrix"
    read = question.reader()
    own_id = question.id

    def read_answer(
        raw: Any, hidden: Any, today: str | None, known: Mapping[str, Container[str]] | None
    ) -> Read:
        if is_unanswered(raw, is_matrix):
            return _UNANSWERED
        allowed = None if known is None else known.get(own_id)
        return read(raw, Bounds(hidden, today, allowed))

    return read_answer


_UNANSWERED = Read(None)
