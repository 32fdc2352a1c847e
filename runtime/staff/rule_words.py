"""A rule as a sentence that whoever never saw a formula understands."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Membership,
    Not,
    Rule,
)
from engine.ruletree import Any as AnyOf
from engine.scope import Ref, Scope
from engine.text import fill, localize
from runtime.kit.words import catalogue, say

LONGEST = 24
"""So many characters of a question's text stand in a sentence about it."""


class RuleWords:
    """The words for one document's rules. With `numbers` a question is named by its number, as on
    paper; else by its text. `names` are of sites, by their ids."""

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

    def say(self, code: str, **params: object) -> str:
        """One phrase of a sentence."""
        return say(f"rule_{code}", self.lang, **params)

    def text(self, text: Any) -> str:
        """A text of the document; what it would repeat from elsewhere is left open."""
        return " ".join(fill(localize(text, self.lang, self.first), lambda _: "…").split())

    def short(self, text: Any) -> str:
        """The beginning of a text."""
        whole = self.text(text)
        return whole if len(whole) <= LONGEST else whole[:LONGEST] + "…"

    def sentence(self, rule: Rule, *, is_inner: bool = False) -> str:
        """The rule in words."""
        match rule:
            case All() | AnyOf():
                return self._group(rule, is_inner)
            case Not(of=Answered(ref=ref)):
                return self._answered("not_", ref)
            case Not():
                return self.say("not", rule=self.sentence(rule.of))
            case Answered():
                return self._answered("", rule.ref)
            case Membership():
                return self._membership(rule)
            case _:
                return self._comparison(rule)

    def _answered(self, sign: str, ref: str) -> str:
        found = self.scope.refs.get(ref)
        is_asked = found is not None and found.source == "question"
        return self.say(f"{sign}{'answered' if is_asked else 'known'}", what=self.name(ref))

    def _group(self, rule: All | AnyOf, is_inner: bool) -> str:
        kind = "all" if isinstance(rule, All) else "any"
        if not rule.of:
            return self.say(f"empty_{kind}")
        if len(rule.of) == 1:
            return self.sentence(rule.of[0], is_inner=is_inner)
        joined = self.say(kind).join(self.sentence(part, is_inner=True) for part in rule.of)
        return self.say("group", rule=joined) if is_inner else joined

    def _membership(self, rule: Membership) -> str:
        code = str(rule.__struct_config__.tag)
        between = self.say("and_value" if code == "has_all" else "or_value")
        values = between.join(self.value(rule.ref, value) for value in rule.value)
        return self.say(code, what=self.name(rule.ref), value=values)

    def _comparison(self, rule: Comparison) -> str:
        code = str(rule.__struct_config__.tag)
        ref = self.scope.refs.get(rule.ref)
        is_choice = ref is not None and ref.facet.kind == "choice"
        if code in ("eq", "ne") and is_choice and rule.other is None:
            code += "_choice"
        value = self.name(rule.other) if rule.other is not None else None
        return self.say(
            code, what=self.name(rule.ref), value=value or self.value(rule.ref, rule.value)
        )

    # Names and values

    def name(self, ref: str) -> str:
        """What a ref stands for."""
        found = self.scope.refs.get(ref)
        if found is None:
            return ref
        match found.source:
            case "today":
                return self.say("today")
            case "context":
                return self.context_name(ref)
            case "score":
                score = self.scope.scores[found.id]
                return self.say("score", name=self.short(score.title) or found.id)
            case "computed":
                return self.short(self.scope.computed[found.id].title) or found.id
            case _:
                return self._question_name(found)

    def context_name(self, ref: str) -> str:
        """A member of the context: its title, else the usual word for it."""
        title = self.text(self.scope.document.context[ref].title)
        return title or catalogue(self.lang).get(f"rule_context_{ref}", ref)

    def question(self, name: str) -> str:
        """A question by its number or its text."""
        if self.numbers is not None and name in self.numbers:
            return self.say("number", n=self.numbers[name])
        return self.say("quoted", text=self.short(self.scope.questions[name].text) or name)

    def _question_name(self, ref: Ref) -> str:
        name = self.question(ref.id)
        if not ref.part:
            return name
        if ref.part == "count":
            return self.say("count", what=name)
        question: Any = self.scope.questions[ref.id]
        row = next((row for row in question.rows if row.id == ref.part), None)
        return self.say("row", what=name, row=self.short(row.text) if row else ref.part)

    def value(self, ref: str, value: Any) -> str:
        """A value as it is shown to whoever answers."""
        if value is None:
            return self.say("no_value")
        if isinstance(value, bool):
            return self.say("true" if value else "false")
        if isinstance(value, (list, tuple, set, frozenset)):
            several: Sequence[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
            return "、".join(self.value(ref, one) for one in several) or self.say("no_value")
        if not isinstance(value, str):
            return self.say("plain", value=value)
        text = self._options(ref).get(value)
        if text is None:
            known = self.names.get(value) or catalogue(self.lang).get(f"rule_value_{value}")
            text = known if "." in ref else None
        return self.say("quoted", text=text or value)

    def _options(self, ref: str) -> dict[str, str]:
        found = self.scope.refs.get(ref)
        if found is None or found.source != "question":
            return {}
        question: Any = self.scope.questions[found.id]
        parts = [*getattr(question, "options", ())]
        if question.type == "cascade":
            parts += [node for _, node in question.walk()]
        return {part.id: self.short(part.text) for part in parts}
