"""A rule as an author edits it: rows and nested groups that may be unfinished.

`from_rule` and `to_rule` keep the meaning, unknown values included.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from builder.choices import Op, RefChoice
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

How = Literal["all", "any"]
Fault = Literal["choose_ref", "choose_op", "give_value", "bad_value", "not_earlier", "empty_group"]
Path = tuple[int, ...]
_COMPARISONS: dict[str, type[Comparison]] = {
    "eq": Eq, "ne": Ne, "lt": Lt, "le": Le, "gt": Gt, "ge": Ge,
}  # fmt: skip
_SETS: dict[str, type[Membership]] = {
    "in": In, "has_any": HasAny, "has_all": HasAll, "has_none": HasNone,
}  # fmt: skip
_OPS = frozenset(get_args(Op))


class Row(Struct, frozen=True):
    """A comparison that may be unfinished.

    `typed` holds what was typed and is no value of its kind; `other` is a ref to compare with in
    place of values. `is_bare` lets a list stand empty, as some document had it.
    """

    ref: str = ""
    op: Op | Literal[""] = ""
    values: tuple[Scalar, ...] = ()
    other: str = ""
    is_not: bool = False
    typed: tuple[str, ...] = ()
    is_bare: bool = False


class Group(Struct, frozen=True):
    """Parts of which all, or any, must hold; `is_not` turns it round."""

    how: How = "all"
    is_not: bool = False
    parts: "tuple[Row | Group, ...]" = ()


Part = Row | Group


def from_rule(rule: Rule | None) -> Group:
    """The tree of a rule; an empty group for none."""
    if rule is None:
        return Group()
    part = _part(rule, False)
    return part if isinstance(part, Group) else Group(parts=(part,))


def _part(rule: Rule, is_not: bool) -> Part:
    match rule:
        case Not():
            return _part(rule.of, not is_not)
        case All() | AnyOf():
            is_all = isinstance(rule, All)
            if not rule.of:
                return Row(op="always" if is_all != is_not else "never")
            return Group(
                "all" if is_all else "any", is_not, tuple(_part(p, False) for p in rule.of)
            )
        case Answered():
            return Row(rule.ref, "unanswered" if is_not else "answered")
        case Membership():
            op = next(op for op, kind in _SETS.items() if isinstance(rule, kind))
            return Row(rule.ref, known_op(op), rule.value, is_not=is_not, is_bare=not rule.value)
        case _:
            op = next(op for op, kind in _COMPARISONS.items() if isinstance(rule, kind))
            values = () if rule.value is None else (rule.value,)
            return Row(rule.ref, known_op(op), values, rule.other or "", is_not)


def known_op(text: str) -> Op | Literal[""]:
    """The operator of this name; "" where there is none."""
    found: Op | Literal[""] = ""
    if text in _OPS:
        found = text  # pyright: ignore[reportAssignmentType] - it is one of them
    return found


def to_rule(group: Group) -> Rule | None:
    """The rule of a tree; None where a part of it is unfinished, or where there is none."""
    parts: list[Rule] = []
    for part in group.parts:
        rule = _row_rule(part) if isinstance(part, Row) else to_rule(part)
        if rule is None:
            return None
        parts.append(rule)
    if not parts:
        return None
    kind = All if group.how == "all" else AnyOf
    whole = parts[0] if len(parts) == 1 else kind(of=tuple(parts))
    return Not(of=whole) if group.is_not else whole


def _row_rule(row: Row) -> Rule | None:
    rule = _plain_rule(row)
    return Not(of=rule) if rule is not None and row.is_not else rule


def _plain_rule(row: Row) -> Rule | None:
    if row.op in ("always", "never"):
        return All(of=()) if row.op == "always" else AnyOf(of=())
    if not row.ref or not row.op or row.typed:
        return None
    if row.op in ("answered", "unanswered"):
        answered = Answered(ref=row.ref)
        return answered if row.op == "answered" else Not(of=answered)
    if row.op in _SETS:
        if not row.values and not row.is_bare:
            return None
        return _SETS[row.op](ref=row.ref, value=row.values)  # pyright: ignore[reportReturnType]
    kind = _COMPARISONS[row.op]
    if row.other:
        return kind(ref=row.ref, other=row.other)  # pyright: ignore[reportReturnType]
    if len(row.values) != 1:
        return None
    return kind(ref=row.ref, value=row.values[0])  # pyright: ignore[reportReturnType]


def finished(group: Group, unfinished: Collection[Path], at: Path = ()) -> Group:
    """The tree without the parts that are unfinished (`faults`), and without groups left empty."""
    kept: list[Part] = []
    for i, part in enumerate(group.parts):
        path = (*at, i)
        if isinstance(part, Group):
            part = finished(part, unfinished, path)
            if part.parts:
                kept.append(part)
        elif path not in unfinished:
            kept.append(part)
    return replace(group, parts=tuple(kept))


def rows(group: Group, at: Path = ()) -> Iterator[tuple[Path, Part]]:
    """The parts of a tree with their paths, each group before what is in it."""
    for i, part in enumerate(group.parts):
        yield (*at, i), part
        if isinstance(part, Group):
            yield from rows(part, (*at, i))


def faults(group: Group, refs: Sequence[RefChoice]) -> dict[Path, Fault]:
    """What each unfinished part lacks, by its path."""
    known = {one.name: one for one in refs}
    found: dict[Path, Fault] = {}
    for path, part in rows(group):
        fault = _fault(part, known)
        if fault is not None:
            found[path] = fault
    return found


def _fault(part: Part, known: Mapping[str, RefChoice]) -> Fault | None:
    if isinstance(part, Group):
        return None if part.parts else "empty_group"
    if part.op in ("always", "never"):
        return None
    if not part.ref:
        return "choose_ref"
    for name in (part.ref, part.other):
        if name and (name not in known or not known[name].is_offered):
            return "not_earlier"
    if not part.op:
        return "choose_op"
    if part.typed:
        return "bad_value"
    return "give_value" if _plain_rule(part) is None else None
