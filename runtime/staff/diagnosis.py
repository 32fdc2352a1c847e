"""The logic doctor's findings in words, each at the part that it concerns."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from builder.decisions import Decisions
from engine.problems import Problem
from engine.prove import Findings
from engine.ruletree import Rule, refs
from engine.scope import Scope
from runtime.staff.building import Desk, owner_of
from runtime.staff.standing import facts_of
from runtime.surveys import findings

UNDECIDED = "undecided"
"""What half a second did not settle is counted, not told at each place: publishing looks again."""


class Finding(Struct, frozen=True):
    """What is wrong with a part, the rules or the patient that show it, and how grave it is."""

    owner: str
    name: str
    sentence: str
    reasons: tuple[str, ...] = ()
    is_error: bool = False


def diagnosis(desk: Desk, at: str = "") -> dict[str, Any]:
    """What is wrong, what the proof says against it, and what it could not settle in its time; for
    the chosen part `at` also who sees it and who does not."""
    errors = desk.draft.problems
    rule = None if errors else _rule_of(desk, at)
    about = f"{rule[0]}/show_if" if rule else ""
    found = None if errors else findings.prove(desk.document, findings.EDIT_SECONDS, about)
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    told = [_finding(desk, one) for one in errors]
    if found is not None:
        told += [
            _finding(desk, one, _shown_by(desk, words, one, found))
            for one in findings.warnings(found)
            if one.code != UNDECIDED
        ]
    by_owner: dict[str, list[Finding]] = {}
    for one in told:
        by_owner.setdefault(one.owner, []).append(one)
    return {
        "errors": [one for one in told if one.is_error],
        "doubts": [one for one in told if not one.is_error],
        "by_owner": by_owner,
        "on_canvas": {one.id for sheet in desk.document.pages for one in (sheet, *sheet.questions)},
        "examples": _examples(desk, words, rule, found) if rule and found else (),
        "undecided": [] if found is None else list(found.undecided),
        "is_proved": found is not None,
    }


def _finding(desk: Desk, problem: Problem, reasons: tuple[str, ...] = ()) -> Finding:
    owner = owner_of(desk.document, problem.at)
    (sentence,) = desk.words((problem,))
    return Finding(owner, desk.name_of(owner), sentence, reasons, problem.severity == "error")


# What shows a finding


def _shown_by(desk: Desk, words: Decisions, problem: Problem, found: Findings) -> tuple[str, ...]:
    """The smallest set of rules that exclude it, or a patient who gets stuck, in words."""
    witness: Mapping[str, Any] = found.witnesses.get(_key(problem), {})
    if "answers" in witness:
        patient = told_answers(desk, words, witness["answers"])
        return (desk.say("doctor_stuck", patient=patient),) if patient else ()
    rules = {one.at: one.rule for one in words.scope.rules()}
    because = [at for at in witness.get("because", ()) if at != problem.at]
    said = tuple(
        desk.say("doctor_rule", what=words.decides(at), rule=words.sentence(rules[at]))
        if at in rules
        else words.decides(at)
        for at in because
    )
    code = "doctor_because" if len(said) < 2 else "doctor_exclude"
    return (desk.say(code), *said) if said else ()


def _key(problem: Problem) -> str:
    """Where the findings keep the witness of a warning."""
    kind = problem.code.removeprefix("unreachable_")
    if problem.code.startswith("unreachable_"):
        name = problem.params[kind]
        whole = f"{problem.params['question']}.{name}" if kind == "option" else name
        return f"unreachable.{kind}s.{whole}"
    if problem.code == "dead_jump":
        return f"unreachable.jumps.{problem.at}"
    if problem.code in ("unsatisfiable_required", "sometimes_unsatisfiable"):
        return f"dead_ends.{problem.params['question']}"
    return problem.at


def told_answers(desk: Desk, words: Decisions, answers: Mapping[str, Any]) -> str:
    """A patient in words: what they answer to which question."""
    known = words.scope.questions
    names = [name for name in answers if name in known]
    said = facts_of(words, names, {"answers": answers, "context": {}})
    between = desk.say("between_answers")
    return between.join(desk.say("one_answer", what=what, value=value) for what, value in said)


# Who sees the chosen part


def _rule_of(desk: Desk, at: str) -> tuple[str, Rule] | None:
    """The pointer of a page or question, and the rule by which it is shown."""
    for p, sheet in enumerate(desk.document.pages):
        own = ((f"/pages/{p}/questions/{q}", one) for q, one in enumerate(sheet.questions))
        for pointer, part in ((f"/pages/{p}", sheet), *own):
            if part.id == at and part.show_if is not None:
                return pointer, part.show_if
    return None


def _examples(
    desk: Desk, words: Decisions, rule: tuple[str, Rule], found: Findings
) -> tuple[str, ...]:
    """A patient who never sees the part, and one who does."""
    said: list[str] = []
    for kind, code in (("false", "doctor_never_sees"), ("true", "doctor_sees")):
        witness = found.witnesses.get(f"{kind}.{rule[0]}/show_if")
        if witness is None:
            continue
        facts = facts_of(words, refs(rule[1]), witness)
        patient = desk.say("between_answers").join(
            desk.say("one_answer", what=what, value=value)
            if value
            else desk.say("no_answer", what=what)
            for what, value in facts
        )
        if patient:
            said.append(desk.say(code, patient=patient))
    return tuple(said)
