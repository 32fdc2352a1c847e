"""Computed values, points and scores as terms that can be compared exactly."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Literal, Protocol

from engine.prove.formula import (
    FALSE,
    TRUE,
    ZERO,
    Linear,
    Node,
    Operator,
    Range,
    Script,
    negate,
)

ONE = Fraction(1)
MOST_CASES = 256
MOST_VALUES = 80
FLIPPED: dict[Operator, Operator] = {
    "eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le",
}  # fmt: skip


class Numeric(Protocol):
    """A number of a response that may be unknown."""

    @property
    def known(self) -> Node:
        """Whether it has a value."""
        ...

    @property
    def limits(self) -> Range:
        """Between which values it lies where it has one."""
        ...

    def compare(self, op: Operator, bound: Fraction) -> Node:
        """Whether it has a value that stands so to a constant."""
        ...

    def linear(self) -> Linear:
        """Its value as a term; 0 where it is unknown."""
        ...


class Term:
    """A linear term; with `gated` it means nothing where the number is unknown."""

    def __init__(
        self,
        script: Script,
        known: Node,
        term: Linear,
        *,
        gated: bool = False,
        limits: Range | None = None,
    ) -> None:
        self.script = script
        self.known = known
        self.term = term
        self.gated = gated and known != TRUE
        self.limits = script.range_of(term) if limits is None else limits

    def compare(self, op: Operator, bound: Fraction) -> Node:
        return self.script.both((self.known, self.script.compare(self.term, op, bound)))

    def linear(self) -> Linear:
        return self._value if self.gated else self.term

    def gain(self, bound: Fraction) -> Linear:
        """A term that is above 0 just where the number is above a constant."""
        return self.term.plus(Linear(-bound))

    @cached_property
    def _value(self) -> Linear:
        if not self.term.bools and not self.term.variables:
            return Linear(bools={self.known: self.term.const})
        return _variable(self.script, self.limits, [(self.known, self.term)], self.known)


def constant(script: Script, value: Fraction) -> Term:
    """A literal."""
    return Term(script, TRUE, Linear(value))


def hull(parts: Sequence[Numeric]) -> Range:
    """The limits of something that lies between its parts."""
    lows = [part.limits.low for part in parts if part.known != FALSE] or [ZERO]
    highs = [part.limits.high for part in parts if part.known != FALSE] or [ZERO]
    low = None if None in lows else min(v for v in lows if v is not None)
    high = None if None in highs else max(v for v in highs if v is not None)
    return Range(low, high)


def sum_limits(parts: Sequence[Numeric], weights: Sequence[Fraction]) -> Range:
    """The limits of a weighted sum of the parts that are known."""
    low: Fraction | None = ZERO
    high: Fraction | None = ZERO
    for part, weight in zip(parts, weights, strict=True):
        one = part.limits if part.known == TRUE else _with_zero(part.limits)
        low = None if low is None or one.low is None else low + weight * one.low
        high = None if high is None or one.high is None else high + weight * one.high
    return Range(low, high)


def _variable(
    script: Script, limits: Range, cases: Sequence[tuple[Node, Linear]], known: Node
) -> Linear:
    """A variable that has a case's value where the case holds, and is 0 where none is known."""
    value = script.variable(_with_zero(limits))
    for condition, term in cases:
        script.imply(condition, script.equal(value, term))
    script.imply(negate(known), script.compare(value, "eq"))
    return value


def _with_zero(limits: Range) -> Range:
    return Range(
        None if limits.low is None else min(limits.low, ZERO),
        None if limits.high is None else max(limits.high, ZERO),
    )


