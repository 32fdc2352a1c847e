"""Edits of the lists of a survey: parts come, go, and change places."""

import copy
from typing import cast

from builder.apply.workpiece import Workpiece, address, ids_of, named
from builder.declared import address_of, behind, fields_of, name_in, put_entry
from builder.edits import AnyEdit, Insert, Move, Refused, Remove
from builder.references import uses
from builder.tree import INNER, LISTS, Place, Tree, fresh
from engine.problems import Problem


def insert(piece: Workpiece, edit: Insert) -> AnyEdit:
    """A part is put in where it is wanted, under an id that is free."""
    if not edit.into and edit.list == "context":
        return _declare(piece, edit)
    home = _list(piece, edit.into, edit.list)
    value = copy.deepcopy(edit.value)
    taken = piece.taken(home, edit.list)
    wanted = value.get("id")
    if not isinstance(wanted, str):
        raise Refused(Problem("bad_id", "", {"id": wanted}))
    value["id"] = fresh(wanted, taken)
    taken.add(value["id"])
    for question in cast(list[Tree], value.get("questions", [])):
        question["id"] = fresh(question["id"], taken)
        taken.add(question["id"])
    home.insert(_index(home, edit.before), value)
    piece.made = address(edit.into, edit.list, value["id"])
    return Remove(of=piece.made)


def _declare(piece: Workpiece, edit: Insert) -> AnyEdit:
    value = copy.deepcopy(edit.value)
    wanted = value.pop("id", None)
    if not isinstance(wanted, str):
        raise Refused(Problem("bad_id", "", {"id": wanted}))
    fields = fields_of(piece.tree)
    name = fresh(wanted, set(fields))
    put_entry(fields, name, value, edit.before)
    piece.made = address_of(name)
    return Remove(of=piece.made)


def remove(piece: Workpiece, edit: Remove) -> AnyEdit:
    """A part goes where nothing names it."""
    piece.part(edit.of)
    part, inner = named(edit.of)
    found = uses(piece.document, part, inner)
    if found:
        params = {"part": edit.of, "count": len(found)}
        raise Refused(Problem("part_in_use", "", params), used_by=found)
    if (declared := name_in(edit.of)) is not None:
        fields = fields_of(piece.tree)
        before = behind(fields, declared)
        own = {"id": declared, **fields.pop(declared)}
        return Insert(into="", list="context", value=own, before=before)
    place = piece.place(edit.of)
    into, member = piece.home(edit.of)
    before = _behind(place)
    value = place.home.pop(place.position)
    return Insert(into=into, list=member, value=value, before=before)


def move(piece: Workpiece, edit: Move) -> AnyEdit:
    """A part changes its place, or its owner."""
    place = piece.place(edit.of)
    into, member = piece.home(edit.of)
    before = _behind(place)
    if member == "nodes" and edit.into.rpartition("/")[2] in ids_of([place.part]):
        raise Refused(Problem("not_into_itself", place.at, {"part": edit.of}))
    if member in INNER and edit.into.partition("/")[0] != edit.of.partition("/")[0]:
        raise Refused(Problem("no_such_part", place.at, {"part": edit.into}))
    home = _list(piece, edit.into, member)
    part = place.home.pop(place.position)
    if edit.before == part["id"]:
        raise Refused(Problem("no_such_part", "", {"part": edit.before}))
    home.insert(_index(home, edit.before), part)
    piece.made = edit.of
    return Move(of=edit.of, into=into, before=before)


def _list(piece: Workpiece, into: str, member: str) -> list[Tree]:
    allowed = (*INNER, "questions") if into else LISTS
    if member not in allowed:
        raise Refused(Problem("no_such_part", "", {"part": member}))
    return piece.part(into).setdefault(member, [])


def _behind(place: Place) -> str | None:
    """The id of the part that follows in the list; None for the last."""
    rest = place.home[place.position + 1 :]
    return rest[0]["id"] if rest else None


def _index(home: list[Tree], before: str | None) -> int:
    if before is None:
        return len(home)
    for i, part in enumerate(home):
        if part["id"] == before:
            return i
    raise Refused(Problem("no_such_part", "", {"part": before}))
