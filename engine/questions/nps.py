"""nps: how likely one is to recommend, 0 to 10 (Net Promoter Score)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

import msgspec

from engine.problems import Problem
from engine.questions.base import (
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
    fault,
    whole,
)
from engine.text import Text

LOWEST, HIGHEST = 0, 10


class NpsView(QuestionView, kw_only=True, tag="nps"):
    """What a channel is shown of it."""

    min: int
    max: int
    labels: dict[str, str]


class Nps(QuestionBase, frozen=True, kw_only=True, tag="nps"):
    """Value: an integer from 0 to 10."""

    scored: ClassVar[bool] = True
    labels: dict[str, Text] = msgspec.field(default_factory=dict[str, Text])

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("number")}

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        return f"r.__class__ is int and {LOWEST} <= r <= {HIGHEST}", {}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        value = whole(raw)
        if value is None:
            return self.bad("wrong_type")
        if not LOWEST <= value <= HIGHEST:
            return self.bad("out_of_range", min=LOWEST, max=HIGHEST)
        return Read(value)

    def points(self, value: Any) -> Fraction | None:
        return Fraction(10 * value)

    def point_values(self) -> tuple[Any, ...]:
        return tuple(range(LOWEST, HIGHEST + 1))

    def faults(self, at: str) -> Iterator[Problem]:
        for name in self.labels:
            if name not in {str(v) for v in range(LOWEST, HIGHEST + 1)}:
                yield fault("unknown_value", at, "labels", name, value=name)

    def texts(self) -> Iterator[tuple[str, Text]]:
        for name, label in self.labels.items():
            yield f"/labels/{name}", label

    def view(self, scene: Scene) -> QuestionView:
        labels = {k: scene.say(v) for k, v in self.labels.items()}
        return NpsView(**scene.common, min=LOWEST, max=HIGHEST, labels=labels)
