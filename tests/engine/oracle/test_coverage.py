"""Proposed test patients take every branch that anybody can take; the engine has the last word."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import engine
import examples
from builder.apply import apply
from builder.edits import Insert, Several
from builder.walks import new_walk, replay
from engine.branches import Branch, branches, taken
from engine.prove.coverage import Coverage, cover, ways_through
from tests.engine.oracle.enumeration import Enumeration, Facts, TooMany
from tests.engine.oracle.forms import compiled, form, form_count
from tests.engine.oracle.test_differential import drawn

Json = dict[str, Any]
DEMO = sorted((Path(examples.__file__).parent / "surveys").glob("*.json"))
BATCHES = 2
TODAY = date(2024, 2, 29)


def covered_by_walks(document: engine.Document) -> frozenset[Branch]:
    """What the stored walks take, as `evaluate` says."""
    survey = engine.compile_survey(document)
    each = (taken(survey, one.answers, one.context, one.today) for one in document.walks)
    return frozenset[Branch]().union(*each)


def accept_all(document: engine.Document, coverage: Coverage) -> engine.Document:
    """The document with every proposal kept as a walk."""
    survey = engine.compile_survey(document)
    edits = tuple(
        Insert(
            into="",
            list="walks",
            value=new_walk(
                survey, one.response.answers, one.response.context, one.response.today, "一位病人"
            ),
        )
        for one in coverage.proposals
    )
    return apply(document, Several(edits=edits)).document


def after_accepting(document: engine.Document) -> tuple[Coverage, engine.Document]:
    ways = ways_through(document, 10.0)
    before = cover(ways, covered_by_walks(document))
    kept = accept_all(document, before)
    return cover(ways, covered_by_walks(kept)), kept


@pytest.mark.parametrize("path", DEMO, ids=lambda path: path.stem)
def test_proposals_complete_every_demo_survey(path: Path) -> None:
    """Whatever walks it has or has not: with the proposals all of it is covered. # R0.4 (part)"""
    stored = engine.load(path.read_bytes()).document
    bare = engine.load(json.dumps(json.loads(path.read_bytes()) | {"walks": []}).encode()).document
    for document in (stored, bare):
        after, kept = after_accepting(document)
        assert (after.covered, after.missing, after.proposals) == (after.total, (), ())
        assert after.undecided == () and after.total + len(after.closed) == len(
            branches(engine.compile_survey(document).scope)
        )
        assert engine.run_walks(engine.compile_survey(kept)) == ()


@pytest.mark.parametrize("batch", range(BATCHES))
@pytest.mark.parametrize("wide", [False, True])
def test_proposals_cover_random_surveys(batch: int, wide: bool) -> None:
    """All that can be taken is taken; the rest is undecided, or nobody was ever seen there."""
    count = form_count(80)
    undecided = total = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        rng, made = form(seed, wide)
        survey = compiled(made)
        after, kept = after_accepting(survey.document)
        assert (after.covered, after.missing) == (after.total, ()), seed
        again = engine.compile_survey(kept)
        assert engine.run_walks(again) == (), seed
        assert all(replay(again, walk).unanswered == () for walk in kept.walks), seed
        undecided += len(after.undecided)
        total += after.total
        for _ in range(20):
            answers, context, today = drawn(rng, made)
            seen = taken(survey, answers, context, today or TODAY)
            assert seen.isdisjoint(after.closed), (seed, answers, context)
    assert undecided <= 0.02 * total


@pytest.mark.parametrize("batch", range(BATCHES))
def test_the_branches_are_those_that_enumerating_every_response_shows(batch: int) -> None:
    """The oracle, which shares no code with the engine, takes the same branches and no others."""
    count = form_count(80)
    looked_at = 0
    for seed in range(batch * count // BATCHES, (batch + 1) * count // BATCHES):
        _, made = form(seed)
        try:
            facts = Enumeration(made, 3000).run()
        except TooMany:
            continue
        ways = ways_through(compiled(made).document, 10.0)
        shown = {b for b in branches(compiled(made).scope) if is_shown(facts, b)}
        open_still = set(ways.undecided)
        assert set(ways.reachable) - open_still == shown - open_still, seed
        looked_at += len(shown)
    assert looked_at > count


def is_shown(facts: Facts, branch: Branch) -> bool:
    """Whether some enumerated response takes the branch."""
    match branch.kind:
        case "page":
            return branch.name in facts.pages
        case "question":
            return branch.name in facts.asked
        case "jump":
            return branch.name in facts.jumps
        case "ending":
            return branch.name in facts.endings
        case _:
            return (branch.kind == "true") in facts.rules.get(branch.name, set())


def test_an_unfinished_patient_covers_nothing() -> None:
    """A required question left open: such a response does not exist. # R0.4 (part)"""
    survey = engine.load(DEMO[0].read_bytes())
    assert taken(survey, {}) == frozenset()


SCRIPT = """
import sys, engine
from engine.prove.coverage import cover, ways_through
document = engine.load(open(sys.argv[1], 'rb').read()).document
for one in cover(ways_through(document, 60.0), ()).proposals:
    print(one.response.answers, one.response.context, one.adds)
"""


def test_the_same_survey_is_given_the_same_patients() -> None:
    """In whatever order this run of Python hashes its strings. # R0.4 (part)"""
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(DEMO[5])],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(engine.__file__).parents[1])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1 and said != {""}
