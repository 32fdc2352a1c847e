"""What may be done to a survey: each edit is a value, and `builder.apply` does it.

An edit addresses parts by their ids, so that two people's edits do not slip onto each other's
parts; it says what its author saw (`was`), so that a value changed meanwhile is not lost.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from builder.references import Reference
from engine.definition import Document
from engine.problems import Problem


class Edit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What all edits share: the tag `do`."""


class SetMember(Edit, frozen=True, kw_only=True, tag="set"):
    """Set a member of a part (`of` "": of the document); `member` may lead inside, as `text/en`, or
    `media/sha256:…/alt`.

    Without `value` the member is removed. `was`, if given, is what the author saw there, None where
    it was left out. A new member of a map stands before `before`, or last.
    """

    of: str
    member: str
    value: Any = UNSET
    was: Any = UNSET
    before: str | None = None


class Insert(Edit, frozen=True, kw_only=True, tag="insert"):
    """Put a new part into a list (`into` "" and `list` "pages"; a page and "questions"; a question
    and "options"; "" and "context" for a declaration, its name as `id`) before the part with the id
    `before`, or last. An id that is taken is changed."""

    into: str
    list: str
    value: dict[str, Any]
    before: str | None = None


class Remove(Edit, frozen=True, kw_only=True, tag="remove"):
    """Take a part out; refused with the list of uses while others name it."""

    of: str


class Move(Edit, frozen=True, kw_only=True, tag="move"):
    """Move a part within its list, a question to another page, a node below another (`into`)."""

    of: str
    into: str
    before: str | None = None


class Rename(Edit, frozen=True, kw_only=True, tag="rename"):
    """Give a part another id; everything that names it follows."""

    of: str
    to: str


class Duplicate(Edit, frozen=True, kw_only=True, tag="duplicate"):
    """Copy a part behind itself under new ids; what it says of itself is said of the copy."""

    of: str


class Put(Edit, frozen=True, kw_only=True, tag="put"):
    """Replace a part as a whole; its id stays. For a change of type, and for a part's own JSON."""

    of: str
    value: dict[str, Any]
    was: Any = UNSET


class Replace(Edit, frozen=True, kw_only=True, tag="replace"):
    """Replace the whole document (the JSON tab); `was` is what its author started from."""

    document: dict[str, Any]
    was: Any = UNSET


class Several(Edit, frozen=True, kw_only=True, tag="several"):
    """Edits that stand or fall together."""

    edits: "tuple[AnyEdit, ...]"


AnyEdit = SetMember | Insert | Remove | Move | Rename | Duplicate | Put | Replace | Several


class Edited(msgspec.Struct, frozen=True):
    """The definition after an edit with its problems, what undoes it, and the address of the part
    it made, if any."""

    document: Document
    inverse: AnyEdit
    made: str | None = None
    problems: tuple[Problem, ...] = ()


class Refused(Exception):
    """The edit would break the survey; nothing was changed.

    `problems` say why. `used_by` lists the mentions that keep a part; `now` is the value that
    somebody else set meanwhile.
    """

    def __init__(
        self,
        *problems: Problem,
        used_by: tuple[Reference, ...] = (),
        now: Any = UNSET,
    ) -> None:
        super().__init__(problems[0].code)
        self.problems = problems
        self.used_by = used_by
        self.now = now
