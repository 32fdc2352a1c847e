"""What the readers of one SurveyJS document share: names, texts, rules, what was lost."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from interchange.expression import Call, Name, Tree
from interchange.node import Node, is_object
from interchange.reading import Reading
from interchange.refs import Language, Ref
from interchange.report import Report
from interchange.surveyjs import expressions, values
from interchange.surveyjs.choices import Options
from interchange.texts import Speech, guessed_language, has_markup, is_cut, language_tag
from interchange.truth import Rule

LANGUAGE = Language(
    values.COMPARISONS,
    values.corrected,
    empty_is_zero=True,
    as_number=values.as_number,
    is_true=values.is_true,
    is_truthy=values.is_truthy,
)
_PIPE = re.compile(r"\{([^{}]{1,200})\}")
_LOCALE = re.compile(r"default|[a-z]{2}([-_][A-Za-z]{2,4})?")
_NO_TEXT = frozenset(("defaultValue", "correctAnswer", "setValue", "value"))
_OF_A_REPEAT = frozenset("panel row prevPanel nextPanel panelIndex rowIndex item".split())
MAX_TEXT_DEPTH = 40


class Context(Reading):
    """What is known while a SurveyJS document is read."""

    def __init__(self, root: Node, report: Report, language: str | None) -> None:
        super().__init__(report, LANGUAGE, expressions.read)
        self.options: dict[str, Options] = {}
        self.others_are_values = root.raw("storeOthersAsComment") is False
        """What is written beside "other" is the answer itself."""
        self.scored: list[str] = []
        self.value_scores: dict[str, dict[str, Any]] = {}
        """Scores of one question each, where a calculation needs its options as numbers."""
        self.speech = _speech(root, language)

    def sources(self, name: str) -> set[str]:
        scores = self.value_scores.values()
        of = [set(score["of"]) for score in scores if f"score.{score['id']}" == name]
        return of[0] if of else super().sources(name)

    # -- texts ------------------------------------------------------------------------------

    def say(self, text: Any, otherwise: str, at: str, pipe: bool = True) -> str | dict[str, str]:
        """A text of the source, in every language of the document."""
        versions: dict[str, str] = {}
        if isinstance(text, str):
            versions[self.speech.base] = text
        elif is_object(text):
            for name, version in text.items():
                tag = self.speech.base if name == "default" else language_tag(name)
                if isinstance(version, str) and tag in self.speech.locales:
                    versions.setdefault(tag or "", version)
        elif isinstance(text, (int, float)) and not isinstance(text, bool):
            versions[self.speech.base] = str(text)
        if has_markup(text):
            self.report.change("markup", at, next(iter(versions.values()), ""))

        if is_cut(versions):
            self.report.change("text_cut", at, next(iter(versions.values()), ""))

        def piped(match: re.Match[str]) -> str:
            name = match.group(1).strip()
            if self._is_of_a_repeat(name):
                self.report.lose("placeholder", at, name)
            elif not self._is_known(name):
                self.report.note("placeholder_left", at, name)
            return self.placeholder(name, match.group(0), at)

        put = partial(_PIPE.sub, piped)
        return self.speech.say(versions, otherwise, put if pipe else None)

    def _is_of_a_repeat(self, name: str) -> bool:
        return name.split(".")[0] in _OF_A_REPEAT

    def _is_known(self, name: str) -> bool:
        return name in self.refs or name in self.calculated or name in self.later

    # -- rules ------------------------------------------------------------------------------

    def rule(self, node: Node, member: str, item: Any = None) -> Rule | None:
        """The rule of an expression, None (and a loss) where it cannot be carried."""
        return self.rule_of(node.word(member), node.place(member), item)

    def resolve(self, name: str) -> Ref | Tree:
        name = name.removeprefix("#").strip()
        if name == "item" and self.item is not None:
            return self.item
        base = name.removesuffix(".length")
        if base != name and base in self.refs and self.refs[base].kind == "set":
            return Call("size()", (Name(base),))
        if name not in self.refs and name not in self.calculated:
            lowered = [known for known in self.refs if known.lower() == name.lower()]
            if len(lowered) == 1:
                return self.refs[lowered[0]]
        return super().resolve(name)


def _speech(root: Node, language: str | None) -> Speech:
    """The languages of a document: those that any of its texts has a version in."""
    locales: dict[str, str] = {}
    texts: list[str] = []
    _collect(root.value, locales, texts, 0)
    named = language_tag(root.word("locale")) if root.word("locale") else None
    base = language or named or guessed_language(" ".join(texts[:50]))
    found = {tag: name for name in locales if (tag := language_tag(name)) and name != "default"}
    return Speech(base, dict(list(found.items())[:100]))


def _collect(value: Any, locales: dict[str, str], texts: list[str], depth: int) -> None:
    if depth > MAX_TEXT_DEPTH:
        return
    if is_object(value):
        if _is_localized(value):
            locales.update(dict.fromkeys(value, ""))
            texts += [str(v) for k, v in value.items() if k == "default"]
            return
        for key, item in value.items():
            if key in ("title", "text") and isinstance(item, str):
                texts.append(item)
            elif key not in _NO_TEXT:
                _collect(item, locales, texts, depth + 1)
    elif isinstance(value, list):
        for item in value:  # pyright: ignore[reportUnknownVariableType] - decoded JSON
            _collect(item, locales, texts, depth + 1)


def _is_localized(value: Mapping[str, Any]) -> bool:
    return bool(value) and all(
        _LOCALE.fullmatch(key) and isinstance(text, str) for key, text in value.items()
    )
