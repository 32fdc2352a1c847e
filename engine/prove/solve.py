"""The solver behind a small door: text in, truth out, never longer than the time that is left."""

import re
from collections.abc import Iterable
from math import lcm
from time import monotonic
from typing import Any, Literal, NamedTuple

from engine.prove.formula import FALSE, TRUE, Linear, Node, Script, negate

Answer = Literal["sat", "unsat", "unknown"]
_ANSWERS: dict[str, Answer] = {"sat": "sat", "unsat": "unsat", "unknown": "unknown"}
_DEFINED = re.compile(r"\(define-fun (\S+) \(\) (Bool|Int)\s+(true|\(- \d+\)|\d+)\)", re.ASCII)


class Clock:
    """How much of the allowed time is left; loading the solver once a process is no part of it."""

    def __init__(self, seconds: float) -> None:
        _solver_library()
        self.end = monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, not below 0."""
        return max(0.0, self.end - monotonic())


class Model(NamedTuple):
    """What a solver found: the formulas that are true and the integers that are not 0."""

    true: frozenset[str]
    integers: dict[str, int]


class Solver:
    """Asks whether a script allows something."""

    def __init__(self, script: Script, clock: Clock) -> None:
        self._z3: Any = _solver_library()
        self._own: Any = self._z3.Context()  # what all share breaks when two threads prove
        self.clock = clock
        self.script = script
        self._solver: Any = None
        self._told = 0
        self._only_truth = True
        self._aliases: dict[Node, Node] = {}
        self.queries = 0

    def ask(self, assumptions: Iterable[Node], most_seconds: float | None = None) -> Answer:
        """Whether all assumptions can hold at once; `unknown` where time ran out."""
        names = [self.named(node) for node in assumptions if node != TRUE]
        self._tell()
        left = self.clock.left if most_seconds is None else min(self.clock.left, most_seconds)
        if left < 0.002:
            return "unknown"
        self._solver.set("timeout", max(1, int(left * 1000)))
        self.queries += 1
        answer = self._solver.check(*(self._constant(name) for name in names))
        return _ANSWERS[str(answer)]

    def model(self) -> Model:
        """The model after `sat`."""
        return _read(self._solver.model())

    def best(self, known: Node, term: Linear, most_seconds: float) -> Model | None:
        """A model in which a term over truth values is as large as it can be, among those where
        `known` holds; None where none was found in time."""
        if min(self.clock.left, most_seconds) < 0.002 or term.variables:
            return None
        optimizer: Any = self._z3.Optimize(ctx=self._own)
        optimizer.set("timeout", max(1, int(min(self.clock.left, most_seconds) * 1000)))
        scale = lcm(1, *(c.denominator for c in term.bools.values()))
        wishes = [
            f"(assert-soft {node if c > 0 else negate(node)} :weight {int(abs(c) * scale)})"
            for node, c in term.bools.items()
        ]
        goal = f"(assert {known})"
        optimizer.from_string("\n".join((self.script.text(), goal, *wishes)))
        self.queries += 1
        if str(optimizer.check()) != "sat":
            return None
        return _read(optimizer.model())

    def core(self) -> list[str]:
        """After `unsat`: the names of assumptions that contradict each other."""
        return [str(name) for name in self._solver.unsat_core()]

    def _constant(self, name: Node) -> Any:
        if name.startswith("(not "):
            return self._z3.Not(self._z3.Bool(name[5:-1], self._own))
        kind = self._z3
        return kind.BoolVal(False, self._own) if name == FALSE else kind.Bool(name, self._own)

    def named(self, node: Node) -> Node:
        """A declared name that implies the formula (only names can be assumed)."""
        inner = node[5:-1] if node.startswith("(not ") else node
        if inner in self.script.sorts or node == FALSE:
            return node
        found = self._aliases.get(node)
        if found is None:
            found = self._aliases[node] = self.script.fresh()
            self.script.imply(found, node)
        return found

    def _truth(self) -> Any:
        """A solver for truth values alone; its guesses vary, so that each model shows much."""
        solver: Any = self._z3.SolverFor("QF_FD", ctx=self._own)
        solver.set("phase", "random")
        return solver

    def any_of(self, names: Iterable[Node]) -> Node:
        """A name that implies the disjunction of declared names."""
        found = self.script.fresh()
        self.script.require(f"(or {negate(found)} {' '.join(names)})")
        return found

    def _tell(self) -> None:
        """Hands over what was written to the script meanwhile."""
        new = self.script.text(self._told)
        if self._solver is None or (self._only_truth and _has_arithmetic(new)):
            new = self.script.text()
            self._only_truth = not _has_arithmetic(new)
            kind = self._truth() if self._only_truth else self._z3.Solver(ctx=self._own)
            self._solver = kind
        if new:
            self._solver.from_string(new)
        self._told = len(self.script.lines)


def _solver_library() -> Any:
    """Loaded on demand: evaluating surveys needs no solver."""
    import z3

    return z3


def _read(model: Any) -> Model:
    true: set[str] = set()
    integers: dict[str, int] = {}
    for name, sort, value in _DEFINED.findall(model.sexpr()):
        if sort == "Bool":
            true.add(name)
        elif value != "0":
            integers[name] = -int(value[3:-1]) if value.startswith("(") else int(value)
    return Model(frozenset(true), integers)


def _has_arithmetic(text: str) -> bool:
    return "(ite " in text or " Int)" in text or " Real)" in text
