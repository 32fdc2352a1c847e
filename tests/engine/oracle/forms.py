"""How many random surveys a test run looks at: few by default, more with HUISHENG_FORMS."""

import json
import os
import random
from typing import Any

import engine
from tests.engine.oracle import generator


def form_count(default: int) -> int:
    """The default, or what HUISHENG_FORMS says."""
    return int(os.environ.get("HUISHENG_FORMS", default))


def form(seed: int, wide: bool = False) -> tuple[random.Random, dict[str, Any]]:
    """The survey of a seed, and the generator of random numbers that goes on from it."""
    rng = random.Random(2 * seed + wide)
    return rng, generator.survey(rng, wide)


def compiled(document: dict[str, Any]) -> engine.Survey:
    """The survey as the engine loads it."""
    return engine.load(json.dumps(document).encode())
