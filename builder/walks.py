"""Test patients as values: kept with what they come to, and what of that no longer holds.

`engine.walks` says whether a walk holds; here is how it differs, for people to read and accept.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from builder.edits import SetMember
from builder.tree import Tree
from engine.definition import Walk
from engine.evaluation import Evaluation
from engine.survey import Survey


class ScoreChange(Struct, frozen=True):
    """A score that is not what was expected; None is no value, or no such score."""

    score: str
    expected: float | None
    found: float | None


class Outcome(Struct, frozen=True):
    """What a walk comes to now, against what is expected of it.

    `missing` questions were expected and are not asked, `extra` the other way round; `is_reordered`
    where the same are asked in another order. `ending` is what was expected and what is, if they
    differ. `unanswered` questions keep the walk from being complete.
    """

    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    is_reordered: bool = False
    scores: tuple[ScoreChange, ...] = ()
    ending: tuple[str, str | None] | None = None
    unanswered: tuple[str, ...] = ()
    asked: int = 0

    @property
    def holds(self) -> bool:
        """Whether everything that is expected is so."""
        return not (self.missing or self.extra or self.is_reordered or self.scores or self.ending)


def replay(survey: Survey, walk: Walk) -> Outcome:
    """The walk through this survey."""
    said = survey.evaluate(walk.answers, walk.context, walk.today)
    expect = walk.expect
    wanted = said.asked if expect.asked is None else expect.asked
    missing = tuple(q for q in wanted if q not in said.asked)
    extra = tuple(q for q in said.asked if q not in wanted)
    ending = None
    if expect.ending is not None and expect.ending != said.ending:
        ending = (expect.ending, said.ending)
    return Outcome(
        missing=missing,
        extra=extra,
        is_reordered=wanted != said.asked and not missing and not extra,
        scores=_scores(expect.scores, said),
        ending=ending,
        unanswered=tuple(dict.fromkeys(p.at.split("/")[1] for p in said.problems)),
        asked=len(said.asked),
    )


def _scores(
    expected: Mapping[str, int | float | None] | None, said: Evaluation
) -> tuple[ScoreChange, ...]:
    if expected is None:
        return ()
    found = {name: score.value for name, score in said.scores.items()}
    return tuple(
        ScoreChange(name, expected.get(name), found.get(name))
        for name in dict.fromkeys((*expected, *found))
        if expected.get(name) != found.get(name) or (name in expected) != (name in found)
    )


def expectation(said: Evaluation) -> Tree:
    """All that an evaluation comes to, as what is expected of a walk."""
    expect: Tree = {"asked": list(said.asked)}
    if said.scores:
        expect["scores"] = {name: score.value for name, score in said.scores.items()}
    if said.ending is not None:
        expect["ending"] = said.ending
    return expect


def new_walk(
    survey: Survey,
    answers: Mapping[str, Any],
    context: Mapping[str, Any],
    today: str | None,
    title: str,
) -> Tree:
    """Answers as a walk to insert: whoever answers so is asked this and scores that."""
    said = survey.evaluate(answers, context, today)
    walk: Tree = {
        "id": "walk",
        "title": title,
        "answers": dict(said.answers),
        "context": dict(context),
        "expect": expectation(said),
    }
    return walk if today is None else walk | {"today": today}


def accepting(survey: Survey, walk: Walk, was: Any) -> SetMember:
    """The edit that expects what the walk comes to now, of the same members as before; `was` is the
    expectation that its author saw."""
    said = expectation(survey.evaluate(walk.answers, walk.context, walk.today))
    given = {"asked": walk.expect.asked, "scores": walk.expect.scores, "ending": walk.expect.ending}
    kept = {name for name, value in given.items() if value is not None} or set(given)
    expect = {name: value for name, value in said.items() if name in kept}
    return SetMember(of=walk.id, member="expect", value=expect, was=was)
