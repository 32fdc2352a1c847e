"""Rules that are never unknown: what a comparison means in a language of two truth values.

Each comparison carries what it is worth without an answer before anything is negated, so that
negation may be pushed inward to the comparisons, where it turns into the opposite operator.
"""

from collections.abc import Collection
from typing import Any

from engine.definition import MAX_COMPARISONS, MAX_RULE_DEPTH
from interchange.node import is_list

Rule = dict[str, Any]
NEVER: Rule = {"op": "any", "of": []}
ALWAYS: Rule = {"op": "all", "of": []}
_OPPOSITE = {
    "eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt",
    "has_any": "has_none", "has_none": "has_any",
}  # fmt: skip


def answered(ref: str) -> Rule:
    """True or false, never unknown."""
    return {"op": "answered", "ref": ref}


def silent(ref: str) -> Rule:
    """The opposite of `answered`."""
    return {"op": "not", "of": answered(ref)}


def compare(op: str, ref: str, value: Any) -> Rule:
    """A comparison with a literal (or, for sets, with literals); unknown without an answer."""
    return {"op": op, "ref": ref, "value": value}


def compare_refs(op: str, ref: str, other: str) -> Rule:
    """A comparison of two refs; unknown where one has no value."""
    return {"op": op, "ref": ref, "other": other}


def one_of(ref: str, values: list[Any]) -> Rule:
    """Equal to one of the values; an empty list is never true."""
    if not values:
        return NEVER
    return compare("eq", ref, values[0]) if len(values) == 1 else compare("in", ref, values)


def total(rule: Rule, *refs: str, in_silence: bool = False) -> Rule:
    """The rule where every ref has a value; else what the source language says there."""
    if in_silence:
        return either(*(silent(ref) for ref in refs), rule)
    return both(*(answered(ref) for ref in refs), rule)


def both(*rules: Rule) -> Rule:
    """Conjunction, flat, without repetitions."""
    return _joined("all", rules, NEVER, ALWAYS)


def either(*rules: Rule) -> Rule:
    """Disjunction, flat, without repetitions."""
    return _joined("any", rules, ALWAYS, NEVER)


def _joined(op: str, rules: tuple[Rule, ...], ends: Rule, idle: Rule) -> Rule:
    parts: list[Rule] = []
    seen: set[str] = set()
    for rule in rules:
        if rule == ends:
            return ends
        for part in rule["of"] if rule["op"] == op else [rule]:
            key = repr(part)
            if part != idle and key not in seen:
                seen.add(key)
                parts.append(part)
    if not parts:
        return idle
    return parts[0] if len(parts) == 1 else {"op": op, "of": parts}


def negated(rule: Rule) -> Rule:
    """The opposite of a rule that is never unknown."""
    match rule["op"]:
        case "all":
            return either(*map(negated, rule["of"]))
        case "any":
            return both(*map(negated, rule["of"]))
        case "not":
            return rule["of"]
        case op if op in _OPPOSITE:
            return rule | {"op": _OPPOSITE[op]}
        case _:
            return {"op": "not", "of": rule}


def in_silence(rule: Rule, gone: Collection[str]) -> Rule:
    """The rule where these questions have no answer."""
    match rule["op"]:
        case "all":
            return both(*(in_silence(part, gone) for part in rule["of"]))
        case "any":
            return either(*(in_silence(part, gone) for part in rule["of"]))
        case "not" if rule["of"]["op"] == "answered":
            return negated(in_silence(rule["of"], gone))
        case "not":
            return rule if reads(rule).isdisjoint(gone) else NEVER
        case _:
            return NEVER if reads(rule) & set(gone) else rule


def reads(rule: Rule) -> set[str]:
    """The questions, scores (`score.<id>`), computed and context values that a rule reads."""
    inner = rule.get("of")
    if inner is None:
        refs = (rule["ref"], *([rule["other"]] if "other" in rule else []))
        return {ref if ref.startswith("score.") else ref.split(".")[0] for ref in refs}
    parts: list[Rule] = inner if is_list(inner) else [inner]
    return {ref for part in parts for ref in reads(part)}


def size(rule: Rule) -> tuple[int, int]:
    """Depth and number of comparisons."""
    inner = rule.get("of")
    if inner is None:
        return 1, 1
    parts: list[Rule] = inner if is_list(inner) else [inner]
    sizes = [size(part) for part in parts]
    return 1 + max((d for d, _ in sizes), default=0), sum(n for _, n in sizes)


def within_limits(rule: Rule) -> Rule:
    """The rule, or where it is too large one that is true for the same answers: an `answered`
    beside a comparison of the same ref says nothing more where unknown counts as false."""
    depth, count = size(rule)
    if depth <= MAX_RULE_DEPTH and count <= MAX_COMPARISONS:
        return rule
    return _shortened(rule)


def _shortened(rule: Rule) -> Rule:
    if rule["op"] not in ("all", "any"):
        return rule
    parts = [_shortened(part) for part in rule["of"]]
    if rule["op"] == "all":
        compared = {part[side] for part in parts for side in ("ref", "other") if side in part
                    and part["op"] != "answered"}  # fmt: skip
        kept = [p for p in parts if p["op"] != "answered" or p["ref"] not in compared]
        return both(*kept)
    return either(*parts)
