"""Whatever bytes come, each reader answers with a document or a refusal, in bounded time."""

import io
import json
import random
import time
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import engine
from interchange import SOURCES, convert, summary
from interchange.fhir.extensions import CALCULATED
from interchange.node import is_object
from tests.interchange.workbooks import workbook

FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.sampled_from(
    "type name title elements pages choices value text rows columns visibleIf requiredIf panel "
    "matrix matrixdropdown rating checkbox radiogroup html image expression item linkId extension "
    "url valueCoding answerOption enableWhen question operator answerInteger enableBehavior group "
    "resourceType Questionnaire valueExpression triggers skip contained triggers gotoName default "
    "calculatedValues rateMin rateMax format id languages kind survey code system".split()
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=12)
ANYTHING = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=6),
    max_leaves=40,
)
CELLS = st.text(alphabet="ab ${}()=<>!'.,|0 1seltcouprn_", max_size=20)
KINDS = st.sampled_from(
    ["integer", "text", "select_one a", "select_multiple a or_other", "note", "calculate", "range",
     "begin group", "end group", "begin repeat", "end repeat", "rank a",
     "select_one_from_file x.csv"]
)  # fmt: skip


def answered(data: bytes, source: str) -> None:
    made = convert(data, source, "huisheng")
    assert (made.document is None) <= bool(made.losses)
    assert made.document is None or engine.check(made.document) == ()
    told = summary(made, source, "huisheng", "zh-CN")
    assert all(loss["why"] and loss["do"] for loss in told["losses"] + told["notes"])
    assert (convert(data, source, "fhir").resource is None) == (made.document is None)


@pytest.mark.parametrize("source", SOURCES)
@FEW
@given(value=ANYTHING)
def test_any_json_is_answered(source: str, value: Any) -> None:
    """# S26 (part)"""
    shaped = value | {"resourceType": "Questionnaire"} if is_object(value) else value
    for form in (
        shaped,
        {"elements": [shaped]},
        {"resourceType": "Questionnaire", "item": [value]},
    ):
        answered(json.dumps(form).encode(), source)


@pytest.mark.parametrize("source", SOURCES)
@FEW
@given(data=st.binary(max_size=300))
def test_any_bytes_are_answered(source: str, data: bytes) -> None:
    """# S26 (part)"""
    answered(data, source)
    answered(b"PK\x03\x04" + data, source)


@FEW
@given(rows=st.lists(st.tuples(KINDS, CELLS, CELLS, CELLS, CELLS), max_size=8))
def test_any_workbook_is_answered(rows: list[tuple[str, ...]]) -> None:
    """# S26 (part)"""
    heads = "type | name | label | relevant | constraint | calculation | choice_filter\n"
    lines = ["|".join([kind, *(cell.replace("|", "") for cell in cells)]) for kind, *cells in rows]
    choices = "list_name | name | label\na | x | X\na | y | Y"
    answered(workbook(survey=heads + "\n".join(lines), choices=choices), "xlsform")


@FEW
@given(text=st.text(alphabet="{}ab12 <>=!()[],'+-*/%^anydorempt\"\\", max_size=60))
def test_any_expression_is_answered(text: str) -> None:
    form = {"elements": [{"type": "rating", "name": "a"},
                         {"type": "text", "name": "b", "visibleIf": text}]}  # fmt: skip
    answered(json.dumps(form).encode(), "surveyjs")


def laughs() -> bytes:
    """A billion laughs inside a workbook."""
    source = zipfile.ZipFile(io.BytesIO(workbook(survey="type | name\ntext | a")))
    out = io.BytesIO()
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    with zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            data = source.read(name)
            if name.endswith((".xml", ".rels")):
                head = f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>'.encode()
                data = head + data
            archive.writestr(name, data)
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("survey.json", b" " * 300_000_000)
    return out.getvalue()


WIDE = json.dumps({"elements": [{"type": "text", "name": f"q{i}"} for i in range(40_000)]}).encode()
CHAIN = json.dumps({"calculatedValues": [
    {"name": f"c{i}", "expression": f"{{c{i + 1}}} + {{c{i + 1}}}"} for i in range(200)],
    "elements": [{"type": "text", "name": "q", "visibleIf": "{c0} > 1"}]}).encode()  # fmt: skip
PIPES = json.dumps({"elements": [{"type": "text", "name": "q", "title": "{" * 900_000}]}).encode()
ITEMS = json.dumps({"resourceType": "Questionnaire", "item": [
    {"linkId": f"i{i}", "type": "choice", "answerOption": [{"valueString": "a"}] * 20}
    for i in range(3000)]}).encode()  # fmt: skip
PATHS = json.dumps({"resourceType": "Questionnaire", "item": [
    {"linkId": "a", "type": "integer", "extension": [{"url": CALCULATED, "valueExpression": {
        "expression": "%resource" + ".item" * 100_000}}]}]}).encode()  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [b"[" * 2_000_000, b'{"elements":[' * 100_000, WIDE, CHAIN, PIPES, ITEMS, PATHS, laughs(),
     bomb(), random.Random(1).randbytes(2 * 1024 * 1024), b'"' + b"\\u0000" * 300_000 + b'"'],
    ids="deep elements wide chain pipes items paths laughs bomb noise nulls".split(),
)  # fmt: skip
@pytest.mark.parametrize("source", SOURCES)
def test_hostile_documents_end_soon(source: str, data: bytes) -> None:
    """A generous bound: what grows with a power of the size would take minutes. # S26 (part)"""
    begun = time.process_time()
    made = convert(data, source, "huisheng")
    assert made.document is None or engine.check(made.document) == ()
    assert time.process_time() - begun < 20
