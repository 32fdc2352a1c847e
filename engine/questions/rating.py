"""rating: a whole number on a scale (Likert, stars, faces)."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar, Literal

import msgspec

from engine.numbers import exact
from engine.problems import Problem
from engine.questions.base import (
    NOT_APPLICABLE,
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
    fault,
    is_not_applicable,
    whole,
)
from engine.text import Text

Style = Literal["stars", "faces", "numbers", "words"]
MAX_STEPS = 100


class RatingView(QuestionView, kw_only=True, tag="rating"):
    """What a channel is shown of it."""

    min: int
    max: int
    labels: dict[str, str]
    style: Style
    not_applicable: bool


class Rating(QuestionBase, frozen=True, kw_only=True, tag="rating"):
    """Value: an integer from `min` to `max`."""

    scored: ClassVar[bool] = True
    min: int = 1
    max: int = 5
    labels: dict[str, Text] = msgspec.field(default_factory=dict[str, Text])
    style: Style = "stars"
    reverse: bool = False
    points_of: dict[str, int | float] = msgspec.field(
        default_factory=dict[str, int | float], name="points"
    )
    not_applicable: bool = False

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("number")}

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        return f"r.__class__ is int and {self.min} <= r <= {self.max}", {}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if is_not_applicable(raw):
            return Read(NOT_APPLICABLE) if self.not_applicable else self.bad("not_allowed")
        value = whole(raw)
        if value is None:
            return self.bad("wrong_type")
        if not self.min <= value <= self.max:
            return self.bad("out_of_range", min=self.min, max=self.max)
        return Read(value)

    def points(self, value: Any) -> Fraction | None:
        if value == NOT_APPLICABLE:
            return None
        if self.points_of:
            given = self.points_of.get(str(value))
            return None if given is None else exact(given)
        share = Fraction(100 * (value - self.min), self.max - self.min)
        return 100 - share if self.reverse else share

    def point_values(self) -> tuple[Any, ...]:
        return tuple(range(self.min, self.max + 1))

    def faults(self, at: str) -> Iterator[Problem]:
        if not self.min < self.max or self.max - self.min > MAX_STEPS:
            yield fault("bad_range", at, "max")
        steps = {str(v) for v in range(self.min, min(self.max, self.min + MAX_STEPS) + 1)}
        for name in self.labels.keys() - steps:
            yield fault("unknown_value", at, "labels", name, value=name)
        for name, given in self.points_of.items():
            if name not in steps:
                yield fault("unknown_value", at, "points", name, value=name)
            if not 0 <= given <= 100:
                yield fault("points_range", at, "points", name, low=0, high=100)
        if self.points_of and self.reverse:
            yield fault("reverse_and_points", at, "reverse")

    def texts(self) -> Iterator[tuple[str, Text]]:
        for name, label in self.labels.items():
            yield f"/labels/{name}", label

    def view(self, scene: Scene) -> QuestionView:
        return RatingView(
            **scene.common,
            min=self.min,
            max=self.max,
            labels={k: scene.say(v) for k, v in self.labels.items()},
            style=self.style,
            not_applicable=self.not_applicable,
        )
