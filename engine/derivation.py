"""Why: which rule, with which values, and how each score came about (design 4.9 and 4.12).

Slow and plain on purpose: rules are walked as trees with three truth values, so that an explanation
never depends on the generated code it explains.
"""

from collections.abc import Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import msgspec

from engine.arithmetic import (
    Member,
    Value,
    computed_value,
    score_members,
    score_value,
)
from engine.context import read_context
from engine.definition import Operand
from engine.evaluation import Evaluation
from engine.numbers import exact, is_number, rounded
from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
    refs,
)
from engine.ruletree import (
    Any as AnyOf,
)
from engine.scope import PlacedRule, Scope, question_rules
from engine.survey import Survey

Truth = bool | None


class Values:
    """What every ref stands for under one evaluation; None is unknown."""

    def __init__(
        self,
        survey: Survey,
        evaluation: Evaluation,
        context: Mapping[str, Any] | None = None,
        today: str | None = None,
    ) -> None:
        self.survey = survey
        self.evaluation = evaluation
        self.context, _ = read_context(survey.document.context, context or {})
        self.today = today
        self._cache: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._cache:
            self._cache[name] = self._find(name)
        return self._cache[name]

    @cached_property
    def _scope(self) -> Scope:
        return self.survey.scope

    def _find(self, name: str) -> Any:
        ref = self._scope.refs.get(name)
        if ref is None:
            return None
        match ref.source:
            case "context":
                return self.context.get(name)
            case "today":
                return self.today
            case "score" | "computed":
                self._derive()
                return self._cache[name]
            case _:
                return self._answer(ref.id, ref.part)

    def _derive(self) -> None:
        """All scores and computed values, members before those made of them."""
        for name in self._scope.positions:
            if name.startswith("score."):
                self._cache[name] = self._score(name.removeprefix("score."))
            else:
                self._cache[name] = self._computed(name)

    def _answer(self, question: str, part: str) -> Any:
        value = self.evaluation.answers.get(question)
        if value is None:
            return None
        seen = self._scope.questions[question].rule_value(value)
        if not part or seen is None:
            return seen
        return len(seen) if part == "count" else seen.get(part)

    def is_answered(self, name: str) -> bool:
        """Whether a ref has a value; a question or row that does not apply counts."""
        ref = self._scope.refs[name]
        if ref.source != "question":
            return self[name] is not None
        value = self.evaluation.answers.get(ref.id)
        if value is None or not ref.part or ref.part == "count":
            return value is not None
        return ref.part in value

    def number(self, operand: Operand) -> Value:
        """An operand as a rational."""
        if not isinstance(operand, str):
            return exact(operand)
        value = self[operand]
        if value is None or isinstance(value, Fraction):
            return value
        return exact(value)

    def points(self, member: str) -> Value:
        """The points of a score's member."""
        if member.startswith("score."):
            return self[member]
        value = self.evaluation.answers.get(member)
        return None if value is None else self._scope.questions[member].points(value)

    def members(self, score: str) -> tuple[Member, ...]:
        """The members of a score with points and weights."""
        return score_members(self._scope.scores[score], self.points)

    def score(self, score: str) -> Value:
        """The unrounded score."""
        return self[f"score.{score}"]

    def _score(self, score: str) -> Value:
        return score_value(self._scope.scores[score], self.members(score))

    def _computed(self, name: str) -> Value:
        computed = self._scope.computed[name]

        def holds() -> bool:
            return truth(getattr(computed.value, "when"), self) is True  # noqa: B009

        return computed_value(computed, self.number, holds)


def truth(rule: Rule, values: Values) -> Truth:
    """True, false or None (unknown), after Kleene."""
    match rule:
        case All():
            return _all([truth(part, values) for part in rule.of])
        case AnyOf():
            found = _all([_not(truth(part, values)) for part in rule.of])
            return _not(found)
        case Not():
            return _not(truth(rule.of, values))
        case Answered():
            return values.is_answered(rule.ref)
        case Membership():
            return _membership(rule, values[rule.ref])
        case _:
            return _comparison(rule, values)


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _all(parts: list[Truth]) -> Truth:
    if False in parts:
        return False
    return None if None in parts else True


