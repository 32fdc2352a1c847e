"""Our rules as enableWhen where they are flat, else as FHIRPath (SDC enableWhenExpression).

Renderers disagree on `!=` without an answer, so every `!=` stands beside an `exists` that says what
is meant.
"""

from typing import Any, NamedTuple

from engine.definition import Document
from engine.questions import Question
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    HasAll,
    HasAny,
    HasNone,
    In,
    Membership,
    Ne,
    Not,
    Rule,
)
from engine.ruletree import (
    Any as AnyOf,
)
from engine.scope import Scope
from interchange.fhir.codings import coding, is_whole
from interchange.fhir.paths import SIGNS, NotCarried, Paths

Condition = dict[str, Any]


class Enabled(NamedTuple):
    """Members of an item that say when it is enabled."""

    conditions: list[Condition]
    behavior: str
    expression: str


class Rules:
    """Writes the rules of one document."""

    def __init__(self, document: Document) -> None:
        self.scope = Scope(document)
        self.paths = Paths(self.scope)

    def enabled(self, rule: Rule) -> Enabled:
        """When an item is enabled; raises NotCarried."""
        plain = self.paths.plain(rule)
        flat = self._flat(plain)
        if flat is not None:
            return flat
        return Enabled([], "", self.paths.path(plain))

    # -- enableWhen -------------------------------------------------------------------------

    def _flat(self, rule: Rule) -> Enabled | None:
        parts = rule.of if isinstance(rule, (All, AnyOf)) else (rule,)
        behavior = "any" if isinstance(rule, AnyOf) else "all"
        conditions: list[Condition] = []
        for part in parts:
            found = self._conditions(part, behavior, len(parts) == 1)
            if found is None:
                return None
            behavior = found[0] if len(parts) == 1 else behavior
            conditions += [c for c in found[1] if c not in conditions]
        return Enabled(conditions, behavior, "") if conditions else None

    def _conditions(
        self, part: Rule, behavior: str, alone: bool
    ) -> tuple[str, list[Condition]] | None:
        """Conditions for one part under a behavior; None where they do not fit beside others."""
        match part:
            case Comparison() | Membership() if self._names_entered(part):
                return None  # free text, which no condition can name
            case Answered():
                return behavior, [self._exists(part.ref, True)]
            case Not(of=Answered(ref=ref)):
                return behavior, [self._exists(ref, False)]
            case In() | HasAny():
                one = [self._one(part.ref, "=", value) for value in part.value]
                fits = behavior == "any" or alone or len(one) == 1
                return ("any" if len(one) > 1 and alone else behavior, one) if fits else None
            case HasAll():
                all_of = [self._one(part.ref, "=", value) for value in part.value]
                return ("all", all_of) if behavior == "all" or alone else None
            case HasNone():
                none = [self._one(part.ref, "!=", value) for value in part.value]
                found = [self._exists(part.ref, True), *none]
                return ("all", found) if behavior == "all" or alone else None
            case Comparison() if part.value is not None:
                condition = self._one(part.ref, SIGNS[str(part.__struct_config__.tag)], part.value)
                if not isinstance(part, Ne):
                    return behavior, [condition]
                found = [self._exists(part.ref, True), condition]
                return ("all", found) if behavior == "all" or alone else None
            case _:
                return None

    def _exists(self, ref: str, wanted: bool) -> Condition:
        return {"question": self.paths.link(ref), "operator": "exists", "answerBoolean": wanted}

    def _one(self, ref: str, operator: str, value: Any) -> Condition:
        return {"question": self.paths.link(ref), "operator": operator} | self.answer(ref, value)

    def answer(self, ref: str, value: Any) -> dict[str, Any]:
        """A literal as `answer[x]` of an enableWhen."""
        known = self.scope.refs[ref]
        match known.facet.kind:
            case "boolean":
                return {"answerBoolean": value}
            case "number" if known.source == "question" and is_whole(
                self.scope.questions[known.id]
            ):
                if float(value).is_integer():
                    return {"answerInteger": int(value)}
                raise NotCarried(ref)
            case "number":
                return {"answerDecimal": value}
            case "date":
                return {"answerDate": value}
            case "time":
                return {"answerTime": f"{value}:00"}
            case "choice" | "set":
                return _answer_option(self.scope.questions[known.id], str(value))
            case _:
                return {"answerString": value}

    def _names_entered(self, part: Comparison | Membership) -> bool:
        values = part.value if isinstance(part, Membership) else (part.value,)
        return any(self.paths.entered(part.ref, value) for value in values)


def _answer_option(question: Question, option_id: str) -> Condition:
    """An option as `answer[x]`: a Coding, or the plain value that it was."""
    options: Any = getattr(question, "options", ())
    option: Any = next((o for o in options if o.id == option_id), None)
    kind: Any = option.ext.get("fhir_value") if option else None
    if not option or not kind:
        return {"answerCoding": coding(question, option_id)}
    plain = option.ext.get("source_id", option_id)
    return {kind.replace("value", "answer"): int(plain) if kind == "valueInteger" else plain}
