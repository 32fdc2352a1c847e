"""One door to all formats: bytes of a source in, a conversion with its losses out."""

import base64
from typing import Any

import msgspec

from engine.check import check_parsed
from engine.definition import MAX_BYTES
from engine.parse import Malformed, decode_json, parse
from interchange import fhir, surveyjs, xlsform
from interchange.bundle import NoBundle, bundled
from interchange.report import Conversion, Report

SOURCES = ("surveyjs", "fhir", "xlsform", "huisheng")
TARGETS = ("huisheng", "fhir")
MAX_SOURCE_BYTES = 4 * MAX_BYTES
_NO_JSON = {b"PK\x03\x04": "is_zip", b"\xd0\xcf\x11\xe0": "is_zip", b"<": "is_xml"}
"""How files begin that are taken for JSON by mistake."""


def convert(
    data: bytes,
    source: str,
    target: str,
    language: str | None = None,
    not_equal: fhir.NotEqual = "lforms",
) -> Conversion:
    """Reads a document of one format and makes one of another.

    Any bytes are answered. `language` is the language of texts that name none; `not_equal` is whose
    reading of FHIR's `!=` counts where there is no answer.
    """
    read = _read(data, source, language, not_equal)
    if target == "huisheng" or read.document is None:
        return read
    made = fhir.write(read.document, lambda asset: _attachment(read.assets.get(asset)))
    if source == "huisheng":
        return made
    return msgspec.structs.replace(read, resource=made.resource, losses=read.losses + made.losses)


def _read(data: bytes, source: str, language: str | None, not_equal: fhir.NotEqual) -> Conversion:
    if source == "huisheng":
        return _own(data)
    if source == "xlsform":
        return xlsform.read(data, language)
    for start, code in _NO_JSON.items():
        if data.lstrip().startswith(start):
            report = Report()
            report.refuse(code, "")
            return report.outcome(None)
    try:
        value, duplicates = decode_json(data, MAX_SOURCE_BYTES)
    except Malformed as error:
        return _unreadable(error)
    if source == "fhir":
        made = fhir.read(value, language, not_equal)
    else:
        made = surveyjs.read(value, language)
    if not duplicates:
        return made
    report = Report()
    for problem in duplicates:
        report.lose(problem.code, problem.at, **problem.params)
    return msgspec.structs.replace(made, losses=(*report.losses, *made.losses))


def _attachment(content: bytes | None) -> dict[str, Any] | None:
    """A picture as members of a FHIR Attachment."""
    if content is None:
        return None
    kinds = ((b"\x89PNG", "png"), (b"RIFF", "webp"))
    kind = next((name for start, name in kinds if content.startswith(start)), "jpeg")
    return {"contentType": f"image/{kind}", "data": base64.b64encode(content).decode()}


def _own(data: bytes) -> Conversion:
    """A document of ours, alone or in a bundle with its pictures: its problems are its losses, and
    one with problems is none."""
    try:
        data, assets = bundled(data)
    except NoBundle as problem:
        report = Report()
        report.refuse(problem.code, "")
        return report.outcome(None)
    parsed = parse(data)
    problems = check_parsed(parsed)
    report = Report()
    report.assets |= assets
    for problem in problems:
        report.lose(problem.code, problem.at, kind="refused", **problem.params)
    document: Any = None if problems else parsed.document
    for page in document.pages if document else ():
        report.element(page.id)
        for question in page.questions:
            report.element(question.id)
    return report.outcome(document)


def _unreadable(error: Malformed) -> Conversion:
    report = Report()
    report.refuse(error.problem.code, "", **error.problem.params)
    return report.outcome(None)
