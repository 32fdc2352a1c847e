"""Any byte string given to parse yields a document or problems, never an exception."""

import copy
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine
from engine.definition import MAX_BYTES
from tests.engine.oracle.forms import form


def read(data: bytes) -> tuple[engine.Problem, ...]:
    """The problems, each of which has its words in both languages."""
    parsed = engine.parse(data)
    problems = engine.check_parsed(parsed)
    assert parsed.document is not None or problems
    for problem in problems[:20]:
        for language in engine.LANGUAGES:
            assert engine.word(problem, language) != problem.code
    return problems


def document_bytes(seed: int) -> bytes:
    return json.dumps(form(seed, wide=True)[1]).encode()


@given(st.binary(max_size=300))
def test_random_bytes_are_refused(data: bytes) -> None:
    assert read(data)


@given(st.integers(0, 200), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_documents_with_broken_bytes_yield_problems_or_are_sound(
    seed: int, rng: random.Random
) -> None:
    data = bytearray(document_bytes(seed))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data))
        match rng.randrange(4):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                del data[place : place + rng.randint(1, 30)]
            case 2:
                data[place:place] = data[place // 2 : place // 2 + rng.randint(1, 30)]
            case _:
                data[place:place] = rng.choice(TOKENS)
    sound_or_refused(bytes(data))


TOKENS = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"null", b"-", b"1e999", b"NaN", b"\\ud800", b"\x00",
    b'"\\u0000"', b"\xff", b"\xed\xa0\x80", b"9" * 5000, b'"id":"a",', b"\xef\xbb\xbf",
)  # fmt: skip


@given(st.integers(0, 200), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_documents_with_broken_values_yield_problems_or_are_sound(
    seed: int, rng: random.Random
) -> None:
    document = form(seed, wide=True)[1]
    for _ in range(rng.randint(1, 4)):
        break_somewhere(document, rng)
    sound_or_refused(json.dumps(document).encode())


def sound_or_refused(data: bytes) -> None:
    """No exception; what has no problem can be compiled and evaluated."""
    if not read(data):
        engine.load(data).evaluate({})


VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**20, 1e300, "", " ", "q1", "end", "a\ud800", "\u0000", [], {}, [[]],
    [None], {"op": "eq"}, {"op": "all", "of": []}, {"zh-CN": 1}, "today", "{{", "x" * 70_000,
)  # fmt: skip


def break_somewhere(document: Any, rng: random.Random) -> None:
    """Puts a foreign value somewhere, takes one out, or adds a key."""
    node = document
    while True:
        keys: list[Any] = list(node if isinstance(node, dict) else range(len(node)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(node[key], (dict, list)) and node[key] and rng.random() < 0.8:
            node = node[key]
            continue
        match rng.randrange(3):
            case 0:
                node[key] = copy.deepcopy(rng.choice(VALUES))
            case 1:
                del node[key]
            case _ if isinstance(node, dict):
                key = rng.choice(["ghost", "op", "type", "show_if", ""])
                node[key] = copy.deepcopy(rng.choice(VALUES))
            case _:
                node.append(copy.deepcopy(rng.choice(VALUES)))
        return


# -- the largest and worst ----------------------------------------------------------------------


def survey_with(**members: Any) -> bytes:
    page = {"id": "p", "questions": [{"id": "q", "type": "yes_no", "text": "t"}]}
    head = {"format": "huisheng.survey/1", "id": "f", "title": "t", "languages": ["zh-CN"]}
    return json.dumps(head | {"kind": "survey", "pages": [page]} | members).encode()


def questions(made: list[Any]) -> bytes:
    return survey_with(pages=[{"id": "p", "questions": made}])


def yes_no(number: int) -> Any:
    return {"id": f"q{number}", "type": "yes_no", "text": "t"}


def hidden(rule: Any) -> bytes:
    return questions([yes_no(0), yes_no(1) | {"show_if": rule}])


WORST: dict[str, Callable[[int], bytes]] = {
    "brackets": lambda n: b"[" * n,
    "objects": lambda n: b'{"a":' * (n // 5),
    "an unclosed string of escaped quotes": lambda n: b"[" * 33 + b'"' + b'\\"' * (n // 2 - 20),
    "quotes": lambda n: b"[" * 33 + b'"' * (n - 33),
    "empty arrays": lambda n: b"[" + b"[]," * (n // 3 - 1) + b"1]",
    "digits": lambda n: b"1" * n,
    "large exponents": lambda n: b"[" + b"1e999999," * (n // 9 - 1) + b"1]",
    "a key again and again": lambda n: b"{" + b'"a":1,' * (n // 6 - 2) + b'"a":1}',
    "lone surrogates": lambda n: b'["' + b"\\ud800" * (n // 6 - 2) + b'"]',
    "keys with lone surrogates": lambda n: (
        b"{" + b",".join(b'"\\ud800%d":1' % i for i in range(n // 17)) + b"}"
    ),
    "unknown keys": lambda n: json.dumps({f"k{i}": 1 for i in range(n // 14)}).encode(),
    "not UTF-8": lambda n: b"\xff" * n,
    "spaces": lambda n: b" " * n,
    "questions": lambda n: questions([yes_no(i) for i in range(n // 50)]),
    "questions that are numbers": lambda n: questions([1] * (n // 3 - 60)),
    "a wide rule": lambda n: hidden(
        {"op": "all", "of": [{"op": "answered", "ref": "q0"}] * (n // 34 - 20)}
    ),
    "a long list in a rule": lambda n: hidden(
        {"op": "in", "ref": "q0", "value": [1] * (n // 3 - 150)}
    ),
    "options": lambda n: questions(
        [
            {"id": "q", "type": "single_choice", "text": "t"}
            | {"options": [{"id": f"o{i}", "text": "t"} for i in range(n // 32)]}
        ]
    ),
    "endings": lambda n: survey_with(
        endings=[{"id": f"e{i}", "text": "t"} for i in range(n // 32)]
    ),
    "a score of many": lambda n: survey_with(scores=[{"id": "s", "of": ["q"] * (n // 5 - 60)}]),
    "a chain of scores": lambda n: survey_with(
        scores=[{"id": f"s{i}", "of": [f"score.s{i + 1}"]} for i in range(n // 42)]
    ),
    "languages": lambda n: survey_with(languages=["zh-CN"] * (n // 9 - 60)),
    "placeholders": lambda n: survey_with(title="{{" * (n // 2 - 120)),
    "open placeholders": lambda n: survey_with(title="{{ " * (n // 3 - 120)),
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_two_mebibytes_are_answered_too(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = WORST[name](MAX_BYTES)
    assert 0.7 * MAX_BYTES < len(data) <= MAX_BYTES
    start = time.perf_counter()
    parsed = engine.parse(data)
    middle = time.perf_counter()
    problems = engine.check_parsed(parsed)
    end = time.perf_counter()
    with capsys.disabled():
        print(
            f"\n  {name}: parse {1000 * (middle - start):.0f} ms, "
            f"check {1000 * (end - middle):.0f} ms, problems {len(problems)}",
            end="",
        )
    assert parsed.document is not None or problems
