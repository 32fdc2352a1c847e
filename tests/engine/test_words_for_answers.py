"""What is wrong with an answer is told in whole sentences, whatever the type of its question."""

import json
from typing import Any, cast

import pytest

import engine
from tests.engine import test_question_types

SAMPLES = cast(dict[str, tuple[dict[str, Any], Any, Any]], vars(test_question_types)["SAMPLES"])
JUNK = ("z", 7, True, ["z"], {"z": 1}, {"r": "z"}, {"choice": "z"})


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_no_sentence_that_a_patient_reads_has_a_place_that_nobody_filled(
    kind: str, lang: str
) -> None:
    """“类型不对，应为 {expected}” was one."""
    members, _, bad = SAMPLES[kind]
    question = {"id": "q", "type": kind, "text": "问", **members}
    document = {
        "format": "huisheng.survey/1",
        "id": "one",
        "title": "一题",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [{"id": "p", "questions": [question]}],
    }
    survey = engine.load(json.dumps(document).encode())
    for value in (bad, *JUNK):
        for problem in survey.evaluate({"q": value}).problems:
            assert "{" not in engine.word(problem, lang), (problem, value)
