"""The compiled engine says of random answers exactly what the plain second reading says."""

import json
import random
from datetime import date
from typing import Any

import pytest

import engine
from tests.engine.oracle import generator, oracle
from tests.engine.oracle.forms import compiled, form, form_count

DAYS = (None, date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 2), date(2030, 1, 1))
RESPONSES = 6
BATCHES = 4


def as_engine_says(said: engine.Evaluation) -> dict[str, Any]:
    """An evaluation as plain JSON; of a problem the place and whether something is missing."""
    return {
        "path": list(said.path),
        "asked": list(said.asked),
        "answers": said.answers,
        "problems": sorted((p.code == "required", p.at) for p in said.problems),
        "context_problems": sorted(p.at for p in said.context_problems),
        "computed": {n: None if v is None else float(v) for n, v in said.computed.items()},
        "scores": {name: [s.value, s.answered, s.of] for name, s in said.scores.items()},
        "ending": said.ending,
        "complete": said.complete,
        "dropped": sorted(said.dropped),
    }


def as_oracle_says(said: oracle.Outcome) -> dict[str, Any]:
    """The same of the second reading."""
    return {
        "path": said.path,
        "asked": said.asked,
        "answers": said.answers,
        "problems": sorted((kind == "required", at) for kind, at in said.problems),
        "context_problems": sorted(f"/{name}" for name in said.context_problems),
        "computed": said.computed,
        "scores": {name: list(score) for name, score in said.scores.items()},
        "ending": said.ending,
        "complete": said.complete,
        "dropped": sorted(said.dropped),
    }


def as_text(value: Any) -> str:
    """JSON text, in which 1 is not true and 2 is not 2.0."""
    return json.dumps(value, sort_keys=True)


def drawn(rng: random.Random, document: dict[str, Any]) -> tuple[Any, Any, date | None]:
    """Answers, context and day: mostly good, half good, or mostly unanswered."""
    share = rng.choice((0.97, 0.8, 0.5))
    given = generator.answers(rng, document, share)
    return given, generator.context(rng, document), rng.choice(DAYS)


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("wide", [False, True])
def test_evaluations_of_random_forms_are_equal(batch: int, wide: bool) -> None:
    count = form_count(600)
    complete = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        rng, document = form(seed, wide)
        survey = compiled(document)
        for _ in range(RESPONSES):
            answers, context, today = drawn(rng, document)
            expected = as_oracle_says(oracle.evaluate(document, answers, context, today))
            complete += expected["complete"]
            said = as_engine_says(survey.evaluate(answers, context, today))
            if as_text(said) != as_text(expected):
                assert said == expected, (seed, answers, context, today)
                assert as_text(said) == as_text(expected), (seed, answers, context, today)
    assert complete > count / BATCHES * RESPONSES / 4
