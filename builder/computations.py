"""Computed values as forms: the operations that the schema knows, and the operands of each."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

from builder.names import Names, number_text
from builder.references import made_of
from builder.tree import Tree
from engine.definition import Aggregate, Binary, Computed, ComputedValue, Document, Operand
from engine.scope import NEVER, Scope, operands

Shape = Literal["many", "two", "choice"]
MAX_TYPED = 20
MOST = 100
"""So many operands has a form at the most."""
NUMBER = "#"
"""Chosen in place of a ref: the number beside it."""
ALWAYS: Tree = {"op": "all", "of": []}
"""What an `if` begins with, until a condition is written."""


class Operands(Struct, frozen=True):
    """A computed value as a form shows it: each operand a ref, or `#` with the number typed."""

    op: str
    shape: Shape
    parts: tuple[tuple[str, str], ...]


class BadOperand(ValueError):
    """What was typed for an operand is no number."""


def operations() -> dict[str, Shape]:
    """Every operation with the shape of its operands, as the schema has them."""
    found: dict[str, Shape] = {}
    for kind in get_args(ComputedValue):
        tag = str(kind.__struct_config__.tag)
        is_pair = issubclass(kind, Binary)
        found[tag] = "many" if issubclass(kind, Aggregate) else "two" if is_pair else "choice"
    return found


def numeric_refs(document: Document, computed: str, lang: str) -> list[tuple[str, str]]:
    """The numbers that a computed value may be made of, with their words; none made of itself."""
    scope = Scope(document)
    names = Names(scope, lang)
    numbers = [name for name, ref in scope.refs.items() if ref.facet.kind == "number"]
    return [
        (name, names.name(name))
        for name in numbers
        if scope.refs[name].position != NEVER and computed not in made_of(scope, name)
    ]


def shown(computed: Computed) -> Operands:
    """The form of a computed value."""
    tag = str(computed.value.__struct_config__.tag)
    parts = tuple(map(_part, operands(computed)))
    return Operands(tag, operations()[tag], parts)


def _part(operand: Operand) -> tuple[str, str]:
    return (operand, "") if isinstance(operand, str) else (NUMBER, number_text(operand))


def read(form: Mapping[str, str], now: Tree) -> Tree:
    """The value that a form asks for; `now` is what stands there, whose condition stays.

    Raises:
        BadOperand: what was typed is no number, or there is no such operation.
    """
    op = form.get("op", "")
    shape = operations().get(op)
    if shape is None:
        raise BadOperand(op)
    count = sum(1 for n in range(MOST) if f"ref:{n}" in form)
    parts = [_typed(form.get(f"ref:{n}", ""), form.get(f"number:{n}", "")) for n in range(count)]
    found = [one for one in parts if one is not None]
    if shape == "many":
        return {"op": op, "of": found}
    pair = [*found, 1, 1][:2]
    if shape == "two":
        return {"op": op, "of": pair}
    return {"op": op, "when": now.get("when", ALWAYS), "then": pair[0], "else": pair[1]}


def _typed(ref: str, number: str) -> Operand | None:
    """An operand; None for a line that was left empty."""
    if ref != NUMBER:
        return ref or None
    text = number.strip()
    try:
        value = float(text) if len(text) <= MAX_TYPED else float("nan")
    except ValueError:
        raise BadOperand(text) from None
    if not abs(value) < 1e15:
        raise BadOperand(text)
    return int(value) if value.is_integer() else value


def new_computed(document: Document, title: str) -> Tree:
    """A computed value to begin with: the mean of the first number that there is."""
    scope = Scope(document)
    first = next((n for n, r in scope.refs.items() if r.facet.kind == "number"), None)
    of: list[Any] = [0 if first is None else first]
    value = {"op": "mean", "of": of}
    return {"id": "value_1", "title": {document.languages[0]: title}, "value": value}
