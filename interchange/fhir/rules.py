"""Our rules as enableWhen where they are flat, else as FHIRPath (SDC enableWhenExpression).

Renderers disagree on `!=` without an answer, so every `!=` stands beside an `exists` that says what
is meant. FHIRPath expressions are written without negated comparisons: each of them is true or
false whatever is answered.
"""

from typing import Any, NamedTuple

from engine.definition import Document
from engine.questions import Question
from engine.questions.matrix import Matrix
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
)
from engine.ruletree import (
    Any as AnyOf,
)
from engine.scope import Scope

Condition = dict[str, Any]
_OPERATORS: dict[type[Comparison], str] = {Eq: "=", Ne: "!=", Lt: "<", Le: "<=", Gt: ">", Ge: ">="}
_INVERSE: dict[type[Comparison], type[Comparison]] = {
    Eq: Ne, Ne: Eq, Lt: Ge, Ge: Lt, Gt: Le, Le: Gt,
}  # fmt: skip


class NotCarried(ValueError):
    """A rule reads what a Questionnaire does not know (context, scores, computed values)."""


class Enabled(NamedTuple):
    """Members of an item that say when it is enabled."""

    conditions: list[Condition]
    behavior: str
    expression: str


class Rules:
    """Writes the rules of one document."""

    def __init__(self, document: Document) -> None:
        self.scope = Scope(document)

    def enabled(self, rule: Rule) -> Enabled:
        """When an item is enabled; raises NotCarried."""
        plain = _normal(rule, True)
        flat = self._flat(plain)
        if flat is not None:
            return flat
        return Enabled([], "", self.path(plain))

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
                condition = self._one(part.ref, _OPERATORS[type(part)], part.value)
                if not isinstance(part, Ne):
                    return behavior, [condition]
                found = [self._exists(part.ref, True), condition]
                return ("all", found) if behavior == "all" or alone else None
            case _:
                return None

    def _exists(self, ref: str, wanted: bool) -> Condition:
        return {"question": self.link(ref), "operator": "exists", "answerBoolean": wanted}

    def _one(self, ref: str, operator: str, value: Any) -> Condition:
        return {"question": self.link(ref), "operator": operator} | self.answer(ref, value)

    def link(self, ref: str) -> str:
        """The linkId of what a ref reads; raises NotCarried."""
        known = self.scope.refs[ref]
        if known.source != "question" or known.part == "count":
            raise NotCarried(ref)
        return ref

    def answer(self, ref: str, value: Any) -> dict[str, Any]:
        """A literal as `answer[x]` of an enableWhen."""
        known = self.scope.refs[ref]
        match known.facet.kind:
            case "boolean":
                return {"answerBoolean": value}
            case "number" if is_whole(self.scope.questions[known.id]):
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
                if value == "other" and self._is_entered(known.id):
                    raise NotCarried(ref)
                return {"answerCoding": coding(self.scope.questions[known.id], str(value))}
            case _:
                return {"answerString": value}

    def _is_entered(self, name: str) -> bool:
        """Whether "other" is written as free text (open-choice), which no condition can name."""
        options: Any = getattr(self.scope.questions[name], "options", ())
        return any(o.id == "other" and getattr(o, "text_entry", None) for o in options)

    # -- FHIRPath ---------------------------------------------------------------------------

    def path(self, rule: Rule) -> str:
        """A rule in normal form as a FHIRPath expression that is true or false."""
        match rule:
            case All() | AnyOf():
                if not rule.of:
                    return "true" if isinstance(rule, All) else "false"
                word = " and " if isinstance(rule, All) else " or "
                return "(" + word.join(self.path(part) for part in rule.of) + ")"
            case Not():
                return f"{self.path(rule.of)}.not()"
            case Answered():
                return f"{self._answers(rule.ref)}.exists()"
            case Membership():
                return self._member_path(rule)
            case _:
                return self._comparison_path(rule)

    def _answers(self, ref: str) -> str:
        return f"%resource.repeat(item).where(linkId='{self.link(ref)}').answer.value"

    def _member_path(self, rule: Membership) -> str:
        parts = [f"{self._answers(rule.ref)}.where({self._same(rule.ref, value)}).exists()"
                 for value in rule.value]  # fmt: skip
        if isinstance(rule, HasAll):
            return "(" + " and ".join(parts) + ")"
        some = "(" + " or ".join(parts) + ")"
        if isinstance(rule, HasNone):
            return f"({self._answers(rule.ref)}.exists() and {some}.not())"
        return some

    def _same(self, ref: str, value: Any) -> str:
        if self.scope.refs[ref].facet.kind in ("choice", "set"):
            return f"code='{value}'"
        return f"$this={self._literal(ref, value)}"

    def _literal(self, ref: str, value: Any) -> str:
        match self.scope.refs[ref].facet.kind:
            case "boolean":
                return "true" if value else "false"
            case "date":
                return f"@{value}"
            case "time":
                return f"@T{value}:00"
            case "number":
                return str(value)
            case _:
                return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"

    def _comparison_path(self, rule: Comparison) -> str:
        operator = _OPERATORS[type(rule)]
        answers = self._answers(rule.ref)
        if rule.other is not None:
            other = self._answers(rule.other)
            test = f"({answers} {operator} {other})"
            return f"({answers}.exists() and {other}.exists() and {test})"
        if self.scope.refs[rule.ref].facet.kind == "choice":
            return f"{answers}.where(code{operator}'{rule.value}').exists()"
        return f"{answers}.where($this {operator} {self._literal(rule.ref, rule.value)}).exists()"


