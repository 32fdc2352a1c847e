"""How a rule stands with the logic check while it is being written: never, always, or for whom."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from builder.apply import apply
from builder.decisions import Decisions
from builder.edits import Refused, SetMember
from builder.rules import Where, pointer_of
from engine import check
from engine.definition import Document
from engine.prove import Findings
from engine.ruletree import Comparison, Membership, Rule, leaves, refs
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
    """What a patient answers to the questions behind these names, in words; "" for nothing.

    Where the hospital names the values, one that no rule and nobody else knows stands for all the
    others: the proof made it up.
    """
    scope, facts = words.scope, dict[str, str]()
    compared = {value for placed in scope.rules() for value in _compared(placed.rule)}

    def is_other(value: Any) -> bool:
        return isinstance(value, str) and value not in words.names and value not in compared

    for name in names:
        ref = scope.refs.get(name)
        if ref is None:
            continue
        if ref.source == "context":
            value = witness["context"].get(name)
            facts[words.context_name(name)] = _known(words, name, value, is_other(value))
        for question in sorted(scope.questions_behind(name), key=lambda q: scope.place.get(q, 0)):
            one = scope.questions.get(question)
            if one is not None:
                value = witness["answers"].get(question)
                facts[words.question(question)] = _told(words, one, value, is_other(value))
    return tuple(facts.items())[:MAX_FACTS]


def _compared(rule: Rule) -> Iterator[Any]:
    """The values that a rule names."""
    for leaf in leaves(rule):
        match leaf:
            case Comparison():
                yield leaf.value
            case Membership():
                yield from leaf.value
            case _:
                pass


def _known(words: Decisions, name: str, value: Any, is_other: bool) -> str:
    """What is known of a patient beforehand."""
    field = words.scope.document.context[name]
    if value is None:
        return ""
    is_free = field.type == "text" and not field.values
    return words.say("other_value") if is_other and is_free else words.value(name, value)


def _told(words: Decisions, question: Any, value: Any, is_other: bool) -> str:
    match value:
        case None:
            return ""
        case str() if words.is_listed(question.id):
            return words.say("other_value") if is_other else words.value(question.id, value)
        case int() | float() if not isinstance(value, bool):
            return words.value(question.id, value)
        case _:
            return answer_text(value, question, words.lang, words.first)
