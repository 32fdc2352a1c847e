"""The acts of the builder's buttons: what their words ask for, done to the draft."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, structs

from builder.blanks import new_page, new_question
from builder.edits import (
    Duplicate,
    Insert,
    Move,
    Put,
    Refused,
    Remove,
    Rename,
)
from builder.tree import Tree, find, home_of, to_tree, tree_of
from engine.problems import Problem
from runtime.drafts import service as drafts
from runtime.kit.problems import NotFound
from runtime.staff.building import HOMES, TYPES, Act, Desk, in_its_languages
from runtime.staff.building_bank import from_bank
from runtime.staff.building_inner import INNER_ACTS

CONSENT = "privacy"
"""The document that a new consent question is about."""
ENDS = ("worst", "best", "unwilling", "willing")
"""What the ends of a new scale are called."""


def do(desk: Desk, at: str, asked: str, more: Mapping[str, Act] = {}) -> str:
    """Do what a button asks for; the address of what was made or acted on, be it an option. `more`
    are a page's own acts."""
    name, *words = asked.split()
    if name == "save":
        return at
    if name in ("undo", "redo"):
        step = drafts.undo if name == "undo" else drafts.redo
        actor = desk.principal.actor()
        desk.draft = step(desk.deployment.db, desk.survey, actor, clock=desk.deployment.clock)
        return at if desk.part(at) is not None else ""
    acts: dict[str, Act] = {
        **more,
        "insert": _insert,
        "bank": _insert_from_bank,
        "page": _insert_page,
        **INNER_ACTS,
        "up": _up,
        "down": _down,
        "move": _move,
        "to": _to,
        "remove": _remove,
        "copy": _copy,
        "rename": _rename,
        "type": _retype,
    }
    if name not in acts:
        raise NotFound("act", "There is no such act.")
    return acts[name](desk, at, words)


def _blank(desk: Desk, kind: type[Struct]) -> Tree:
    """A question of this type to begin with."""
    called = {end: dict(in_its_languages(desk, f"scale_{end}")) for end in ENDS}
    return new_question(kind, CONSENT, called)


def _insert(desk: Desk, at: str, words: list[str]) -> str:
    """`insert TYPE [PAGE BEFORE|-]`: a new question behind the chosen part, or where dropped."""
    kind = TYPES.get(words[0]) if words else None
    if kind is None:
        raise NotFound("type", "There is no such type.")
    value = _blank(desk, kind)
    into, before = _where(desk, at) if len(words) < 3 else (words[1], _or_none(words[2]))
    return desk.apply(Insert(into=into, list="questions", value=value, before=before)) or at


def _insert_from_bank(desk: Desk, at: str, words: list[str]) -> str:
    """`bank ITEM [PAGE BEFORE|-]`: one of the bank behind the chosen part, or where dropped."""
    if not words:
        raise NotFound("bank_item", "There is no such question in the bank.")
    value = from_bank(desk, words[0].replace("\0", ""))
    into, before = _where(desk, at) if len(words) < 3 else (words[1], _or_none(words[2]))
    return desk.apply(Insert(into=into, list="questions", value=value, before=before)) or at


def _where(desk: Desk, at: str) -> tuple[str, str | None]:
    """Behind the chosen question, or at the end of the chosen or last page."""
    for sheet in desk.document.pages:
        ids = [question.id for question in sheet.questions]
        if sheet.id == at:
            return sheet.id, None
        if at in ids:
            behind = ids[ids.index(at) + 1 :]
            return sheet.id, behind[0] if behind else None
    return desk.document.pages[-1].id, None


def _or_none(word: str) -> str | None:
    return None if word == "-" else word


def _insert_page(desk: Desk, at: str, _words: list[str]) -> str:
    """A new page behind the one that is chosen or holds what is chosen."""
    pages = desk.document.pages
    held = [p for p, one in enumerate(pages) if at in (one.id, *(q.id for q in one.questions))]
    behind = pages[held[0] + 1 :] if held else ()
    before = behind[0].id if behind else None
    return desk.apply(Insert(into="", list="pages", value=new_page(), before=before)) or at


def part_of(address: str) -> str:
    """The question of an option, row or node; the part itself for any other."""
    return address if address.startswith("context/") else address.partition("/")[0]