def is_whole(question: Question) -> bool:
    """Whether a question's answers are written as integers."""
    step = getattr(question, "step", None)
    if question.type == "number":
        least = getattr(question, "min", None) or 0
        return step is not None and float(step).is_integer() and float(least).is_integer()
    return question.type in ("rating", "nps", "matrix")


def coding(question: Question, option_id: str, text: str | None = None) -> dict[str, Any]:
    """An option as a Coding: its own foreign code where it carries one."""
    if question.type in ("department", "staff", "cascade"):
        return {"code": option_id} | ({"display": text} if text else {})
    options: Any = question.options if isinstance(question, Matrix) else getattr(
        question, "options", ())  # fmt: skip
    option: Any = next((o for o in options if o.id == option_id), None)
    made: dict[str, Any] = {}
    if option is not None and option.codes:
        made = {"system": option.codes[0].system, "code": option.codes[0].code}
    else:
        source = option.ext.get("source_id", option_id) if option is not None else option_id
        made = {"code": str(source)}
    return made | ({"display": text} if text else {})


def _normal(rule: Rule, wanted: bool) -> Rule:
    """The rule (or its opposite) with negation at the leaves only, nested alike groups merged, and
    `answered` left out beside a comparison that is false without an answer anyway."""
    match rule:
        case Not():
            return _normal(rule.of, not wanted)
        case All() | AnyOf():
            parts = [_normal(part, wanted) for part in rule.of]
            kind = All if isinstance(rule, All) == wanted else AnyOf
            flat: list[Rule] = []
            for part in parts:
                flat += part.of if isinstance(part, kind) else (part,)
            if kind is All:
                flat = _without_idle(flat)
            return flat[0] if len(flat) == 1 else kind(of=tuple(flat))
        case Answered():
            return rule if wanted else Not(of=rule)
        case Membership():
            return rule if wanted else _opposite_member(rule)
        case _:
            if wanted:
                return rule
            made: Any = _INVERSE[type(rule)](ref=rule.ref, value=rule.value, other=rule.other)
            return made


def _opposite_member(rule: Membership) -> Rule:
    match rule:
        case HasAny():
            return HasNone(ref=rule.ref, value=rule.value)
        case HasNone():
            return HasAny(ref=rule.ref, value=rule.value)
        case HasAll():
            lacking: tuple[Rule, ...] = tuple(
                HasNone(ref=rule.ref, value=(value,)) for value in rule.value
            )
            return lacking[0] if len(lacking) == 1 else AnyOf(of=lacking)
        case _:
            different: tuple[Rule, ...] = tuple(
                Ne(ref=rule.ref, value=value) for value in rule.value
            )
            return different[0] if len(different) == 1 else All(of=different)


def _without_idle(parts: list[Rule]) -> list[Rule]:
    compared = {p.ref for p in parts if isinstance(p, (Comparison, Membership))}
    return [p for p in parts if not (isinstance(p, Answered) and p.ref in compared)]
