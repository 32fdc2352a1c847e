"""Jumps as conditions: a page is there where no page before it jumped over it.

A Questionnaire has no jumps. A page that a jump passes over gets as its rule that the jumping page
is not there, or that another entry of it wins (design section 4.4). "Not true" is written out as
"false or without an answer", since rules know a third value.
"""

from collections.abc import Sequence

import msgspec

from engine.definition import MAX_COMPARISONS, Page
from engine.ruletree import All, Answered, Comparison, Membership, Not, Rule
from engine.ruletree import Any as AnyOf
from interchange.fhir.normal import normal

ALWAYS: Rule = All(of=())
NEVER: Rule = AnyOf(of=())


class Reached(msgspec.Struct, frozen=True):
    """When no jump passes over a page, and the places of the pages whose jumps may; None where
    that is more than a rule can hold."""

    rule: Rule | None
    jumps: tuple[int, ...]


def reached(pages: Sequence[Page]) -> list[Reached]:
    """For each page when no jump passes over it."""
    places = {page.id: p for p, page in enumerate(pages)}
    found: list[Reached] = []
    on_path: list[Rule | None] = []
    for k, page in enumerate(pages):
        rules: list[Rule | None] = []
        jumps: list[int] = []
        for j, earlier in enumerate(pages[:k]):
            passes = _passes(earlier, k, places)
            if passes != NEVER:
                jumps.append(j)
                there = on_path[j]
                rules.append(None if there is None else either(not_true(there), not_true(passes)))
        known = [rule for rule in rules if rule is not None]
        rule = _within(both(*known)) if len(known) == len(rules) else None
        found.append(Reached(rule, tuple(jumps)))
        on_path.append(None if rule is None else both(rule, page.show_if or ALWAYS))
    return found


def _passes(page: Page, k: int, places: dict[str, int]) -> Rule:
    """When the entry that wins behind a page leads beyond the page at place `k`."""
    rule = NEVER
    for jump in reversed(page.next):
        when = jump.if_ or ALWAYS
        is_beyond = places.get(jump.to, k + 1) > k  # an end is beyond all
        rule = either(when, rule) if is_beyond else both(not_true(when), rule)
    return rule


def _within(rule: Rule) -> Rule | None:
    count, waiting = 0, [rule]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (All, AnyOf)):
            waiting += part.of
        elif isinstance(part, Not):
            waiting.append(part.of)
        else:
            count += 1
    return rule if count <= MAX_COMPARISONS else None


def not_true(rule: Rule) -> Rule:
    """The rule that is true where this one is false or unknown, and never unknown itself."""
    plain = normal(rule, True)
    match plain:
        case All():
            return either(*map(not_true, plain.of))
        case AnyOf():
            return both(*map(not_true, plain.of))
        case Answered() | Not():
            return normal(plain, False)
        case _:
            unanswered = [Not(of=Answered(ref=ref)) for ref in _refs(plain)]
            return either(*unanswered, normal(plain, False))


def _refs(leaf: Comparison | Membership) -> list[str]:
    other = leaf.other if isinstance(leaf, Comparison) else None
    return [leaf.ref] + ([other] if other is not None else [])


def both(*rules: Rule) -> Rule:
    """Conjunction, flat, without constants and repetitions."""
    parts: list[Rule] = []
    for rule in rules:
        if rule == NEVER:
            return NEVER
        for part in rule.of if isinstance(rule, All) else (rule,):
            if part not in parts:
                parts.append(part)
    return parts[0] if len(parts) == 1 else All(of=tuple(parts))


def either(*rules: Rule) -> Rule:
    """Disjunction, flat, without constants and repetitions."""
    parts: list[Rule] = []
    for rule in rules:
        if rule == ALWAYS:
            return ALWAYS
        for part in rule.of if isinstance(rule, AnyOf) else (rule,):
            if part not in parts:
                parts.append(part)
    return parts[0] if len(parts) == 1 else AnyOf(of=tuple(parts))
