"""The properties of a part, read from its own schema, and the edits that a filled-in form asks for.

A question type that is added to the engine has its panel without a line here.
"""

import datetime
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Struct
from msgspec import inspect as schema

from builder.edits import AnyEdit, SetMember, Several
from builder.tree import Tree
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
MAX_TYPED = 20_000
BAR = "|"
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


class BadValue(ValueError):
    """What was typed is no value of this member: `member` and the `code` of what is wrong."""

    def __init__(self, member: str, code: str) -> None:
        super().__init__(f"{member}: {code}")
        self.member = member
        self.code = code


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


# What a form asks for


def edits_of(
    of: str,
    part: Struct,
    shown: Tree,
    form: Mapping[str, str],
    languages: tuple[str, ...],
    now: Tree | None = None,
) -> AnyEdit | None:
    """The edit that a filled-in panel asks for; None where nothing differs from what was shown.

    `shown` is the part as its author saw it, from the form's own hidden copy: what they did not
    touch is left as it is, whoever changed it meanwhile. What stands there already (`now`) needs no
    edit: a form that is sent twice says nothing new.

    Raises:
        BadValue: a typed value is of the wrong kind.
    """
    edits: list[AnyEdit] = []
    for one in properties_of(part):
        for member, key in _inputs(one, shown, languages):
            name = f"m:{member}"
            if name not in form and one.kind not in ("yes_no", "required"):
                continue
            was = _at(shown, member)
            value = _read(one, key, form.get(name, ""), was)
            if value != was and (now is None or value != _at(now, member)):
                seen = None if was is UNSET else was
                edits.append(SetMember(of=of, member=member, value=value, was=seen))
    edits += _carried_labels(of, part, edits)
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Several(edits=tuple(edits))


def _carried_labels(of: str, part: Struct, edits: list[AnyEdit]) -> list[AnyEdit]:
    """What the end of a scale is called goes along where the end is moved."""
    found: list[AnyEdit] = []
    for one in edits:
        inside, _, last = one.member.rpartition("/") if isinstance(one, SetMember) else ("", "", "")
        holder: Any = getattr(part, inside, None) if inside else part
        labels: Tree = getattr(holder, "labels", {}) if last in ("min", "max") else {}
        old = str(getattr(holder, last)) if labels else ""
        if isinstance(one, SetMember) and old in labels and type(one.value) is int:
            at = f"{inside}/labels" if inside else "labels"
            found.append(SetMember(of=of, member=f"{at}/{old}", was=labels[old]))
            if str(one.value) not in labels:
                found.append(SetMember(of=of, member=f"{at}/{one.value}", value=labels[old]))
    return found


