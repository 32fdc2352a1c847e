"""The properties of a part, read from its own schema.

A question type that is added to the engine has its panel without a line here.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct
from msgspec import inspect as schema

from engine.definition import ContextField, Document

Kind = Literal[
    "text", "line", "whole", "number", "yes_no", "choice", "list", "required", "texts", "points",
    "lines", "some", "json",
]  # fmt: skip
OWN = frozenset(
    ("id", "type", "bank", "show_if", "when", "next", "questions", "options", "rows",
     "nodes", "pages", "computed", "scores", "endings", "alerts", "walks", "of", "weights",
     "answers", "expect", "languages", "media", "image", "value", "context")
)  # fmt: skip
"""Members that have a place of their own on the page."""
RARE = frozenset(
    ("tags", "privacy", "codes", "ext", "media", "points", "reverse", "pattern", "pattern_message",
     "dimension", "url", "category", "audience", "rows_required", "within", "shuffle",
     "appearance", "min_length", "max_length", "max_bytes", "types", "open_form", "min_answered")
)  # fmt: skip
"""Members that few authors need; the panel keeps them folded away."""
"""Between the words of an entry that is typed in as a line."""


class Property(Struct, frozen=True):
    """One member of a part, or of a struct in it (`audience/sites`): how it is typed in.

    `values` are the choices of `choice`, the keys of `texts` and `points`, the columns of `lines`:
    entries of several words, one a line. `some` is a number of entries, or which.
    """

    member: str
    kind: Kind
    default: Any
    is_optional: bool
    minimum: int | None = None
    maximum: int | None = None
    values: tuple[str, ...] = ()

    @property
    def is_rare(self) -> bool:
        """Whether the panel folds it away."""
        return self.member.partition("/")[0] in RARE


@cache
def schema_of(kind: type[Struct]) -> tuple[Property, ...]:
    """The properties of a struct type in the order of its members, those of a struct inside it in
    its place."""
    return tuple(_properties(kind, ""))


def _properties(kind: type[Struct], inside: str) -> Iterator[Property]:
    for field in fields_of(kind):
        if not inside and is_elsewhere(kind, field.encode_name):
            continue
        _, kinds = _kinds(field.type)
        match kinds:
            case [schema.StructType(cls=inner)]:
                yield from _properties(inner, f"{inside}{field.encode_name}/")
            case _:
                one = _property(field)
                if one.kind == "choice":
                    one = msgspec.structs.replace(one, values=_in_order(kind, field.name))
                yield msgspec.structs.replace(one, member=inside + one.member)


def _in_order(kind: type[Struct], name: str) -> tuple[str, ...]:
    """The words of a literal as they were written; the schema's own list is sorted."""

    def words(hint: Any) -> Iterator[str]:
        if get_origin(hint) is Literal:
            yield from map(str, get_args(hint))
        else:
            for inner in get_args(hint):
                yield from words(inner)

    return tuple(words(get_type_hints(kind)[name]))


def fields_of(kind: type[Struct]) -> tuple[schema.Field, ...]:
    """The members of a struct type."""
    info = schema.type_info(kind)
    assert isinstance(info, schema.StructType)
    return info.fields


def is_elsewhere(kind: type[Struct], member: str) -> bool:
    """Whether a member has a place of its own beside the panel."""
    if kind is ContextField:
        return False
    return member in OWN or (kind is Document and member == "format")


def properties_of(part: Struct) -> tuple[Property, ...]:
    """The properties of this part; the keys of its labels and points follow from its scale."""
    found: list[Property] = []
    for one in schema_of(type(part)):
        *path, _ = one.member.split("/")
        holder: Any = part
        for step in path:
            holder = getattr(holder, step, None)
        if holder is None and path and _is_built(type(part), path[0]):
            continue
        if one.kind in ("texts", "points") and isinstance(holder, Struct):
            one = msgspec.structs.replace(one, values=tuple(_scale(holder)))
        found.append(one)
    return tuple(found)


def _is_built(kind: type[Struct], member: str) -> bool:
    """Whether a struct that is not there takes more than one value to begin, as a scale does."""
    field = next(one for one in fields_of(kind) if one.encode_name == member)
    _, kinds = _kinds(field.type)
    inner = kinds[0]
    return isinstance(inner, schema.StructType) and sum(one.required for one in inner.fields) > 1


def _property(field: schema.Field) -> Property:
    default = None if field.default is msgspec.NODEFAULT else field.default
    optional, kinds = _kinds(field.type)
    name = field.encode_name
    match kinds:
        case [schema.BoolType()]:
            return Property(name, "yes_no", bool(default), True)
        case [schema.LiteralType(values=values)]:
            return Property(name, "choice", default, optional, values=tuple(map(str, values)))
        case [schema.IntType() as whole]:
            return Property(name, "whole", default, optional, whole.ge, whole.le)
        case [schema.IntType(), schema.FloatType()]:
            return Property(name, "number", default, optional)
        case [schema.StrType(), schema.DictType()]:
            return Property(name, "text", default, optional)
        case [schema.StrType()]:
            return Property(name, "line", default, optional)
        case [schema.VarTupleType(item_type=schema.StrType())]:
            return Property(name, "list", (), True)
        case [schema.DictType(value_type=schema.UnionType() as values)]:
            _, inner = _kinds(values)
            texts = isinstance(inner[0], schema.StrType)
            return Property(name, "texts" if texts else "points", {}, True)
        case [schema.BoolType(), *rest] if all(isinstance(one, schema.StructType) for one in rest):
            return Property(name, "required", False, True)
        case [schema.VarTupleType(item_type=schema.StructType(fields=columns))] if all(
            isinstance(_kinds(one.type)[1][0], schema.StrType) for one in columns
        ):
            names = tuple(one.encode_name for one in columns)
            return Property(name, "lines", (), True, values=names)
        case [schema.BoolType(), schema.IntType(), schema.VarTupleType()]:
            return Property(name, "some", default, True)
        case _:
            return Property(name, "json", default, optional)


def _kinds(found: schema.Type) -> tuple[bool, list[schema.Type]]:
    """Whether null is among the types, and the others in a fixed order."""
    order = ("BoolType", "IntType", "FloatType", "StrType", "LiteralType", "DictType")
    all_of = list(found.types) if isinstance(found, schema.UnionType) else [found]
    others = [one for one in all_of if not isinstance(one, schema.NoneType)]
    names = [type(one).__name__ for one in others]
    ranks = [order.index(name) if name in order else len(order) for name in names]
    return len(others) < len(all_of), [one for _, _, one in sorted(
        zip(ranks, range(len(others)), others, strict=True)
    )]  # fmt: skip


def _scale(part: Struct) -> list[str]:
    """The values that a part's labels and points may name."""
    low, high = getattr(part, "min", None), getattr(part, "max", None)
    if isinstance(low, int) and isinstance(high, int) and 0 <= high - low <= 20:
        return [str(value) for value in range(low, high + 1)]
    kind = part.__struct_config__.tag
    return {"nps": ["0", "10"], "yes_no": ["yes", "no"]}.get(str(kind), [])
