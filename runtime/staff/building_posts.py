"""How the builder's pages answer their forms: what was typed is saved, then the button's act done;
a refusal shows the page again and loses nothing typed."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from litestar import Response

from builder.edits import AnyEdit, Refused
from builder.panel import BadValue
from runtime.kit.problems import StateConflict
from runtime.staff.building import Desk, Told
from runtime.staff.building_acts import Act, do, part_of, shown_after, shown_with_now, typed_edit
from runtime.staff.frame import redirect
from runtime.staff.pages.sign_in import Fields

Typed = Callable[[Desk, str, Fields], AnyEdit | None]


Again = Callable[[str, str, str | None], Response[Any]]
"""The pieces that changed: what was made or acted on, the act, the panel's hidden copy where the
panel stays."""


class Draw(Protocol):
    """Draws a page of the builder with a part chosen; `shown` is the panel's hidden copy."""

    def __call__(
        self,
        desk: Desk,
        at: str,
        *,
        typed: Fields | None = None,
        told: Told | None = None,
        status: int = 200,
        shown: str | None = None,
    ) -> Response[Any]: ...


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
    except BadValue as bad:
        member = desk.label("member", bad.member.rpartition("/")[2])
        told = Told((desk.say(f"bad_{bad.code}", member=member),))
        return draw(desk, at, typed=fields, told=told, status=422, shown=shown)
    except Refused as refused:
        told = desk.told(refused)
        if shown is not None and edit is not None and refused.now is not msgspec.UNSET:
            shown = shown_with_now(desk, at, shown, edit)
        return draw(desk, at, typed=fields, told=told, status=409, shown=shown)
    except StateConflict as error:
        return draw(desk, at, told=Told((desk.say(error.code),)), status=409)
    is_partial = "hx-request" in desk.request.headers
    if again is not None and is_partial:
        return again(made, asked, shown if asked == "save" else None)
    if shown is not None and made == at and is_partial and not fields["act"].strip():
        return draw(desk, at, shown=shown)
    return redirect((done or desk.address)(part_of(made)))
