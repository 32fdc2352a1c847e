"""Builds frozen structs from decoded JSON and names every fault on the way, not only the first."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect as mi

from engine.numbers import is_number, is_precise
from engine.problems import MAX_PROBLEMS, Problem, pointer
from engine.spelling import nearest


class Broken:
    """Stands for a value that could not be read; its faults have been noted."""


BROKEN = Broken()


class TooManyProblems(Exception):
    """So much is wrong that reading on would tell nothing new."""


MAX_GUESSES = 100
"""Guessing what was meant takes time, and nobody reads the hundredth guess."""


class Reader:
    """Collects problems while values are read; `broken` holds the pointers of unusable values,
    `left_out` those of list items that were left out, `lost_ids` the ids inside them, so that later
    checks count places as the author does and do not speak of the same fault twice."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.broken: list[str] = []
        self.left_out: list[str] = []
        self.lost_ids: set[str] = set()

    def read(self, kind: Any, value: Any, at: str) -> Any:
        """The value as `kind` wants it, or BROKEN after noting what is wrong."""
        if len(self.problems) > MAX_PROBLEMS:
            raise TooManyProblems
        reader = _READERS.get(kind.__class__)
        if reader is None:
            raise TypeError(f"no reader for {kind!r}")
        return reader(self, kind, value, at)

    def note(self, code: str, at: str, /, **params: Any) -> Broken:
        """Records a fault that makes the value at `at` unusable."""
        self.problems.append(Problem(code, at, params))
        self.broken.append(at)
        return BROKEN

    def note_unknown(self, name: str, at: str, free: Iterable[str]) -> None:
        """Records a key that is not known; the first ones with the key that was probably meant."""
        if len(self.problems) > MAX_PROBLEMS:
            raise TooManyProblems
        meant = nearest(name, free) if len(self.problems) < MAX_GUESSES else None
        params = {"key": name} | ({"nearest": meant} if meant else {})
        self.problems.append(Problem("unknown_key", at + pointer(name), params))


class _Fields(NamedTuple):
    by_name: dict[str, Any]
    required: tuple[str, ...]


@cache
def _struct(cls: type) -> mi.StructType:
    info = mi.type_info(cls)
    assert isinstance(info, mi.StructType)
    return info


@cache
def _fields(cls: type) -> _Fields:
    fields = _struct(cls).fields
    return _Fields(
        {f.encode_name: f for f in fields}, tuple(f.encode_name for f in fields if f.required)
    )


def _read_struct(reader: Reader, kind: mi.StructType, value: Any, at: str) -> Any:
    if value.__class__ is not dict:
        return reader.note("wrong_type", at, expected="object")
    table = _fields(kind.cls)
    given: dict[str, Any] = {}
    lost = False
    for name, item in value.items():
        if name == kind.tag_field:
            continue
        field = table.by_name.get(name)
        if field is None:
            reader.note_unknown(name, at, (key for key in table.by_name if key not in value))
            continue
        result = reader.read(field.type, item, at + pointer(name))
        if result is BROKEN:
            lost = lost or field.required
        else:
            given[field.name] = result
    for name in table.required:
        if name not in value:
            reader.problems.append(Problem("missing_key", at, {"key": name}))
            lost = True
    if lost:
        reader.broken.append(at)
        _collect_ids(value, reader.lost_ids)
        return BROKEN
    return kind.cls(**given)


def _collect_ids(value: Any, into: set[str]) -> None:
    if value.__class__ is dict:
        own = value.get("id")
        if own.__class__ is str:
            into.add(own)
        for item in value.values():
            _collect_ids(item, into)
    elif value.__class__ is list:
        for item in value:
            _collect_ids(item, into)


def _read_union(reader: Reader, kind: mi.UnionType, value: Any, at: str) -> Any:
    options = _union(kind)
    if value is None and options.none:
        return None
    cls = value.__class__
    if cls is dict and options.tagged:
        return _read_tagged(reader, options, value, at)
    choice = options.by_class.get(cls)
    if choice is None:
        return reader.note("wrong_type", at, expected=options.expected)
    return reader.read(choice, value, at)


class _Union(NamedTuple):
    none: bool
    tagged: dict[str, mi.StructType]
    tag_field: str
    by_class: dict[type, Any]
    expected: str


_UNIONS: dict[int, tuple[mi.UnionType, _Union]] = {}


def _union(kind: mi.UnionType) -> _Union:
    found = _UNIONS.get(id(kind))
    if found is None:
        found = _UNIONS[id(kind)] = (kind, _sort_union(kind))
    return found[1]


def _sort_union(kind: mi.UnionType) -> _Union:
    tagged: dict[str, mi.StructType] = {}
    by_class: dict[type, Any] = {}
    names: list[str] = []
    none = False
    for option in kind.types:
        match option:
            case mi.NoneType():
                none = True
                continue
            case mi.StructType() if option.tag_field:
                tagged[str(option.tag)] = option
            case mi.StructType() | mi.DictType():
                by_class[dict] = option
            case mi.StrType() | mi.LiteralType():
                by_class[str] = option
            case mi.BoolType():
                by_class[bool] = option
            case mi.IntType():
                by_class[int] = option
                by_class.setdefault(float, option)
            case mi.FloatType():
                by_class[float] = option
                by_class.setdefault(int, option)
            case _:
                by_class[list] = option
        names.append(_name(option))
    tag_field = next((str(t.tag_field) for t in tagged.values()), "")
    expected = " / ".join(dict.fromkeys(names))
    return _Union(none, tagged, tag_field, by_class, expected)


