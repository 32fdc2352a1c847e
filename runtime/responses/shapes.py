"""A piece of the feed in the shapes that readers ask for: JSON, lines, a table, FHIR."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar.datastructures.headers import Accept
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from interchange.fhir import questionnaire_response
from runtime.audit.export import neutral_cell
from runtime.kit.content import XLSX
from runtime.kit.problems import Unprocessable
from runtime.responses.feed import Feed, ResponseLine
from runtime.surveys.cache import Form, SurveyCache
from runtime.surveys.queries import list_versions

JSON, FHIR, LINES, CSV = (
    "application/json",
    "application/fhir+json",
    "application/jsonl",
    "text/csv",
)
_SHAPES = (JSON, FHIR, LINES, CSV, XLSX, "application/x-ndjson")
_HEAD = ("id", "seq", "survey", "version", "site", "channel", "lang", "started_at", "submitted_at",
         "ending")  # fmt: skip
"""Members of a response that are columns, with a mark before them that no id begins with."""
MAX_CELL = 32_767  # Excel's own limit of a cell's text


class Asked(NamedTuple):
    """What a reader asked of the feed, for the address of the next piece."""

    survey: str | None
    since: datetime | None
    limit: int

    def following(self, found: Feed) -> str:
        """The address of what follows a piece, narrowed as this one was."""
        kept = {
            "survey": self.survey,
            "since": self.since and self.since.isoformat(),
            "limit": self.limit,
            "cursor": found.cursor,
        }
        wanted = {name: value for name, value in kept.items() if value is not None}
        return f"/api/v1/responses?{urlencode(wanted)}"


def shape_of(accept: str | None) -> str:
    """The media type that an Accept header likes best; JSON where it likes none of ours."""
    return Accept(accept or JSON).best_match(list(_SHAPES), JSON) or JSON


def shaped(found: Feed, asked: Asked, shape: str, surveys: SurveyCache) -> bytes:
    """A piece of the feed as bytes of a media type.

    Raises:
        Unprocessable: a table without a survey, whose columns nobody could tell.
    """
    match shape:
        case "application/fhir+json":
            return msgspec.json.encode(_bundle(found, asked, surveys))
        case "application/jsonl" | "application/x-ndjson":
            return b"".join(msgspec.json.encode(line) + b"\n" for line in found.responses)
        case "text/csv":
            return _csv(_table(found, asked, surveys))
        case _ if shape == XLSX:
            return _workbook(_table(found, asked, surveys))
        case _:
            return msgspec.json.encode(found)


# FHIR R4 QuestionnaireResponse (hl7.org/fhir/R4/questionnaireresponse.html)


def _bundle(found: Feed, asked: Asked, surveys: SurveyCache) -> dict[str, Any]:
    """A piece of the feed as a Bundle; the cursor is in the link `next`."""
    made: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "collection",
        "link": [{"relation": "next", "url": asked.following(found)}],
    }
    entries = [
        {"fullUrl": f"urn:uuid:{line.id}", "resource": _questionnaire_response(line, surveys)}
        for line in found.responses
    ]
    return made | ({"entry": entries} if entries else {})


def _questionnaire_response(line: ResponseLine, surveys: SurveyCache) -> dict[str, Any]:
    form = surveys.get(line.survey, line.version)
    return questionnaire_response(
        form.survey.document,
        line.answers,
        response_id=line.id,
        version=line.version,
        authored=line.submitted_at.isoformat(),
        language=line.lang,
        calculated=form.calculated,
        values=line.computed | item_values(line.scores),
    )


def item_values(scores: dict[str, Any]) -> dict[str, Any]:
    """The values of stored scores by the linkIds of their items."""
    return {f"score.{name}": score["value"] for name, score in scores.items() if score}


# Tables: the same columns for every piece, those of all published versions, the newest first


def _table(found: Feed, asked: Asked, surveys: SurveyCache) -> Iterator[list[Any]]:
    if not asked.survey:
        raise Unprocessable("survey", "A table is of one survey: pass survey=.", at="/survey")
    versions = [line.version for line in list_versions(surveys.db, asked.survey)]
    columns: dict[str, None] = dict.fromkeys(f"_{name}" for name in _HEAD)
    for version in versions:
        columns |= dict.fromkeys(_cells(surveys.get(asked.survey, version), None))
    yield list(columns)
    for line in found.responses:
        row = _cells(surveys.get(line.survey, line.version), line)
        row |= {f"_{name}": getattr(line, name) for name in _HEAD}
        yield [_plain(row.get(column)) for column in columns]


def _cells(form: Form, line: ResponseLine | None) -> dict[str, Any]:
    """The cells of a response by column; without one, the columns of the form."""
    document = form.survey.document
    answers = line.answers if line else {}
    computed = line.computed if line else {}
    context = line.context if line else {}
    scores = line.scores if line else {}
    cells: dict[str, Any] = {f"context.{name}": context.get(name) for name in document.context}
    for name, question in form.questions.items():
        cells |= question.cells(answers.get(name))
    cells |= {value.id: computed.get(value.id) for value in document.computed}
    for score in document.scores:
        found: dict[str, Any] = scores.get(score.id) or {}
        cells[f"score.{score.id}"] = found.get("value")
    return cells


def _plain(cell: Any) -> Any:
    """A cell that a spreadsheet shows and never runs."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if cell is None or isinstance(cell, (int, float)):
        return cell
    text = cell if isinstance(cell, str) else msgspec.json.encode(cell).decode()
    return neutral_cell(ILLEGAL_CHARACTERS_RE.sub("", text))[:MAX_CELL]


def _csv(rows: Iterator[list[Any]]) -> bytes:
    """UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow(["" if cell is None else cell for cell in row])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _workbook(rows: Iterator[list[Any]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("responses")
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()