class Ratio:
    """A term divided by a positive one (`below`); `values` are all it can be, where few."""

    def __init__(
        self,
        script: Script,
        known: Node,
        above: Linear,
        weights: Sequence[tuple[Node, Fraction]],
        limits: Range,
        values: Sequence[Fraction] = (),
    ) -> None:
        self.script = script
        self.known = known
        self.above = above
        self.values = values
        self.weights = weights
        self.below = Linear()
        for node, weight in weights:
            self.below = self.below.plus(indicator(node, weight))
        self.limits = limits

    def gain(self, bound: Fraction) -> Linear:
        """A term that is above 0 just where the number is above a constant."""
        return self.above.plus(self.below, -bound)

    def compare(self, op: Operator, bound: Fraction) -> Node:
        return self.script.both((self.known, self.script.compare(self.gain(bound), op)))

    def linear(self) -> Linear:
        return self._value

    @cached_property
    def _value(self) -> Linear:
        if self.values:
            return stepped(self, self.values)
        script = self.script
        value = script.variable(_with_zero(self.limits))
        script.imply(negate(self.known), script.compare(value, "eq"))
        sums = _sums([weight for _, weight in self.weights])
        if sums is None:
            product = script.define(
                f"(= {script.product(value, self.below)} {script.term(self.above)})"
            )
            script.imply(self.known, product)
            return value
        for total in sums:
            here = script.both((self.known, script.compare(self.below, "eq", total)))
            script.imply(here, script.equal(value.times(total), self.above))
        return value


def _sums(weights: Sequence[Fraction]) -> list[Fraction] | None:
    """Every positive sum of some of the weights; None for too many."""
    found = {ZERO}
    for weight in weights:
        found |= {total + weight for total in found}
        if len(found) > MOST_CASES:
            return None
    return sorted(found - {ZERO})


def clamped_sums(points: Sequence[Fraction]) -> list[Fraction]:
    """Every sum of some of the points, cut to 0…100; nothing where there are too many."""
    found = {ZERO}
    for one in points:
        found |= {total + one for total in found}
        if len(found) > MOST_CASES:
            return []
    cut = {min(max(total, ZERO), Fraction(100)) for total in found}
    return sorted(cut) if len(cut) <= MOST_VALUES else []


