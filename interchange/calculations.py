"""Foreign numeric expressions as computed values of ours."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from interchange.expression import Call, Name, Tree, Unreadable, shown
from interchange.node import is_list, number_of
from interchange.refs import Language, Number, Ref
from interchange.truth import Rule

AGGREGATES = {"sum()": "sum", "avg()": "mean", "min()": "min", "max()": "max", "count()": "count",
               "total()": "sum"}  # fmt: skip
"""`sum()` of nothing is 0, `total()` of nothing is nothing."""
ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "^"))
NUMERIC = frozenset(("iif()", "size()", "number()", "chosen()"))
MAX_EXPANSIONS = 200
MAX_LEVELS = 40


class Calculations:
    """The computed values that expressions need; equal ones are made once."""

    def __init__(self, take: Callable[[str], str]) -> None:
        self.take = take
        self.made: dict[str, dict[str, Any]] = {}
        self._known: dict[str, str] = {}
        self.total: set[str] = set()

    def add(self, value: dict[str, Any], is_total: bool, name: str = "calc") -> str:
        """The id of a computed value; `is_total` says that it always has a value."""
        key = repr(value)
        if key not in self._known or (name != "calc" and name not in self.made):
            made = self.take(name) if name == "calc" else name
            self._known[key] = made
            self.made[made] = {"id": made, "value": value}
            if is_total:
                self.total.add(made)
        return self._known[key]

    def is_total(self, value: dict[str, Any]) -> bool:
        """Whether a computed value always has a value."""
        of: list[Number] = value.get("of", [])
        fixed = [not isinstance(o, str) or o in self.total for o in of]
        match value["op"]:
            case "sum":
                return any(fixed)
            case "count":
                return True
            case "sub" | "mul":
                return all(fixed)
            case _:
                return False


class Numbers(ABC):
    """Translates numeric trees; `resolve` says what a name stands for, or raises Unreadable."""

    def __init__(
        self,
        language: Language,
        resolve: Callable[[str], "Ref | Tree"],
        calculations: Calculations,
    ) -> None:
        self.language = language
        self.resolve = resolve
        self.calculations = calculations
        self.numbers: dict[str, Number] = {}
        """Calculated values by name, once they are made."""
        self.expansions = 0
        self._level = 0

    @abstractmethod
    def truthy(self, tree: Tree) -> Rule:
        """Whether a tree counts as true inside a calculation."""

    def number(self, tree: Tree, name: str = "calc") -> Number:
        """A numeric expression as a ref or a literal; `name` is the wanted id of its value."""
        value = self._value(tree)
        if not isinstance(value, dict):
            return value
        return self.calculations.add(value, self.calculations.is_total(value), name)

    def _value(self, tree: Tree) -> Number | dict[str, Any]:
        match tree:
            case Name():
                return self._named_number(tree)
            case Call("+" | "-" | "*" | "/" as op, args):
                return self._arithmetic(op, args)
            case Call("iif()", (when, then, otherwise)):
                return {"op": "if", "when": self.truthy(when), "then": self.number(then),
                        "else": self.number(otherwise)}  # fmt: skip
            case Call(op, args) if op in AGGREGATES:
                return self._aggregate(op, args)
            case Call("size()", (Name() as name,)):
                return self._size(name)
            case Call("chosen()", (Name() as name,)):
                return f"{self._set_ref(name)}.count"
            case Call("number()", (inner,)):
                return self._value(inner)
            case Call():
                raise Unreadable("function", shown(tree))
            case _:
                number = number_of(tree)
                if number is None:
                    raise Unreadable("no_number", shown(tree))
                return number

    def _named_number(self, tree: Name) -> Number | dict[str, Any]:
        found = self.resolve(tree.name)
        if not isinstance(found, Ref):
            if tree.name not in self.numbers:
                self.numbers[tree.name] = self.expanded(found, self.number)
            return self.numbers[tree.name]
        if found.kind == "number":
            return found.ref
        if found.as_number is not None:
            return found.as_number()
        raise Unreadable("no_number", tree.name)

    def _size(self, tree: Name) -> dict[str, Any]:
        """How many were chosen, 0 without an answer."""
        return {"op": "sum", "of": [f"{self._set_ref(tree)}.count", 0]}

    def _set_ref(self, tree: Name) -> str:
        found = self.resolve(tree.name)
        if not isinstance(found, Ref) or found.kind != "set":
            raise Unreadable("function", shown(tree))
        return found.ref

    def _aggregate(self, op: str, args: tuple[Tree, ...]) -> dict[str, Any]:
        flat: list[Tree] = []
        for arg in args:
            flat += arg if is_list(arg) else [arg]
        of: list[Number] = [self.number(arg) for arg in flat]
        if op == "sum()":
            return {"op": "sum", "of": [*of, 0]}
        value = {"op": AGGREGATES[op], "of": of}
        if op == "avg()" and self.language.empty_is_zero:
            return {"op": "sum", "of": [self.calculations.add(value, False), 0]}
        return self._of_all(value, of) if self.language.nothing_spreads else value

    def _of_all(self, value: dict[str, Any], of: list[Number]) -> dict[str, Any]:
        """The value where every operand has one: each is taken from itself and added."""
        for number in of:
            if isinstance(number, str) and number not in self.calculations.total:
                nothing = self.calculations.add({"op": "sub", "of": [number, number]}, False)
                value = {"op": "sub", "of": [self.calculations.add(value, False), nothing]}
        return value

    def _arithmetic(self, op: str, args: tuple[Tree, ...]) -> Number | dict[str, Any]:
        if op == "+" and self.language.empty_is_zero:
            return {"op": "sum", "of": [*map(self.number, _addends(args)), 0]}
        left, right = (self._filled(self.number(arg)) for arg in args)
        if op == "+":
            minus = right if isinstance(right, str) else -right
            if isinstance(right, str):
                minus = self.calculations.add({"op": "mul", "of": [right, -1]}, False)
            return {"op": "sub", "of": [left, minus]}
        if op in "*/" and isinstance(left, str) == isinstance(right, str):
            raise Unreadable("product", op)
        names = {"-": "sub", "*": "mul", "/": "div"}
        return {"op": names[op], "of": [left, right]}

    def _filled(self, number: Number) -> Number:
        """A number that is 0 where the source counts a missing answer as 0."""
        if not self.language.empty_is_zero or not isinstance(number, str):
            return number
        if number in self.calculations.total:
            return number
        return self.calculations.add({"op": "sum", "of": [number, 0]}, True)

    def expanded(self, tree: Tree, go: Callable[[Tree], Any]) -> Any:
        """What `go` makes of a calculated value; raises Unreadable where values go in a circle."""
        self._level += 1
        self.expansions += 1
        if self._level > MAX_LEVELS or self.expansions > MAX_EXPANSIONS:
            raise Unreadable("circle", shown(tree))
        try:
            return go(tree)
        finally:
            self._level -= 1


def _addends(args: tuple[Tree, ...]) -> list[Tree]:
    found: list[Tree] = []
    for arg in args:
        found += _addends(arg.args) if isinstance(arg, Call) and arg.op == "+" else [arg]
    return found
