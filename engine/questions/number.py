"""number: a decimal within limits."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from engine.numbers import Number, exact, is_number, is_precise, normal
from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene, fault
from engine.text import Text


class NumberView(QuestionView, kw_only=True, tag="number"):
    """What a channel is shown of it."""

    min: Number | None
    max: Number | None
    step: Number | None
    unit: str | None


class NumberQuestion(QuestionBase, frozen=True, kw_only=True, tag="number"):
    """Value: a number of at most 15 digits, 6 of them decimals; limits are inclusive."""

    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    unit: Text | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("number")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if not is_number(raw):
            return self.bad("wrong_type")
        if not is_precise(raw):
            return self.bad("too_precise")
        value = normal(raw)
        low_fault = self.min is not None and value < self.min
        if low_fault or (self.max is not None and value > self.max):
            return self.bad("out_of_range", min=self.min, max=self.max)
        if self.step is not None and (exact(value) - self.origin()) % exact(self.step):
            return self.bad("not_on_step", step=self.step)
        return Read(value)

    def origin(self) -> Fraction:
        """Where steps are counted from: `min`, else 0."""
        return Fraction(0) if self.min is None else exact(self.min)

    def faults(self, at: str) -> Iterator[Problem]:
        if self.min is not None and self.max is not None and self.min > self.max:
            yield fault("bad_range", at, "max")
        if self.step is not None and self.step <= 0:
            yield fault("bad_range", at, "step")

    def texts(self) -> Iterator[tuple[str, Text]]:
        if self.unit is not None:
            yield "/unit", self.unit

    def view(self, scene: Scene) -> QuestionView:
        return NumberView(
            **scene.common,
            min=self.min,
            max=self.max,
            step=self.step,
            unit=scene.say(self.unit) if self.unit is not None else None,
        )
