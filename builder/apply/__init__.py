"""Edits of a survey as pure functions from a definition to a definition, each with its inverse.

A name that is changed or copied is carried along through rules, scores, texts, jumps and walks; a
part that is still named elsewhere is not removed.
"""

from collections import Counter
from itertools import pairwise
from typing import cast

import msgspec
from msgspec import UNSET

from builder.apply import members, names, parts
from builder.apply.workpiece import Workpiece
from builder.edits import (
    AnyEdit,
    Duplicate,
    Edited,
    Insert,
    Move,
    Put,
    Refused,
    Remove,
    Rename,
    Replace,
    SetMember,
    Several,
)
from engine.check import OF_ABSENCE, check
from engine.definition import Document
from engine.problems import Problem


def apply(document: Document, edit: AnyEdit, problems: tuple[Problem, ...] | None = None) -> Edited:
    """The definition after the edit; `problems` are those of the document, where they are known.

    An edit never adds an error but those of an unfinished part (a text not yet written): what
    would name something unknown, or something that comes later, is refused.

    Raises:
        Refused: the part does not exist, is in use, was changed meanwhile, or an error would come.
    """
    piece = Workpiece(document)
    inverse = _run(piece, edit)
    before = check(document) if problems is None else problems
    new = _added(before, piece.problems)
    if new:
        raise Refused(*new)
    return Edited(piece.document, inverse, piece.made, piece.problems)


def _run(piece: Workpiece, edit: AnyEdit) -> AnyEdit:
    """Do it; what undoes it comes back."""
    inverse = _do(piece, edit)
    if not isinstance(edit, Several) or _are_apart(edit.edits):
        piece.read()
    match inverse:
        case SetMember():
            return _seen(piece, inverse)
        case Several() if _are_apart(inverse.edits):
            return Several(edits=tuple(_seen(piece, cast(SetMember, e)) for e in inverse.edits))
        case _:
            return inverse


def _do(piece: Workpiece, edit: AnyEdit) -> AnyEdit:
    """Change the tree."""
    match edit:
        case SetMember():
            return members.set_member(piece, edit)
        case Insert():
            return parts.insert(piece, edit)
        case Remove():
            return parts.remove(piece, edit)
        case Move():
            return parts.move(piece, edit)
        case Rename():
            return names.rename(piece, edit)
        case Duplicate():
            return names.duplicate(piece, edit)
        case Put():
            return members.put(piece, edit)
        case Replace():
            return members.replace(piece, edit)
        case Several():
            return _several(piece, edit)


def _several(piece: Workpiece, edit: Several) -> AnyEdit:
    step = _do if _are_apart(edit.edits) else _run
    inverses = [step(piece, one) for one in edit.edits]
    return Several(edits=tuple(reversed(inverses)))


def _seen(piece: Workpiece, inverse: SetMember) -> SetMember:
    """The same, refused where another value stands than does now."""
    seen = members.value(piece, inverse.of, inverse.member)
    return msgspec.structs.replace(inverse, was=None if seen is UNSET else seen)


def _are_apart(edits: tuple[AnyEdit, ...]) -> bool:
    """Whether these only set members that do not lie in one another: the document need not be read
    between them, which a page of translations would wait for."""
    places = [f"{one.of}:{one.member}/" for one in edits if isinstance(one, SetMember)]
    if len(places) < len(edits):
        return False
    in_order = sorted(places)
    return not any(b.startswith(a) for a, b in pairwise(in_order))


def _added(before: tuple[Problem, ...], after: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The errors that were not there before, but for those of unfinished parts; places may have
    shifted, so each is told by what it says."""
    known = Counter(map(_saying, before))
    found: list[Problem] = []
    for problem in after:
        saying = _saying(problem)
        if known[saying]:
            known[saying] -= 1
        elif problem.code not in OF_ABSENCE:
            found.append(problem)
    return tuple(found)


def _saying(problem: Problem) -> bytes:
    return msgspec.json.encode((problem.code, problem.params), order="deterministic")
