"""Responses as a file: for spreadsheets as CSV or a workbook, for programs as JSON or FHIR.

Each writer takes the responses and gives the file's content with their number.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from openpyxl import Workbook

from interchange.fhir import questionnaire_response
from runtime.accounts.access import Reach
from runtime.responses.shapes import item_values
from runtime.staff import queries
from runtime.staff.answers import dictionary_names
from runtime.staff.response_sheet import Row, Sheet
from runtime.wiring import Deployment


class Asked(NamedTuple):
    """What a file is made for: within whose reach, filtered by what, in which language."""

    connection: sa.Connection
    deployment: Deployment
    reach: Reach
    filters: queries.Filters
    lang: str


Found = Iterable[queries.Exported]
Written = tuple[bytes, int]


class Format(NamedTuple):
    """How a file of responses is written; its name is `responses.` with the ending."""

    ending: str
    media_type: str
    write: Callable[[Found, Asked], Written]


class OutLine(msgspec.Struct, frozen=True):
    """A response as a line of JSON: its members are named as in the feed of the API."""

    id: str
    survey: str
    version: int
    site: str
    channel: str
    lang: str
    submitted_at: datetime
    answers: dict[str, Any]
    scores: dict[str, Any]
    ending: str | None


def _lines(found: Found, asked: Asked) -> Written:
    written: list[bytes] = []
    for one in found:
        line = one.line
        out = OutLine(line.id, line.survey, line.version, line.site, line.channel, one.lang,
                      line.submitted_at, one.answers, line.scores, line.ending)  # fmt: skip
        written.append(msgspec.json.encode(out) + b"\n")
    return b"".join(written), len(written)


def _bundle(found: Found, asked: Asked) -> Written:
    entries: list[dict[str, Any]] = []
    for one in found:
        line = one.line
        form = asked.deployment.surveys.get(line.survey, line.version)
        resource = questionnaire_response(
            form.survey.document,
            one.answers,
            response_id=line.id,
            version=line.version,
            authored=line.submitted_at.isoformat(),
            language=one.lang,
            calculated=form.calculated,
            values=item_values(line.scores),
        )
        entries.append({"fullUrl": f"urn:uuid:{line.id}", "resource": resource})
    made: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    return msgspec.json.encode(made | ({"entry": entries} if entries else {})), len(entries)


def _rows(found: Found, asked: Asked) -> Iterator[Row]:
    """The headings, and a row each."""
    versions: list[int] = []
    if asked.filters.survey:
        versions = queries.versions_of(asked.connection, asked.reach, asked.filters)
    sheet = Sheet(asked.deployment, asked.filters.survey, versions, asked.lang)
    names = dictionary_names(asked.connection, asked.lang)
    yield sheet.headings()
    for one in found:
        yield sheet.row(one, names)


def _csv(found: Found, asked: Asked) -> Written:
    """UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    count = -1
    for row in _rows(found, asked):
        writer.writerow(["" if cell is None else cell for cell in row])
        count += 1
    return b"\xef\xbb\xbf" + text.getvalue().encode(), count


def _xlsx(found: Found, asked: Asked) -> Written:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("responses")
    sheet.freeze_panes = "A2"
    count = -1
    for row in _rows(found, asked):
        sheet.append(row)
        count += 1
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue(), count


FORMATS = {
    "csv": Format("csv", "text/csv", _csv),
    "xlsx": Format(
        "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx
    ),
    "jsonl": Format("jsonl", "application/jsonl", _lines),
    "fhir": Format("fhir.json", "application/fhir+json", _bundle),
}
