"""The engine agrees with every conformance file, and the files speak of every clause.

The files were written from the design alone; where one fails, the design's text decides.
"""

import json
import re
from typing import Any, get_args

import pytest

import engine
from engine.questions import Question
from engine.ruletree import Rule
from tests.conformance.replay import Case, cases, differences, document_bytes, files

CLAUSES = {
    "4.1a": "where show_if, required, next and alerts stand",
    "4.1b": "what a rule may refer to",
    "4.1c": "anything else is an error",
    "4.2a": "pages are walked in order",
    "4.2b": "when a page is on the path and a question asked",
    "4.2c": "what is not asked has no value",
    "4.3a": "a comparison without a value is unknown",
    "4.3b": "Kleene's tables",
    "4.3c": "a rule that ends unknown counts as false",
    "4.4a": "the first entry whose if is true wins",
    "4.4b": "what `to` may be",
    "4.4c": "none wins: the next page",
    "4.4d": "pages between are off the path",
    "4.4e": "a target that is not shown is walked past",
    "4.4f": "the next of a page off the path is not looked at",
    "4.4g": "a page of hidden questions is on the path",
    "4.4h": "questions may be empty only with next",
    "4.5a": "required binds only where asked",
    "4.5b": "matrix",
    "4.5c": "consent",
    "4.5d": "ranking",
    "4.5e": "uploads",
    "4.5f": "statement",
    "4.6": "bad values",
    "4.7a": "what is dropped",
    "4.7b": "an option that is not shown does not exist",
    "4.7c": "it is taken out of a stored value",
    "4.7d": "only an unknown id is bad",
    "4.8a": "the range of points",
    "4.8b": "rating",
    "4.8c": "reverse beside points",
    "4.8d": "nps",
    "4.8e": "matrix points",
    "4.8f": "multi_choice",
    "4.8g": "an answer without points takes no part",
    "4.9a": "mean, sum, min, max",
    "4.9b": "weights",
    "4.9c": "scores of scores",
    "4.9d": "null",
    "4.9e": "exact numbers",
    "4.9f": "rules see unrounded values",
    "4.9g": "rounding half-even",
    "4.10": "ending",
    "4.11": "pointers",
    "4.12": "the sample",
    "4.12b": "complete",
    "4.13": "piping",
    "5": "all problems at once; what is never an error",
}
TOPICS = ("answers", "context", "limits", "format", "rules", "view")
COMPUTED = ("sum", "mean", "min", "max", "count", "sub", "mul", "div", "if")
ABOUTS = {name: whole["about"] for name, whole in files().items()}


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_engine_agrees_with_the_conformance_file(case: Case) -> None:
    """R0.3, R1.1.1.1c, R1.1.1.1e: one meaning of every form, said by example.

    # R0.3 # R1.1.1.1c # R1.1.1.1e
    """
    assert not differences(case), case.whole["about"]


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_sentence_of_the_semantics_has_a_file(clause: str) -> None:
    assert _told_of(rf"\b{re.escape(clause)}(?![\w.])"), CLAUSES[clause]


@pytest.mark.parametrize("op", [kind.__struct_config__.tag for kind in get_args(Rule)])
def test_every_operator_has_a_file(op: str) -> None:
    assert _told_of(rf"3 operators (\w+, )*{op}\b")


@pytest.mark.parametrize("kind", [kind.__struct_config__.tag for kind in get_args(Question)])
def test_every_question_type_has_a_file_with_a_view(kind: str) -> None:
    """# R1.1.1.1b"""
    assert _told_of(rf"3 types {kind}\b")
    assert any(
        question["type"] == kind and "required" in seen
        for case in cases()
        if "view" in case.body
        for page in case.whole["survey"]["pages"]
        for question in page["questions"]
        for seen in case.body["view"]["questions"]
        if seen["id"] == question["id"]
    )


@pytest.mark.parametrize("op", COMPUTED)
def test_every_operation_of_computed_values_has_a_file(op: str) -> None:
    assert _told_of(rf"3 computed {op}\b")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_other_topic_of_the_format_has_a_file(topic: str) -> None:
    assert _told_of(rf"3 {topic}\b")


def test_a_comparison_shows_true_false_and_unknown() -> None:
    """Each operator's file has a case for each truth value."""
    names = ("eq", "ne", "lt", "le", "gt", "ge")
    for name in (*(f"{op}_on_a_number" for op in names), "in_on_a_number"):
        ends = {tuple(c["expect"]["asked"][1:]) for c in files()[name]["cases"]}
        assert ends == {("when_true",), ("when_false",), ()}, name


def test_every_file_says_what_it_is_about() -> None:
    clauses = (*CLAUSES, *(f"3 {t}" for t in (*TOPICS, "operators", "types", "computed")))
    for name, about in ABOUTS.items():
        assert about.startswith("design "), name
        assert any(about.startswith(f"design {c}") for c in clauses), name


def _told_of(pattern: str) -> list[str]:
    return [name for name, about in ABOUTS.items() if re.search(pattern, about)]


# -- limits, whose documents would be too long to keep as files ------------------------------


def _survey(questions: list[dict[str, Any]], **more: Any) -> bytes:
    document = {
        "format": "huisheng.survey/1",
        "id": "s",
        "title": "例",
        "languages": ["zh-CN"],
        "kind": "survey",
        "pages": [{"id": "p", "questions": questions}],
        **more,
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _yes_no(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"q{number}", "type": "yes_no", "text": "？", **more}


def _codes(data: bytes) -> list[str]:
    return [p.code for p in engine.check_parsed(engine.parse(data))]


def test_a_document_has_at_most_1000_questions() -> None:
    assert _codes(_survey([_yes_no(i) for i in range(1000)])) == []
    assert _codes(_survey([_yes_no(i) for i in range(1001)])) == ["too_many_questions"]


def test_a_document_has_at_most_500_rules() -> None:
    rule = {"op": "eq", "ref": "q0", "value": True}
    ruled = [_yes_no(i, show_if=rule) for i in range(1, 501)]
    assert _codes(_survey([_yes_no(0), *ruled])) == []
    assert _codes(_survey([_yes_no(0), *ruled, _yes_no(501, required=rule)])) == ["too_many_rules"]


def test_a_document_has_at_most_two_mebibytes() -> None:
    limit = 2 * 1024 * 1024
    data = _survey([_yes_no(0)])
    assert _codes(data + b" " * (limit - len(data))) == []
    assert _codes(data + b" " * (limit + 1 - len(data))) == ["too_large"]


def test_a_document_is_at_most_32_deep() -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    # The document, `ext` and the member itself stand around the lists.
    assert _codes(_survey([_yes_no(0)], ext={"x": nested(30)})) == []
    assert _codes(_survey([_yes_no(0)], ext={"x": nested(31)})) == ["too_deep"]


def test_foreign_matter_has_at_most_64_kibibytes() -> None:
    def codes(length: int) -> list[str]:
        return _codes(_survey([_yes_no(0)], ext={"x": "y" * length}))

    assert codes(64 * 1024 - 20) == []
    assert codes(64 * 1024 + 1) != []


def test_the_survey_of_every_file_of_cases_loads() -> None:
    for name, whole in files().items():
        if "cases" in whole:
            assert engine.load(document_bytes(whole)).id == whole["survey"]["id"], name
