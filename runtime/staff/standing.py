"""How a rule stands with the logic check while it is being written: never, always, or for whom."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from builder.apply import apply
from builder.decisions import Decisions
from builder.edits import Refused, SetMember
from builder.rules import Where, pointer_of
from engine import check
from engine.definition import Document
from engine.prove import Findings
from engine.ruletree import Rule, refs
from engine.scope import Scope
from runtime.staff.answers import answer_text
from runtime.surveys import findings

MAX_FACTS = 6
Verdict = Literal["refused", "broken", "lost", "stuck", "never", "always", "open", "sometimes"]


class Standing(Struct, frozen=True):
    """What the check says of a rule.

    `problems` of a refused one. `because` are the other rules that decide it, each as (heading,
    sentence). `yes` and `no` are what a patient answers for whom it holds, or does not.
    """

    verdict: Verdict
    problems: tuple[Any, ...] = ()
    because: tuple[tuple[str, str], ...] = ()
    yes: tuple[tuple[str, str], ...] = ()
    no: tuple[tuple[str, str], ...] = ()


def standing_of(
    document: Document, at: Where, edit: SetMember, rule: Rule, lang: str, names: Mapping[str, str]
) -> Standing:
    """What the check would say once the edit was done."""
    try:
        after = apply(document, edit).document
    except Refused as refused:
        return Standing("refused", refused.problems)
    errors = check(after)
    if errors:
        return Standing("broken", errors)
    pointer = _pointer(after, at)
    found = findings.prove(after, findings.EDIT_SECONDS, pointer)
    words = Decisions(Scope(after), lang, names=names)
    yes, no = (
        _facts(words, rule, found.witnesses.get(f"{kind}.{pointer}")) for kind in ("true", "false")
    )
    verdict = _verdict(pointer, found)
    because = _because(words, pointer, found) if verdict in ("never", "always") else ()
    return Standing(verdict, (), because, yes, no)


def _pointer(after: Document, at: Where) -> str:
    """Where the rule stands after the edit; a new conditional jump is the last of those."""
    if at.member != "next" or at.n is not None:
        return pointer_of(after, at)
    jumps = next(page.next for page in after.pages if page.id == at.of)
    last = max((n for n, jump in enumerate(jumps) if jump.if_ is not None), default=0)
    return pointer_of(after, Where(at.of, "next", last))


def _verdict(pointer: str, found: Findings) -> Verdict:
    if pointer in found.never:
        return "never"
    if pointer in found.always:
        return "always"
    if any(one.at == pointer for one in found.undecided):
        return "open"
    is_seen = f"true.{pointer}" in found.witnesses or f"false.{pointer}" in found.witnesses
    if is_seen:
        return "sometimes"
    return "stuck" if found.dead_ends else "lost"


def _because(words: Decisions, pointer: str, found: Findings) -> tuple[tuple[str, str], ...]:
    told = found.witnesses.get(pointer, {}).get("because", ())
    rules = {one.at: one.rule for one in words.scope.rules()}
    return tuple(
        (words.decides(at), words.sentence(rules[at]))
        for at in told
        if at != pointer and at in rules
    )


def _facts(
    words: Decisions, rule: Rule, witness: dict[str, Any] | None
) -> tuple[tuple[str, str], ...]:
    """What the witness says of what the rule looks at."""
    return () if witness is None else facts_of(words, refs(rule), witness)


def facts_of(
    words: Decisions, names: Iterable[str], witness: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """What a patient answers to the questions behind these names, in words; "" for nothing."""
    scope, facts = words.scope, dict[str, str]()
    for name in names:
        ref = scope.refs.get(name)
        if ref is None:
            continue
        if ref.source == "context":
            value = witness["context"].get(name)
            facts[words.context_name(name)] = words.value(name, value) if value is not None else ""
        for question in sorted(scope.questions_behind(name), key=lambda q: scope.place.get(q, 0)):
            one = scope.questions.get(question)
            if one is not None:
                value = witness["answers"].get(question)
                facts[words.question(question)] = _told(words, question, one, value)
    return tuple(facts.items())[:MAX_FACTS]


def _told(words: Decisions, name: str, question: Any, value: Any) -> str:
    match value:
        case None:
            return ""
        case str() if words.is_listed(name):
            return words.value(name, value)
        case int() | float() if not isinstance(value, bool):
            return words.value(name, value)
        case _:
            return answer_text(value, question, words.lang, words.first)
