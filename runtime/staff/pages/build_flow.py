"""The flow of a draft: pages and where each leads as a picture and as a list, and the jumps of one.

What a page leads to is changed here by forms; dragging from box to box sends one of them.
"""

from typing import Any

import msgspec
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from builder.decisions import Decisions
from builder.drawing import draw
from builder.edits import SetMember
from builder.flow import Step, steps_of
from builder.names import catalogue
from builder.rules import jumps_of, otherwise, reorder, retarget, targets, unjump
from builder.tree import Tree
from engine import check
from engine.scope import Scope
from runtime.kit.problems import NotFound
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_posts import FIRST, Outcome, attempt
from runtime.staff.building_typed import carried
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect
from runtime.surveys import findings

HERE = "/edit/flow"


@shows(HERE, "surveys:read")
def show_flow(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
    """The picture; with the jumps of one page beside it (`?at=PAGE`)."""
    return _draw(desk, at)


@takes(HERE)
def act_on_flow(desk: OnDesk, fields: Sent) -> Answer:
    """Another target, another order, a jump taken away, what follows otherwise."""
    at = fields["at"]
    if at not in {one.id for one in desk.document.pages}:
        raise NotFound("page", "There is no such page.")
    refused = attempt(desk, lambda: desk.apply(_edit(desk, at, fields)))
    if refused is not None:
        return _draw(desk, at, refused)
    return redirect(desk.under(f"{HERE}?at={at}"))


def _edit(desk: Desk, at: str, fields: Fields) -> SetMember:
    to, n = fields["to"], _number(fields["n"])
    was = carried(fields["was"], dict[str, Any] | None, "jump")
    if fields["act"] in ("retarget", "otherwise") and to not in ("", *targets(desk.document, at)):
        raise NotFound("target", "A jump cannot lead there.")
    match fields["act"]:
        case "otherwise":
            return otherwise(desk.document, at, to)
        case "retarget" if to:
            return retarget(desk.document, at, n, was, to)
        case "up":
            return reorder(desk.document, at, n, was, -1)
        case "down":
            return reorder(desk.document, at, n, was, 1)
        case "remove":
            return unjump(desk.document, at, n, was)
        case _:
            raise NotFound("act", "There is no such act.")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


# The page


def _draw(desk: Desk, at: str, outcome: Outcome = FIRST) -> Answer:
    errors = check(desk.document)
    found = None if errors else findings.prove(desk.document, findings.EDIT_SECONDS)
    steps = steps_of(desk.document, desk.lang, found, desk.names)
    chosen = next((one for one in steps if one.id == at and one.kind == "page"), None)
    return drawn(
        desk,
        "flow",
        "build/flow.html",
        outcome,
        at=at if chosen is not None else "",
        steps=steps,
        titles={one.id: one.title for one in steps},
        picture=draw(steps, catalogue(desk.lang)["flow_else"]),
        errors=len(errors),
        chosen=chosen,
        leads=_leads(desk, chosen) if chosen is not None else {},
    )


def _leads(desk: Desk, step: Step) -> dict[str, Any]:
    """Where the chosen page leads: its jumps as they stand, and where one may lead."""
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    jumps = jumps_of(desk.document, step.id)
    has_else = bool(jumps) and "if" not in jumps[-1]
    named = [(to, words.target(to)) for to in targets(desk.document, step.id)]
    following = desk.document.pages[step.number :]
    return {
        "jumps": [
            (arrow, _seen(jump))
            for arrow, jump in list(zip(step.arrows, jumps, strict=True))[: len(jumps) - has_else]
        ],
        "targets_of": {n: jump["to"] for n, jump in enumerate(jumps)},
        "otherwise": jumps[-1]["to"] if has_else else "",
        "targets": named,
        "next": words.page(step.number) if following else "",
    }


def _seen(jump: Tree) -> str:
    return msgspec.json.encode(jump).decode()


handlers: tuple[ControllerRouterHandler, ...] = (show_flow, act_on_flow)
