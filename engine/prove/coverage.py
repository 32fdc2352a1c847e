"""Proposes few test patients who together take every branch that anybody can take.

The solver says which branches there are to take and walks a response for each; of these responses
the fewest (greedily) are chosen that take what is not covered yet. What a response takes is told by
`engine.branches`, from the engine's own evaluation, never by the solver.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine.branches import Branch, branches, taken
from engine.definition import Document
from engine.prove.goals import Goal
from engine.prove.plan import Plan
from engine.prove.search import Search, replay_on
from engine.prove.solve import Clock
from engine.prove.trace import Trace
from engine.scope import operand_refs
from engine.survey import Survey


class Response(msgspec.Struct, frozen=True):
    """A complete response and the branches that it takes."""

    answers: dict[str, Any]
    context: dict[str, Any]
    today: str
    takes: frozenset[Branch]


class Ways(msgspec.Struct, frozen=True):
    """What is known of a document's branches, each in the document's order.

    `closed` are those that no complete response takes, `undecided` those that were not settled;
    `responses` take all of the others.
    """

    reachable: tuple[Branch, ...]
    closed: tuple[Branch, ...]
    undecided: tuple[Branch, ...]
    responses: tuple[Response, ...]


class Proposal(msgspec.Struct, frozen=True):
    """A response worth keeping, what it adds, and how many branches are covered with it."""

    response: Response
    adds: tuple[Branch, ...]
    covered: int


class Coverage(msgspec.Struct, frozen=True):
    """How far some responses go: the branches that can be taken, those still to take, and who would
    take them."""

    total: int
    covered: int
    missing: tuple[Branch, ...]
    closed: tuple[Branch, ...]
    undecided: tuple[Branch, ...]
    proposals: tuple[Proposal, ...]


def ways_through(document: Document, seconds: float = 2.0) -> Ways:
    """Settles which branches can be taken, and by whom.

    Args:
        document: without errors (`check` found none).
        seconds: how long it may take; what is not settled by then is in `undecided`.
    """
    survey = Survey(document)
    plan = Plan(document)
    every = branches(plan.scope)
    search = Search(plan, Clock(seconds), replay_on(survey), {Goal(*branch) for branch in every})
    search.settle()
    idle = _unread(plan)
    responses = [_response(survey, trace, idle) for trace, _ in search.traces]
    found = frozenset[Branch]().union(*(one.takes for one in responses))
    closed = {branch for branch in every if Goal(*branch) in search.excluded}
    return Ways(
        reachable=tuple(branch for branch in every if branch in found),
        closed=tuple(branch for branch in every if branch in closed - found),
        undecided=tuple(branch for branch in every if branch not in found | closed),
        responses=tuple(responses),
    )


def cover(ways: Ways, covered: Iterable[Branch]) -> Coverage:
    """How much `covered` is of what can be taken, and who would take the rest."""
    done = frozenset(covered)
    reachable = (*ways.reachable, *(branch for branch in ways.undecided if branch in done))
    missing = tuple(branch for branch in reachable if branch not in done)
    proposals = tuple(_chosen(ways, missing, len(reachable) - len(missing)))
    return Coverage(
        total=len(reachable),
        covered=len(reachable) - len(missing),
        missing=missing,
        closed=ways.closed,
        undecided=tuple(branch for branch in ways.undecided if branch not in done),
        proposals=proposals,
    )


def _chosen(ways: Ways, missing: tuple[Branch, ...], covered: int) -> Iterator[Proposal]:
    """Always the response that adds most, of equals the one with the fewest answers."""
    left = dict.fromkeys(missing)
    while left:
        best = max(
            ways.responses, key=lambda one: (len(one.takes & left.keys()), -len(one.answers))
        )
        adds = tuple(branch for branch in left if branch in best.takes)
        for branch in adds:
            del left[branch]
        covered += len(adds)
        yield Proposal(best, adds, covered)


def _response(survey: Survey, trace: Trace, idle: frozenset[str]) -> Response:
    """The walked response without the answers that decide nothing."""
    whole = taken(survey, trace.answers, trace.context, trace.today)
    fewer = {name: value for name, value in trace.answers.items() if name not in idle}
    is_same = taken(survey, fewer, trace.context, trace.today) == whole
    return Response(fewer if is_same else trace.answers, trace.context, trace.today, whole)


def _unread(plan: Plan) -> frozenset[str]:
    """The questions that nobody has to answer and nothing reads: no rule, score or sum."""
    scope = plan.scope
    read = {ref.id for name, ref in scope.refs.items() if name in plan.uses.read}
    read.update(member for score in plan.document.scores for member in score.of)
    for computed in plan.document.computed:
        read.update(scope.refs[name].id for name in operand_refs(computed))
    read.update(of for q in scope.questions.values() if (of := getattr(q, "of", None)))
    return frozenset(
        q.id for q in scope.questions.values() if q.id not in read and q.required is False
    )
