"""Computed values and scores in the function: each is reckoned as soon as it is known.

Points are whole numbers of one common unit, so that adding them up makes no rational until a score
is read on or printed.
"""

from fractions import Fraction
from math import gcd, lcm
from typing import Any

from engine.arithmetic import Member, computed_value, score_value
from engine.compile.rules import Rules
from engine.compile.source import Source
from engine.compile.variables import Variables
from engine.definition import Computed, If, Score
from engine.numbers import exact
from engine.scope import operands


class Sums:
    """Writes what is due; `done` holds what was written on the way to the present line."""

    def __init__(self, source: Source, variables: Variables, rules: Rules) -> None:
        self.source = source
        self.variables = variables
        self.scope = variables.scope
        self.rules = rules
        self.done: set[str] = set()

    def due(self, place: int) -> None:
        """Writes the computed values and scores that are known once `place` is passed."""
        for name, known_at in self.scope.positions.items():
            if name in self.done or known_at > place:
                continue
            self.done.add(name)
            if name.startswith("score."):
                self._score(self.scope.scores[name.removeprefix("score.")])
            else:
                self._computed(self.scope.computed[name])

    def _score(self, score: Score) -> None:
        i = list(self.scope.scores).index(score.id)
        if any(member.startswith("score.") for member in score.of):
            self._nested_score(i, score)
            return
        source, unit = self.source, self.variables.unit
        scale, weights = _whole_weights(score)
        source.line(f"n{i} = s = w = 0")
        if score.method in ("min", "max"):
            source.line("s = None")
        for member, weight in zip(score.of, weights, strict=True):
            self._member(i, score, f"p{self.variables.numbers[member]}", weight)
        below = {"mean": f"w * {unit}", "sum": str(scale * unit)}
        denominator = below.get(score.method, str(unit))
        with source.block(f"if n{i} >= {score.min_answered or 1}:"):
            source.line(f"s{i} = s; d{i} = {denominator}")
        source.line(f"else: s{i} = None")
        if f"score.{score.id}" in self.variables.exact_scores:
            source.line(f"f{i} = None if s{i} is None else Fraction(s{i}, d{i})")

    def _member(self, i: int, score: Score, points: str, weight: int) -> None:
        source = self.source
        with source.block(f"if {points} is not None:"):
            match score.method:
                case "mean" | "sum":
                    source.line(f"s += {weight} * {points}; w += {weight}; n{i} += 1")
                case method:
                    sign = "<" if method == "min" else ">"
                    source.line(f"n{i} += 1")
                    source.line(f"if s is None or {points} {sign} s: s = {points}")

    def _nested_score(self, i: int, score: Score) -> None:
        """A score of scores, through the plain arithmetic (rare)."""

        def combine(points: tuple[Any, ...]) -> tuple[Fraction | None, int]:
            members = [
                Member(name, value, exact(score.weights.get(name, 1)))
                for name, value in zip(score.of, points, strict=True)
            ]
            return score_value(score, members), sum(m.points is not None for m in members)

        points = ", ".join(self._exact_points(member) for member in score.of)
        source = self.source
        source.line(f"f{i}, n{i} = {source.constant(combine)}(({points},))")
        source.line(f"if f{i} is None: s{i} = None")
        source.line(f"else: s{i} = f{i}.numerator; d{i} = f{i}.denominator")

    def _exact_points(self, member: str) -> str:
        if member.startswith("score."):
            return self.variables.of(self.scope.refs[member])
        variable = f"p{self.variables.numbers[member]}"
        return f"(None if {variable} is None else Fraction({variable}, {self.variables.unit}))"

    def _computed(self, computed: Computed) -> None:
        i = list(self.scope.computed).index(computed.id)
        names = operands(computed)
        values = ", ".join([self._operand(o) for o in names]) + ","
        holds = "False"
        if isinstance(computed.value, If):
            holds = self.rules.true(computed.value.when)

        def calculate(values: tuple[Any, ...], is_true: bool) -> Fraction | None:
            table = dict(zip(names, values, strict=True))
            return computed_value(computed, table.__getitem__, lambda: is_true)

        self.source.line(f"x{i} = {self.source.constant(calculate)}(({values}), {holds})")

    def _operand(self, operand: str | int | float) -> str:
        if not isinstance(operand, str):
            return self.source.constant(exact(operand))
        ref = self.scope.refs[operand]
        variable = self.variables.of(ref)
        if ref.source in ("computed", "score"):
            return variable
        return f"(None if {variable} is None else exact({variable}))"


def _whole_weights(score: Score) -> tuple[int, list[int]]:
    """Weights as whole numbers, and by how much they were multiplied."""
    weights = [exact(score.weights.get(member, 1)) for member in score.of]
    scale = lcm(1, *(w.denominator for w in weights))
    whole = [int(w * scale) for w in weights]
    if score.method == "mean":
        shared = gcd(*whole) or 1
        return scale, [w // shared for w in whole]
    return scale, whole
