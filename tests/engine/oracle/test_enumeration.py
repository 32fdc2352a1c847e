"""The enumeration of complete responses neither invents one nor overlooks a kind of them."""

import pytest

from tests.engine.oracle import oracle
from tests.engine.oracle.enumeration import Enumeration, TooMany
from tests.engine.oracle.forms import compiled, form, form_count
from tests.engine.oracle.test_differential import drawn

MOST = 3000
BATCHES = 2


@pytest.mark.parametrize("batch", range(BATCHES))
def test_what_is_enumerated_is_complete_and_what_is_drawn_is_covered(batch: int) -> None:
    count = form_count(160)
    too_many = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        rng, document = form(seed)
        enumeration = Enumeration(document, MOST)
        try:
            facts = enumeration.run()
        except TooMany:
            too_many += 1
            continue
        survey = compiled(document)
        for response in enumeration.responses[:: 1 + len(enumeration.responses) // 50]:
            said = survey.evaluate(response.answers, response.context, response.today)
            assert said.complete, (seed, response)
            assert list(said.path) == response.path, (seed, response)
        for _ in range(20):
            answers, context, today = drawn(rng, document)
            said = oracle.evaluate(document, answers, context, today)
            if said.complete and today is not None:
                assert set(said.path) <= facts.pages, seed
                assert set(said.asked) <= facts.asked, seed
                assert said.ending in facts.endings, seed
                for name, (value, _answered, _of) in said.scores.items():
                    low, high = facts.scores.get(name, (0, 0))
                    assert value is None or low - 1 <= value <= high + 1, seed
    assert too_many <= 0.05 * count
