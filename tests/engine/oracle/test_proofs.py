"""What `prove` says of random small surveys is what enumerating every complete response shows."""

import json
from datetime import date
from typing import Any

import pytest

import engine
from engine.prove import Findings, prove
from tests.engine.oracle import oracle
from tests.engine.oracle.enumeration import Enumeration, Facts, TooMany
from tests.engine.oracle.forms import compiled, form, form_count
from tests.engine.oracle.test_differential import drawn

MOST = 3000
BATCHES = 4
SECONDS = 10.0
Json = dict[str, Any]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_proofs_agree_with_enumeration(batch: int) -> None:
    count = form_count(160)
    left_out = undecided = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        _, document = form(seed)
        enumeration = Enumeration(document, MOST)
        try:
            facts = enumeration.run()
        except TooMany:
            left_out += 1
            continue
        survey = compiled(document)
        findings = prove(survey.document, SECONDS)
        undecided += bool(findings.undecided)
        assert differences(document, facts, findings) == [], seed
        assert broken_witnesses(document, survey, findings) == [], seed
    assert left_out + undecided <= 0.03 * count


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_drawn_response_contradicts_a_proof_of_a_form_too_large_to_enumerate(batch: int) -> None:
    count = form_count(80)
    complete = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        rng, document = form(seed, wide=True)
        survey = compiled(document)
        findings = prove(survey.document, SECONDS)
        assert broken_witnesses(document, survey, findings) == [], seed
        for _ in range(40):
            answers, context, today = drawn(rng, document)
            said = survey.evaluate(answers, context, today or date(2024, 2, 29))
            complete += said.complete
            if said.complete:
                assert contradictions(document, said, findings) == [], (seed, answers, context)
    assert complete > count


def contradictions(document: Json, said: engine.Evaluation, findings: Findings) -> list[str]:
    """What a complete response shows that the proof excludes."""
    lost = findings.unreachable
    wrong = [*set(said.path) & set(lost.pages), *set(said.asked) & set(lost.questions)]
    wrong += [name for name in lost.endings if name == said.ending]
    open_places = {place.at for place in findings.undecided}
    for kind, values in (
        ("scores", {name: score.value for name, score in said.scores.items()}),
        ("computed", said.computed),
    ):
        for name, value in values.items():
            low, high = getattr(findings, kind)[name]
            if value is None or findings.places[name] in open_places:
                continue
            if low is None or high is None or not low <= value <= high:
                wrong.append(f"{kind} {name}: {value} is not within {low} and {high}")
    for p, page in enumerate(document["pages"]):
        for q, question in enumerate(page["questions"]):
            at = f"/pages/{p}/questions/{q}/show_if"
            asked = question["id"] in said.asked
            if at in (findings.never if asked else findings.always) and page["id"] in said.path:
                wrong.append(at)
    return wrong


def differences(document: Json, facts: Facts, findings: Findings) -> list[str]:
    """Where the two disagree, but for places that the proof left undecided."""
    open_places = {place.at for place in findings.undecided}
    expected = expected_findings(document, facts)
    found = said_findings(findings)
    wrong = [
        f"{key}: enumerated {expected.get(key)}, proved {found.get(key)}"
        for key in expected.keys() | found.keys()
        if expected.get(key) != found.get(key)
        and findings.places.get(key.partition(" ")[2], key.partition(" ")[2]) not in open_places
    ]
    return sorted(wrong)


def expected_findings(document: Json, facts: Facts) -> Json:
    """The findings that enumeration calls for, one key each."""
    made: Json = {}
    for p, page in enumerate(document["pages"]):
        _lost(made, "page", page["id"], page["id"] in facts.pages)
        for question in page["questions"]:
            _lost(made, "question", question["id"], question["id"] in facts.asked)
            for part in _parts(question):
                name = f"{question['id']}.{part['id']}"
                _lost(made, "option", name, name in facts.options)
        for n in range(len(page.get("next", []))):
            _lost(made, "jump", f"/pages/{p}/next/{n}", f"/pages/{p}/next/{n}" in facts.jumps)
    for ending in document.get("endings", []):
        _lost(made, "ending", ending["id"], ending["id"] in facts.endings)
    for at, values in facts.rules.items():
        if len(values) == 1:
            made[f"rule {at}"] = "always" if True in values else "never"
    for kind, ranges in (("scores", facts.scores), ("computed", facts.computed)):
        for part in document.get(kind, []):
            low, high = ranges.get(part["id"], (None, None))
            made[f"{kind} {part['id']}"] = (_printed(low), _printed(high))
    for question in facts.stuck:
        _lost(made, "end", question, False)
        _lost(made, "answer", question, question in facts.answerable)
    return made


def said_findings(findings: Findings) -> Json:
    """The same of a proof."""
    made: Json = {}
    lost = findings.unreachable
    for kind, names in (
        ("page", lost.pages),
        ("question", lost.questions),
        ("option", lost.options),
        ("jump", lost.jumps),
        ("ending", lost.endings),
        ("end", findings.dead_ends),
        ("answer", findings.unsatisfiable),
    ):
        made |= {f"{kind} {name}": "lost" for name in names}
    made |= {f"rule {at}": "never" for at in findings.never}
    made |= {f"rule {at}": "always" for at in findings.always}
    made |= {f"scores {name}": bounds for name, bounds in findings.scores.items()}
    made |= {f"computed {name}": bounds for name, bounds in findings.computed.items()}
    return made


def _lost(made: Json, kind: str, name: str, reached: bool) -> None:
    if not reached:
        made[f"{kind} {name}"] = "lost"


def _parts(question: Json) -> list[Json]:
    return question["rows"] if question["type"] == "matrix" else question.get("options", [])


def _printed(value: Any) -> float | None:
    return None if value is None else oracle.rounded(value)


def broken_witnesses(document: Json, survey: engine.Survey, findings: Findings) -> list[str]:
    """Witnesses that do not show what they are named for."""
    wrong: list[str] = []
    for name, witness in findings.witnesses.items():
        if "because" in witness:
            if not all(_rule_at(document, at) is not None for at in witness["because"]):
                wrong.append(name)
            continue
        answers, context = witness["answers"], witness["context"]
        today = date.fromisoformat(witness["today"])
        said = survey.evaluate(answers, context, today)
        walk = oracle.walked(document, answers, context, today)
        kind, _, shown = name.partition(".")
        if kind in ("true", "false"):
            is_true = walk.truth(_rule_at(document, shown)) is True
            is_shown = said.complete and is_true == (kind == "true")
        else:
            is_shown = _shows(document, said, kind, shown, findings)
        if list(said.path) != walk.out.path or not is_shown:
            wrong.append(name)
    return wrong


def _shows(
    document: Json, said: engine.Evaluation, kind: str, shown: str, findings: Findings
) -> bool:
    if kind == "dead_ends":
        return shown in said.asked and any(p.at.split("/")[1] == shown for p in said.problems)
    if not said.complete:
        return False
    name, _, side = shown.rpartition(".")
    match kind:
        case "pages":
            return shown in said.path
        case "endings":
            return said.ending == shown
        case "jumps":
            return document["pages"][int(shown.split("/")[2])]["id"] in said.path
        case "scores":
            return said.scores[name].value == findings.scores[name][side == "high"]
        case "computed":
            return said.computed[name] == findings.computed[name][side == "high"]
        case _:
            return False


def _rule_at(document: Json, at: str) -> Any:
    node: Any = json.loads(json.dumps(document))
    for part in at.split("/")[1:]:
        node = node[int(part)] if part.isdecimal() else node.get(part)
    return node