def _name(kind: Any) -> str:
    match kind:
        case mi.StructType() | mi.DictType():
            return "object"
        case mi.StrType() | mi.LiteralType():
            return "string"
        case mi.BoolType():
            return "boolean"
        case mi.IntType():
            return "integer"
        case mi.FloatType():
            return "number"
        case _:
            return "array"


def _read_tagged(reader: Reader, options: _Union, value: Any, at: str) -> Any:
    tag = value.get(options.tag_field)
    if options.tag_field not in value:
        reader.note("missing_key", at, key=options.tag_field)
    elif tag.__class__ is not str or tag not in options.tagged:
        reader.problems.append(
            Problem(
                "unknown_tag",
                at + pointer(options.tag_field),
                {"value": _brief(tag), "allowed": sorted(options.tagged)},
            )
        )
        reader.broken.append(at)
    else:
        return _read_struct(reader, options.tagged[tag], value, at)
    _collect_ids(value, reader.lost_ids)
    return BROKEN


def _read_array(reader: Reader, kind: Any, value: Any, at: str) -> Any:
    if value.__class__ is not list:
        return reader.note("wrong_type", at, expected="array")
    if kind.min_length is not None and len(value) < kind.min_length:
        return reader.note("too_few_items", at, min=kind.min_length)
    if kind.max_length is not None and len(value) > kind.max_length:
        return reader.note("too_many_items", at, max=kind.max_length)
    items = [reader.read(kind.item_type, item, f"{at}/{i}") for i, item in enumerate(value)]
    if BROKEN not in items:
        return tuple(items)
    reader.left_out += [f"{at}/{i}" for i, item in enumerate(items) if item is BROKEN]
    return tuple(item for item in items if item is not BROKEN)


def _read_dict(reader: Reader, kind: mi.DictType, value: Any, at: str) -> Any:
    if value.__class__ is not dict:
        return reader.note("wrong_type", at, expected="object")
    if isinstance(kind.value_type, mi.AnyType):
        return value
    read = {k: reader.read(kind.value_type, v, at + pointer(k)) for k, v in value.items()}
    return {k: v for k, v in read.items() if v is not BROKEN}


def _read_str(reader: Reader, kind: mi.StrType, value: Any, at: str) -> Any:
    if value.__class__ is not str:
        return reader.note("wrong_type", at, expected="string")
    if kind.pattern is not None and not re.search(kind.pattern, value):
        return reader.note("bad_pattern_value", at, pattern=kind.pattern)
    return value


def _read_bool(reader: Reader, kind: mi.BoolType, value: Any, at: str) -> Any:
    return value if value.__class__ is bool else reader.note("wrong_type", at, expected="boolean")


def _read_int(reader: Reader, kind: mi.IntType, value: Any, at: str) -> Any:
    if value.__class__ is float and value.is_integer():
        value = int(value)
    if value.__class__ is not int:
        return reader.note("wrong_type", at, expected="integer")
    return _within(reader, kind, value, at)


def _read_float(reader: Reader, kind: mi.FloatType, value: Any, at: str) -> Any:
    if not is_number(value):
        return reader.note("wrong_type", at, expected="number")
    return _within(reader, kind, value, at)


def _within(reader: Reader, kind: mi.IntType | mi.FloatType, value: Any, at: str) -> Any:
    if not is_precise(value):
        return reader.note("too_precise", at)
    if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        return reader.note("out_of_range", at, min=kind.ge, max=kind.le)
    return value


def _read_literal(reader: Reader, kind: mi.LiteralType, value: Any, at: str) -> Any:
    if value.__class__ is str and value in kind.values:
        return value
    return reader.note("unknown_value_of", at, value=_brief(value), allowed=list(kind.values))


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _read_any(reader: Reader, kind: Any, value: Any, at: str) -> Any:
    return value


_READERS: dict[type, Any] = {
    mi.StructType: _read_struct,
    mi.UnionType: _read_union,
    mi.VarTupleType: _read_array,
    mi.ListType: _read_array,
    mi.DictType: _read_dict,
    mi.StrType: _read_str,
    mi.BoolType: _read_bool,
    mi.IntType: _read_int,
    mi.FloatType: _read_float,
    mi.LiteralType: _read_literal,
    mi.AnyType: _read_any,
}


def read_struct(cls: type[msgspec.Struct], value: Any) -> tuple[Any, Reader]:
    """Reads decoded JSON as a struct.

    Returns:
        The struct or BROKEN, and the reader that holds every fault found.
    """
    reader = Reader()
    try:
        return reader.read(_struct(cls), value, ""), reader
    except TooManyProblems:
        return BROKEN, reader
