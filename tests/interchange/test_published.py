"""Documents that others publish go through without an exception; a line for each source."""

import json
import re
from pathlib import Path

import pytest
import pyxform

import engine
from interchange import convert, summary
from tests.interchange.workbooks import workbook

ROOT = Path(__file__).resolve().parents[2]
SURVEY_CORE = ROOT / "node_modules/survey-core"
_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)


def survey_core_examples():
    """The JSON of survey-core's own guide: whole forms, and elements that are made into one."""
    for path in sorted(SURVEY_CORE.rglob("*.md")):
        for block in _BLOCK.findall(path.read_text("utf-8")):
            try:
                value = json.loads(_COMMENT.sub("", block))
            except ValueError:
                continue
            if isinstance(value, list):
                value = {"elements": value}
            elif not value.keys() & {"pages", "elements"}:
                value = {"elements": [value]}
            yield json.dumps(value).encode()


def pyxform_examples():
    """Each question type that pyxform knows, a workbook each; and those its package carries."""
    from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

    choices = "list_name | name | label\nabc | a | A\nabc | b | B"
    for kind in sorted(QUESTION_TYPE_DICT):
        table = f"type | name | label\n{kind} | q | Q\n{kind} abc | r | R\ninteger | n | N"
        yield workbook(survey=table, choices=choices)
    for path in sorted(Path(pyxform.__file__).parent.rglob("*.xlsx")):
        yield path.read_bytes()


def r4_examples():
    """Each example form of ours as a Questionnaire, and with what SDC adds to it."""
    for path in sorted((ROOT / "examples").rglob("*.json")):
        data = path.read_bytes()
        if b"huisheng.survey/1" in data[:200]:
            resource = convert(data, "huisheng", "fhir").resource
            if resource is not None:
                yield json.dumps(resource).encode()


@pytest.mark.parametrize(
    ("source", "documents"),
    [("surveyjs", survey_core_examples), ("xlsform", pyxform_examples), ("fhir", r4_examples)],
)
def test_published_documents_go_through(source, documents):
    """# R0.4 (part)"""
    told = {"documents": 0, "elements": 0, "carried": 0, "lost": 0, "refused": 0}
    for data in documents():
        made = convert(data, source, "huisheng")
        assert made.document is None or engine.check(made.document) == ()
        report = summary(made, source, "huisheng", "zh-CN")
        told["documents"] += 1
        for member in ("elements", "carried", "lost", "refused"):
            told[member] += report[member]
        assert report["carried"] + report["refused"] == report["elements"]
        out = convert(data, source, "fhir")
        assert (out.resource is None) == (made.document is None)
    print(f"{source}:", ", ".join(f"{name} {count}" for name, count in told.items()))
    assert told["documents"] >= 9 and told["carried"] > told["refused"]


def test_a_workbook_that_is_cut_anywhere_is_answered():
    data = workbook(survey="type | name | label\ninteger | n | N")
    for length in range(0, len(data), 97):
        made = convert(data[:length], "xlsform", "huisheng")
        assert made.document is None and made.losses
