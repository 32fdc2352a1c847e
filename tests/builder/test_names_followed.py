"""Whatever names a part follows its new id, and keeps it from being removed.

The surveys are random and name their parts in every place that can. What is expected comes from
their text alone: each id is a word of its own, so that all mentions of a part are where its word
stands.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from builder.apply import apply
from builder.edits import Edited, Refused, Remove, Rename
from builder.tree import write
from engine import Document, check, parse
from engine.problems import pointer
from tests.builder.mentions import WORD, Survey, spelled

SEEDS = st.integers(0, 2**32)
FRESH = "renamed"


def document_of(text: str) -> Document:
    parsed = parse(text.encode())
    assert parsed.document is not None and not parsed.problems, parsed.problems
    assert not check(parsed.document)
    return parsed.document


def address_of(survey: Survey, word: str, names: dict[str, str]) -> str:
    return spelled(survey.addresses[word], names)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans())
def test_a_new_id_stands_wherever_the_old_one_did_and_nowhere_else(
    seed: int, is_alike: bool
) -> None:
    """Rules, jumps, computed values, scores, weights, pickers, texts in each language, required
    rows, walks; also where other parts bear the same or nearly the same id. # R1.2.1.3 (part)
    """
    draw = random.Random(seed)
    survey = Survey(draw)
    names = survey.collisions() if is_alike else {}
    before = document_of(spelled(survey.text, names))
    for word in draw.sample(sorted(survey.addresses), 6):
        edited = apply(before, Rename(of=address_of(survey, word, names), to=FRESH))
        expected = document_of(spelled(survey.text, {**names, word: FRESH}))
        assert write(edited.document) == write(expected), survey.addresses[word]
        assert write(apply(edited.document, edited.inverse).document) == write(before)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_renamed_survey_asks_and_scores_the_same(seed: int) -> None:
    """Of random answers: path, questions, problems, values, scores, ending. # R1.2.1.3 (part)"""
    draw = random.Random(seed)
    survey = Survey(draw)
    word = draw.choice(sorted(survey.addresses))
    edited = apply(document_of(survey.text), Rename(of=survey.addresses[word], to=FRESH))
    before, after = engine.load(survey.text.encode()), engine.load(write(edited.document))
    for _ in range(5):
        given = {name: one for name, one in survey.answers.items() if draw.random() < 0.7}
        said = before.evaluate(given, survey.context, "2026-03-04")
        names = {word: FRESH}
        renamed = [json.loads(spelled(json.dumps(one), names)) for one in (given, survey.context)]
        told = after.evaluate(renamed[0], renamed[1], "2026-03-04")
        assert in_words(told) == spelled(in_words(said), names)


def in_words(said: engine.Evaluation) -> str:
    return json.dumps(
        [said.path, said.asked, said.answers, said.computed, said.scores, said.ending,
         said.dropped, said.complete, [(one.code, one.at) for one in said.problems]],
        default=str,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans())
def test_a_part_goes_from_everywhere_or_is_kept_with_the_list_of_all_its_uses(
    seed: int, is_alike: bool
) -> None:
    """The list is that of a search through the whole text for the part and all inside it.

    # R1.2.1.3 (part)
    """
    draw = random.Random(seed)
    survey = Survey(draw)
    names = survey.collisions() if is_alike else {}
    before = document_of(spelled(survey.text, names))
    for word in draw.sample(sorted(survey.addresses), 8):
        gone = words_in(survey, word)
        uses = {spelled(at, names) for at in mentions(survey.document, gone)}
        edited, told = removed(before, address_of(survey, word, names))
        assert told == uses, survey.addresses[word]
        assert edited is None or not uses
        if edited is not None:
            text = write(edited.document).decode()
            assert is_alike or gone.isdisjoint(WORD.findall(text))
            assert not check(edited.document) or may_be_unfinished(edited.document)
            assert write(apply(edited.document, edited.inverse).document) == write(before)


def removed(before: Document, address: str) -> tuple[Edited | None, set[str]]:
    """The survey without a part, or the places that keep it."""
    try:
        return apply(before, Remove(of=address)), set()
    except Refused as refused:
        return None, {one.at for one in refused.used_by}


def may_be_unfinished(document: Document) -> bool:
    """Whether nothing is wrong but that a list has become empty."""
    lists = {"empty_list", "empty_page", "no_options", "bad_range"}
    return {problem.code for problem in check(document)} <= lists


def words_in(survey: Survey, word: str) -> set[str]:
    """The ids of a part and of all that stands inside it."""
    return {one["id"] for one in parts_in(part_of(survey.document, word))} or {word}


def parts_in(node: Any) -> Iterator[dict[str, Any]]:
    """Everything with an id that stands here, the node itself among it."""
    if isinstance(node, dict) and "id" in node:
        yield cast(dict[str, Any], node)
    for one in inside(node):
        yield from parts_in(one)


def part_of(node: Any, word: str) -> Any:
    """The part of this id, wherever it stands; None for a declared value."""
    return next((part for part in parts_in(node) if part["id"] == word), None)


def inside(node: Any) -> list[Any]:
    """What a list or map holds."""
    if isinstance(node, dict):
        return list(cast(dict[str, Any], node).values())
    return cast(list[Any], node) if isinstance(node, list) else []


def mentions(node: Any, gone: set[str], at: str = "") -> Iterator[str]:
    """Where the words stand outside the part that goes: pointers, that of a text for each of its
    languages, that of a member for its name."""
    if isinstance(node, str):
        yield from [at] if not gone.isdisjoint(WORD.findall(node)) else []
    if isinstance(node, list):
        for i, value in enumerate(cast(list[Any], node)):
            yield from mentions(value, gone, f"{at}/{i}")
    if not isinstance(node, dict) or cast(Any, node).get("id") in gone:
        return
    members = cast(dict[str, Any], node)
    for name, value in members.items():
        is_named = not gone.isdisjoint(WORD.findall(name))
        if is_named and at == "/context":
            continue
        place = at if members.keys() <= {"zh-CN", "en"} else at + pointer(name)
        yield from [place] if is_named else []
        yield from mentions(value, gone, place)
