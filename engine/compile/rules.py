"""Rules as two-valued tests in Python: one that holds where a rule is true, one where it is false.

Where neither holds the rule is unknown: Kleene's logic without a third value at run time.
"""

from typing import Any

from engine.compile.source import Source
from engine.compile.variables import Variables
from engine.numbers import exact
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
    Scalar,
)
from engine.ruletree import Any as AnyOf
from engine.scope import Ref

_INVERSE: dict[type[Comparison], type[Comparison]] = {
    Eq: Ne, Ne: Eq, Lt: Ge, Ge: Lt, Gt: Le, Le: Gt,
}  # fmt: skip
_RATIONAL = ("computed", "score")


class Rules:
    """Writes tests over the function's variables."""

    def __init__(self, source: Source, variables: Variables) -> None:
        self.source = source
        self.variables = variables
        self.refs = variables.scope.refs

    def true(self, rule: Rule) -> str:
        """A test that holds where the rule is true."""
        match rule:
            case All():
                return _join(" and ", "True", [self.true(part) for part in rule.of])
            case AnyOf():
                return _join(" or ", "False", [self.true(part) for part in rule.of])
            case Not():
                return self.false(rule.of)
            case Answered():
                return self._answered(rule.ref)
            case Membership():
                return self._membership(rule, True)
            case _:
                return self._comparison(rule, type(rule))

    def false(self, rule: Rule) -> str:
        """A test that holds where the rule is false."""
        match rule:
            case All():
                return _join(" or ", "False", [self.false(part) for part in rule.of])
            case AnyOf():
                return _join(" and ", "True", [self.false(part) for part in rule.of])
            case Not():
                return self.true(rule.of)
            case Answered():
                return f"(not {self._answered(rule.ref)})"
            case Membership():
                return self._membership(rule, False)
            case _:
                return self._comparison(rule, _INVERSE[type(rule)])

    def _answered(self, name: str) -> str:
        ref = self.refs[name]
        variable = self.variables.of(ref)
        may_be_unknown = ref.source == "question" and self.variables.may_not_apply(ref.id)
        if may_be_unknown and (ref.part or self.variables.scope.questions[ref.id].type != "matrix"):
            return f"({variable} is not None or {self.variables.answered(variable)})"
        return f"({variable} is not None)"

    def _membership(self, rule: Membership, wanted: bool) -> str:
        ref = self.refs[rule.ref]
        variable = self.variables.of(ref)
        if isinstance(rule, In):
            values = self.source.constant(frozenset(_literal(ref, v) for v in rule.value))
            if wanted:
                return f"({variable} in {values})"
            return f"({variable} is not None and {variable} not in {values})"
        values = self.source.constant(frozenset(rule.value))
        match rule:
            case HasAny():
                test = f"not {values}.isdisjoint({variable})"
            case HasAll():
                test = f"{values} <= {variable}"
            case HasNone() | _:
                test = f"{values}.isdisjoint({variable})"
        return f"({variable} is not None and {test if wanted else f'not ({test})'})"

    def _comparison(self, rule: Comparison, kind: type[Comparison]) -> str:
        ref = self.refs[rule.ref]
        left = self.variables.of(ref)
        if rule.other is None:
            assert rule.value is not None
            right = self.source.constant(_literal(ref, rule.value))
            guard = "" if kind is Eq else f"{left} is not None and "
            return f"({guard}{left} {kind.symbol} {right})"
        other = self.refs[rule.other]
        right = self.variables.of(other)
        guard = f"{left} is not None and {right} is not None and "
        left, right = _same_kind(ref, left, other, right)
        return f"({guard}{left} {kind.symbol} {right})"


def _literal(ref: Ref, value: Scalar) -> Any:
    if ref.source in _RATIONAL and isinstance(value, (int, float)):
        return exact(value)
    return value


def _same_kind(ref: Ref, left: str, other: Ref, right: str) -> tuple[str, str]:
    """Both sides as rationals where one of them is."""
    if ref.source in _RATIONAL and other.source not in _RATIONAL:
        right = f"exact({right})"
    elif other.source in _RATIONAL and ref.source not in _RATIONAL:
        left = f"exact({left})"
    return left, right


def _join(word: str, empty: str, parts: list[str]) -> str:
    return f"({word.join(parts)})" if parts else empty
