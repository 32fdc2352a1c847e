"""Replays the test patients that are stored with a form."""

from collections.abc import Iterator

from engine.problems import Problem
from engine.survey import Survey


def run_walks(survey: Survey) -> tuple[Problem, ...]:
    """One problem for each expectation that no longer holds; each is compared whole."""
    return tuple(
        problem for i, _ in enumerate(survey.document.walks) for problem in _run(survey, i)
    )


def _run(survey: Survey, i: int) -> Iterator[Problem]:
    walk = survey.document.walks[i]
    evaluation = survey.evaluate(walk.answers, walk.context, walk.today)
    at = f"/walks/{i}/expect"
    expect = walk.expect
    found_scores = {name: score.value for name, score in evaluation.scores.items()}
    for member, expected, found in (
        ("asked", expect.asked, evaluation.asked),
        ("scores", expect.scores, found_scores),
        ("ending", expect.ending, evaluation.ending),
    ):
        if expected is not None and expected != found:
            params = {"walk": walk.id, "expected": expected, "found": found}
            yield Problem(f"walk_{member}", f"{at}/{member}", params)
