"""A condition read from the fields of a page, so that it is edited without scripts."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from builder.choices import COMPARED, LISTED, RefChoice
from builder.conditions import Group, Path, Row, known_op
from engine.definition import MAX_COMPARISONS
from engine.questions.base import FacetKind
from engine.questions.moments import is_date, is_time
from engine.ruletree import Scalar

MAX_LEVELS = 8
MAX_PARTS = 4 * MAX_COMPARISONS


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
    op = known_op(own.get("op", ""))
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
