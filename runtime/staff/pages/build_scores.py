"""The builder's pages of scores and dimensions: members by drag or button, weights, points, ranges
with a witness each, and a board of the questions by dimension."""

from functools import partial
from typing import Any

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from builder import scores
from engine.definition import Score
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_panel import properties
from runtime.staff.building_parts import entries, own_tree, used_by, words_for
from runtime.staff.building_posts import FIRST, Outcome, answer
from runtime.staff.building_scores import (
    ACTS,
    WEIGHT,
    Member,
    dimensions_in,
    members_of,
    number,
    offered_for,
    typed_score,
)
from runtime.staff.fields import Fields
from runtime.staff.pages.build_parts import back_to, begin
from runtime.staff.score_examples import Proof

SCORES = "/edit/scores"
DIMENSIONS = "/edit/dimensions"


@shows(SCORES)
def show_scores(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
    """The scores, one of them chosen: the first where none is named."""
    return draw(desk, at, FIRST)


@takes(SCORES)
def act_on_scores(desk: OnDesk, fields: Sent) -> Answer:
    """Save the panel with weights and points, then do what was asked."""
    return answer(
        desk,
        fields["at"],
        fields,
        partial(draw, posted=fields),
        typed=typed_score,
        acts={**ACTS, "part": begin},
        done=lambda made: back_to(desk, "scores", made),
    )


def draw(desk: Desk, at: str, outcome: Outcome, *, posted: Fields | None = None) -> Answer:
    """The page of scores; `posted` is the form that it answers."""
    listed = entries(desk, "scores")
    if at not in {one.at for one in listed}:
        at = listed[0].at if listed else ""
    is_saved = outcome.shown is not None and outcome.typed is None
    return drawn(
        desk,
        "scores",
        "build/scores.html",
        outcome,
        kind="scores",
        entries=listed,
        at=at,
        waiting=_waiting(columns_of(desk), desk),
        usual=len(scores.usual_members(desk.document)),
        **(_chosen(desk, at, outcome, posted if is_saved else None) if at else {}),
    )


def _chosen(desk: Desk, at: str, outcome: Outcome, posted: Fields | None) -> dict[str, Any]:
    """What the panel of a score needs."""
    score = desk.part(at)
    assert isinstance(score, Score)
    own, words = own_tree(desk, at), words_for(desk)
    members = members_of(desk, score, words)
    return {
        "properties": properties(desk, score, own, outcome.given),
        "shown": outcome.copy_of(own),
        "uses": used_by(desk, at),
        "members": members,
        "was": _was(members, posted),
        "has_weights": score.method not in scores.UNWEIGHTED,
        "candidates": offered_for(desk, score, words),
    }


def _was(members: list[Member], posted: Fields | None) -> list[tuple[str, str]]:
    """Weights and points as the form shows them: what was just saved in it counts as seen, what
    others did meanwhile does not."""
    found = [(f"{WEIGHT}{one.ref}", one.weight) for one in members]
    found += [(name, typed) for one in members for name, _, _, typed in one.points if name]
    if posted is None:
        return found
    return [(name, posted.get(name, value)) for name, value in found]


@shows(f"{SCORES}/ranges")
def show_ranges(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
    """How low and how high each score can be, and what patients get of the chosen one."""
    proof = Proof(desk)
    score = desk.part(at)
    is_score = isinstance(score, Score)
    return drawn(
        desk,
        "scores",
        "build/ranges.html",
        at=at if is_score else "",
        ranges=proof.ranges(),
        is_proved=proof.found is not None,
        number=number,
        examples=proof.examples(score) if is_score and proof.survey is not None else [],
    )


# Dimensions


class Card(Struct, frozen=True):
    """A question on the board."""

    id: str
    number: int
    text: str
    type: str
    is_scored: bool


class Column(Struct, frozen=True):
    """A dimension with its questions; "-" for those that have none."""

    code: str
    name: str
    cards: tuple[Card, ...]


@shows(DIMENSIONS)
def show_dimensions(desk: OnDesk) -> Answer:
    """The questions that can be scored, by dimension."""
    return draw_board(desk, "", FIRST)


@takes(DIMENSIONS)
def act_on_dimensions(desk: OnDesk, fields: Sent) -> Answer:
    """Put a question into a dimension, or make a score for each."""

    def done(made: str) -> str:
        return desk.address(made) if desk.home_of(made) else desk.under(DIMENSIONS)

    return answer(desk, "", fields, draw_board, acts=ACTS, done=done)


def draw_board(desk: Desk, at: str, outcome: Outcome) -> Answer:
    """The board: the dimensions in use first, then those that are free."""
    columns = columns_of(desk)
    return drawn(
        desk,
        "dimensions",
        "build/dimensions.html",
        outcome,
        at=at,
        columns=columns,
        choices=[(one.code, one.name) for one in columns],
        waiting=_waiting(columns, desk),
    )


def _waiting(columns: list[Column], desk: Desk) -> int:
    """How many dimensions have questions to score and no score yet."""
    held = {"-", *(score.dimension for score in desk.document.scores)}
    free = [one for one in columns if one.code not in held]
    return sum(any(card.is_scored for card in one.cards) for one in free)


def columns_of(desk: Desk) -> list[Column]:
    """The columns of the board with their cards."""
    cards: dict[str, list[Card]] = {}
    questions = [question for sheet in desk.document.pages for question in sheet.questions]
    for position, question in enumerate(questions, 1):
        if question.scored or question.dimension:
            text = desk.text(question.text) or question.id
            card = Card(question.id, position, text, question.type, question.scored)
            cards.setdefault(question.dimension or "-", []).append(card)
    names = {one.code: one.words for one in desk.offers.of("dimension")}
    names |= {code: code for code in sorted(dimensions_in(desk) - names.keys())}
    made = [Column(code, name, tuple(cards.get(code, ()))) for code, name in names.items()]
    made.sort(key=lambda one: not one.cards)
    return [Column("-", desk.say("no_dimension"), tuple(cards.get("-", ()))), *made]


handlers: tuple[ControllerRouterHandler, ...] = (
    show_scores,
    act_on_scores,
    show_ranges,
    show_dimensions,
    act_on_dimensions,
)
