"""Constants in rules that no answer can equal or pass."""

from collections.abc import Iterator
from typing import Any

from engine.prove.domains import Finite, Line, answer_unit
from engine.prove.plan import Multi, Plan
from engine.prove.uses import Leaf, comparable
from engine.ruletree import All, Answered, Comparison, Eq, Membership, Ne, Not, Rule
from engine.ruletree import Any as AnyOf


def constants_out_of_range(plan: Plan) -> Iterator[str]:
    """Pointers of literals outside what their ref can be."""
    for placed in plan.uses.rules:
        for at, leaf in _placed(placed.rule, placed.at):
            if isinstance(leaf, Membership):
                for i, value in enumerate(leaf.value):
                    if _is_outside(plan, leaf, value):
                        yield f"{at}/value/{i}"
            elif (
                isinstance(leaf, Comparison)
                and leaf.value is not None
                and _is_outside(plan, leaf, leaf.value)
            ):
                yield f"{at}/value"


def _placed(rule: Rule, at: str) -> Iterator[tuple[str, Leaf]]:
    match rule:
        case All() | AnyOf():
            for i, part in enumerate(rule.of):
                yield from _placed(part, f"{at}/of/{i}")
        case Not():
            yield from _placed(rule.of, f"{at}/of")
        case _:
            yield at, rule


def _is_outside(plan: Plan, leaf: Leaf, value: Any) -> bool:
    if isinstance(leaf, Answered):
        return False
    domain = plan.domain(leaf.ref)
    match domain:
        case Finite():
            seen = [choice.seen for state in domain.states for choice in state.choices]
            if isinstance(leaf, Membership | Eq | Ne) or not seen:
                return comparable(value) not in seen
            known = [v for v in seen if v is not None]
            return not known or not min(known) <= comparable(value) <= max(known)
        case Line():
            unit = answer_unit(domain.kind, value)
            if isinstance(leaf, Membership | Eq | Ne):
                return not domain.lattice.has(unit)
            return not domain.lattice.low <= unit <= domain.lattice.high
        case None:
            ref = plan.scope.refs[leaf.ref]
            whole = plan.of.get(ref.id)
            if isinstance(whole, Multi) and ref.part == "count":
                return not 0 <= value <= len(whole.nodes)
            return False
