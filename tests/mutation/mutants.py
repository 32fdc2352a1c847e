"""Every way to turn one operator, comparison or small constant of a module round, by its AST."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_TURNED = {
    " and ": " or ",
    " or ": " and ",
    " is not ": " is ",
    " is None": " is not None",
    " not in ": " in ",
    "not ": "",
    " <= ": " < ",
    " >= ": " > ",
    " == ": " != ",
    " != ": " == ",
    " += ": " -= ",
    " = 0": " = 1",
    " * ": " + ",
}
_TOKENS = re.compile("|".join(re.escape(token) for token in _TURNED))
_SYMBOLS = {"==": "!=", "!=": "==", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
SMALL = 100
_WORDED = frozenset({"fault", "bad", "Problem"})
_ELSEWHERE = frozenset(
    {"cells", "entered_text", "rename_placeholders", "accepts", "point_values", "texts"}
)
"""Exports, the builder, proofs and the check of texts use these; they have tests of their own."""


@dataclass(frozen=True)
class Mutant:
    """One change of one place. `key` names it without line numbers, so that it can be listed."""

    key: str
    line: int
    apply: Callable[[], None]


def mutants(tree: ast.Module, path: Path, module: str, generates_code: bool) -> Iterator[Mutant]:
    """All mutants of a parsed module; `apply` changes the tree itself, for good.

    Args:
        module: what the keys begin with.
        generates_code: its strings are Python code, in which operators are turned round too.
    """
    source = path.read_text("utf-8")
    seen: Counter[str] = Counter()
    for node, where in _places(tree, ""):
        for change, apply in _changes(node, generates_code):
            text = " ".join((ast.get_source_segment(source, node) or "").split())[:90]
            key = f"{module}.{where}: {change} in `{text}`"
            seen[key] += 1
            if seen[key] > 1:
                key += f" ({seen[key]})"
            yield Mutant(key, getattr(node, "lineno", 0), apply)


def _places(node: ast.AST, where: str) -> Iterator[tuple[ast.AST, str]]:
    """Nodes that do something: no annotations, docstrings, assertions or exported names."""
    yield node, where
    if isinstance(node, ast.Call):
        yield from _argument_places(node, where)
        return
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "type_params") or (
            isinstance(node, ast.ClassDef) and field == "keywords"
        ):
            continue
        children = cast(list[object], value) if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST) and not _is_still(child):
                yield from _places(child, _named(child, where))


def _argument_places(call: ast.Call, where: str) -> Iterator[tuple[ast.AST, str]]:
    """Without what a problem's wording is told."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    yield from _places(call.func, where)
    for argument in call.args:
        yield from _places(argument, where)
    for keyword in call.keywords if name not in _WORDED else ():
        if keyword.arg != "strict":
            yield from _places(keyword.value, where)


def _named(node: ast.AST, where: str) -> str:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return f"{where}.{node.name}".lstrip(".")
    return where


def _is_still(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.FunctionDef) and node.name in _ELSEWHERE:
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    return False


def _changes(node: ast.AST, code: bool) -> Iterator[tuple[str, Callable[[], None]]]:
    match node:
        case ast.Compare():
            for i, old in enumerate(node.ops):
                for new in _COMPARISONS[type(old)]:
                    yield f"{type(old).__name__}→{new.__name__}", _put_item(node.ops, i, new())
        case ast.BoolOp():
            new_word = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield f"{type(node.op).__name__} turned", _put(node, "op", new_word)
        case ast.UnaryOp(op=ast.Not()):
            yield "not left out", _put(node, "op", ast.UAdd(), wrap=True)
        case ast.UnaryOp(op=ast.USub()):
            yield "minus left out", _put(node, "op", ast.UAdd())
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _ARITHMETIC:
            new_op = _ARITHMETIC[type(node.op)]
            yield f"{type(node.op).__name__}→{new_op.__name__}", _put(node, "op", new_op())
        case ast.Constant():
            for name, new_value in _constants(node.value, code):
                yield name, _put(node, "value", new_value)
        case _:
            return


def _constants(value: object, code: bool) -> Iterator[tuple[str, object]]:
    match value:
        case bool():
            yield f"{value}→{not value}", not value
        case int() if value <= SMALL:
            yield f"{value}→{value + 1}", value + 1
        case str() if value in _SYMBOLS:
            yield f"{value}→{_SYMBOLS[value]}", _SYMBOLS[value]
        case str() if code:
            for found in _TOKENS.finditer(value):
                turned = value[: found.start()] + _TURNED[found[0]] + value[found.end() :]
                yield f"“{found[0]}” at {found.start()}", turned
        case _:
            return


def _put_item(items: list[ast.cmpop], index: int, value: ast.cmpop) -> Callable[[], None]:
    def apply() -> None:
        items[index] = value

    return apply


def _put(node: ast.AST, field: str, value: object, wrap: bool = False) -> Callable[[], None]:
    def apply() -> None:
        if wrap:  # `not x` becomes `not not x`, a plain bool
            inner: ast.UnaryOp = node  # type: ignore[assignment]
            inner.operand = ast.UnaryOp(ast.Not(), inner.operand)
            ast.fix_missing_locations(node)
        else:
            setattr(node, field, value)

    return apply