def _home(desk: Desk, part: str) -> tuple[str, list[str], int]:
    """Where a part stands: the `into` of a move, the ids of its list, its place there."""
    if part.startswith("context/"):
        declared = [f"context/{name}" for name in desk.document.context]
        if part not in declared:
            raise NotFound("part", "There is no such part.")
        return "", declared, declared.index(part)
    if "/" in part:
        tree = to_tree(desk.document)
        place, home = find(tree, part), home_of(tree, part)
        if place is None or home is None:
            raise NotFound("part", "There is no such part.")
        return home[0], [one["id"] for one in place.home], place.position
    pages = [one.id for one in desk.document.pages]
    if part in pages:
        return "", pages, pages.index(part)
    for sheet in desk.document.pages:
        ids = [one.id for one in sheet.questions]
        if part in ids:
            return sheet.id, ids, ids.index(part)
    for home in HOMES:
        ids = [one.id for one in getattr(desk.document, home)]
        if part in ids:
            return "", ids, ids.index(part)
    raise NotFound("part", "There is no such part.")


def _up(desk: Desk, at: str, words: list[str]) -> str:
    """`up PART`: before the one above; a first question goes to the end of the page before."""
    part = words[0] if words else at
    into, ids, position = _home(desk, part)
    if position:
        desk.apply(Move(of=part, into=into, before=ids[position - 1]))
    elif into and "/" not in part:
        pages = [one.id for one in desk.document.pages]
        before = pages.index(into) - 1
        if before >= 0:
            desk.apply(Move(of=part, into=pages[before]))
    return part


def _down(desk: Desk, at: str, words: list[str]) -> str:
    """`down PART`: behind the one below; a last question goes to the top of the page after."""
    part = words[0] if words else at
    into, ids, position = _home(desk, part)
    if position + 1 < len(ids):
        behind = ids[position + 2] if position + 2 < len(ids) else None
        desk.apply(Move(of=part, into=into, before=behind))
    elif into and "/" not in part:
        following = [one.id for one in desk.document.pages].index(into) + 1
        if following < len(desk.document.pages):
            target = desk.document.pages[following]
            first = target.questions[0].id if target.questions else None
            desk.apply(Move(of=part, into=target.id, before=first))
    return part


def _move(desk: Desk, at: str, words: list[str]) -> str:
    """`move PART INTO|- BEFORE|-`: where it was dropped."""
    if len(words) != 3:
        raise NotFound("part", "Say what to move, and where to.")
    part, into, before = words
    desk.apply(Move(of=part, into=_or_none(into) or "", before=_or_none(before)))
    return part


def _to(desk: Desk, _at: str, words: list[str]) -> str:
    """`to QUESTION PAGE`: to the end of another page."""
    if len(words) != 2:
        raise NotFound("part", "Say which question, and to which page.")
    desk.apply(Move(of=words[0], into=words[1]))
    return words[0]


def _remove(desk: Desk, at: str, words: list[str]) -> str:
    """`remove PART`: the one before it is chosen next."""
    part = words[0] if words else at
    into, ids, position = _home(desk, part)
    desk.apply(Remove(of=part))
    if part.count("/") == 2:
        return at
    rest = [one for one in ids if one != part]
    if not into and rest:
        return rest[max(0, position - 1)]
    return ids[position - 1] if position else into


def _copy(desk: Desk, at: str, words: list[str]) -> str:
    part = words[0] if words else at
    return desk.apply(Duplicate(of=part)) or at


def _rename(desk: Desk, at: str, words: list[str]) -> str:
    """`rename ID`: the chosen part; everything that names it follows."""
    if len(words) != 1:
        raise Refused(Problem("bad_id", "", {"id": " ".join(words)}))
    return desk.apply(Rename(of=at, to=words[0])) or at


def _retype(desk: Desk, at: str, words: list[str]) -> str:
    """`type TYPE`: the chosen question as another type; what both have is kept."""
    part: Any = desk.part(at)
    kind = TYPES.get(words[0]) if words else None
    if kind is None or not hasattr(part, "type"):
        raise NotFound("type", "There is no such type.")
    old = tree_of(part)
    members = {one.encode_name for one in structs.fields(kind)}
    begun = _blank(desk, kind)
    kept = {name: value for name, value in old.items() if name in members}
    if "options" in kept and "options" in begun:
        begun.pop("options")
    if not {"labels", "points", "min", "max"}.isdisjoint(kept) and part.type != words[0]:
        kept = {k: v for k, v in kept.items() if k not in ("labels", "points", "min", "max")}
    value = begun | kept | {"id": part.id, "type": words[0]}
    place = find(to_tree(desk.document), at)
    assert place is not None
    return desk.apply(Put(of=at, value=value, was=place.part)) or at
