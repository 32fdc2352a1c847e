"""Formulas as SMT-LIB text, simplified while they are written, and exact linear terms over them."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import lcm
from typing import Literal, NamedTuple

Node = str
"""A formula: `true`, `false`, a declared name, a defined name, or `(not name)`."""
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge"]
TRUE: Node = "true"
FALSE: Node = "false"
ZERO = Fraction(0)
MOST_WEIGHT = 2**30
"""Below this sum weights fit the solver's own counting constraints."""


def negate(node: Node) -> Node:
    """The negation."""
    if node == TRUE:
        return FALSE
    if node == FALSE:
        return TRUE
    return node[5:-1] if node.startswith("(not ") else f"(not {node})"


class Range(NamedTuple):
    """Between which values a variable or term lies; None: no limit is known."""

    low: Fraction | None
    high: Fraction | None


class Linear(NamedTuple):
    """const + Σ coefficient·[formula] + Σ coefficient·variable, over the rationals."""

    const: Fraction = ZERO
    bools: Mapping[Node, Fraction] = {}
    variables: Mapping[str, Fraction] = {}

    def plus(self, other: "Linear", factor: Fraction = Fraction(1)) -> "Linear":
        """This term and `factor` times another."""
        return Linear(
            self.const + factor * other.const,
            _added(self.bools, other.bools, factor),
            _added(self.variables, other.variables, factor),
        )

    def times(self, factor: Fraction) -> "Linear":
        """The term multiplied by a constant."""
        return Linear().plus(self, factor)


def _added(
    left: Mapping[str, Fraction], right: Mapping[str, Fraction], factor: Fraction
) -> dict[str, Fraction]:
    total = dict(left)
    for name, value in right.items():
        total[name] = total.get(name, ZERO) + factor * value
    return {name: value for name, value in total.items() if value}


