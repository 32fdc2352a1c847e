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


def filtered() -> bytes:
    """Many questions that each filter a long list of choices."""
    questions = "\n".join(f"select_one l | a{i} | A | x=${{a0}}" for i in range(300))
    choices = "\n".join(f"l | o{i} | O | o{i % 7}" for i in range(1000))
    return workbook(survey=f"type | name | label | choice_filter\n{questions}",
                    choices=f"list_name | name | label | x\n{choices}")  # fmt: skip


def rows(count: int) -> bytes:
    return workbook(survey="type | name\n" + "\n".join(f"text | q{i}" for i in range(count)))


WIDE_SHEET = workbook(survey=" | ".join(["type", "name", *(f"c{i}" for i in range(300))]) + "\n1|2")
FORM = '{"elements": [{"type": "text", "name": "问"}]}'


@pytest.mark.parametrize(
    ("source", "data", "code"),
    [
        ("surveyjs", FORM.encode("utf-16"), "not_utf8"),
        ("surveyjs", FORM.encode("gb18030"), "not_utf8"),
        ("fhir", FORM.encode("utf-16-le"), "not_utf8"),
        ("surveyjs", b"x" * 10_000_000, "too_large"),
        ("fhir", b"<Questionnaire/>", "is_xml"),
        ("surveyjs", workbook(survey="type | name"), "is_zip"),
        ("xlsform", FORM.encode(), "no_workbook"),
        ("xlsform", "type,name\ntext,问".encode(), "no_workbook"),
        ("xlsform", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(3000), "no_workbook"),
        ("xlsform", rows(20_100), "too_many_rows"),
        ("xlsform", WIDE_SHEET, "too_many_columns"),
        ("xlsform", filtered(), "too_many_rules"),
    ],
    ids="utf-16 gb18030 utf-16-le large xml zip json csv xls rows columns filters".split(),
)
def test_a_wrong_or_huge_file_is_told_soon_and_plainly(source: str, data: bytes, code: str) -> None:
    """What is wrong and what to do, in both languages; a generous bound. # S26 (part)"""
    begun = time.process_time()
    made = convert(data, source, "huisheng")
    assert time.process_time() - begun < 20
    assert code in {loss.code for loss in made.losses}
    for lang in ("zh-CN", "en"):
        told = summary(made, source, "huisheng", lang)["losses"][0]
        assert told["why"] and told["do"]


def test_a_byte_order_mark_is_no_fault() -> None:
    made = convert(FORM.encode("utf-8-sig"), "surveyjs", "huisheng")
    assert made.document is not None


@pytest.mark.parametrize(
    ("source", "data", "code", "at"),
    [
        ("surveyjs", b'{"elements": [{"type": "text", "name": "a"},'
         b'{"type": "text", "name": "a"}]}', "same_name", "/elements/1"),
        ("fhir", b'{"resourceType": "Questionnaire", "item": [{"linkId": "a", "type": "string"},'
         b'{"linkId": "a", "type": "string"}]}', "same_name", "/item/1/linkId"),
        ("xlsform", workbook(survey="type | name | label\ntext | a | A\ntext | a | B"),
         "same_name", "survey!3:name"),
        ("xlsform", workbook(survey="type | name | label | label\ntext | a | A | B"),
         "member", "survey!2:label (2)"),
        ("surveyjs", json.dumps({"elements": [
            {"type": "text", "name": "a", "title": "x" * 30_000}]}).encode(),
         "text_cut", "/elements/0/title"),
    ],
    ids="surveyjs fhir xlsform heading long".split(),
)  # fmt: skip
def test_what_is_there_twice_or_too_long_is_told(
    source: str, data: bytes, code: str, at: str
) -> None:
    made = convert(data, source, "huisheng")
    assert [(loss.code, loss.at) for loss in made.losses if loss.kind == "changed" or
            loss.code == "member"] == [(code, at)]  # fmt: skip
