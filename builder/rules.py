"""The rules of a document by address: read one, and make the edit that sets, clears or adds it."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
from msgspec import UNSET, Struct

from builder.choices import slots
from builder.edits import Refused, SetMember
from builder.tree import Tree, find, to_tree
from engine.definition import Document
from engine.problems import Problem
from engine.ruletree import Rule
from engine.scope import Scope

LASTING = ("when", "value/when")
"""Members that never stand without a rule: an alert's, a computed value's."""


class Where(Struct, frozen=True):
    """The address of a rule: the part (or `question/options/id`), the member that holds it, and of
    a page's jumps which; a jump without a number is one still to be made."""

    of: str
    member: str
    n: int | None = None


def where(document: Document, of: str, member: str = "", n: int | None = None) -> Where | None:
    """The address, made whole: without a member the first that the part has. None where the
    document has no such place."""
    found = next((s for s in slots(document) if s.of == of and member in ("", s.member)), None)
    if found is None:
        return None
    if found.member != "next":
        return Where(of, found.member)
    count = len(jumps_of(document, of))
    return Where(of, "next", n) if n is None or 0 <= n < count else None


def pointer_of(document: Document, at: Where) -> str:
    """Where the rule stands in the document, as findings name it."""
    place = find(to_tree(document), at.of)
    assert place is not None, "an address was looked up"
    if at.member == "next":
        n = len(jumps_of(document, at.of)) if at.n is None else at.n
        return f"{place.at}/next/{n}/if"
    return f"{place.at}/{at.member}"


def address_of(document: Document, at: str) -> Where:
    """The address of the rule at a pointer; the other way round."""
    whole: Any = document
    match at.split("/")[1:]:
        case ["pages", p, "next", n, "if"]:
            return Where(whole.pages[int(p)].id, "next", int(n))
        case ["pages", p, "questions", q, ("options" | "rows") as inner, i, member]:
            question = whole.pages[int(p)].questions[int(q)]
            return Where(f"{question.id}/{inner}/{getattr(question, inner)[int(i)].id}", member)
        case ["pages", p, "questions", q, member]:
            return Where(whole.pages[int(p)].questions[int(q)].id, member)
        case ["pages" | "computed" | "alerts" as name, i, *member]:
            return Where(getattr(whole, name)[int(i)].id, "/".join(member))
        case _:
            raise ValueError(at)


def rule_at(document: Document, at: Where) -> Rule | None:
    """The rule that stands there."""
    wanted = pointer_of(document, at)
    return next((one.rule for one in Scope(document).rules() if one.at == wanted), None)


def held(document: Document, at: Where) -> Any:
    """What the place holds as JSON, of a jump the whole entry; None for nothing."""
    if at.member == "next":
        jumps = jumps_of(document, at.of)
        return jumps[at.n] if at.n is not None and at.n < len(jumps) else None
    place = find(to_tree(document), at.of)
    node: Any = place.part if place is not None else {}
    for step in at.member.split("/"):
        node = cast(Tree, node).get(step) if isinstance(node, dict) else None
    return node


def set_rule(document: Document, at: Where, rule: Rule | None, was: Any, to: str = "") -> SetMember:
    """The edit that puts a rule there, or takes it away.

    Args:
        was: what its author saw there (`held`).
        to: where a jump leads; empty: where it did.

    Raises:
        Refused: a jump that its author saw is no more what it was.
    """
    value: Tree | None = msgspec.json.decode(msgspec.json.encode(rule))
    if at.member != "next":
        new = UNSET if value is None else value
        return SetMember(of=at.of, member=at.member, value=new, was=was)
    seen = cast(Tree, was) if isinstance(was, dict) else {}
    jump: Tree = {"to": to or seen.get("to", "")} | ({} if value is None else {"if": value})
    if at.n is None:
        return _set_jumps(document, at.of, list(_added(jumps_of(document, at.of), jump)))
    jumps = jumps_of(document, at.of)
    jumps[_same(jumps, at.n, was)] = jump
    return _set_jumps(document, at.of, jumps)


# Jumps


def jumps_of(document: Document, page: str) -> list[Tree]:
    """A page's jumps as JSON."""
    place = find(to_tree(document), page)
    return list(place.part.get("next", ())) if place is not None else []


def targets(document: Document, page: str) -> list[str]:
    """Where a jump of this page may lead: later pages, each ending, the end."""
    ids = [one.id for one in document.pages]
    later = ids[ids.index(page) + 1 :] if page in ids else []
    return [*later, *(f"end:{one.id}" for one in document.endings), "end"]


def otherwise(document: Document, page: str, to: str) -> SetMember:
    """The edit that says where a page leads when no jump applies; "" for the next page."""
    jumps = jumps_of(document, page)
    kept = jumps[:-1] if jumps and "if" not in jumps[-1] else jumps
    return _set_jumps(document, page, [*kept, {"to": to}] if to else kept)


def retarget(document: Document, page: str, n: int, was: Any, to: str) -> SetMember:
    """The edit that lets a jump lead elsewhere.

    Raises:
        Refused: it is no more what its author saw.
    """
    jumps = jumps_of(document, page)
    jumps[_same(jumps, n, was)] |= {"to": to}
    return _set_jumps(document, page, jumps)


def reorder(document: Document, page: str, n: int, was: Any, by: int) -> SetMember:
    """The edit that moves a jump up or down: the first that applies wins.

    Raises:
        Refused: it is no more what its author saw.
    """
    jumps = jumps_of(document, page)
    place = _same(jumps, n, was)
    jumps.insert(max(0, place + by), jumps.pop(place))
    return _set_jumps(document, page, jumps)


def unjump(document: Document, page: str, n: int, was: Any) -> SetMember:
    """The edit that takes a jump away.

    Raises:
        Refused: it is no more what its author saw.
    """
    jumps = jumps_of(document, page)
    del jumps[_same(jumps, n, was)]
    return _set_jumps(document, page, jumps)


def _set_jumps(document: Document, page: str, jumps: list[Tree]) -> SetMember:
    was = jumps_of(document, page) or None
    return SetMember(of=page, member="next", value=jumps or UNSET, was=was)


def _added(jumps: list[Tree], jump: Tree) -> Iterator[Tree]:
    """The jumps with one more: a conditional one before what holds otherwise, an unconditional one
    in its place."""
    ends = bool(jumps) and "if" not in jumps[-1]
    yield from jumps[:-1] if ends else jumps
    yield jump
    if ends and "if" in jump:
        yield jumps[-1]


def _same(jumps: list[Tree], n: int, was: Any) -> int:
    """Where the jump that its author saw stands now; others may have come before it."""
    if n < len(jumps) and jumps[n] == was:
        return n
    if was in jumps:
        return jumps.index(was)
    now = jumps[n] if n < len(jumps) else UNSET
    raise Refused(Problem("changed_meanwhile", ""), now=now)
