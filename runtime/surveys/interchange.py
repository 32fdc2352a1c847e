"""Forms of other systems over HTTP: converted and answered with what was lost, nothing stored."""

from typing import Any, Literal

import msgspec

from interchange import Conversion, convert, summary
from interchange.conversion import MAX_SOURCE_BYTES
from interchange.fhir import NotEqual, write
from interchange.report import written
from runtime.kit.problems import BadRequest, Unprocessable, WordedProblem
from runtime.surveys.findings import examine

Source = Literal["surveyjs", "fhir", "xlsform", "huisheng"]
Target = Literal["huisheng", "fhir"]
BODY_BYTES = MAX_SOURCE_BYTES
UNREADABLE = frozenset(
    (
        "malformed",
        "not_utf8",
        "too_deep",
        "too_many_values",
        "no_workbook",
        "no_bundle",
        "too_large",
    )
)
"""Losses that say that the body cannot be read at all."""
FHIR_JSON = "application/fhir+json"


class ConvertedForm(msgspec.Struct, frozen=True):
    """A form in the wanted format (`result`), and the loss report as `huisheng convert` writes it.

    Pictures that stood inside the source are in `assets`, base64 by asset id.
    """

    result: dict[str, Any]
    report: dict[str, Any]
    assets: dict[str, bytes]


def converted(
    body: bytes, source: Source, target: Target, *, strict: bool, not_equal: NotEqual, lang: str
) -> ConvertedForm:
    """The form of another system as ours, or as a Questionnaire.

    Raises:
        BadRequest: a body that cannot be read.
        Unprocessable: nothing could be carried, or with `strict` something was lost.
    """
    if not body:
        raise BadRequest("unreadable", "Send the form as the body.")
    conversion = convert(body, source, target, not_equal=not_equal)
    report = summary(conversion, source, target, lang)
    result = _result(conversion)
    if result is None and any(loss["code"] in UNREADABLE for loss in report["losses"]):
        raise BadRequest("unreadable", report["losses"][0]["why"])
    if result is None or (strict and not conversion.is_lossless):
        problems = [
            WordedProblem(loss["code"], loss["at"], f"{loss['why']} {loss['do']}")
            for loss in report["losses"]
        ]
        raise Unprocessable("convert", "The form could not be carried.", problems=problems)
    return ConvertedForm(result, report, conversion.assets)


def _result(conversion: Conversion) -> dict[str, Any] | None:
    if conversion.resource is not None:
        return conversion.resource
    return None if conversion.document is None else written(conversion.document)


def as_questionnaire(document: bytes, version: int, pictures: str) -> bytes:
    """A stored version as a FHIR R4 Questionnaire that the responses to it name; its pictures are
    addresses below `pictures`."""
    found = examine(document).document
    assert found is not None
    made = write(found, lambda asset: {"url": f"{pictures}/{asset.removeprefix('sha256:')}"})
    assert made.resource is not None
    return msgspec.json.encode(made.resource | {"version": str(version)})
