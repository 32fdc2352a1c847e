"""FHIRPath as its specification evaluates it, as far as our Questionnaires are written in it: what
their expressions are held against. Source: hl7.org/fhirpath/N1, sections 4 to 6."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, cast

from interchange.fhir.syntax import Literal, Nothing, Operation, Step, Tree, parse

Collection = list[Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip
_REDUCE: dict[str, Callable[[Collection], Any]] = {
    "sum": sum, "min": min, "max": max, "avg": lambda found: Fraction(sum(found)) / len(found),
}  # fmt: skip


class Resource:
    """A response with what its Questionnaire says of options (for `ordinal()`)."""

    def __init__(self, response: dict[str, Any], weights: dict[str, Any]) -> None:
        self.response = response
        self.weights = weights

    def truth(self, expression: str) -> bool:
        """Whether an expression is true; nothing counts as false."""
        return self.evaluate(expression) == [True]

    def evaluate(self, expression: str) -> Collection:
        """The collection that an expression gives."""
        return self._of(parse(expression), [])

    def _of(self, tree: Tree, this: Collection) -> Collection:
        match tree:
            case Nothing():
                return []
            case Literal(value, "number"):
                return [Fraction(str(value))]
            case Literal(value, _):
                return [value]
            case Operation(op, left, right):
                return self._operation(op, self._of(left, this), self._of(right, this))
            case Step(None, "%resource", None):
                return [self.response]
            case Step(None, "$this", None):
                return this
            case Step(None, "today", ()):
                return ["2026-06-15"]
            case Step(None, "iif", (when, then, otherwise)):
                chosen = then if self._of(when, this) == [True] else otherwise
                return self._of(chosen, this)
            case Step(on, name, None):
                return _members(this if on is None else self._of(on, this), name)
            case Step(on, name, args):
                return self._function(name, self._of(cast(Tree, on), this), args or ())

    def _function(self, name: str, found: Collection, args: tuple[Tree, ...]) -> Collection:
        match name, args:
            case "exists", ():
                return [bool(found)]
            case "not", ():
                return [not found[0]] if found else []
            case "where", (criterion,):
                return [one for one in found if self._of(criterion, [one]) == [True]]
            case "select", (part,):
                return [inner for one in found for inner in self._of(part, [one])]
            case "combine", (other,):
                return found + self._of(other, [])
            case "count", ():
                return [Fraction(len(found))]
            case "ordinal", ():
                return [w for one in found if (w := self.weights.get(one.get("code"))) is not None]
            case "ofType", (Step(None, "string", None),):
                return [one for one in found if isinstance(one, str)]
            case "repeat", (Step(None, member, None),):
                return _repeated(found, member)
            case "sum", ():
                return [sum(found)]
            case reduced, () if reduced in _REDUCE:
                return [_REDUCE[reduced](found)] if found else []
            case _:
                raise ValueError(name)

    def _operation(self, op: str, left: Collection, right: Collection) -> Collection:
        if op in ("and", "or"):
            is_and, sides = op == "and", (left[:1], right[:1])
            if [not is_and] in sides:
                return [not is_and]
            return [is_and] if sides == ([is_and], [is_and]) else []
        if not left or not right:
            return []
        if op in _COMPARE:
            if len(left) > 1 or len(right) > 1:
                return [(left == right) == (op == "=")]
            return [_COMPARE[op](left[0], right[0])]
        (one,), (two,) = left, right
        match op:
            case "+":
                return [one + two]
            case "-":
                return [one - two]
            case "*":
                return [one * two]
            case _:
                return [Fraction(one) / Fraction(two)] if two else []


def _members(found: Collection, name: str) -> Collection:
    inner: Collection = []
    for one in found:
        if not isinstance(one, dict):
            continue
        node = cast(dict[str, Any], one)
        keys = [k for k in node if k == name or (name == "value" and k.startswith("value"))]
        for key in keys:
            value = node[key]
            inner += cast(Collection, value) if isinstance(value, list) else [value]
    return [Fraction(str(v)) if type(v) in (int, float) else v for v in inner]


def _repeated(found: Collection, name: str) -> Collection:
    inner: Collection = []
    waiting = _members(found, name)
    while waiting:
        inner += waiting
        waiting = _members(waiting, name)
    return inner
