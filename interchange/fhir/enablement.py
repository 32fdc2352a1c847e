"""enableWhen as rules that are never unknown (R4, value set questionnaire-enable-operator)."""

from typing import Any

from engine.questions.moments import is_date, is_time
from interchange.fhir.context import Context
from interchange.node import Node, number_of
from interchange.refs import Ref
from interchange.truth import (
    Rule,
    answered,
    both,
    compare,
    either,
    negated,
    one_of,
    silent,
    total,
    within_limits,
)

_ORDER = {">": "gt", "<": "lt", ">=": "ge", "<=": "le"}
_KINDS = ("Boolean", "Decimal", "Integer", "Date", "DateTime", "Time", "String", "Coding",
          "Quantity", "Reference")  # fmt: skip


def enabled_when(context: Context, node: Node, not_equal: str) -> Rule | None:
    """The rule of an item, None where it has none or (a loss) none that can be carried.

    Several conditions without `enableBehavior` break the invariant que-12; which of the two is
    meant is not guessed.
    """
    conditions = list(node.nodes("enableWhen"))
    if not conditions:
        return None
    behavior = node.word("enableBehavior")
    if len(conditions) > 1 and behavior not in ("any", "all"):
        context.report.lose("enable_behavior", node.place("enableBehavior"), behavior)
        return None
    rules: list[Rule] = []
    for condition in conditions:
        rule = _condition(context, condition, not_equal)
        if rule is None:
            return None
        rules.append(rule)
    return within_limits(either(*rules) if behavior == "any" else both(*rules))


def _condition(context: Context, node: Node, not_equal: str) -> Rule | None:
    name, operator = node.word("question"), node.word("operator")
    ref = context.known(name)
    if ref is None:
        code = "looks_ahead" if name in context.later else "unknown_name"
        context.report.lose(code, node.place("question"), name)
        return None
    if ref.ref in context.conditional:
        context.report.note("hidden_answers", node.place("question"), name)
    kind = next((k for k in _KINDS if node.has(f"answer{k}")), "")
    value = node.raw(f"answer{kind}") if kind else None
    if operator == "exists" and isinstance(value, bool):
        return answered(ref.ref) if value else silent(ref.ref)
    equal = _equal(ref, kind, value, node)
    match operator:
        case "=" if equal is not None:
            return total(equal, ref.ref)
        case "!=" if equal is not None:
            is_true = not_equal == "lforms" or kind == "Boolean"
            return total(negated(equal), ref.ref, in_silence=is_true)
        case ">" | "<" | ">=" | "<=":
            ordered = _ordered(_ORDER[operator], ref, kind, value)
            if ordered is not None:
                return ordered
        case _:
            pass
    context.report.lose("enable_when", node.at, f"{name} {operator} {value}")
    return None


def _equal(ref: Ref, kind: str, value: Any, node: Node) -> Rule | None:
    """The comparison for equality, unknown without an answer; None where there is none."""
    match ref.kind:
        case "choice" | "set":
            literals = [literal for stored, literal in ref.values
                        if _is_option(stored, kind, value, node)]  # fmt: skip
            if ref.kind == "choice":
                return one_of(ref.ref, literals)
            return compare("has_any", ref.ref, literals) if literals else one_of(ref.ref, [])
        case "boolean" if isinstance(value, bool):
            return compare("eq", ref.ref, value)
        case "number":
            number = number_of(node.node("answerQuantity").raw("value") if kind == "Quantity"
                               else value)  # fmt: skip
            return None if number is None else compare("eq", ref.ref, number)
        case "date" | "time" | "text":
            return _equal_text(ref, value)
        case _:
            return None


def _equal_text(ref: Ref, value: Any) -> Rule | None:
    literal = _moment(ref.kind, value) if ref.kind != "text" else value
    return compare("eq", ref.ref, literal) if isinstance(literal, str) else None


def _moment(kind: str, value: Any) -> str | None:
    """A FHIR date or time to the precision of ours."""
    if not isinstance(value, str):
        return None
    if kind == "date":
        return value[:10] if is_date(value[:10]) else None
    return value[:5] if is_time(value[:5]) else None


def _is_option(stored: Any, kind: str, value: Any, node: Node) -> bool:
    """Whether an option is the one of a condition: systems count where both name one."""
    system, code = stored
    if kind == "Coding":
        coding = node.node("answerCoding")
        other = coding.word("system")
        return code == coding.word("code") and (not other or not system or other == system)
    return code == str(value)


def _ordered(op: str, ref: Ref, kind: str, value: Any) -> Rule | None:
    if ref.kind == "number":
        number = number_of(value.get("value") if kind == "Quantity" else value)
        return None if number is None else total(compare(op, ref.ref, number), ref.ref)
    if ref.kind in ("date", "time"):
        literal = _moment(ref.kind, value)
        return None if literal is None else total(compare(op, ref.ref, literal), ref.ref)
    if ref.kind == "choice":
        bound = number_of(value)
        numbers = {lit: number_of(stored[1]) for stored, lit in ref.values}
        if bound is None or None in numbers.values():
            return None
        chosen = [lit for lit, n in numbers.items() if n is not None and _holds(op, n, bound)]
        return total(one_of(ref.ref, chosen), ref.ref)
    return None


def _holds(op: str, number: int | float, bound: int | float) -> bool:
    match op:
        case "gt":
            return number > bound
        case "lt":
            return number < bound
        case "ge":
            return number >= bound
        case _:
            return number <= bound