class Script:
    """Collects declarations, definitions and assertions; the solver reads them as one text."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.sorts: dict[str, str] = {}
        self.ranges: dict[str, Range] = {}
        self.has_free = False
        """Whether something not covered by the theory was left open (a free truth value)."""
        self._defined: dict[str, Node] = {}

    def text(self, start: int = 0) -> str:
        """What was written since line `start`."""
        return "\n".join(self.lines[start:])

    def declare(self, name: str, sort: str = "Bool") -> str:
        """A new constant of that name."""
        self.sorts[name] = sort
        self.lines.append(f"(declare-const {name} {sort})")
        return name

    def fresh(self, sort: str = "Bool") -> str:
        """A new constant."""
        return self.declare(f"_{len(self.lines)}", sort)

    def free(self) -> Node:
        """A truth value that nothing binds: stands for what the theory does not cover."""
        self.has_free = True
        return self.fresh()

    def define(self, body: str) -> Node:
        """A short name for a formula; the same formula has the same name."""
        name = self._defined.get(body)
        if name is None:
            name = self._defined[body] = f"n{len(self.lines)}"
            self.lines.append(f"(define-fun {name} () Bool {body})")
        return name

    def both(self, nodes: Iterable[Node]) -> Node:
        """The conjunction."""
        return self._join("and", nodes, TRUE, FALSE)

    def either(self, nodes: Iterable[Node]) -> Node:
        """The disjunction."""
        return self._join("or", nodes, FALSE, TRUE)

    def _join(self, word: str, nodes: Iterable[Node], unit: Node, zero: Node) -> Node:
        kept: dict[Node, None] = {}
        for node in nodes:
            if node == zero or negate(node) in kept:
                return zero
            if node != unit:
                kept[node] = None
        match len(kept):
            case 0:
                return unit
            case 1:
                return next(iter(kept))
            case _:
                return self.define(f"({word} {' '.join(kept)})")

    def require(self, node: Node) -> None:
        """Asserts a formula."""
        if node != TRUE:
            self.lines.append(f"(assert {node})")

    def imply(self, condition: Node, then: Node) -> None:
        """Asserts an implication."""
        if condition == FALSE or then == TRUE:
            return
        if condition == TRUE:
            self.require(then)
        else:
            self.lines.append(f"(assert (or {negate(condition)} {then}))")

    def at_most_one(self, nodes: list[Node]) -> None:
        """Asserts that no two hold."""
        if len(nodes) > 6:
            self.lines.append(f"(assert ((_ at-most 1) {' '.join(nodes)}))")
            return
        for i, left in enumerate(nodes):
            for right in nodes[:i]:
                self.lines.append(f"(assert (or {negate(left)} {negate(right)}))")

    def at_least(self, count: int, nodes: Iterable[Node]) -> Node:
        """Whether at least `count` of the formulas hold."""
        kept: list[Node] = []
        for node in nodes:
            if node == TRUE:
                count -= 1
            elif node != FALSE:
                kept.append(node)
        if count <= 0:
            return TRUE
        if count > len(kept):
            return FALSE
        if count == len(kept):
            return self.both(kept) if len(set(kept)) == len(kept) else self._count(count, kept)
        if count == 1:
            return self.either(kept)
        return self._count(count, kept)

    def _count(self, count: int, kept: list[Node]) -> Node:
        return self.define(f"((_ at-least {count}) {' '.join(kept)})")

    # -- linear terms -----------------------------------------------------------------------

    def range_of(self, term: Linear) -> Range:
        """Limits of a term from the limits of its parts alone."""
        low: Fraction | None = term.const
        high: Fraction | None = term.const
        for coefficient in term.bools.values():
            low = low + min(coefficient, ZERO) if low is not None else None
            high = high + max(coefficient, ZERO) if high is not None else None
        for name, coefficient in term.variables.items():
            known = self.ranges[name]
            ends = known if coefficient > 0 else Range(known.high, known.low)
            low = None if low is None or ends.low is None else low + coefficient * ends.low
            high = None if high is None or ends.high is None else high + coefficient * ends.high
        return Range(low, high)

    def compare(self, term: Linear, op: Operator, bound: Fraction = ZERO) -> Node:
        """Whether the term stands so to a constant."""
        match op:
            case "eq":
                return self.both((self.compare(term, "ge", bound), self.compare(term, "le", bound)))
            case "ne":
                return negate(self.compare(term, "eq", bound))
            case "lt":
                return negate(self.compare(term, "ge", bound))
            case "le":
                return negate(self.compare(term, "gt", bound))
            case "gt" | "ge":
                return self._above(term, bound, strict=op == "gt")

    def _above(self, term: Linear, bound: Fraction, strict: bool) -> Node:
        low, high = self.range_of(term)
        if low is not None and (low > bound if strict else low >= bound):
            return TRUE
        if high is not None and (high <= bound if strict else high < bound):
            return FALSE
        scale = lcm(
            (term.const - bound).denominator,
            *(c.denominator for c in term.bools.values()),
            *(c.denominator for c in term.variables.values()),
        )
        if not term.variables:
            whole = {node: int(c * scale) for node, c in term.bools.items()}
            least = int((bound - term.const) * scale) + (1 if strict else 0)
            return self._weighted(whole, least)
        is_real = any(self.sorts[name] == "Real" for name in term.variables)
        parts = [
            f"(ite {node} {_number(c * scale, is_real)} {_number(ZERO, is_real)})"
            for node, c in term.bools.items()
        ]
        for name, c in term.variables.items():
            cast = f"(to_real {name})" if is_real and self.sorts[name] == "Int" else name
            parts.append(f"(* {_number(c * scale, is_real)} {cast})")
        right = _number((bound - term.const) * scale, is_real)
        left = parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"
        return self.define(f"({'>' if strict else '>='} {left} {right})")

    def _weighted(self, weights: Mapping[Node, int], least: int) -> Node:
        """Whether the weights of the formulas that hold come to `least`."""
        parts = {negate(n) if c < 0 else n: abs(c) for n, c in weights.items()}
        if len(parts) == len(weights) and sum(parts.values()) < MOST_WEIGHT:
            least -= sum(c for c in weights.values() if c < 0)
            counts = " ".join(map(str, (least, *parts.values())))
            return self.define(f"((_ pbge {counts}) {' '.join(parts)})")
        terms = [f"(ite {n} {_number(Fraction(c), False)} 0)" for n, c in weights.items()]
        left = terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
        return self.define(f"(>= {left} {_number(Fraction(least), False)})")

    def variable(self, limits: Range, sort: str = "Real") -> Linear:
        """A new number within limits."""
        name = self.fresh(sort)
        self.ranges[name] = limits
        term = Linear(variables={name: Fraction(1)})
        is_real = sort == "Real"
        if limits.low is not None:
            self.lines.append(f"(assert (>= {name} {_ratio(limits.low, is_real)}))")
        if limits.high is not None:
            self.lines.append(f"(assert (<= {name} {_ratio(limits.high, is_real)}))")
        return term

    def equal(self, left: Linear, right: Linear) -> Node:
        """Whether two terms have the same value."""
        return self.compare(left.plus(right, Fraction(-1)), "eq")

    def product(self, left: Linear, right: Linear) -> str:
        """The text of a product of two terms, for what is not linear."""
        return f"(* {self.term(left)} {self.term(right)})"

    def term(self, term: Linear) -> str:
        """The text of a term as a real."""
        parts = [_ratio(term.const, True)]
        for node, c in term.bools.items():
            parts.append(f"(ite {node} {_ratio(c, True)} 0.0)")
        for name, c in term.variables.items():
            cast = f"(to_real {name})" if self.sorts[name] == "Int" else name
            parts.append(f"(* {_ratio(c, True)} {cast})")
        return f"(+ {' '.join(parts)} 0.0)"


def _number(value: Fraction, is_real: bool) -> str:
    assert value.denominator == 1
    text = f"{abs(value.numerator)}{'.0' if is_real else ''}"
    return f"(- {text})" if value < 0 else text


def _ratio(value: Fraction, is_real: bool) -> str:
    if value.denominator == 1:
        return _number(value, is_real)
    text = f"(/ {abs(value.numerator)}.0 {value.denominator}.0)"
    return f"(- {text})" if value < 0 else text