def _membership(rule: Membership, value: Any) -> Truth:
    if value is None:
        return None
    wanted = set(rule.value)
    match rule:
        case In():
            return any(_same(value, literal) for literal in rule.value)
        case HasAny():
            return bool(wanted & value)
        case HasAll():
            return wanted <= value
        case _:
            return not wanted & value


def _same(value: Any, literal: Any) -> bool:
    if isinstance(value, Fraction):
        return value == exact(literal)
    return value == literal


def _comparison(rule: Comparison, values: Values) -> Truth:
    left = values[rule.ref]
    right: Any = rule.value if rule.other is None else values[rule.other]
    if left is None or right is None:
        return None
    if is_number(right) and isinstance(left, Fraction):
        right = exact(right)
    elif is_number(left) and isinstance(right, Fraction):
        left = exact(left)
    match rule:
        case Eq():
            return left == right
        case Ne():
            return left != right
        case Lt():
            return left < right
        case Le():
            return left <= right
        case Gt():
            return left > right
        case Ge() | _:
            return left >= right


class Reason(msgspec.Struct, frozen=True):
    """One rule and how it came out: its pointer, its text, its truth, and the values it read."""

    at: str
    rule: str
    result: Truth
    values: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True):
    """Why a question is asked or not, and why it is required or not.

    `state`: `asked`, `page_off_path` (a jump or the page's rule), `hidden` (its own rule).
    """

    question: str
    state: Literal["asked", "page_off_path", "hidden"]
    required: bool
    reasons: tuple[Reason, ...]


class MemberDerivation(msgspec.Struct, frozen=True):
    """One member of a score: points (None took no part) and weight."""

    question: str
    points: float | None
    weight: float


class ScoreDerivation(msgspec.Struct, frozen=True):
    """How a score came about."""

    score: str
    method: str
    members: tuple[MemberDerivation, ...]
    value: float | None


def explain(survey: Survey, values: Values) -> tuple[Explanation, ...]:
    """One explanation for each question of the document, in its order."""
    return tuple(_explain_question(survey, values, name) for name in survey.scope.place)


def _explain_question(survey: Survey, values: Values, name: str) -> Explanation:
    scope = survey.scope
    question = scope.questions[name]
    p = scope.page_of[name]
    page = survey.document.pages[p]
    reasons = [reason(r, values) for r in scope.page_rules(p, page) if r.role == "page"]
    if page.id not in values.evaluation.path:
        reasons = [*_jumps_over(survey, values, p), *reasons]
        return Explanation(name, "page_off_path", False, tuple(reasons))
    own = question_rules(question, scope.at[name], scope.place[name])
    reasons += [reason(r, values) for r in own if r.role != "option"]
    if name not in values.evaluation.asked:
        return Explanation(name, "hidden", False, tuple(reasons))
    return Explanation(name, "asked", is_required(question.required, values), tuple(reasons))


def is_required(required: bool | Rule, values: Values) -> bool:
    """Whether an asked question is required under these values."""
    return required if isinstance(required, bool) else truth(required, values) is True


def _jumps_over(survey: Survey, values: Values, p: int) -> list[Reason]:
    found: list[Reason] = []
    for q, page in enumerate(survey.document.pages[:p]):
        if page.id not in values.evaluation.path:
            continue
        jumps = [r for r in survey.scope.page_rules(q, page) if r.role == "jump"]
        found += [r for r in (reason(j, values) for j in jumps) if r.result is True][:1]
    return found


def reason(placed: PlacedRule, values: Values) -> Reason:
    """A rule with its truth and the values that it read."""
    from engine.notation import print_rule

    read = {name: _shown(values[name]) for name in dict.fromkeys(refs(placed.rule))}
    return Reason(placed.at, print_rule(placed.rule), truth(placed.rule, values), read)


def _shown(value: Any) -> Any:
    if isinstance(value, Fraction):
        return rounded(value.numerator, value.denominator)
    return sorted(value) if value.__class__ is frozenset else value


def derive_scores(survey: Survey, values: Values) -> tuple[ScoreDerivation, ...]:
    """How each score came about, in the document's order."""
    found: list[ScoreDerivation] = []
    for name, score in survey.scope.scores.items():
        members = tuple(
            MemberDerivation(m.id, _shown(m.points), float(m.weight)) for m in values.members(name)
        )
        found.append(ScoreDerivation(name, score.method, members, _shown(values.score(name))))
    return tuple(found)
