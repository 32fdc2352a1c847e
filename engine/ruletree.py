"""The rule language as typed data: one struct an operator (design section 3, "Rules")."""

from collections.abc import Iterator
from typing import ClassVar

import msgspec

Scalar = str | bool | int | float


class RuleNode(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="op",
):
    """What all operators share: the tag `op`."""


class Comparison(RuleNode, frozen=True, kw_only=True):
    """`ref` against a literal (`value`) or another ref (`other`), exactly one of the two."""

    symbol: ClassVar[str]
    ref: str
    value: Scalar | None = None
    other: str | None = None


class Eq(Comparison, frozen=True, kw_only=True, tag="eq"):
    """Equal."""

    symbol = "=="


class Ne(Comparison, frozen=True, kw_only=True, tag="ne"):
    """Known and different."""

    symbol = "!="


class Lt(Comparison, frozen=True, kw_only=True, tag="lt"):
    """Less than."""

    symbol = "<"


class Le(Comparison, frozen=True, kw_only=True, tag="le"):
    """Less than or equal."""

    symbol = "<="


class Gt(Comparison, frozen=True, kw_only=True, tag="gt"):
    """Greater than."""

    symbol = ">"


class Ge(Comparison, frozen=True, kw_only=True, tag="ge"):
    """Greater than or equal."""

    symbol = ">="


class Membership(RuleNode, frozen=True, kw_only=True):
    """`ref` against a list of literals."""

    symbol: ClassVar[str]
    ref: str
    value: tuple[Scalar, ...]


class In(Membership, frozen=True, kw_only=True, tag="in"):
    """Equal to one of a non-empty list."""

    symbol = "in"


class HasAny(Membership, frozen=True, kw_only=True, tag="has_any"):
    """A multi_choice answer holds one of the options at least."""

    symbol = "has_any"


class HasAll(Membership, frozen=True, kw_only=True, tag="has_all"):
    """A multi_choice answer holds all of the options."""

    symbol = "has_all"


class HasNone(Membership, frozen=True, kw_only=True, tag="has_none"):
    """A multi_choice answer holds none of the options."""

    symbol = "has_none"


class Answered(RuleNode, frozen=True, kw_only=True, tag="answered"):
    """The question was asked and answered (not applicable counts); never unknown."""

    ref: str


class All(RuleNode, frozen=True, kw_only=True, tag="all"):
    """Conjunction after Kleene; empty is true."""

    of: "tuple[Rule, ...]"


class Any(RuleNode, frozen=True, kw_only=True, tag="any"):
    """Disjunction after Kleene; empty is false."""

    of: "tuple[Rule, ...]"


class Not(RuleNode, frozen=True, kw_only=True, tag="not"):
    """Negation; unknown stays unknown."""

    of: "Rule"


Rule = Eq | Ne | Lt | Le | Gt | Ge | In | HasAny | HasAll | HasNone | Answered | All | Any | Not
ORDERED = (Lt, Le, Gt, Ge)
SETS = (HasAny, HasAll, HasNone)


def leaves(rule: Rule) -> Iterator[Comparison | Membership | Answered]:
    """The comparisons of a rule, from left to right."""
    match rule:
        case All() | Any():
            for part in rule.of:
                yield from leaves(part)
        case Not():
            yield from leaves(rule.of)
        case _:
            yield rule


def refs(rule: Rule) -> Iterator[str]:
    """Every ref that a rule reads, duplicates included."""
    for leaf in leaves(rule):
        yield leaf.ref
        if isinstance(leaf, Comparison) and leaf.other is not None:
            yield leaf.other


def placed_leaves(rule: Rule, at: str) -> Iterator[tuple[str, Comparison | Membership | Answered]]:
    """The comparisons of a rule with their pointers; `at` is the rule's own."""
    match rule:
        case All() | Any():
            for i, part in enumerate(rule.of):
                yield from placed_leaves(part, f"{at}/of/{i}")
        case Not():
            yield from placed_leaves(rule.of, f"{at}/of")
        case _:
            yield at, rule


def depth(rule: Rule) -> int:
    """Levels of nesting; a single comparison has depth 1."""
    match rule:
        case All() | Any():
            return 1 + max((depth(part) for part in rule.of), default=0)
        case Not():
            return 1 + depth(rule.of)
        case _:
            return 1
