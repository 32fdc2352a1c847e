"""Our rules and numbers as FHIRPath over a QuestionnaireResponse.

A rule becomes an expression that is true or false whatever is answered: comparisons are written
inside `where(…).exists()`, without negation. A number that is unknown here is nothing there.
"""

from typing import Any

from engine.definition import Computed, Count, If, Mean, Operand, Sum
from engine.questions.choices import ChoiceQuestion
from engine.questions.matrix import Matrix
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    HasAll,
    HasNone,
    Membership,
    Not,
    Rule,
)
from engine.ruletree import Any as AnyOf
from engine.scope import Scope
from interchange.fhir.codings import coding
from interchange.fhir.normal import normal

SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ARITHMETIC = {"sub": "-", "mul": "*", "div": "/"}
NOTHING = "{}"


class NotCarried(ValueError):
    """A rule or number reads what a Questionnaire does not know, such as the context."""


class Paths:
    """Writes the expressions of one document; `calculated` are the links of the values that are
    items of the Questionnaire."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.calculated: set[str] = set()

    def expression(self, rule: Rule) -> str:
        """A rule as an expression that is true or false; raises NotCarried."""
        return self.path(self.plain(rule))

    def plain(self, rule: Rule) -> Rule:
        """A rule in normal form; a matrix, which is a group there, is answered where a row is."""
        return normal(self._by_rows(rule), True)

    def _by_rows(self, rule: Rule) -> Rule:
        match rule:
            case All() | AnyOf():
                return type(rule)(of=tuple(map(self._by_rows, rule.of)))
            case Not():
                return Not(of=self._by_rows(rule.of))
            case Answered(ref=ref) if isinstance(question := self.scope.questions.get(ref), Matrix):
                return AnyOf(of=tuple(Answered(ref=f"{ref}.{row.id}") for row in question.rows))
            case _:
                return rule

    def link(self, ref: str) -> str:
        """The linkId of what a ref reads; raises NotCarried."""
        known = self.scope.refs[ref]
        if known.source == "question" and known.part != "count":
            return ref
        if ref in self.calculated:
            return ref
        raise NotCarried(ref)

    def entered(self, ref: str, value: Any) -> bool:
        """Whether an option is written as free text in a Questionnaire (open-choice)."""
        question: Any = self.scope.questions.get(self.scope.refs[ref].id)
        options: Any = getattr(question, "options", ())
        return any(o.id == value == "other" and getattr(o, "text_entry", None) for o in options)

    # -- rules ------------------------------------------------------------------------------

    def path(self, rule: Rule) -> str:
        """A rule in normal form as an expression."""
        match rule:
            case All() | AnyOf():
                if not rule.of:
                    return "true" if isinstance(rule, All) else "false"
                word = " and " if isinstance(rule, All) else " or "
                return "(" + word.join(self.path(part) for part in rule.of) + ")"
            case Not():
                return f"{self.path(rule.of)}.not()"
            case Answered():
                return f"{self.answers(rule.ref)}.exists()"
            case Membership():
                return self._member(rule)
            case _:
                return self._comparison(rule)

    def answers(self, *refs: str) -> str:
        """The answers that refs read, as one collection."""
        links = " or ".join(f"linkId={quoted(self.link(ref))}" for ref in refs)
        return f"%resource.repeat(item).where({links}).answer.value"

    def _member(self, rule: Membership) -> str:
        parts = [self._has(rule.ref, value) for value in rule.value]
        if isinstance(rule, HasAll):
            return "(" + " and ".join(parts) + ")"
        some = "(" + " or ".join(parts) + ")"
        if isinstance(rule, HasNone):
            return f"({self.answers(rule.ref)}.exists() and {some}.not())"
        return some

    def _has(self, ref: str, value: Any) -> str:
        """Whether one of the answers is this value."""
        if self.entered(ref, value):
            return f"{self.answers(ref)}.ofType(string).exists()"
        return f"{self.answers(ref)}.where({self._same(ref, value)}).exists()"

    def _same(self, ref: str, value: Any) -> str:
        if self.scope.refs[ref].facet.kind in ("choice", "set"):
            return is_option(self.scope.questions[self.scope.refs[ref].id], str(value))
        return f"$this={self._literal(ref, value)}"

    def _literal(self, ref: str, value: Any) -> str:
        match self.scope.refs[ref].facet.kind:
            case "boolean":
                return "true" if value else "false"
            case "date":
                return f"@{value}"
            case "time":
                return f"@T{value}:00"
            case "number":
                return str(value)
            case _:
                return quoted(str(value))

    def _comparison(self, rule: Comparison) -> str:
        sign = SIGNS[str(rule.__struct_config__.tag)]
        answers = self.answers(rule.ref)
        if rule.other is not None:
            is_today = rule.other == "today"
            other = "today()" if is_today else self.answers(rule.other)
            test = f"({answers} {sign} {other})"
            there = "" if is_today else f"{other}.exists() and "
            return f"({answers}.exists() and {there}{test})"
        if self.scope.refs[rule.ref].facet.kind == "choice":
            has = self._has(rule.ref, rule.value)
            return has if sign == "=" else f"({answers}.exists() and {has}.not())"
        return f"{answers}.where($this {sign} {self._literal(rule.ref, rule.value)}).exists()"

    # -- numbers ----------------------------------------------------------------------------

    def number(self, computed: Computed) -> str:
        """A computed value; raises NotCarried."""
        value = computed.value
        if isinstance(value, If):
            when = self.expression(value.when)
            return f"iif({when}, {self._operand(value.then)}, {self._operand(value.else_)})"
        tag = str(value.__struct_config__.tag)
        if tag in _ARITHMETIC:
            left, right = (self._operand(one) for one in value.of)
            return f"({left} {_ARITHMETIC[tag]} {right})"
        together = self._collected(value.of)
        if isinstance(value, Sum):
            return or_nothing(together, f"{together}.sum()")
        how = "avg" if isinstance(value, Mean) else "count" if isinstance(value, Count) else tag
        return f"{together}.{how}()"

    def _collected(self, operands: tuple[Operand, ...]) -> str:
        refs = [one for one in operands if isinstance(one, str)]
        is_plain = all(self.scope.refs[ref].part != "count" for ref in refs)
        if is_plain and len(set(refs)) == len(operands):
            return self.answers(*refs)
        return combined([self._operand(one) for one in operands])

    def _operand(self, operand: Operand) -> str:
        if not isinstance(operand, str):
            return str(operand) if operand >= 0 else f"(0 - {-operand})"
        known = self.scope.refs[operand]
        if known.source == "question" and known.part == "count":
            answers = self.answers(known.id)
            return or_nothing(answers, f"{answers}.count()")
        return self.answers(operand)


def quoted(text: str) -> str:
    """A text as FHIRPath writes it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def or_nothing(there: str, value: str) -> str:
    """The value where the collection holds something, else nothing (a sum of nothing is 0)."""
    return f"iif({there}.exists(), {value}, {NOTHING})"


def combined(parts: list[str]) -> str:
    """Several expressions as one collection, equal values included."""
    return f"({parts[0]})" + "".join(f".combine({part})" for part in parts[1:])


def is_option(question: Any, option_id: str) -> str:
    """The test for one option among the answers of a question."""
    options: Any = question.options if isinstance(question, (ChoiceQuestion, Matrix)) else ()
    option: Any = next((one for one in options if one.id == option_id), None)
    kind: Any = option.ext.get("fhir_value") if option else None
    if option and kind:
        plain = str(option.ext.get("source_id", option_id))
        return f"$this={plain if kind == 'valueInteger' else quoted(plain)}"
    made = coding(question, option_id)
    system = f"system={quoted(made['system'])} and " if "system" in made else ""
    return f"{system}code={quoted(made['code'])}"
