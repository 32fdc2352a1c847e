"""The pages of endings, alerts, computed values and what is known of the visit: a list of each, and
the panel of the one that is chosen."""

from functools import partial
from typing import Any

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from builder import computations
from engine.definition import Computed
from runtime.kit.problems import NotFound
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_panel import properties
from runtime.staff.building_parts import (
    USUAL,
    entries,
    inserting,
    own_tree,
    typed_part,
    used_by,
    words_for,
)
from runtime.staff.building_posts import FIRST, Outcome, answer
from runtime.staff.fields import Fields

KINDS = ("computed", "endings", "alerts", "context")
RULES = {"alerts": "when", "computed": "value/when"}
"""Where the condition of a part stands."""


def pages_of(kind: str) -> tuple[ControllerRouterHandler, ControllerRouterHandler]:
    """The page of one kind of parts, and what its forms ask for."""
    here = f"/edit/{kind}"

    @shows(here)
    def show_parts(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
        """The parts of a kind, one of them chosen: the first where none is named."""
        return draw(kind, desk, at, FIRST)

    @takes(here)
    def act_on_parts(desk: OnDesk, fields: Sent) -> Answer:
        """Save the panel, then do what was asked."""
        return answer(
            desk,
            fields["at"],
            fields,
            partial(draw, kind),
            typed=typed_part,
            acts={"part": begin},
            done=lambda made: back_to(desk, kind, made),
        )

    return show_parts, act_on_parts


def back_to(desk: Desk, kind: str, made: str) -> str:
    """The page of the kind, with the part that was made if it is one of its own."""
    if desk.home_of(made) == kind:
        return desk.address(made)
    return desk.under(f"/edit/{kind}")


def begin(desk: Desk, at: str, words: list[str]) -> str:
    """`part KIND [NAME]`: a new one, chosen then."""
    if not words:
        raise NotFound("part", "There is no such part.")
    return desk.apply(inserting(desk, words[0], "".join(words[1:]))) or at


def draw(kind: str, desk: Desk, at: str, outcome: Outcome) -> Answer:
    """The page of a kind of parts."""
    listed = entries(desk, kind)
    if at not in {one.at for one in listed}:
        at = listed[0].at if listed else ""
    return drawn(
        desk,
        kind,
        "build/parts.html",
        outcome,
        kind=kind,
        entries=listed,
        at=at,
        **(chosen(desk, kind, at, outcome) if at else {"properties": []}),
        usual=[
            (name, words_for(desk).context_name(name))
            for name in USUAL
            if kind == "context" and name not in desk.document.context
        ],
    )


def chosen(desk: Desk, kind: str, at: str, outcome: Outcome) -> dict[str, Any]:
    """What the panel of a part needs."""
    part = desk.part(at)
    own = own_tree(desk, at)
    is_plain = not isinstance(part, Computed)
    return {
        "properties": properties(desk, part, own, outcome.given),
        "shown": outcome.copy_of(own),
        "uses": used_by(desk, at),
        "own_id": at.partition("/")[2] or at,
        "formula": None if is_plain else formula(desk, part, outcome.given),
        "condition": condition(desk, kind, part),
        "rule_address": desk.under(f"/edit/rule?at={at}&member={RULES.get(kind, '')}&back={kind}"),
    }


def condition(desk: Desk, kind: str, part: Any) -> str:
    """The condition of a part in words; "" where it has none."""
    rule: Any = part
    for step in RULES.get(kind, "none").split("/"):
        rule = getattr(rule, step, None)
    return "" if rule is None else words_for(desk).sentence(rule)


def formula(desk: Desk, part: Computed, given: Fields) -> dict[str, Any]:
    """The operations, the operands as they are or were typed, and what is offered for each."""
    as_is = computations.shown(part)
    op = given["op"] or as_is.op
    shape = computations.operations().get(op, as_is.shape)
    parts = list(as_is.parts)
    if "ref:0" in given:
        count = sum(1 for n in range(computations.MOST) if f"ref:{n}" in given)
        parts = [(given[f"ref:{n}"], given[f"number:{n}"]) for n in range(count)]
    if shape == "many":
        parts.append(("", ""))
    return {
        "op": op,
        "shape": shape,
        "operations": list(computations.operations()),
        "parts": parts,
        "refs": computations.numeric_refs(desk.document, part.id, desk.lang),
        "number": computations.NUMBER,
    }


handlers: tuple[ControllerRouterHandler, ...] = tuple(
    handler for kind in KINDS for handler in pages_of(kind)
)