def mean_values(parts: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """Every mean of one value each of some of the parts; nothing where there are too many."""
    found: set[tuple[Fraction, int]] = {(ZERO, 0)}
    for values in parts:
        found |= {(total + value, count + 1) for total, count in found for value in set(values)}
        if len(found) > MOST_CASES * 4:
            return []
    means = {total / count for total, count in found if count}
    return sorted(means) if len(means) <= MOST_VALUES else []


def stepped(number: Numeric, values: Sequence[Fraction]) -> Linear:
    """A number with few values as a term over truth values alone: each step up to the next value
    counts where the number is at least that value."""
    ordered = sorted(set(values))
    term = indicator(number.known, ordered[0])
    for below, value in pairwise(ordered):
        term = term.plus(indicator(number.compare("ge", value), value - below))
    return term


def indicator(node: Node, weight: Fraction = ONE) -> Linear:
    """`weight` where the formula holds, else 0."""
    if node == TRUE:
        return Linear(weight)
    return Linear() if node == FALSE else Linear(bools={node: weight})


class Extreme:
    """The smallest or largest of the known parts."""

    def __init__(
        self, script: Script, which: Literal["min", "max"], parts: Sequence[Numeric], known: Node
    ) -> None:
        self.script = script
        self.parts = parts
        self.known = known
        self.outward: tuple[Operator, Operator] = ("ge", "gt") if which == "max" else ("le", "lt")
        self.which = which

    @property
    def limits(self) -> Range:
        return hull(self.parts)

    def compare(self, op: Operator, bound: Fraction) -> Node:
        script = self.script
        if op in self.outward:
            some = script.either(part.compare(op, bound) for part in self.parts)
            return script.both((self.known, some))
        match op:
            case "eq":
                parts = (self.compare("ge", bound), self.compare("le", bound))
                return script.both(parts)
            case "ne":
                return script.both((self.known, negate(self.compare("eq", bound))))
            case _:
                inverse: dict[Operator, Operator] = {
                    "ge": "lt", "gt": "le", "le": "gt", "lt": "ge",
                }  # fmt: skip
                return script.both((self.known, negate(self.compare(inverse[op], bound))))

    def linear(self) -> Linear:
        return self._value

    @cached_property
    def _value(self) -> Linear:
        script = self.script
        value = script.variable(_with_zero(self.limits))
        script.imply(negate(self.known), script.compare(value, "eq"))
        reached: list[Node] = []
        for part in self.parts:
            gap = value.plus(part.linear(), Fraction(-1))
            here = script.both((self.known, part.known))
            script.imply(here, script.compare(gap, self.outward[0]))
            reached.append(script.both((part.known, script.compare(gap, "eq"))))
        script.imply(self.known, script.either(reached))
        return value


class Clamped:
    """A term cut to 0…100 (points of a multi_choice); `values` are all it can be, where few."""

    limits = Range(ZERO, Fraction(100))

    def __init__(
        self, script: Script, known: Node, term: Linear, values: Sequence[Fraction] = ()
    ) -> None:
        self.script = script
        self.known = known
        self.term = term
        self.values = values

    def compare(self, op: Operator, bound: Fraction) -> Node:
        script = self.script
        match op:
            case "ge" | "gt":
                always = bound < 0 or (op == "ge" and bound == 0)
                never = bound > 100 or (op == "gt" and bound == 100)
                test = TRUE if always else FALSE if never else script.compare(self.term, op, bound)
                return script.both((self.known, test))
            case "le" | "lt":
                inverse = self.compare("gt" if op == "le" else "ge", bound)
                return script.both((self.known, negate(inverse)))
            case "eq":
                return script.both((self.compare("ge", bound), self.compare("le", bound)))
            case "ne":
                return script.both((self.known, negate(self.compare("eq", bound))))

    def linear(self) -> Linear:
        return self._value

    @cached_property
    def _value(self) -> Linear:
        if self.values:
            return stepped(self, self.values)
        script = self.script
        low = script.compare(self.term, "lt")
        high = script.compare(self.term, "gt", Fraction(100))
        inside = script.both((self.known, negate(low), negate(high)))
        cases = [
            (script.both((self.known, low)), Linear()),
            (script.both((self.known, high)), Linear(Fraction(100))),
            (inside, self.term),
        ]
        return _variable(script, self.limits, cases, self.known)


class Inverse:
    """A literal divided by a number; unknown where that is 0."""

    limits = Range(None, None)

    def __init__(self, script: Script, literal: Fraction, number: Numeric) -> None:
        self.script = script
        self.literal = literal
        self.number = number
        self.known = number.compare("ne", ZERO)

    def compare(self, op: Operator, bound: Fraction) -> Node:
        script = self.script
        scaled = Linear(self.literal).plus(self.number.linear(), -bound)
        above = (self.number.compare("gt", ZERO), script.compare(scaled, op))
        below = (self.number.compare("lt", ZERO), script.compare(scaled, FLIPPED[op]))
        return script.either((script.both(above), script.both(below)))

    def linear(self) -> Linear:
        return self._value

    @cached_property
    def _value(self) -> Linear:
        script = self.script
        value = script.variable(self.limits)
        script.imply(negate(self.known), script.compare(value, "eq"))
        product = script.product(value, self.number.linear())
        script.imply(
            self.known, script.define(f"(= {product} {script.term(Linear(self.literal))})")
        )
        return value


class Cases:
    """One of several numbers, by conditions that exclude each other."""

    def __init__(self, script: Script, cases: Sequence[tuple[Node, Numeric]]) -> None:
        self.script = script
        self.cases = cases
        self.known = script.either(script.both((node, number.known)) for node, number in cases)

    @property
    def limits(self) -> Range:
        return hull([number for _, number in self.cases])

    def compare(self, op: Operator, bound: Fraction) -> Node:
        script = self.script
        return script.either(
            script.both((node, number.compare(op, bound))) for node, number in self.cases
        )

    def linear(self) -> Linear:
        return self._value

    @cached_property
    def _value(self) -> Linear:
        cases = [
            (self.script.both((node, number.known)), number.linear()) for node, number in self.cases
        ]
        return _variable(self.script, self.limits, cases, self.known)
