"""The logic doctor's findings in words, each at the part that it concerns."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from builder.decisions import Decisions
from builder.rules import Where, pointer_of
from engine.problems import Problem
from engine.prove import Findings
from engine.ruletree import Rule, refs
from engine.scope import PlacedRule, Scope
from runtime.staff.building import Desk
from runtime.staff.building_places import owner_of
from runtime.staff.standing import facts_of
from runtime.staff.unwritten import is_lacking, told_one_by_one, unwritten
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
    found = None
    told = [_finding(desk, one) for one in told_one_by_one(errors)]
    if not errors:
        found = findings.prove(desk.document, findings.EDIT_SECONDS, rule.at if rule else "")
        doubts = told_once(findings.warnings(found))
        told += in_words(desk, (one for one in doubts if one.code != UNDECIDED), found)
    by_owner: dict[str, list[Finding]] = {}
    for one in told:
        by_owner.setdefault(one.owner, []).append(one)
    return {
        "errors": [one for one in told if one.is_error],
        "lacking": lacking_in(desk, errors),
        "scores": len(desk.document.scores),
        "count": sum(len(sheet.questions) for sheet in desk.document.pages),
        "doubts": [one for one in told if not one.is_error],
        "by_owner": by_owner,
        "on_canvas": {one.id for sheet in desk.document.pages for one in (sheet, *sheet.questions)},
        "examples": _examples(desk, rule, found) if rule and found else (),
        "undecided": [] if found is None else list(found.undecided),
        "is_proved": found is not None,
    }


def told_once(problems: Iterable[Problem]) -> list[Problem]:
    """The warnings without those that others tell already: that a part's own condition is never
    true, beside that nobody sees the part."""
    listed = list(problems)
    lost = {one.at for one in listed if one.code.startswith("unreachable_")}
    dead = {f"{one.at}/if" for one in listed if one.code == "dead_jump"}
    own = {f"{at}/show_if" for at in lost} | dead
    return [one for one in listed if one.code != "never_true" or one.at not in own]


def in_words(desk: Desk, problems: Iterable[Problem], found: Findings) -> list[Finding]:
    """Warnings of a proof, each with a patient and the rules that show it."""
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    rules = {one.at: one for one in words.scope.rules()}
    return [
        _finding(
            desk,
            one,
            (*_patient_of(desk, words, one, rules, found), *_because(desk, words, one, found)),
        )
        for one in problems
    ]


def lacking_in(desk: Desk, errors: tuple[Problem, ...]) -> list[Finding]:
    """What is still to be written, one for each part."""
    owners: dict[str, tuple[Problem, ...]] = {}
    for one in filter(is_lacking, errors):
        owner = owner_of(desk.document, one.at)
        owners[owner] = (*owners.get(owner, ()), one)
    return [
        Finding(
            owner,
            desk.name_in_list(owner),
            unwritten(desk, all_of) or desk.say("empty_page"),
            is_error=True,
        )
        for owner, all_of in owners.items()
    ]


def _finding(desk: Desk, problem: Problem, reasons: tuple[str, ...] = ()) -> Finding:
    owner = owner_of(desk.document, problem.at)
    (sentence,) = desk.words((problem,))
    return Finding(owner, desk.name_in_list(owner), sentence, reasons, problem.severity == "error")


# What shows a finding


def _patient_of(
    desk: Desk,
    words: Decisions,
    problem: Problem,
    rules: Mapping[str, PlacedRule],
    found: Findings,
) -> tuple[str, ...]:
    """A patient who shows it: one who gets stuck, who never sees this, or who always does."""
    stuck: Mapping[str, Any] = found.witnesses.get(_key(problem), {})
    if "answers" in stuck:
        patient = told_answers(desk, words, stuck["answers"])
        return (desk.say("doctor_stuck", patient=patient),) if patient else ()
    rule = rules.get(_own_rule(problem))
    if rule is None:
        return ()
    side = "true" if problem.code == "always_true" else "false"
    patient = _patient(desk, words, rule.rule, found.witnesses.get(f"{side}.{rule.at}"))
    return (desk.say(f"doctor_{side}_{rule.role}", patient=patient),) if patient else ()


def _own_rule(problem: Problem) -> str:
    """The pointer of the rule that a warning is about, or that shows the part it is about."""
    if problem.code.startswith("unreachable_"):
        return f"{problem.at}/show_if"
    return f"{problem.at}/if" if problem.code == "dead_jump" else problem.at


def _because(desk: Desk, words: Decisions, problem: Problem, found: Findings) -> tuple[str, ...]:
    """The smallest set of rules that exclude it."""
    witness: Mapping[str, Any] = found.witnesses.get(_key(problem), {})
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


def _patient(desk: Desk, words: Decisions, rule: Rule, witness: Mapping[str, Any] | None) -> str:
    """What a patient answers, and does not, to what a rule looks at; "" where nothing is known."""
    facts = () if witness is None else facts_of(words, refs(rule), witness)
    return desk.say("between_answers").join(
        desk.say("one_answer", what=what, value=value)
        if value
        else desk.say("no_answer", what=what)
        for what, value in facts
    )


# Who sees the chosen part


def _rule_of(desk: Desk, at: str) -> PlacedRule | None:
    """The rule by which a page or a question is shown."""
    if not at or getattr(desk.part(at), "show_if", None) is None:
        return None
    pointer = pointer_of(desk.document, Where(at, "show_if"))
    return next(one for one in Scope(desk.document).rules() if one.at == pointer)


def _examples(desk: Desk, rule: PlacedRule, found: Findings) -> tuple[str, ...]:
    """A patient who never sees the part, and one who does; nothing where a finding tells that."""
    if rule.at in (*found.never, *found.always):
        return ()
    words = Decisions(Scope(desk.document), desk.lang, names=desk.names)
    said: list[str] = []
    for kind, code in (("false", "doctor_false_question"), ("true", "doctor_sees")):
        witness = found.witnesses.get(f"{kind}.{rule.at}")
        if patient := _patient(desk, words, rule.rule, witness):
            said.append(desk.say(code, patient=patient))
    return tuple(said)
