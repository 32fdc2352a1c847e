"""What the parts and values of a document are called in a sentence."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from engine.questions.base import Facet
from engine.scope import Ref, Scope
from engine.text import counted, fill, localize

LANGUAGES = ("zh-CN", "en")
WIDEST = 48
"""So wide may a question's text stand in a sentence about it; a Chinese character counts two."""
_BLANK = re.compile(r"\{([a-z]+)\}")
_SCALED = ("rating", "nps", "matrix")
_LISTED = ("department", "staff")


def catalogue(lang: str) -> Mapping[str, str]:
    """The phrases of a language; those of zh-CN where it has none of its own."""
    return _read(next((one for one in LANGUAGES if one[:2] == lang[:2].lower()), LANGUAGES[0]))


@cache
def _read(name: str) -> Mapping[str, str]:
    return json.loads((files("builder") / "messages" / f"{name}.json").read_text("utf-8"))


class Names:
    """What one document's parts and values are called.

    With `numbers` a question is named by its number, as on paper, else by its text. `names` are
    words for codes that the document does not explain (sites, roles), by the code.
    """

    def __init__(
        self,
        scope: Scope,
        lang: str,
        numbers: Mapping[str, int] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.scope = scope
        self.lang = lang
        self.first = scope.document.languages[0]
        self.numbers = numbers
        self.names = names or {}
        self._shown: dict[str, dict[str, str]] = {}

    def say(self, code: str, **params: object) -> str:
        """One phrase of a sentence; Chinese characters and digits stand a space apart."""
        template = counted(catalogue(self.lang)[code], params)

        def filled(blank: re.Match[str]) -> str:
            value = str(params[blank[1]])
            before, behind = template[: blank.start()], template[blank.end() :]
            space = " " if _touch(before[-1:], value[:1]) else ""
            return space + value + (" " if _touch(behind[:1], value[-1:]) else "")

        return _BLANK.sub(filled, template)

    # -- names ------------------------------------------------------------------------------

    def text(self, text: Any) -> str:
        """A text of the document on one line, with placeholders named."""
        return _on_one_line(fill(localize(text, self.lang, self.first), self._placeholder))

    def _placeholder(self, name: str) -> str:
        ref = self.scope.refs.get(name)
        if ref is None:
            return self.say("placeholder", name=name)
        if ref.source in ("context", "today"):
            return self.say("placeholder", name=self.name(name))
        part: Any = self.scope.questions.get(ref.id)
        own = part.text if part is not None else self._titled(ref).title
        inner = localize(own, self.lang, self.first)
        plain = _on_one_line(fill(inner, lambda _: "…")) or self._unworded(ref)
        return self.say("placeholder", name=_cut(plain.rstrip("？?。.：:"), WIDEST // 3))

    def short(self, text: Any) -> str:
        """A text as it stands inside a sentence: without its question mark, its beginning."""
        return _cut(self.text(text).rstrip("？?。.：: "), WIDEST)

    def name(self, ref: str) -> str:
        """What a ref stands for."""
        found = self.scope.refs.get(ref)
        if found is None:
            return self.say("quoted", text=ref)
        match found.source:
            case "today":
                return self.say("today")
            case "context":
                return self.context_name(ref)
            case "score":
                return self.say("score", name=self.quoted(self._scores[found.id]))
            case "computed":
                return self.say("computed", name=self.quoted(self._computed[found.id]))
            case _:
                return self._part_name(found)

    def context_name(self, ref: str) -> str:
        """A member of the context: its title, else the usual word for it."""
        return self._contexts.get(ref, ref)

    def question(self, name: str) -> str:
        """A question by its number or its text."""
        if self.numbers is not None and name in self.numbers:
            return self.say("numbered", n=self.numbers[name])
        return self.quoted(self._questions.get(name, name))

    def quoted(self, text: str) -> str:
        """A text in quotation marks."""
        return self.say("quoted", text=text)

    def worded(self, question: str) -> str:
        """A question's text as it stands inside a sentence; its number while it has none."""
        text = self.short(self.scope.questions[question].text)
        return text or self.say("unworded", n=self.scope.place[question] + 1)

    def _unworded(self, ref: Ref) -> str:
        return self.worded(ref.id) if ref.id in self.scope.questions else ref.id

    def _part_name(self, ref: Ref) -> str:
        name = self.question(ref.id)
        if not ref.part:
            return name
        if ref.part == "count":
            return self.say("count", what=name)
        rows = self.inner(ref.id, "rows")
        return self.say("row", what=name, row=rows.get(ref.part, ref.part))

    @cached_property
    def _questions(self) -> dict[str, str]:
        place = self.scope.place
        labels = {name: self.worded(name) for name in self.scope.questions}
        return self._apart(labels, lambda name: self.say("numbered", n=place[name] + 1))

    @cached_property
    def _scores(self) -> dict[str, str]:
        scores = self.scope.scores
        return self._apart({name: self.short(one.title) or name for name, one in scores.items()})

    @cached_property
    def _computed(self) -> dict[str, str]:
        computed = self.scope.computed
        return self._apart({name: self.short(one.title) or name for name, one in computed.items()})

    @cached_property
    def _contexts(self) -> dict[str, str]:
        usual = catalogue(self.lang)
        return self._apart(
            {
                name: self.text(field.title) or usual.get(f"context_{name}", name)
                for name, field in self.scope.document.context.items()
            }
        )

    def inner(self, question: str, member: str) -> dict[str, str]:
        """The texts of a question's options, rows or nodes, by their ids."""
        key = f"{question}/{member}"
        if key not in self._shown:
            owner: Any = self.scope.questions[question]
            parts = list(getattr(owner, member, ()))
            if member == "options" and owner.type == "cascade":
                parts = [node for _, node in owner.walk()]
            labels: dict[str, str] = {
                part.id: self.short(part.text) or self.say("unworded_entry", n=n)
                for n, part in enumerate(parts, 1)
            }
            self._shown[key] = self._apart(labels)
        return self._shown[key]

    def _apart(
        self, labels: dict[str, str], mark: Callable[[str], str] | None = None
    ) -> dict[str, str]:
        """The labels, those that several would share with what tells them apart."""
        seen: dict[str, int] = {}
        for label in labels.values():
            seen[label] = seen.get(label, 0) + 1
        return {
            name: label
            if seen[label] == 1
            else self.say("told_apart", name=label, id=mark(name) if mark else name)
            for name, label in labels.items()
        }

    def _titled(self, ref: Ref) -> Any:
        return (self.scope.scores if ref.source == "score" else self.scope.computed)[ref.id]

    def question_of(self, name: str) -> Any:
        """The question that a ref reads; None for context, scores and the like."""
        ref = self.scope.refs.get(name)
        is_question = ref is not None and ref.source == "question"
        return self.scope.questions[ref.id] if ref is not None and is_question else None

    # -- values -----------------------------------------------------------------------------

    def value(self, ref: str, value: Any) -> str:
        """A value as it is shown to whoever answers."""
        match value:
            case None:
                return self.say("no_value")
            case bool():
                return self.quoted(self._yes_or_no(ref, value))
            case int() | float():
                return self._withunit(ref, value)
            case str():
                return self._word(ref, value)
            case _:
                several = [self.value(ref, one) for one in value]
                return self.say("between").join(several) or self.say("no_value")

    def _yes_or_no(self, ref: str, value: bool) -> str:
        word = "yes" if value else "no"
        labels = getattr(self.question_of(ref), "labels", {})
        return (self.short(labels[word]) if word in labels else "") or self.say(word)

    def _withunit(self, ref: str, value: int | float) -> str:
        shown = number_text(value)
        unit = self.unit(ref)
        if unit in ("", "points", "count"):
            return self.say(f"number_{unit}", value=shown) if unit else shown
        return self.say("number_unit", value=shown, unit=unit)

    def unit(self, name: str) -> str:
        """`points`, `count`, the question's own unit, or none."""
        ref = self.scope.refs.get(name)
        if ref is None or ref.facet.kind != "number":
            return ""
        if ref.part == "count":
            return "count"
        question = self.question_of(name)
        if ref.source == "score" or getattr(question, "type", "") in _SCALED:
            return "points"
        return self.short(getattr(question, "unit", None))

    def is_listed(self, name: str) -> bool:
        """Whether a value is chosen from what the hospital has, such as a department."""
        return getattr(self.question_of(name), "type", "") in _LISTED

    def _word(self, name: str, value: str) -> str:
        ref = self.scope.refs.get(name)
        facet = ref.facet if ref is not None else Facet("text")
        if facet.kind in ("date", "time"):
            return value
        if ref is not None and ref.source == "question" and facet.kind in ("choice", "set"):
            return self.quoted(self.inner(ref.id, "options").get(value, value))
        if self.is_listed(name):
            return self.quoted(self.names.get(value) or value)
        if ref is not None and ref.source == "context":
            usual = catalogue(self.lang).get(f"value_{value}", value)
            return self.quoted(self.names.get(value) or usual)
        return self.quoted(value)


def number_text(value: int | float) -> str:
    """A number as people write it: all digits, no exponent, no zero behind the point."""
    return format(Decimal(repr(value)), "f").removesuffix(".0")


def _touch(one: str, other: str) -> bool:
    """Whether a Chinese character of a phrase would touch a Latin letter or digit of a value."""
    return "\u4e00" <= one <= "\u9fff" and other.isascii() and other.isalnum()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str, widest: int) -> str:
    """The beginning of a text; a Chinese character is two wide."""
    width = 0
    for i, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > widest:
            return text[:i] + "…"
    return text
