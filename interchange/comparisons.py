"""A foreign comparison as a rule of ours that is never unknown.

Where the values that a question can have are few, the source's own comparison is tried on each of
them and on silence.
"""

from collections.abc import Callable, Set
from typing import Any

from engine.questions.moments import is_date, is_time
from interchange.expression import Unreadable
from interchange.node import is_list, number_of
from interchange.refs import Compare, Language, Ref
from interchange.truth import (
    ALWAYS,
    NEVER,
    Rule,
    answered,
    both,
    compare,
    compare_refs,
    either,
    negated,
    one_of,
    silent,
    total,
)

FINITE = ("choice", "boolean")
_ORDER = ("lt", "le", "gt", "ge")
TURNED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge"}
"""An operator with its sides changed."""
MAX_PAIRS = 30


class Comparisons:
    """Compares refs with constants and with one another, as a language does.

    Args:
        total: the computed values that always have a value.
        changed: told what comes along with another meaning.
    """

    def __init__(
        self, language: Language, total: Set[str], changed: Callable[[str, str], None]
    ) -> None:
        self.language = language
        self.total = total
        self.changed = changed

    def against(self, op: str, ref: Ref, value: Any, holds: Callable[[Any], bool]) -> Rule:
        """A ref compared with a constant; `holds` is what the source says of each value of it.

        Raises:
            Unreadable: with the code of the loss.
        """
        if ref.is_calculated and value in ("", []):
            return ALWAYS if op == "ne" else NEVER
        if value in (None, "", []) and op in ("eq", "ne"):
            present = either(*map(answered, ref.parts or (ref.ref,)))
            return negated(present) if op == "eq" else present
        match ref.kind:
            case "choice" | "boolean":
                return self.finite(ref, holds)
            case "set":
                known = self._set(op, ref, self.language.as_set(value))
            case "number":
                known = self._number(op, ref, value)
            case "date" | "time":
                known = _moment(op, ref, value)
            case "text":
                known = self._text(op, ref, value)
            case "opaque":
                raise Unreadable("not_comparable", ref.ref)
        in_silence = holds([] if ref.kind == "set" else None)
        if known == NEVER and not in_silence:
            return NEVER
        if ref.ref in self.total:
            return known
        return total(known, ref.ref, in_silence=in_silence)

    def finite(self, ref: Ref, holds: Callable[[Any], bool]) -> Rule:
        """The answers, of few, for which something holds; also what it says of silence."""
        correct = self.language.corrected
        literals = list(dict.fromkeys(lit for value, lit in ref.values if holds(correct(value))))
        everything = len(literals) == len({lit for _, lit in ref.values})
        in_silence = holds(None)
        if everything:
            return ALWAYS if in_silence else answered(ref.ref)
        if not literals:
            return silent(ref.ref) if in_silence else NEVER
        return total(one_of(ref.ref, literals), ref.ref, in_silence=in_silence)

    def _set(self, op: str, ref: Ref, value: Any) -> Rule:
        wants: list[Any] = value if is_list(value) else [value]
        found = [self._matching(ref, want) for want in wants]
        each = both(*(compare("has_any", ref.ref, f) if f else NEVER for f in found))
        some = [literal for literals in found for literal in literals]
        match op:
            case "contains" | "allof":
                return each
            case "notcontains":
                return negated(each)
            case "anyof":
                return compare("has_any", ref.ref, some) if some else (NEVER if wants else ALWAYS)
            case "noneof":
                return compare("has_none", ref.ref, some) if some else (ALWAYS if wants else NEVER)
            case "eq" | "ne":
                same = NEVER
                if isinstance(value, list):
                    count = compare("eq", f"{ref.ref}.count", len(wants))
                    same = both(each, count) if each != NEVER else NEVER
                return same if op == "eq" else negated(same)
            case _:
                raise Unreadable("not_comparable", ref.ref)

    def _matching(self, ref: Ref, want: Any) -> list[Any]:
        equal = self.language.comparisons["eq"]
        return [literal for value, literal in ref.values if equal(value, want)]

    def _number(self, op: str, ref: Ref, value: Any) -> Rule:
        wants: list[Any] = value if is_list(value) else [value]
        plain = [self.language.as_number(want) for want in wants]
        numbers = [n for n in plain if n is not None]
        match op:
            case "eq" | "ne" | "anyof" | "noneof":
                equal = self.language.comparisons["eq"]
                numbers = [n for n, want in zip(plain, wants, strict=True)
                           if n is not None and equal(n, want)]  # fmt: skip
                if op in ("eq", "ne") and isinstance(value, list):
                    numbers = []
                found = one_of(ref.ref, numbers)
                return negated(found) if op in ("ne", "noneof") else found
            case "lt" | "le" | "gt" | "ge":
                if len(numbers) != 1 or len(wants) != 1:
                    return NEVER
                if op in ("le", "ge") and not self.language.comparisons["eq"](numbers[0], wants[0]):
                    op = {"le": "lt", "ge": "gt"}[op]
                return compare(op, ref.ref, numbers[0])
            case _:
                raise Unreadable("number_as_text", ref.ref)

    def _text(self, op: str, ref: Ref, value: Any) -> Rule:
        if op not in ("eq", "ne", "anyof", "noneof"):
            raise Unreadable("text_search", ref.ref)
        wants: list[Any] = value if is_list(value) else [value]
        literals = [str(want).strip() for want in wants if want not in (None, "")]
        if any(text.lower() != text.upper() or number_of(text) is not None for text in literals):
            self.changed("text_compares_exactly", ref.ref)
        found = one_of(ref.ref, literals)
        return negated(found) if op in ("ne", "noneof") else found

    def of_two(self, op: str, one: Ref, two: Ref) -> Rule:
        """Two refs compared; raises Unreadable where no rule says it."""
        says = self.language.comparisons[op]
        if one.ref == two.ref and not (one.is_calculated or two.is_calculated):
            return self._with_itself(says, one)
        if one.kind in FINITE:
            turned = TURNED.get(op, op)
            return self._pairs(one, lambda v: self.against(turned, two, v, lambda w: says(v, w)))
        if two.kind in FINITE:
            return self._pairs(two, lambda v: self.against(op, one, v, lambda w: says(w, v)))
        if one.kind != two.kind or one.kind in ("set", "opaque"):
            raise Unreadable("not_comparable", f"{one.ref}, {two.ref}")
        if op not in ("eq", "ne") and (op not in _ORDER or one.kind == "text"):
            raise Unreadable("not_comparable", f"{one.ref}, {two.ref}")
        if op == "ne":
            return negated(self.of_two("eq", one, two))
        refs = [r.ref for r in (one, two) if r.ref not in self.total]
        refs = [ref for ref in refs if ref != "today"]
        known = total(compare_refs(op, one.ref, two.ref), *refs)
        if says(None, None) and len(refs) == 2 and not (one.is_calculated or two.is_calculated):
            return either(known, both(*map(silent, refs)))
        return known

    def _with_itself(self, says: Compare, ref: Ref) -> Rule:
        in_silence = silent(ref.ref) if says(None, None) else NEVER
        return either(answered(ref.ref) if says(1, 1) else NEVER, in_silence)

    def _pairs(self, finite: Ref, rule_for: Callable[[Any], Rule]) -> Rule:
        if len(finite.values) > MAX_PAIRS:
            raise Unreadable("too_many_pairs", finite.ref)
        parts = [
            both(
                answered(finite.ref),
                compare("eq", finite.ref, literal),
                rule_for(self.language.corrected(value)),
            )
            for value, literal in finite.values
        ]
        return either(both(silent(finite.ref), rule_for(None)), *parts)


def _moment(op: str, ref: Ref, value: Any) -> Rule:
    fits = is_date if ref.kind == "date" else is_time
    wants: list[Any] = value if is_list(value) else [value]
    if not all(map(fits, wants)) or not wants:
        raise Unreadable("date_constant", str(value))
    match op:
        case "eq" | "ne" | "lt" | "le" | "gt" | "ge" if len(wants) == 1:
            return compare(op, ref.ref, wants[0])
        case "anyof":
            return one_of(ref.ref, wants)
        case "noneof":
            return negated(one_of(ref.ref, wants))
        case _:
            raise Unreadable("not_comparable", ref.ref)
