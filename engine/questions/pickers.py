"""department and staff: entries of the hospital's own dictionaries."""

import re
from typing import Any, ClassVar

import msgspec

from engine.parts import Within
from engine.questions.base import Bounds, Facet, QuestionBase, QuestionView, Read, Scene

_DICTIONARY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)


class WithinView(msgspec.Struct):
    """Which part of the dictionary the picker offers."""

    sites: list[str]
    subtree: str | None


class DepartmentView(QuestionView, kw_only=True, tag="department"):
    """What a channel is shown of it; entries come from the dictionary API."""

    within: WithinView | None


class StaffView(QuestionView, kw_only=True, tag="staff"):
    """What a channel is shown of it; `of` names the department question that narrows it."""

    within: WithinView | None
    of: str | None


class PickerQuestion(QuestionBase, frozen=True, kw_only=True):
    """A question whose answer is a dictionary id; the caller says which ids exist."""

    within: Within | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("text")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        value = raw.strip()
        if not _DICTIONARY_ID.fullmatch(value):
            return self.bad("unknown_option")
        if bounds.known is not None and value not in bounds.known:
            return self.bad("unknown_option")
        return Read(value)

    def within_view(self) -> WithinView | None:
        """The dictionary part as a channel sees it."""
        return self.within and WithinView(list(self.within.sites), self.within.subtree)


class DepartmentQuestion(PickerQuestion, frozen=True, kw_only=True, tag="department"):
    """Value: a department's id."""

    def view(self, scene: Scene) -> QuestionView:
        return DepartmentView(**scene.common, within=self.within_view())


class StaffQuestion(PickerQuestion, frozen=True, kw_only=True, tag="staff"):
    """Value: a staff member's id; `of` is an earlier department question."""

    personal: ClassVar[bool] = True
    of: str | None = None

    def view(self, scene: Scene) -> QuestionView:
        return StaffView(**scene.common, within=self.within_view(), of=self.of)
