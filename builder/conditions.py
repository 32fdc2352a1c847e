"""A rule as an author edits it: rows and nested groups that may be unfinished, and forms of them.

`from_rule` and `to_rule` keep the meaning, unknown values included. `act` is what the buttons of a
page do; `to_form` and `from_form` are the page's fields, so that it works without scripts.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from builder.choices import COMPARED, LISTED, Op, RefChoice, literal_text
from engine.definition import MAX_COMPARISONS
from engine.questions.base import FacetKind
from engine.questions.moments import is_date, is_time
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
    Scalar,
)
from engine.ruletree import Any as AnyOf

MAX_LEVELS = 8
MAX_PARTS = 4 * MAX_COMPARISONS
How = Literal["all", "any"]
Fault = Literal["choose_ref", "choose_op", "give_value", "bad_value", "not_earlier", "empty_group"]
Path = tuple[int, ...]
_COMPARISONS: dict[str, type[Comparison]] = {
    "eq": Eq, "ne": Ne, "lt": Lt, "le": Le, "gt": Gt, "ge": Ge,
}  # fmt: skip
_SETS: dict[str, type[Membership]] = {
    "in": In, "has_any": HasAny, "has_all": HasAll, "has_none": HasNone,
}  # fmt: skip
_OPPOSITE: dict[str, Op] = {
    "answered": "unanswered", "unanswered": "answered", "always": "never", "never": "always",
}  # fmt: skip
_OPS = frozenset(get_args(Op))


class Row(Struct, frozen=True):
    """A comparison that may be unfinished.

    `typed` holds what was typed and is no value of its kind; `other` is a ref to compare with in
    place of values. `is_bare` lets a list stand empty, as some document had it.
    """

    ref: str = ""
    op: Op | Literal[""] = ""
    values: tuple[Scalar, ...] = ()
    other: str = ""
    is_not: bool = False
    typed: tuple[str, ...] = ()
    is_bare: bool = False


class Group(Struct, frozen=True):
    """Parts of which all, or any, must hold; `is_not` turns it round."""

    how: How = "all"
    is_not: bool = False
    parts: "tuple[Row | Group, ...]" = ()


Part = Row | Group


# Rules


def from_rule(rule: Rule | None) -> Group:
    """The tree of a rule; an empty group for none."""
    if rule is None:
        return Group()
    part = _part(rule, False)
    return part if isinstance(part, Group) else Group(parts=(part,))


def _part(rule: Rule, is_not: bool) -> Part:
    match rule:
        case Not():
            return _part(rule.of, not is_not)
        case All() | AnyOf():
            is_all = isinstance(rule, All)
            if not rule.of:
                return Row(op="always" if is_all != is_not else "never")
            return Group(
                "all" if is_all else "any", is_not, tuple(_part(p, False) for p in rule.of)
            )
        case Answered():
            return Row(rule.ref, "unanswered" if is_not else "answered")
        case Membership():
            op = next(op for op, kind in _SETS.items() if isinstance(rule, kind))
            return Row(rule.ref, _op(op), rule.value, is_not=is_not, is_bare=not rule.value)
        case _:
            op = next(op for op, kind in _COMPARISONS.items() if isinstance(rule, kind))
            values = () if rule.value is None else (rule.value,)
            return Row(rule.ref, _op(op), values, rule.other or "", is_not)


def _op(text: str) -> Op | Literal[""]:
    found: Op | Literal[""] = ""
    if text in _OPS:
        found = text  # pyright: ignore[reportAssignmentType] - it is one of them
    return found


def to_rule(group: Group) -> Rule | None:
    """The rule of a tree; None where a part of it is unfinished, or where there is none."""
    parts: list[Rule] = []
    for part in group.parts:
        rule = _row_rule(part) if isinstance(part, Row) else to_rule(part)
        if rule is None:
            return None
        parts.append(rule)
    if not parts:
        return None
    kind = All if group.how == "all" else AnyOf
    whole = parts[0] if len(parts) == 1 else kind(of=tuple(parts))
    return Not(of=whole) if group.is_not else whole


def _row_rule(row: Row) -> Rule | None:
    rule = _plain_rule(row)
    return Not(of=rule) if rule is not None and row.is_not else rule


def _plain_rule(row: Row) -> Rule | None:
    if row.op in ("always", "never"):
        return All(of=()) if row.op == "always" else AnyOf(of=())
    if not row.ref or not row.op or row.typed:
        return None
    if row.op in ("answered", "unanswered"):
        answered = Answered(ref=row.ref)
        return answered if row.op == "answered" else Not(of=answered)
    if row.op in _SETS:
        if not row.values and not row.is_bare:
            return None
        return _SETS[row.op](ref=row.ref, value=row.values)  # pyright: ignore[reportReturnType]
    kind = _COMPARISONS[row.op]
    if row.other:
        return kind(ref=row.ref, other=row.other)  # pyright: ignore[reportReturnType]
    if len(row.values) != 1:
        return None
    return kind(ref=row.ref, value=row.values[0])  # pyright: ignore[reportReturnType]


def finished(group: Group, unfinished: Collection[Path], at: Path = ()) -> Group:
    """The tree without the parts that are unfinished (`faults`), and without groups left empty."""
    kept: list[Part] = []
    for i, part in enumerate(group.parts):
        path = (*at, i)
        if isinstance(part, Group):
            part = finished(part, unfinished, path)
            if part.parts:
                kept.append(part)
        elif path not in unfinished:
            kept.append(part)
    return replace(group, parts=tuple(kept))


def rows(group: Group, at: Path = ()) -> Iterator[tuple[Path, Part]]:
    """The parts of a tree with their paths, each group before what is in it."""
    for i, part in enumerate(group.parts):
        yield (*at, i), part
        if isinstance(part, Group):
            yield from rows(part, (*at, i))


def faults(group: Group, refs: Sequence[RefChoice]) -> dict[Path, Fault]:
    """What each unfinished part lacks, by its path."""
    known = {one.name: one for one in refs}
    found: dict[Path, Fault] = {}
    for path, part in rows(group):
        fault = _fault(part, known)
        if fault is not None:
            found[path] = fault
    return found


def _fault(part: Part, known: Mapping[str, RefChoice]) -> Fault | None:
    if isinstance(part, Group):
        return None if part.parts else "empty_group"
    if part.op in ("always", "never"):
        return None
    if not part.ref:
        return "choose_ref"
    for name in (part.ref, part.other):
        if name and (name not in known or not known[name].is_offered):
            return "not_earlier"
    if not part.op:
        return "choose_op"
    if part.typed:
        return "bad_value"
    return "give_value" if _plain_rule(part) is None else None


# Forms


def to_form(group: Group) -> dict[str, str]:
    """The fields that a page shows of a tree; `from_form` gives the tree back."""
    fields = _group_fields("c", group)
    for path, part in rows(group):
        name = ".".join(("c", *map(str, path)))
        if isinstance(part, Group):
            fields |= _group_fields(name, part)
        else:
            fields |= _row_fields(name, part)
    return fields


def _group_fields(name: str, group: Group) -> dict[str, str]:
    return {f"{name}.how": group.how} | ({f"{name}.not": "on"} if group.is_not else {})


def _row_fields(name: str, row: Row) -> dict[str, str]:
    fields = {f"{name}.ref": row.ref, f"{name}.op": row.op, f"{name}.other": row.other}
    if row.is_not:
        fields[f"{name}.not"] = "on"
    texts = [*map(literal_text, row.values), *row.typed]
    for i, text in enumerate(texts):
        fields[f"{name}.value.{i}"] = text
    return fields


_FIELD = re.compile(
    r"c(?P<path>(?:\.[0-9]{1,3}){0,20})\."
    r"(?P<member>how|not|ref|op|other|value\.[0-9]{1,3}|is\..{1,80})",
    re.ASCII | re.DOTALL,
)


def from_form(fields: Mapping[str, str], refs: Sequence[RefChoice]) -> Group:
    """The tree that a page's fields say, `c.how` of the whole, `c.0.1.ref` of its parts.

    A row whose operator does not fit takes the first that does; typed values are read as the ref's
    kind has them, and those that are none are kept as `typed`. What lies too deep is left out.
    """
    members: dict[Path, dict[str, str]] = {}
    for name, value in fields.items():
        match = _FIELD.fullmatch(name)
        if match is not None:
            path = tuple(int(step) for step in match["path"].split(".")[1:])
            if len(path) <= MAX_LEVELS and len(members) <= MAX_PARTS:
                members.setdefault(path, {})[match["member"]] = value
    known = {one.name: one for one in refs}
    below: dict[Path, list[Path]] = {}
    for path in sorted(members):
        if path:
            below.setdefault(path[:-1], []).append(path)

    def group(path: Path) -> Group:
        own = members.get(path, {})
        parts = tuple(
            group(one) if "how" in members[one] else _row(members[one], known)
            for one in below.get(path, ())
        )
        return Group("any" if own.get("how") == "any" else "all", "not" in own, parts)

    return group(())


def _row(own: Mapping[str, str], known: Mapping[str, RefChoice]) -> Row:
    ref = own.get("ref", "")
    choice = known.get(ref)
    op = _op(own.get("op", ""))
    if op in ("always", "never"):
        return Row(op=op)
    if choice is not None and not _fits(choice.kind, op):
        op = choice.ops[0]
    is_not = "not" in own
    if op in ("answered", "unanswered"):
        return Row(ref, op, is_not=is_not)
    other = own.get("other", "") if op in COMPARED else ""
    if other in known and choice is not None and known[other].kind != choice.kind:
        other = ""
    values, typed = _values(own, choice)
    if other or not ref:
        values, typed = (), ()
    elif op not in LISTED:
        values, typed = (values[:1], ()) if values else ((), typed[:1])
    return Row(ref, op, values, other, is_not, typed)


def _fits(kind: FacetKind, op: str) -> bool:
    if op in ("answered", "unanswered"):
        return True
    if kind in ("opaque", "set"):
        return kind == "set" and op in ("has_any", "has_all", "has_none")
    if op in ("lt", "le", "gt", "ge"):
        return kind in ("number", "date", "time")
    return op in ("eq", "ne", "in")


def _values(
    own: Mapping[str, str], choice: RefChoice | None
) -> tuple[tuple[Scalar, ...], tuple[str, ...]]:
    """The values that were chosen (`is.text`) or typed (`value.0`), and what is none."""
    numbered = sorted((int(n[6:]), own[n]) for n in own if n.startswith("value."))
    ticked = {name[3:] for name in own if name.startswith("is.")}
    known = [text for text, _ in choice.values if text in ticked] if choice is not None else []
    texts = [*known, *sorted(ticked.difference(known))]
    texts += [text.replace("\r\n", "\n").strip() for _, text in numbered]
    values: dict[str, Scalar] = {}
    typed: list[str] = []
    for text in filter(None, texts):
        value = _literal(text, choice)
        if value is not None:
            values[text] = value
        elif choice is None or not choice.values or choice.kind == "number":
            typed.append(text)
    return tuple(values.values()), tuple(dict.fromkeys(typed))


def _literal(text: str, choice: RefChoice | None) -> Scalar | None:
    """The value that a text of a form stands for; None where it is none of this kind."""
    match choice.kind if choice is not None else "text":
        case "number":
            return _number(text)
        case "boolean":
            return {"true": True, "false": False}.get(text)
        case "date":
            return text if is_date(text) else None
        case "time":
            return text if is_time(text) else None
        case "choice" | "set":
            assert choice is not None
            return text if any(text == value for value, _ in choice.values) else None
        case _:
            return text


def _number(text: str) -> int | float | None:
    try:
        number = Decimal(text.strip().replace("，", "").replace("−", "-"))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= 10**15 or (not number.is_normal() and number):
        return None
    return int(number) if number == number.to_integral_value() else float(number)


# What buttons do


def landing(group: Group, asked: str) -> Path:
    """Where the keyboard goes after a button: to the part that it made or moved.

    Args:
        group: the tree after it.
    """
    verb, _, at = asked.partition(" ")
    path = tuple(int(step) for step in at.split(".") if step.isdecimal())
    if verb == "remove":
        path = path[:-1]
    try:
        part = _at(group, path)
    except NoSuchPart:
        part, path = group, ()
    match verb, part:
        case "add", Row():
            return (*path[:-1], path[-1] + 1) if path else ()
        case "add", Group():
            return (*path, len(part.parts) - 1)
        case "group", Group():
            inner = len(part.parts) - 1
            return (*path, inner, 0) if not _is_wrapped(part) else (*path, 1)
        case "copy", _ if path:
            return (*path[:-1], path[-1] + 1)
        case "up", _ if path:
            return (*path[:-1], max(0, path[-1] - 1))
        case "down", _ if path:
            above = _at(group, path[:-1])
            count = len(above.parts) if isinstance(above, Group) else 1
            return (*path[:-1], min(count - 1, path[-1] + 1))
        case _:
            return path


def _is_wrapped(group: Group) -> bool:
    """Whether this group was just put round a row: the row, and an empty one."""
    return len(group.parts) == 2 and all(isinstance(part, Row) for part in group.parts)


class NoSuchPart(ValueError):
    """The path leads nowhere."""


def act(group: Group, asked: str) -> Group:
    """The tree after what a button asks for: a verb and the path of a part.

    `add` puts an empty row into a group or behind a row; `group` puts a group into a group, or one
    round a row, of the other kind; `ungroup` takes a group's brackets away; `not` turns a part
    round; `up`, `down`, `remove`, `copy` do so; `clear` empties everything.

    Raises:
        NoSuchPart: there is no such verb, or no part there.
    """
    verb, _, at = asked.partition(" ")
    if verb == "clear":
        return Group()
    try:
        path = tuple(int(step) for step in at.split(".")) if at else ()
    except ValueError:
        raise NoSuchPart(asked) from None
    part = _at(group, path)
    match verb, part:
        case "add", Group():
            return _with(group, path, replace(part, parts=(*part.parts, Row())))
        case "add", Row():
            return _behind(group, path, Row())
        case "group", Group():
            inner = Group(_other(part.how), False, (Row(),))
            return _with(group, path, replace(part, parts=(*part.parts, inner)))
        case "group", Row():
            above = _at(group, path[:-1])
            how = _other(above.how) if isinstance(above, Group) else "any"
            return _with(group, path, Group(how, False, (part, Row())))
        case "ungroup", Group() if path:
            return _ungrouped(group, path, part)
        case "not", _:
            return _with(group, path, _turned(part))
        case "up" | "down" | "remove" | "copy", _ if path:
            return _in_list(group, path, verb)
        case _:
            raise NoSuchPart(asked)


def _other(how: How) -> How:
    return "any" if how == "all" else "all"


def _turned(part: Part) -> Part:
    if isinstance(part, Row) and part.op in _OPPOSITE:
        return replace(part, op=_OPPOSITE[part.op])
    return replace(part, is_not=not part.is_not)


def _at(group: Group, path: Path) -> Part:
    part: Part = group
    for step in path:
        if not isinstance(part, Group) or step >= len(part.parts):
            raise NoSuchPart(".".join(map(str, path)))
        part = part.parts[step]
    return part


def _group_at(group: Group, path: Path) -> Group:
    found = _at(group, path)
    if not isinstance(found, Group):
        raise NoSuchPart(".".join(map(str, path)))
    return found


def _with(group: Group, path: Path, part: Part) -> Group:
    """The tree with another part at the path."""
    if not path:
        return part if isinstance(part, Group) else Group(parts=(part,))
    above = _group_at(group, path[:-1])
    parts = (*above.parts[: path[-1]], part, *above.parts[path[-1] + 1 :])
    return _with(group, path[:-1], replace(above, parts=parts))


def _behind(group: Group, path: Path, part: Part) -> Group:
    above, i = _group_at(group, path[:-1]), path[-1] + 1
    return _with(group, path[:-1], replace(above, parts=(*above.parts[:i], part, *above.parts[i:])))


def _ungrouped(group: Group, path: Path, part: Group) -> Group:
    """The parts of a group among those around it; a group that is turned round stays one."""
    above, i = _group_at(group, path[:-1]), path[-1]
    is_same = part.how == above.how or len(part.parts) < 2
    if part.is_not or not is_same:
        return group
    parts = (*above.parts[:i], *part.parts, *above.parts[i + 1 :])
    return _with(group, path[:-1], replace(above, parts=parts))


def _in_list(group: Group, path: Path, verb: str) -> Group:
    above, i = _group_at(group, path[:-1]), path[-1]
    parts = list(above.parts)
    part = parts.pop(i)
    match verb:
        case "up":
            parts.insert(max(0, i - 1), part)
        case "down":
            parts.insert(i + 1, part)
        case "copy":
            parts[i:i] = [part, part]
        case _:
            if not parts and len(path) > 1:
                return _in_list(group, path[:-1], "remove")
    return _with(group, path[:-1], replace(above, parts=tuple(parts)))
