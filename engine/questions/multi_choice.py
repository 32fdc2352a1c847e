"""multi_choice: any number of options, within limits."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from engine.numbers import exact
from engine.problems import Problem
from engine.questions.base import Bounds, Facet, QuestionView, Read, Scene, fault
from engine.questions.choices import (
    NO_CHOICE,
    Appearance,
    ChoiceQuestion,
    OptionView,
    chosen_id,
    entered_text,
)


class MultiChoiceView(QuestionView, kw_only=True, tag="multi_choice"):
    """What a channel is shown of it."""

    options: list[OptionView]
    appearance: Appearance
    min_selected: int | None
    max_selected: int | None


class MultiChoice(ChoiceQuestion, frozen=True, kw_only=True, tag="multi_choice"):
    """Value: a list of what single_choice takes; normal order is the document's."""

    scored: ClassVar[bool] = True
    appearance: Appearance = "list"
    min_selected: Annotated[int, Meta(ge=0)] | None = None
    max_selected: Annotated[int, Meta(ge=1)] | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("set", self.ids()), "count": Facet("number")}

    def reader(self) -> Callable[[Any, Bounds], Read]:
        """`read` with a short way for plain lists of ids where nothing is hidden."""
        ids = self.ids()
        plain = frozenset(
            o.id for o in self.options if o.text_entry != "required" and not o.exclusive
        )
        least, most = self.min_selected or 0, self.max_selected or len(ids)
        read = self.read

        def read_quickly(raw: Any, bounds: Bounds) -> Read:
            if raw.__class__ is list and not bounds.hidden and least <= len(raw) <= most:
                try:
                    chosen = frozenset(raw)
                except TypeError:
                    return read(raw, bounds)
                if chosen <= plain and len(chosen) == len(raw):
                    return Read([o for o in ids if o in chosen])
            return read(raw, bounds)

        return read_quickly

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not list:
            return self.bad("wrong_type")
        taken: dict[str, Any] = {}
        for item in raw:
            reading = self.read_choice(item)
            if reading.problem is not None and reading.problem.code in NO_CHOICE:
                return reading
            chosen = chosen_id(item)
            if reading.problem is not None and chosen not in bounds.hidden:
                return reading
            if chosen in taken:
                return self.bad("repeated")
            taken[chosen] = reading.value
        dropped = tuple(f"{self.id}.{o}" for o in self.ids() if o in taken and o in bounds.hidden)
        kept = [taken[o] for o in self.ids() if o in taken and o not in bounds.hidden]
        if not kept:
            return Read(None, None, dropped)
        bad = self._selection_fault({chosen_id(item) for item in kept})
        return Read(None, bad, dropped) if bad else Read(kept, None, dropped)

    def _selection_fault(self, chosen: set[str]) -> Problem | None:
        if any(o.exclusive and o.id in chosen for o in self.options):
            return self.bad("exclusive").problem if len(chosen) > 1 else None
        if self.min_selected is not None and len(chosen) < self.min_selected:
            return self.bad("too_few", min=self.min_selected).problem
        if self.max_selected is not None and len(chosen) > self.max_selected:
            return self.bad("too_many", max=self.max_selected).problem
        return None

    def rule_value(self, value: Any) -> Any:
        return frozenset(chosen_id(item) for item in value)

    def points(self, value: Any) -> Fraction | None:
        scores = {o.id: exact(o.points) for o in self.options if o.points is not None}
        if not scores:
            return None
        total = sum((scores.get(chosen_id(v), Fraction(0)) for v in value), Fraction(0))
        return min(max(total, Fraction(0)), Fraction(100))

    def faults(self, at: str) -> Iterator[Problem]:
        yield from self.option_faults(at, -100)
        least, most = self.min_selected, self.max_selected
        if least is not None and most is not None and least > most:
            yield fault("bad_range", at, "min_selected")

    def view(self, scene: Scene) -> QuestionView:
        return MultiChoiceView(
            **scene.common,
            options=self.option_views(scene),
            appearance=self.appearance,
            min_selected=self.min_selected,
            max_selected=self.max_selected,
        )

    def cells(self, value: Any) -> dict[str, Any]:
        chosen = None if value is None else {chosen_id(v): entered_text(v) for v in value}
        cells: dict[str, Any] = {}
        for option in self.options:
            name = f"{self.id}.{option.id}"
            cells[name] = None if chosen is None else int(option.id in chosen)
            if option.text_entry:
                cells[f"{name}.text"] = None if chosen is None else chosen.get(option.id)
        return cells
