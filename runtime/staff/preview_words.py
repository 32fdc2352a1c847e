"""What the preview tells beside the page: why each question is asked, the scores so far, and what
may be known of the visit."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

import engine
from builder.words import RuleWords
from runtime.staff.rehearsal import Rehearsal


class Reason(Struct, frozen=True):
    """A rule in words, how it came out, and the values that it read."""

    sentence: str
    result: str
    values: tuple[tuple[str, str], ...]


class Why(Struct, frozen=True):
    """Why a question is asked or not."""

    id: str
    text: str
    state: str
    is_required: bool
    reasons: tuple[Reason, ...]


class Member(Struct, frozen=True):
    """A question's part in a score."""

    text: str
    points: float | None
    weight: float


class ScoreSoFar(Struct, frozen=True):
    """A score and how it came about."""

    name: str
    method: str
    value: float | None
    members: tuple[Member, ...]


class Choice(Struct, frozen=True):
    """A member of the context with what was chosen."""

    name: str
    label: str
    type: str
    values: tuple[tuple[str, str], ...]
    value: str


def explained(rehearsal: Rehearsal, words: RuleWords) -> list[Why]:
    """Why each question of the survey is asked or not, in the survey's order."""
    scope = rehearsal.survey.scope
    values = rehearsal.values
    rules = {placed.at: placed.rule for placed in scope.rules()}

    def reason(one: Any) -> Reason:
        result = {True: "true", False: "false", None: "unknown"}[one.result]
        read = tuple(
            (words.name(ref), words.value(ref, value)) for ref, value in one.values.items()
        )
        return Reason(words.sentence(rules[one.at]), result, read)

    return [
        Why(
            one.question,
            words.text(scope.questions[one.question].text),
            one.state,
            one.required,
            tuple(map(reason, one.reasons)),
        )
        for one in engine.explain(rehearsal.survey, values)
    ]


def scores_so_far(rehearsal: Rehearsal, words: RuleWords) -> list[ScoreSoFar]:
    """Each score of the answers so far, with its members."""
    scope = rehearsal.survey.scope

    def name(member: str) -> str:
        if member in scope.questions:
            return words.text(scope.questions[member].text)
        score = scope.scores.get(member.removeprefix("score."))
        return (words.text(score.title) if score is not None else "") or member

    return [
        ScoreSoFar(
            words.text(scope.scores[one.score].title) or one.score,
            one.method,
            one.value,
            tuple(Member(name(m.question), m.points, m.weight) for m in one.members),
        )
        for one in engine.derive_scores(rehearsal.survey, rehearsal.values)
    ]


def context_choices(
    document: engine.Document, chosen: Mapping[str, Any], words: RuleWords
) -> list[Choice]:
    """The members of the context as inputs."""
    found: list[Choice] = []
    for name, field in document.context.items():
        named = field.values
        if field.type == "boolean":
            named = ("true", "false")
        values = tuple((one, words.value(name, one).strip("「」“”")) for one in named)
        value = chosen.get(name)
        shown = str(value).lower() if isinstance(value, bool) else str(value or "")
        found.append(Choice(name, words.context_name(name), field.type, values, shown))
    return found
