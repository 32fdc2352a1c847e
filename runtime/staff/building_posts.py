"""How the builder's pages answer their forms: what was typed is saved, then the button's act done;
a refusal shows the page again and loses nothing typed."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from builder.edits import AnyEdit, Refused
from builder.tree import Tree
from builder.typed import BadValue
from runtime.kit.problems import StateConflict
from runtime.staff.building import Act, Desk, Told
from runtime.staff.building_acts import do, part_of
from runtime.staff.building_typed import shown_after, shown_with_now, typed_edit
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect


class Outcome(Struct, frozen=True):
    """What came of a form, for the page that is drawn again: what was typed, why it was refused,
    and the panel's hidden copy of what its author saw (see `shown_after`)."""

    typed: Fields | None = None
    told: Told | None = None
    status: int = 200
    shown: str | None = None

    @property
    def given(self) -> Fields:
        """What was typed, empty where nothing was."""
        return Fields() if self.typed is None else self.typed

    def copy_of(self, own: Tree) -> str:
        """The panel's hidden copy: the one that it has, else of the part as it is now."""
        return msgspec.json.encode(own).decode() if self.shown is None else self.shown


FIRST = Outcome()
"""Nothing was asked for yet."""

Typed = Callable[[Desk, str, Fields], AnyEdit | None]
"""The edit that the inputs of a panel ask for; None where it was not sent or not touched."""

Draw = Callable[[Desk, str, Outcome], Response[Any]]
"""Draws a page of the builder with a part chosen."""

Again = Callable[[str, str, str | None], Response[Any]]
"""The pieces that changed: what was made or acted on, the act, the panel's hidden copy where the
panel stays."""

REFUSALS = (BadValue, Refused, StateConflict)


def refusal(
    desk: Desk, error: BadValue | Refused | StateConflict, fields: Fields | None
) -> Outcome:
    """Why a form was refused, with what was typed in it."""
    match error:
        case BadValue():
            member = desk.label("member", error.member.rpartition("/")[2])
            told = Told((desk.say(f"bad_{error.code}", member=member),))
            return Outcome(fields, told, 422)
        case Refused():
            return Outcome(fields, desk.told(error), 409)
        case StateConflict():
            return Outcome(None, Told((desk.say(error.code),)), 409)


def attempt(desk: Desk, act: Callable[[], object], fields: Fields | None = None) -> Outcome | None:
    """Do what a form asks for; what its page tells where that was refused, None where not."""
    try:
        act()
    except REFUSALS as error:
        return refusal(desk, error, fields)
    return None


def ticked(fields: Fields) -> Fields:
    """The form with what was ticked (`m:tags=core`) as one list (`m:tags`) in its own field."""
    joined = Fields({name: value for name, value in fields.items() if "=" not in name})
    for name in fields:
        base, is_tick, code = name.partition("=")
        if is_tick:
            joined[base] = ",".join(part for part in (joined[base], code) if part)
    return joined


def asked_for(fields: Fields) -> str:
    """The act of the button that was pressed, with the words that inputs add to it."""
    asked = fields["act"].strip() or "save"
    if asked == "word":
        return f"{fields['verb']} {fields['word']}"
    return f"{asked} {fields['to_page']}" if asked.startswith("to ") else asked


def answer(
    desk: Desk,
    at: str,
    fields: Fields,
    draw: Draw,
    *,
    typed: Typed = typed_edit,
    acts: Mapping[str, Act] = {},
    done: Callable[[str], str] | None = None,
    again: Again | None = None,
) -> Response[Any]:
    """Save, act, and go on to what was made; `done` says where, by the part that is chosen then.

    A page that can draw only what changed of it says so with `again`: htmx is answered so.
    """
    fields = ticked(fields)
    shown = fields["shown"] or None
    asked = asked_for(fields)
    edit = None
    try:
        edit = typed(desk, at, fields)
        if edit is not None:
            desk.apply(edit)
            shown = shown and shown_after(shown, at, edit)
            edit = None
        made = do(desk, at, asked, acts)
    except REFUSALS as error:
        if shown and edit and isinstance(error, Refused) and error.now is not msgspec.UNSET:
            shown = shown_with_now(desk, at, shown, edit)
        found = refusal(desk, error, fields)
        is_typed = found.typed is not None
        return draw(desk, at, msgspec.structs.replace(found, shown=shown if is_typed else None))
    is_partial = "hx-request" in desk.request.headers
    if again is not None and is_partial:
        return again(made, asked, shown if asked == "save" else None)
    if shown is not None and made == at and is_partial and not fields["act"].strip():
        return draw(desk, at, Outcome(shown=shown))
    return redirect((done or desk.address)(part_of(made)))
