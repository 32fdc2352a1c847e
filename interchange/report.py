"""What of a source came along, what did not, where it stands there, why, and what to do."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec

from engine.definition import Document
from engine.problems import LANGUAGES, Problem, word
from interchange.expression import Unreadable

Kind = Literal["lost", "changed", "refused", "note"]
MAX_LOSSES = 5000
MAX_NOTES = 1000
MAX_ABOUT = 200


class Loss(msgspec.Struct, frozen=True):
    """One thing of the source that is missing or different.

    `at` is its place in the source: a JSON pointer, or `sheet!row:column`. `kind`: a part that is
    missing (lost), that means something else (changed), a whole element that could not be carried
    (refused); a `note` tells of a difference that is meant, and is no loss.
    """

    code: str
    at: str
    kind: Kind
    about: str = ""
    params: dict[str, Any] = {}


class Told(msgspec.Struct, frozen=True):
    """A loss in words."""

    code: str
    at: str
    kind: Kind
    what: str
    why: str
    do: str


class Conversion(msgspec.Struct, frozen=True):
    """The outcome: what was made (None where nothing could be), and the tally of the source.

    `elements` counts pages, groups, questions, rules of the flow and computed values of the source;
    each is either carried or refused.
    """

    document: Document | None
    resource: dict[str, Any] | None
    losses: tuple[Loss, ...]
    elements: int
    carried: int
    assets: dict[str, bytes] = {}

    @property
    def is_lossless(self) -> bool:
        """Whether everything came along with its meaning."""
        return all(loss.kind == "note" for loss in self.losses)


class Report:
    """Gathers losses while a source is read, and where in the source each made part stands."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.origin: dict[str, str] = {}
        self.elements: set[str] = set()
        self.refused: set[str] = set()
        self.assets: dict[str, bytes] = {}
        """Pictures that stood inside the source, by asset id."""
        self._seen: set[tuple[str, str, str]] = set()
        self._notes = 0

    def element(self, at: str) -> None:
        """Count an element of the source."""
        self.elements.add(at)

    def made(self, name: str, at: str) -> None:
        """Remember that the part with this id stands for a place of the source."""
        self.origin.setdefault(name, at)

    def lose(
        self, code: str, at: str, about: object = "", *, kind: Kind = "lost", **params: Any
    ) -> None:
        """Note a loss once."""
        told = str(about)
        told = told if len(told) <= MAX_ABOUT else told[: MAX_ABOUT - 1] + "…"
        key = (code, at, told)
        if key in self._seen or len(self._seen) >= MAX_LOSSES:
            return
        if kind == "note":
            self._notes += 1
            if self._notes > MAX_NOTES:
                return
        self._seen.add(key)
        self.losses.append(Loss(code, at, kind, told, params))
        if len(self._seen) == MAX_LOSSES:
            self.losses.append(Loss("more_losses", "", "lost"))

    def refuse(self, code: str, at: str, about: object = "", **params: Any) -> None:
        """Note that an element could not be carried."""
        self.element(at)
        self.refused.add(at)
        self.lose(code, at, about, kind="refused", **params)

    def refuse_for(self, problem: Unreadable, at: str, name: str) -> None:
        """Note that an element could not be carried for what its reader found."""
        about = f"{name}: {problem.about}" if problem.about not in ("", name) else name
        self.refuse(problem.code, at, about)

    def change(self, code: str, at: str, about: object = "", **params: Any) -> None:
        """Note that something came along with another meaning."""
        self.lose(code, at, about, kind="changed", **params)

    def note(self, code: str, at: str, about: object = "", **params: Any) -> None:
        """Tell of a difference that is meant."""
        self.lose(code, at, about, kind="note", **params)

    def outcome(
        self, document: Document | None, resource: dict[str, Any] | None = None
    ) -> Conversion:
        """The conversion with its tally."""
        carried = len(self.elements - self.refused)
        if document is None and resource is None:
            carried = 0
        losses = tuple(self.losses)
        return Conversion(document, resource, losses, len(self.elements), carried, self.assets)


@cache
def _catalogue(lang: str) -> Mapping[str, Mapping[str, str]]:
    name = lang if lang in LANGUAGES else "en"
    return json.loads((files("interchange") / "messages" / f"{name}.json").read_text("utf-8"))


def tell(loss: Loss, lang: str = "zh-CN") -> Told:
    """A loss in the words of a language."""
    catalogue = _catalogue(lang)
    entry = catalogue.get(loss.code)
    if entry is None:
        why = word(Problem(loss.code, loss.at, loss.params), lang)
        entry = {"why": why, "do": catalogue["left_out" if loss.at else "whole"]["do"]}
    why, do = (_filled(entry[part], loss.params) for part in ("why", "do"))
    return Told(loss.code, loss.at, loss.kind, loss.about, why, do)


def _filled(text: str, params: Mapping[str, Any]) -> str:
    for name, value in params.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def summary(conversion: Conversion, source: str, target: str, lang: str) -> dict[str, Any]:
    """The loss report as plain data, as `convert --report` writes it."""
    told = [msgspec.to_builtins(tell(loss, lang)) for loss in conversion.losses]
    return {
        "from": source,
        "to": target,
        "elements": conversion.elements,
        "carried": conversion.carried,
        "refused": conversion.elements - conversion.carried,
        "lost": sum(loss.kind in ("lost", "changed") for loss in conversion.losses),
        "losses": [loss for loss in told if loss["kind"] != "note"],
        "notes": [loss for loss in told if loss["kind"] == "note"],
    }


def written(document: Document) -> dict[str, Any]:
    """A document as plain data: members in the order in which authors write them."""
    plain: dict[str, Any] = msgspec.to_builtins(document)
    for page in plain["pages"]:
        page["questions"] = [_in_order(question) for question in page["questions"]]
    return _in_order(plain, ("format", "id", "title", "languages", "kind"))


def _in_order(
    part: dict[str, Any], first: tuple[str, ...] = ("id", "type", "text", "hint")
) -> dict[str, Any]:
    kept = {key: value for key, value in part.items() if value != {}}
    return {key: kept[key] for key in first if key in kept} | kept
