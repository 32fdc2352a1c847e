"""statement: text to read; nothing is asked."""

from typing import Any, ClassVar

from engine.questions.base import (
    UNANSWERED,
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
)


class StatementView(QuestionView, kw_only=True, tag="statement"):
    """What a channel is shown of it."""


class Statement(QuestionBase, frozen=True, kw_only=True, tag="statement"):
    """Has no value; an answer to it is dropped."""

    valueless: ClassVar[bool] = True

    def facets(self) -> dict[str, Facet]:
        return {}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        return UNANSWERED

    def view(self, scene: Scene) -> QuestionView:
        return StatementView(**scene.common)

    def cells(self, value: Any) -> dict[str, Any]:
        return {}