def _inputs(one: Property, shown: Tree, languages: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """The inputs of a property: each with the member that it sets."""
    if one.kind == "text":
        return text_inputs(one.member, shown, languages)
    if one.kind == "texts":
        return [
            (member, None)
            for key in one.values
            for member, _ in text_inputs(f"{one.member}/{key}", shown, languages)
        ]
    if one.kind == "points":
        return [(f"{one.member}/{key}", key) for key in one.values]
    return [(one.member, None)]


def text_inputs(
    member: str, shown: Tree, languages: tuple[str, ...]
) -> list[tuple[str, str | None]]:
    """A text is typed in once where one string serves every language, else in each of them."""
    if isinstance(_at(shown, member), str):
        return [(member, None)]
    return [(f"{member}/{language}", language) for language in languages]


def value_at(shown: Tree, member: str) -> Any:
    """What a member holds, for the form; None where it is left out."""
    found = _at(shown, member)
    return None if found is UNSET else found


def _at(shown: Tree, member: str) -> Any:
    node: Any = shown
    for step in member.split("/"):
        node = cast(Tree, node).get(step, UNSET) if isinstance(node, dict) else UNSET
    return node


def _read(one: Property, key: str | None, typed: str, was: Any) -> Any:
    """The value that was typed; UNSET for the default, which documents leave out."""
    text = typed.strip().replace("\r\n", "\n")
    if len(text) > MAX_TYPED:
        raise BadValue(one.member, "too_long")
    match one.kind:
        case "required":
            is_rule = isinstance(was, dict)
            return cast(Any, was) if is_rule else (True if text else UNSET)
        case "yes_no":
            return True if text else (UNSET if not one.default else False)
        case "text" | "texts" | "line":
            return text or UNSET
        case "choice":
            return _choice(one, text)
        case "whole" | "points" | "number":
            return _number(one, text, was)
        case "list":
            return _list(text, was)
        case "lines" if isinstance(was, list) and text == shown_lines(one, cast(Any, was)).strip():
            return cast(Any, was)
        case "lines":
            return [_line(one, row) for row in text.split("\n") if row.strip()] or UNSET
        case "some":
            return _some(one, text, was)
        case "json":
            return _json(one, text)


def _list(text: str, was: Any) -> Any:
    """Words between commas; the order of what is only ticked says nothing."""
    words = text.replace("，", ",").replace("\n", ",").split(",")
    found = list(dict.fromkeys(word.strip() for word in words if word.strip()))
    is_same = isinstance(was, list) and sorted(found) == sorted(cast(list[str], was))
    return cast(Any, was) if is_same else found or UNSET


def _line(one: Property, row: str) -> Tree:
    """An entry from its words between bars; words that may be missing come last."""
    words = [word.strip() for word in row.split(BAR)]
    if len(words) > len(one.values) or not words[0]:
        raise BadValue(one.member, "line")
    return {name: word for name, word in zip(one.values, words, strict=False) if word}


def _some(one: Property, text: str, was: Any) -> Any:
    if not text:
        return UNSET
    if text.isascii() and text.isdecimal() and len(text) < 4:
        return was if was is False and text == "1" else int(text)
    return [part.strip() for part in text.replace("，", ",").split(",") if part.strip()]


def shown_lines(one: Property, entries: list[Tree]) -> str:
    """Entries as they are typed in, one a line."""
    rows = ([entry.get(name, "") for name in one.values] for entry in entries)
    return "\n".join(f" {BAR} ".join(row).rstrip(f" {BAR}") for row in rows)


def _choice(one: Property, text: str) -> Any:
    if text and text not in one.values:
        raise BadValue(one.member, "choice")
    return UNSET if not text or text == one.default else text


def _number(one: Property, text: str, was: Any) -> Any:
    if not text:
        return UNSET
    try:
        value = float(text) if one.kind != "whole" and not text.lstrip("-").isdigit() else int(text)
    except ValueError:
        raise BadValue(one.member, "number") from None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not abs(value) < 1e15:
        raise BadValue(one.member, "number")
    below = one.minimum is not None and value < one.minimum
    if below or (one.maximum is not None and value > one.maximum):
        raise BadValue(one.member, "limits")
    is_left_out = one.kind == "whole" and value == one.default and was is UNSET
    return UNSET if is_left_out else value


def _json(one: Property, text: str) -> Any:
    if not text:
        return UNSET
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise BadValue(one.member, "json") from None


# New parts


def new_question(
    kind: type[Struct], document: str, called: Mapping[str, Mapping[str, str]] = {}
) -> Tree:
    """A question of a type with as little as its schema asks for. Its texts are yet to be written.

    `document` is what a consent is about, `called` what the ends of a scale are called, each by
    language: `worst` and `best`, `unwilling` and `willing`.
    """
    tag = str(kind.__struct_config__.tag)
    made: Tree = {"id": tag, "type": tag, "text": {}}
    needed = {one.encode_name for one in msgspec.structs.fields(kind) if one.required}

    def blank(prefix: str) -> list[Tree]:
        return [{"id": f"{prefix}_{n}", "text": {}} for n in (1, 2)]

    def ends(low: str, high: str, lowest: str, highest: str) -> Tree:
        if lowest not in called:
            return {}
        return {"labels": {low: dict(called[lowest]), high: dict(called[highest])}}

    if "options" in needed:
        made["options"] = blank("option")
    if "rows" in needed:
        scale = {"min": 1, "max": 5} | ends("1", "5", "worst", "best")
        made |= {"rows": blank("row"), "scale": scale}
    if "nodes" in needed:
        made["nodes"] = blank("node")
    if "document" in needed:
        made |= {"document": document, "version": 1}
    match tag:
        case "rating":
            made |= ends("1", "5", "worst", "best")
        case "nps":
            made |= ends("0", "10", "unwilling", "willing")
        case _:
            pass
    return made


def new_page() -> Tree:
    """An empty page; patients see no heading over it until one is written."""
    return {"id": "page", "questions": []}


def new_survey(survey_id: str, title: str, kind: str, languages: tuple[str, ...]) -> Tree:
    """A survey with one empty page."""
    return {
        "format": "huisheng.survey/1",
        "id": survey_id,
        "title": {languages[0]: title},
        "languages": list(languages),
        "kind": kind,
        "pages": [new_page()],
    }


def free_id(prefix: str, day: datetime.date, taken: set[str]) -> str:
    """An id for a survey that bears a Chinese name: `form_20261124`, numbered where taken."""
    name, number = f"{prefix}_{day:%Y%m%d}", 2
    wanted = name
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted
