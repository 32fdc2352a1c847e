"""What the readers of one foreign document share: names, answers that rules may read, rules."""

from collections.abc import Callable
from functools import cache
from itertools import islice
from typing import Any

from engine.definition import MAX_RULES
from interchange.calculations import Calculations
from interchange.expression import Name, Tree, Unreadable, names
from interchange.logic import Logic
from interchange.names import Names
from interchange.refs import Language, Ref
from interchange.report import Report
from interchange.truth import Rule, reads, within_limits

MAX_OPTIONS = 20_000
"""Over all questions of a document."""


class Reading:
    """Grows while a document is read: a name is known once its question is made."""

    def __init__(self, report: Report, language: Language, parse: Callable[[str], Tree]) -> None:
        self.report = report
        self.parse = cache(parse)
        self.names = Names()
        self.refs: dict[str, Ref] = {}
        self.calculated: dict[str, Tree] = {}
        self.later: set[str] = set()
        """Names that the document has, read or not."""
        self.conditional: set[str] = set()
        """Refs of questions that are not always asked."""
        self.calculations = Calculations(self.names.take)
        self.rules = 0
        self.options_made = 0
        self.item: Any = None
        """What `item` means, where a rule is tried for one option or row."""
        self.at = ""
        self._logic = Logic(language, self.resolve, self.calculations, self._changed)

    def rule_of(self, text: str, at: str, item: Any = None) -> Rule | None:
        """The rule of an expression that stands at a place; None (and a loss) where there is none
        to be had."""
        if not text:
            return None
        self.item, self.at = item, at
        if self.rules >= MAX_RULES:
            self.report.lose("too_many_rules", at, text, max=MAX_RULES, count=self.rules + 1)
            return None
        try:
            rule = within_limits(self._logic.rule(self.parse(text)))
        except Unreadable as problem:
            self.report.lose(
                problem.code, at, f"{text}: {problem.about}" if problem.about else text
            )
            return None
        self.rules += 1
        return rule

    def more_options(self, count: int) -> None:
        """Count options; raises Unreadable where a document has more than anybody reads."""
        self.options_made += count
        if self.options_made > MAX_OPTIONS:
            raise Unreadable("too_many_options", str(self.options_made))

    def number_of(self, text: str, at: str, name: str = "calc") -> str | int | float | None:
        """A numeric expression as a ref or a literal, None (and a loss) where it is none."""
        self.item, self.at = None, at
        try:
            return self._logic.whole_number(self.parse(text), name)
        except Unreadable as problem:
            self.report.lose(
                problem.code, at, f"{text}: {problem.about}" if problem.about else text
            )
            return None

    def _lost(self, problem: Unreadable, at: str, text: str) -> None:
        about = f"{text}: {problem.about}" if problem.about else text
        self.report.lose(problem.code, at, about)

    def _changed(self, code: str, about: str) -> None:
        self.report.change(code, self.at, about)

    def resolve(self, name: str) -> Ref | Tree:
        """What a name stands for; raises Unreadable."""
        if name in self.refs:
            ref = self.refs[name]
            if ref.ref in self.conditional:
                self.report.note("hidden_answers", self.at, name)
            return ref
        if name in self.calculated:
            return self.calculated[name]
        known = name in self.later or name.split(".")[0] in self.later
        raise Unreadable("looks_ahead" if known else "unknown_name", name)

    def placeholder(self, name: str, written: str, at: str) -> str:
        """A name inside a text as our placeholder; what names something that is not known there
        (or no number) stays as it is written, and is lost."""
        ref = self.refs.get(name)
        if ref is not None:
            return "{{" + ref.ref + "}}"
        try:
            number = self._logic.whole_number(self.calculated[name], "calc")
        except KeyError:
            if name in self.later:
                self.report.lose("placeholder", at, name)
            return written
        except Unreadable:
            self.report.lose("placeholder", at, name)
            return written
        return "{{" + number + "}}" if isinstance(number, str) else str(number)

    def asked_on_condition(self, known: int) -> None:
        """Remember that the names which came since there were so many stand under a condition."""
        fresh = islice(reversed(self.refs), len(self.refs) - known)
        self.conditional |= {self.refs[name].ref for name in fresh}

    def calculate(self, name: str, text: str, at: str) -> None:
        """Declare a named expression; it is made where it is used."""
        try:
            self.calculated[name] = self.parse(text)
        except Unreadable as problem:
            self.report.lose(
                problem.code, at, f"{text}: {problem.about}" if problem.about else text
            )

    def sources(self, name: str) -> set[str]:
        """The questions that a computed value or a score (`score.<id>`) is made of; of a question
        nothing."""
        made = self.calculations.made.get(name)
        return self._read_by(made["value"]) if made is not None else set()

    def _read_by(self, value: dict[str, Any]) -> set[str]:
        """The questions behind a computed value, through others."""
        named = {str(part) for part in (*value.get("of", ()), value.get("then"), value.get("else"))}
        named |= reads(value["when"]) if "when" in value else set()
        found: set[str] = set()
        for name in named:
            found |= self.sources(name) or {name.split(".")[0]}
        return found

    def reads(self, text: str) -> list[str]:
        """The questions (by our id) that an expression reads."""
        try:
            tree = self.parse(text)
        except Unreadable:
            return []
        found: list[str] = []
        for name in names(tree):
            ref = self.refs.get(name.removeprefix("#").strip())
            if ref is not None:
                found.append(ref.ref.split(".")[0])
            elif name in self.calculated and not isinstance(self.calculated[name], Name):
                inner = names(self.calculated[name])
                found += [self.refs[n].ref for n in inner if n in self.refs]
        return found
