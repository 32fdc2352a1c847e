"""What the readers of one SurveyJS document share: names, texts, rules, what was lost."""

import re
from collections.abc import Mapping
from typing import Any

from engine.definition import MAX_RULES
from interchange.expression import Name, Tree, Unreadable, names
from interchange.logic import Calculations, Language, Logic, Ref
from interchange.names import Names
from interchange.node import Node, is_object
from interchange.report import Report
from interchange.surveyjs import expressions, values
from interchange.surveyjs.choices import Options
from interchange.texts import Speech, guessed_language, has_markup, language_tag
from interchange.truth import Rule, within_limits

LANGUAGE = Language(values.COMPARISONS, values.corrected, empty_is_zero=True)
_PIPE = re.compile(r"\{([^{}]{1,200})\}")
_LOCALE = re.compile(r"default|[a-z]{2}([-_][A-Za-z]{2,4})?")
_NO_TEXT = frozenset(("defaultValue", "correctAnswer", "setValue", "value"))
MAX_TEXT_DEPTH = 40


class Context:
    """Grows while the document is read: a name is known once its question is made."""

    def __init__(self, root: Node, report: Report, language: str | None) -> None:
        self.report = report
        self.names = Names()
        self.refs: dict[str, Ref] = {}
        self.options: dict[str, Options] = {}
        self.places: dict[str, str] = {}
        """Which page each made question stands on."""
        self.calculated: dict[str, Tree] = {}
        self.later: set[str] = set()
        self.scored: list[str] = []
        self.value_scores: dict[str, dict[str, Any]] = {}
        """Scores of one question each, where a calculation needs its options as numbers."""
        self.conditional: set[str] = set()
        self.calculations = Calculations(self.names.take)
        self.speech = _speech(root, language)
        self.rules = 0
        self._item: Any = None
        self._at = ""
        self._logic = Logic(LANGUAGE, self._resolve, self.calculations, self._changed)

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
            self.report.change("markup", at)
        return self.speech.say(versions, otherwise, self._piped if pipe else None)

    def _piped(self, text: str) -> str:
        return _PIPE.sub(self._placeholder, text)

    def _placeholder(self, match: re.Match[str]) -> str:
        ref = self.refs.get(match.group(1).strip())
        return match.group(0) if ref is None else "{{" + ref.ref + "}}"

    # -- rules ------------------------------------------------------------------------------

    def rule(self, node: Node, member: str, item: Any = None) -> Rule | None:
        """The rule of an expression, None (and a loss) where it cannot be carried."""
        return self.rule_of(node.word(member), node.place(member), item)

    def rule_of(self, text: str, at: str, item: Any = None) -> Rule | None:
        """The rule of an expression that stands at a place."""
        if not text:
            return None
        self._item, self._at = item, at
        try:
            rule = within_limits(self._logic.rule(expressions.read(text)))
        except Unreadable as problem:
            self.report.lose(problem.code, at, f"{text} [{problem.about}]")
            return None
        self.rules += 1
        if self.rules > MAX_RULES:
            self.report.lose("too_many_rules", at, text, max=MAX_RULES, count=self.rules)
            return None
        return rule

    def number_of(self, text: str, at: str, name: str = "calc") -> str | int | float | None:
        """A numeric expression as a ref or a literal, None (and a loss) where it is none."""
        self._item, self._at = None, at
        try:
            return self._logic.number(expressions.read(text), name)
        except Unreadable as problem:
            self.report.lose(problem.code, at, f"{text} [{problem.about}]")
            return None

    def _changed(self, code: str, about: str) -> None:
        self.report.change(code, self._at, about)

    def _resolve(self, name: str) -> Ref | Tree:
        name = name.removeprefix("#").strip()
        if name == "item" and self._item is not None:
            return self._item
        if name in self.refs:
            ref = self.refs[name]
            if ref.ref in self.conditional:
                self.report.note("hidden_answers", self._at, name)
            return ref
        if name in self.calculated:
            return self.calculated[name]
        base = name.removesuffix(".length")
        if base != name and base in self.refs and self.refs[base].kind == "set":
            return Ref(f"{self.refs[base].ref}.count", "number")
        lowered = [known for known in self.refs if known.lower() == name.lower()]
        if len(lowered) == 1:
            return self.refs[lowered[0]]
        known = name in self.later or name.split(".")[0] in self.later
        raise Unreadable("looks_ahead" if known else "unknown_name", name)

    def calculate(self, name: str, text: str, at: str) -> None:
        """Declare a named expression; it is made where it is used."""
        try:
            self.calculated[name] = expressions.read(text)
        except Unreadable as problem:
            self.report.lose(problem.code, at, f"{text} [{problem.about}]")

    def reads(self, text: str) -> list[str]:
        """The questions (by our id) that an expression reads."""
        try:
            tree = expressions.read(text)
        except Unreadable:
            return []
        found: list[str] = []
        for name in names(tree):
            ref = self.refs.get(name.removeprefix("#").strip())
            if ref is not None:
                found.append(ref.ref.split(".")[0])
            elif name in self.calculated and not isinstance(self.calculated[name], Name):
                found += [self.refs[n].ref for n in names(self.calculated[name])
                          if n in self.refs]  # fmt: skip
        return found


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
