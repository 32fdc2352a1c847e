"""Rules with negation at their comparisons only, as a Questionnaire can say them."""

from typing import Any

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
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
)
from engine.ruletree import (
    Any as AnyOf,
)

_INVERSE: dict[type[Comparison], type[Comparison]] = {
    Eq: Ne, Ne: Eq, Lt: Ge, Ge: Lt, Gt: Le, Le: Gt,
}  # fmt: skip


def normal(rule: Rule, wanted: bool) -> Rule:
    """The rule (or its opposite) with negation at the leaves only, nested alike groups merged, and
    `answered` left out beside a comparison that is false without an answer anyway."""
    match rule:
        case Not():
            return normal(rule.of, not wanted)
        case All() | AnyOf():
            parts = [normal(part, wanted) for part in rule.of]
            kind = All if isinstance(rule, All) == wanted else AnyOf
            flat: list[Rule] = []
            for part in parts:
                flat += part.of if isinstance(part, kind) else (part,)
            if kind is All:
                flat = _without_idle(flat)
            return flat[0] if len(flat) == 1 else kind(of=tuple(flat))
        case Answered():
            return rule if wanted else Not(of=rule)
        case Membership():
            return rule if wanted else _opposite_member(rule)
        case _:
            if wanted:
                return rule
            made: Any = _INVERSE[type(rule)](ref=rule.ref, value=rule.value, other=rule.other)
            return made


def _opposite_member(rule: Membership) -> Rule:
    match rule:
        case HasAny():
            return HasNone(ref=rule.ref, value=rule.value)
        case HasNone():
            return HasAny(ref=rule.ref, value=rule.value)
        case HasAll():
            lacking: tuple[Rule, ...] = tuple(
                HasNone(ref=rule.ref, value=(value,)) for value in rule.value
            )
            return lacking[0] if len(lacking) == 1 else AnyOf(of=lacking)
        case _:
            different: tuple[Rule, ...] = tuple(
                Ne(ref=rule.ref, value=value) for value in rule.value
            )
            return different[0] if len(different) == 1 else All(of=different)


def _without_idle(parts: list[Rule]) -> list[Rule]:
    compared = {p.ref for p in parts if isinstance(p, (Comparison, Membership))}
    return [p for p in parts if not (isinstance(p, Answered) and p.ref in compared)]
