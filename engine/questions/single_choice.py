"""single_choice: one option of several."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

from engine.numbers import exact
from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionView, Read, Scene
from engine.questions.choices import (
    NO_CHOICE,
    Appearance,
    ChoiceQuestion,
    OptionView,
    chosen_id,
    entered_text,
)


class SingleChoiceView(QuestionView, kw_only=True, tag="single_choice"):
    """What a channel is shown of it."""

    options: list[OptionView]
    appearance: Appearance


class SingleChoice(ChoiceQuestion, frozen=True, kw_only=True, tag="single_choice"):
    """Value: an option id, or `{"choice": id, "text": "…"}`."""

    scored: ClassVar[bool] = True
    appearance: Appearance = "list"

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("choice", self.ids())}

    def fast(self) -> tuple[str, dict[str, Any]] | None:
        plain = frozenset(o.id for o in self.options if o.text_entry != "required")
        return "r.__class__ is str and r in {plain}", {"plain": plain}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        reading = self.read_choice(raw)
        if reading.problem is not None and reading.problem.code in NO_CHOICE:
            return reading
        chosen = chosen_id(raw)
        if chosen in bounds.hidden:
            return Read(None, None, (f"{self.id}.{chosen}",))
        return reading

    def rule_value(self, value: Any) -> Any:
        return chosen_id(value)

    def points(self, value: Any) -> Fraction | None:
        chosen = chosen_id(value)
        points = next((o.points for o in self.options if o.id == chosen), None)
        return None if points is None else exact(points)

    def point_values(self) -> tuple[Any, ...]:
        return self.ids()

    def faults(self, at: str) -> Iterator[Problem]:
        return self.option_faults(at, 0)

    def view(self, scene: Scene) -> QuestionView:
        return SingleChoiceView(
            **scene.common, options=self.option_views(scene), appearance=self.appearance
        )

    def cells(self, value: Any) -> dict[str, Any]:
        cells: dict[str, Any] = {self.id: None if value is None else chosen_id(value)}
        if any(o.text_entry for o in self.options):
            cells[f"{self.id}.text"] = entered_text(value)
        return cells
