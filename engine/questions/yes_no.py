"""yes_no: a plain yes or no."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

import msgspec

from engine.numbers import exact
from engine.problems import Problem
from engine.questions.base import (
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
    fault,
)
from engine.text import Text


class YesNoView(QuestionView, kw_only=True, tag="yes_no"):
    """What a channel is shown of it; labels for `yes` and `no` where the author gave them."""

    labels: dict[str, str]


class YesNo(QuestionBase, frozen=True, kw_only=True, tag="yes_no"):
    """Value: true or false."""

    scored: ClassVar[bool] = True
    labels: dict[str, Text] = msgspec.field(default_factory=dict[str, Text])
    points_of: dict[str, int | float] = msgspec.field(
        default_factory=dict[str, int | float], name="points"
    )

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("boolean")}

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        return "r.__class__ is bool", {}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        return Read(raw) if raw.__class__ is bool else self.bad("wrong_type")

    def points(self, value: Any) -> Fraction | None:
        given = self.points_of.get("yes" if value else "no")
        return None if given is None else exact(given)

    def point_values(self) -> tuple[Any, ...]:
        return (True, False)

    def faults(self, at: str) -> Iterator[Problem]:
        for member, keys in (("labels", self.labels), ("points", self.points_of)):
            for name in keys:
                if name not in ("yes", "no"):
                    yield fault("unknown_value", at, member, name, value=name)
        for name, given in self.points_of.items():
            if not 0 <= given <= 100:
                yield fault("points_range", at, "points", name, low=0, high=100)

    def texts(self) -> Iterator[tuple[str, Text]]:
        for name, label in self.labels.items():
            yield f"/labels/{name}", label

    def view(self, scene: Scene) -> QuestionView:
        labels = {k: scene.say(v) for k, v in self.labels.items()}
        return YesNoView(**scene.common, labels=labels)
