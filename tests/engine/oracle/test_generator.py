"""The generator of random surveys makes everything, and nothing that is wrong."""

import json
from collections import Counter

import pytest

import engine
from tests.engine.oracle.features import EVERY, features
from tests.engine.oracle.forms import form

FORMS = 2000


@pytest.mark.parametrize("wide", [False, True])
def test_every_feature_occurs_in_one_form_of_a_hundred(wide: bool) -> None:
    counted = Counter(name for seed in range(FORMS) for name in features(form(seed, wide)[1]))
    rare = {name: counted[name] for name in EVERY if counted[name] < FORMS / 100}
    assert not rare


def test_every_generated_survey_passes_check() -> None:
    for seed in range(500):
        _, document = form(seed, wide=seed % 2 == 0)
        parsed = engine.parse(json.dumps(document).encode())
        assert engine.check_parsed(parsed) == (), seed
