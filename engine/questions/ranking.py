"""ranking: options in the patient's order of preference."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from engine.problems import Problem, pointer
from engine.questions.base import Bounds, Facet, QuestionView, Read, Scene, fault
from engine.questions.choices import ChoiceQuestion, OptionView


class RankingView(QuestionView, kw_only=True, tag="ranking"):
    """What a channel is shown of it."""

    options: list[OptionView]
    max: int | None


class Ranking(ChoiceQuestion, frozen=True, kw_only=True, tag="ranking"):
    """Value: option ids, the preferred one first."""

    most: Annotated[int, Meta(ge=1)] | None = msgspec.field(default=None, name="max")

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("opaque")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not list or any(item.__class__ is not str for item in raw):
            return self.bad("wrong_type")
        if any(item not in self.ids() for item in raw):
            return self.bad("unknown_option")
        if len(set(raw)) < len(raw):
            return self.bad("repeated")
        dropped = tuple(f"{self.id}.{o}" for o in self.ids() if o in bounds.hidden and o in raw)
        kept = [item for item in raw if item not in bounds.hidden]
        if self.most is not None and len(kept) > self.most:
            return Read(None, self.bad("too_many", max=self.most).problem, dropped)
        return Read(kept or None, None, dropped)

    def missing(self, value: Any, bounds: Bounds) -> Iterator[Problem]:
        shown = sum(option not in bounds.hidden for option in self.ids())
        least = min(1, shown) if self.most is not None else shown
        if len(value or ()) < least or value is None:
            yield Problem("required", pointer(self.id))

    def faults(self, at: str) -> Iterator[Problem]:
        yield from self.option_faults(at, 0)
        for i, option in enumerate(self.options):
            for member in ("points", "text_entry", "exclusive"):
                if getattr(option, member):
                    yield fault("unknown_key", at, "options", i, member, key=member)

    def view(self, scene: Scene) -> QuestionView:
        return RankingView(**scene.common, options=self.option_views(scene), max=self.most)

    def cells(self, value: Any) -> dict[str, Any]:
        place: dict[str, int] = {option: i + 1 for i, option in enumerate(value or ())}
        return {f"{self.id}.{option}": place.get(option) for option in self.ids()}
