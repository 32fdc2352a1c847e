"""consent: agreement to a document of a stated version."""

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from engine.problems import Problem, pointer
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene, whole


class ConsentView(QuestionView, kw_only=True, tag="consent"):
    """What a channel is shown of it."""

    document: str
    version: int


class Consent(QuestionBase, frozen=True, kw_only=True, tag="consent"):
    """Value: `{"agreed": boolean, "version": n}`; rules see `agreed`."""

    document: str
    version: Annotated[int, Meta(ge=1)]

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("boolean")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not dict or raw.keys() != {"agreed", "version"}:
            return self.bad("wrong_type")
        version = whole(raw["version"])
        if raw["agreed"].__class__ is not bool or version is None:
            return self.bad("wrong_type")
        if version != self.version:
            return self.bad("other_version", version=self.version)
        return Read({"agreed": raw["agreed"], "version": version})

    def rule_value(self, value: Any) -> Any:
        return value["agreed"]

    def missing(self, value: Any, bounds: Bounds) -> Iterator[Problem]:
        if value is None or not value["agreed"]:
            yield Problem("required", pointer(self.id))

    def view(self, scene: Scene) -> QuestionView:
        return ConsentView(**scene.common, document=self.document, version=self.version)

    def cells(self, value: Any) -> dict[str, Any]:
        return {
            self.id: None if value is None else value["agreed"],
            f"{self.id}.version": None if value is None else value["version"],
        }
