"""What a page of the builder that stands already is answered with: only what has changed of it."""

from typing import Any

import msgspec
from litestar import Response
from msgspec import Struct

from builder.panel import properties_of
from runtime.drafts.service import Draft
from runtime.staff.building import Desk, Told
from runtime.staff.building_acts import part_of
from runtime.staff.building_panel import panel_of
from runtime.staff.building_tabs import framed
from runtime.staff.canvas import Changed, changed, sheets_of
from runtime.staff.frame import page


class Seen(Struct, frozen=True):
    """What stands in the browser: the draft before the act, the part that is chosen there, and the
    number of changes it knows of."""

    draft: Draft
    was: str
    seq: str

    @property
    def is_current(self) -> bool:
        """Whether it shows the draft as it was before the act."""
        return self.seq == str(self.draft.seq)


def drawn_again(
    desk: Desk,
    seen: Seen,
    address: str,
    *,
    asked: str = "",
    told: Told | None = None,
    status: int = 200,
    shown: str | None = None,
    is_told: bool = True,
) -> Response[Any]:
    """The pieces of the page that differ from what the browser shows, each swapped by its id.

    `address` is what was chosen, or what the act `asked` for was done to; `shown` the copy of what
    its author saw, where the panel stays as it is.
    """
    at = part_of(address)
    panel = panel_of(desk, at, None, shown)
    at = panel["at"]
    before = sheets_of(desk, seen.draft, seen.was)
    after = sheets_of(desk, desk.draft, at)
    is_put_back = told is not None and shown is None
    stays = told is not None or (bool(asked) and _keeps_its_panel(desk, seen, at, shown))
    return page(
        desk.request,
        desk.principal,
        "build/reply.html",
        status=status,
        headers=_headers(desk, at, asked, "" if told else focus_after(address, asked, panel)),
        **framed(desk, "edit"),
        **panel,
        redraw=changed(before, after) if seen.is_current and not is_put_back else Changed(True),
        sheets=after,
        is_piece=True,
        has_panel=not stays,
        has_shown=shown is not None,
        told=told,
        is_told=is_told,
        said="" if told else said_after(desk, address, asked),
    )


def _keeps_its_panel(desk: Desk, seen: Seen, at: str, shown: str | None) -> bool:
    """Whether the panel that stands there is of this part and as it was: nothing in it changed, or
    only what was typed there and no inputs came or went."""
    old, new = desk.part_in(seen.draft.document, at), desk.part(at)
    if at != seen.was or old is None or new is None:
        return False
    if shown is None:
        return old == new and bool(at)
    return [(p.member, p.values) for p in properties_of(old)] == [
        (p.member, p.values) for p in properties_of(new)
    ]


def _headers(desk: Desk, at: str, asked: str, focus: str) -> dict[str, str]:
    """The address that the browser shows from now on, and what has the focus."""
    events: dict[str, Any] = {"drafted": None} if asked else {}
    if focus:
        events["focus-on"] = {"id": focus}
    found = {"hx-replace-url" if asked else "hx-push-url": desk.address(at)}
    return found | (
        {"hx-trigger-after-settle": msgspec.json.encode(events).decode()} if events else {}
    )


def focus_after(address: str, asked: str, panel: dict[str, Any]) -> str:
    """Where the keyboard goes on; "" where it stays."""
    verb = asked.partition(" ")[0]
    match verb:
        case "insert" | "page" | "copy" | "bank" if "/" not in address:
            texts = [one for one in panel["properties"] if one.rule.kind == "text"]
            return f"p-{texts[0].inputs[0].name}" if texts else ""
        case "add":
            return f"inner-{address.rpartition('/')[2]}"
        case "many" | "ready" | "other":
            return f"b-add-{'options' if verb == 'other' else asked.split()[1]}"
        case "answers":
            return "b-answers"
        case "remove" if asked.count("/") == 2:
            return f"b-add-{asked.split('/')[1]}"
        case "remove":
            return f"q-{address}" if address else ""
        case "move" | "to":
            return f"q-{address}" if "/" not in address else f"inner-{address.rpartition('/')[2]}"
        case _:
            return ""


def said_after(desk: Desk, address: str, asked: str) -> str:
    """What was done, for whoever does not see the canvas; "" where nothing was."""
    verb = asked.partition(" ")[0]
    if not verb:
        return ""
    if verb in ("up", "down", "move", "to"):
        return desk.say("said_moved", name=name_in(desk, address), place=desk.place_of(address))
    if verb in ("many", "ready", "other"):
        return desk.say("said_many", name=name_in(desk, address))
    if verb in ("insert", "page", "add", "copy", "bank"):
        return desk.say("said_added", name=name_in(desk, address), place=desk.place_of(address))
    known = ("remove", "undo", "redo", "save", "rename", "type")
    return desk.say(f"said_{verb}") if verb in known else desk.say("said_save")


def name_in(desk: Desk, address: str) -> str:
    """A part, an option, a row or a node in words."""
    if "/" not in address:
        return desk.name_of(address)
    name = address.rpartition("/")[2]
    part: Any = desk.part(part_of(address))
    found = [(n, one) for n, one in enumerate(_all_inner(part), 1) if one.id == name]
    said = desk.text(found[0][1].text) if found else ""
    return said or (desk.say("unnamed_entry", n=found[0][0]) if found else name)


def _all_inner(part: Any) -> list[Any]:
    waiting = [one for name in ("options", "rows", "nodes") for one in getattr(part, name, ())]
    found: list[Any] = []
    while waiting:
        one = waiting.pop(0)
        found.append(one)
        waiting += getattr(one, "nodes", ())
    return found
