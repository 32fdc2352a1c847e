"""Rules as sentences that whoever never saw a formula understands.

What is only true of a known value says so ("有分但不是 3 分"), since an unanswered question is
neither equal nor different. Two rules with one sentence mean the same.
"""

from collections.abc import Iterable

from builder.names import Names, catalogue
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    HasAll,
    HasAny,
    HasNone,
    In,
    Membership,
    Not,
    Rule,
    Scalar,
)
from engine.ruletree import Any as AnyOf

_INVERSE = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}


class RuleWords(Names):
    """The sentences for one document's rules."""

    def sentence(self, rule: Rule) -> str:
        """The rule in words."""
        return self._say(rule, False, False)

    def _say(self, rule: Rule, is_not: bool, is_inner: bool) -> str:
        match rule:
            case Not():
                return self._say(rule.of, not is_not, is_inner)
            case All() | AnyOf():
                return self._group(rule, is_not, is_inner)
            case Answered():
                return self._answered(rule.ref, is_not)
            case Membership():
                return self._membership(rule, is_not)
            case _:
                return self._comparison(rule, is_not)

    def _group(self, rule: All | AnyOf, is_not: bool, is_inner: bool) -> str:
        is_all = isinstance(rule, All)
        parts = _flat(rule)
        if not parts:
            return self.say("always" if is_all != is_not else "never")
        if len(parts) == 1:
            return self._say(parts[0], is_not, is_inner)
        joined = self.say("all" if is_all else "any").join(
            self._say(part, False, True) for part in parts
        )
        if is_not:
            return self.say("not_group", rule=joined)
        return self.say("group", rule=joined) if is_inner else joined

    def _answered(self, name: str, is_not: bool) -> str:
        ref = self.scope.refs.get(name)
        kind = {"context": "context", "score": "score", "computed": "score", "today": "context"}
        source = kind.get(ref.source, "question") if ref is not None else "question"
        what = self.question(ref.id) if ref is not None and ref.part == "count" else self.name(name)
        return self.say(f"{'not_' if is_not else ''}answered_{source}", what=what)

    def _membership(self, rule: Membership, is_not: bool) -> str:
        if isinstance(rule, In):
            if not rule.value:
                return self.say("always" if is_not else "never")
            code = "not_in" if is_not else "in"
            if len(rule.value) == 1:
                code = "ne" if is_not else "eq"
                if isinstance(rule.value[0], bool):
                    return self._boolean(rule.ref, rule.value[0] != is_not)
            what = self._subject(rule.ref)
            return self._phrase(code, rule.ref, what, self._listed(rule.ref, rule.value, "or_last"))
        match rule:
            case HasAny():
                code = "has_none" if is_not else "has_any"
            case HasNone():
                code = "has_any" if is_not else "has_none"
            case HasAll() | _:
                code = "not_has_all" if is_not else "has_all"
        chosen = tuple(dict.fromkeys(rule.value))
        if len(chosen) == 1:
            code = "has_none_one" if code in ("has_none", "not_has_all") else "has_any_one"
        last = "and_last" if code.endswith("has_all") else "none_last"
        return self.say(code, what=self.name(rule.ref), value=self._listed(rule.ref, chosen, last))

    def _comparison(self, rule: Comparison, is_not: bool) -> str:
        code = str(rule.__struct_config__.tag)
        if is_not:
            code = _INVERSE[code]
        if rule.other is not None:
            return self._against(code, rule.ref, rule.other)
        if isinstance(rule.value, bool) and code in ("eq", "ne"):
            return self._boolean(rule.ref, rule.value == (code == "eq"))
        value = self.value(rule.ref, rule.value)
        return self._phrase(code, rule.ref, self._subject(rule.ref), value)

    def _boolean(self, name: str, wanted: bool) -> str:
        question = self.question_of(name)
        if getattr(question, "type", "") == "consent":
            return self.say("eq_consent" if wanted else "eq_dissent", what=self.name(name))
        return self._phrase("eq", name, self.name(name), self.value(name, wanted))

    def _against(self, code: str, name: str, other: str) -> str:
        family = self._family(name)
        if code in ("eq", "ne"):
            key = f"{code}_same"
        else:
            key = f"{code}_{family}" if family in ("moment", "points") else code
        return self.say(key, what=self.name(name), value=self.name(other))

    def _phrase(self, code: str, name: str, what: str, value: str) -> str:
        key = f"{code}_{self._family(name)}"
        return self.say(key if key in catalogue(self.lang) else code, what=what, value=value)

    def _family(self, name: str) -> str:
        """Which phrases a ref is spoken of with."""
        ref = self.scope.refs.get(name)
        if ref is None:
            return "number"
        kind = ref.facet.kind
        if kind in ("date", "time"):
            return "moment"
        if kind == "number":
            if ref.part == "count":
                return "count"
            return "points" if self.unit(name) == "points" else "number"
        if ref.source == "context":
            return "known"
        return "choice" if self.is_listed(name) else kind

    def _subject(self, name: str) -> str:
        ref = self.scope.refs.get(name)
        if ref is not None and ref.part == "count":
            return self.question(ref.id)
        return self.name(name)

    def _listed(self, name: str, values: Iterable[Scalar], last: str) -> str:
        shown = [self.value(name, one) for one in values]
        if not shown:
            return self.say("nothing_listed")
        between = self.say("between_quoted" if shown[0][:1] in "「“" else "between")
        *most, end = shown
        return self.say(last, most=between.join(most), end=end) if most else end


def _flat(rule: All | AnyOf) -> list[Rule]:
    """The parts of a group, those of groups of its own kind among them."""
    found: list[Rule] = []
    for part in rule.of:
        if isinstance(part, All | AnyOf) and (type(part) is type(rule) or len(part.of) == 1):
            found += _flat(part)
        else:
            found.append(part)
    return found
