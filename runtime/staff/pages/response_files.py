"""The responses that the list shows as a file, for a spreadsheet or for a program; never with
personal answers."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from engine.text import localize
from interchange.fhir import questionnaire_response
from runtime.accounts.access import Principal, needs
from runtime.audit.export import neutral_cell
from runtime.audit.service import record
from runtime.kit.clock import HOSPITAL_ZONE
from runtime.kit.http import Http
from runtime.kit.problems import Unprocessable
from runtime.kit.words import say
from runtime.responses.shapes import item_values
from runtime.staff import queries
from runtime.staff.answers import answer_text, dictionary_names, question_text, score_values
from runtime.staff.frame import language_of
from runtime.staff.pages.responses import asked_of, filters_of
from runtime.surveys.cache import Form
from runtime.wiring import Deployment

MOST_EXPORTED = 20_000
MAX_CELL = 32_767  # Excel's own limit of a cell's text
HEADINGS = ("submitted", "id", "survey", "version", "site", "department", "channel", "language")
Row = list[str | float | None]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Sheet:
    """The columns of a file: the same for all, then scores and questions of the chosen survey."""

    def __init__(self, deployment: Deployment, survey: str, versions: Sequence[int], lang: str):
        self._deployment = deployment
        self.lang = lang
        forms = [deployment.surveys.get(survey, version) for version in versions]
        self._scores = _first_named((s.id, s, f) for f in forms for s in f.survey.document.scores)
        self._questions = _first_named(
            (name, question, form)
            for form in forms
            for name, question in form.questions.items()
            if name not in form.personal_ids
        )

    def headings(self) -> Row:
        """The first row."""
        words: Row = [say(f"responses_{name}", self.lang) for name in HEADINGS]
        for name, (score, form) in self._scores.items():
            first = form.survey.document.languages[0]
            words.append(localize(score.title, self.lang, first) or name)
        words += [
            question_text(form, name, self.lang) for name, (_, form) in self._questions.items()
        ]
        return [neutral(word) for word in words]

    def row(self, one: queries.Exported, names: Mapping[str, str]) -> Row:
        """A response: numbers as numbers, everything else as text that no spreadsheet runs; `names`
        are what dictionaries call the ids that were answered.
        """
        line, lang = one.line, self.lang
        form = self._deployment.surveys.get(line.survey, line.version)
        first = form.survey.document.languages[0]
        cells: Row = [
            line.submitted_at.astimezone(HOSPITAL_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            line.id,
            localize(line.title, lang),
            float(line.version),
            localize(line.site_name, lang) or line.site,
            localize(line.department_name, lang),
            say(f"responses_channel_{line.channel}", lang),
            one.lang,
        ]
        values = {s.id: v for s, (_, v) in zip(form.survey.document.scores,
                  score_values(line, form, lang), strict=True)}  # fmt: skip
        cells += [values.get(name) for name in self._scores]
        for name in self._questions:
            question = form.questions.get(name)
            cells.append(_answer(one.answers.get(name), question, lang, first, names))
        return [neutral(cell) for cell in cells]


def _first_named(found: Iterable[tuple[str, Any, Form]]) -> dict[str, tuple[Any, Form]]:
    """Each name with what the newest version says of it."""
    kept: dict[str, tuple[Any, Form]] = {}
    for name, part, form in found:
        kept.setdefault(name, (part, form))
    return kept


def _answer(
    value: Any, question: Any, lang: str, first: str, names: Mapping[str, str]
) -> str | float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return answer_text(value, question, lang, first, names)


def neutral(cell: str | float | None) -> str | float | None:
    """A cell without control characters, no longer than a spreadsheet takes, never a formula."""
    if not isinstance(cell, str):
        return cell
    return neutral_cell(ILLEGAL_CHARACTERS_RE.sub("", cell))[:MAX_CELL]


@get("/staff/responses.csv", sync_to_thread=True, guards=[needs("responses:export")])
def export_csv(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
) -> Response[bytes]:
    """Everything that fits, newest first, as CSV.

    Raises:
        Unprocessable: more than 20,000 responses fit.
    """
    content = _export(request, deployment, principal, "csv")
    return _file(content, "responses.csv", "text/csv")


@get("/staff/responses.xlsx", sync_to_thread=True, guards=[needs("responses:export")])
def export_xlsx(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
) -> Response[bytes]:
    """Everything that fits, newest first, as a workbook.

    Raises:
        Unprocessable: more than 20,000 responses fit.
    """
    content = _export(request, deployment, principal, "xlsx")
    return _file(content, "responses.xlsx", XLSX)


@get("/staff/responses.jsonl", sync_to_thread=True, guards=[needs("responses:export")])
def export_lines(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
) -> Response[bytes]:
    """Everything that fits, newest first, a response a line as JSON.

    Raises:
        Unprocessable: more than 20,000 responses fit.
    """
    content = _export(request, deployment, principal, "jsonl")
    return _file(content, "responses.jsonl", "application/jsonl")


@get("/staff/responses.fhir.json", sync_to_thread=True, guards=[needs("responses:export")])
def export_fhir(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
) -> Response[bytes]:
    """Everything that fits, newest first, as a FHIR R4 Bundle of QuestionnaireResponse.

    Raises:
        Unprocessable: more than 20,000 responses fit.
    """
    content = _export(request, deployment, principal, "fhir")
    return _file(content, "responses.fhir.json", "application/fhir+json")


def _export(request: Http, deployment: Deployment, principal: Principal, kind: str) -> bytes:
    """The file's content; that it was made is recorded with it."""
    with deployment.db.begin_for(principal.exports) as connection:
        departments = queries.list_departments(connection, principal.exports)
        filters = filters_of(departments, asked_of(request))
        found = _found(connection, principal, filters)
        if kind in ("jsonl", "fhir"):
            content, count = (_lines if kind == "jsonl" else _bundle)(found, deployment)
        else:
            reach = principal.exports
            versions = queries.versions_of(connection, reach, filters) if filters.survey else []
            sheet = Sheet(deployment, filters.survey, versions, language_of(request, principal))
            names = dictionary_names(connection, sheet.lang)
            content, count = (_csv if kind == "csv" else _xlsx)(_rows(found, sheet, names))
        used = {
            name: str(value)
            for name, value in msgspec.structs.asdict(filters).items()
            if value not in ("", None) and name != "departments"
        }
        record(
            connection,
            principal.actor(),
            "responses.exported",
            "responses",
            filters.survey or "all",
            facts=used
            | {"departments": list(filters.departments), "format": kind, "responses": count},
            clock=deployment.clock,
        )
    return content


def _file(content: bytes, name: str, media_type: str) -> Response[bytes]:
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


def _found(
    connection: sa.Connection, principal: Principal, filters: queries.Filters
) -> Iterator[queries.Exported]:
    found = queries.export_responses(connection, principal.exports, filters, MOST_EXPORTED + 1)
    yield from islice(found, MOST_EXPORTED)
    if next(found, None) is not None:
        raise Unprocessable("export_too_many", f"More than {MOST_EXPORTED:,} responses fit.")


def _rows(
    found: Iterable[queries.Exported], sheet: Sheet, names: Mapping[str, str]
) -> Iterator[Row]:
    yield sheet.headings()
    for one in found:
        yield sheet.row(one, names)


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


def _lines(found: Iterable[queries.Exported], deployment: Deployment) -> tuple[bytes, int]:
    written: list[bytes] = []
    for one in found:
        line = one.line
        out = OutLine(line.id, line.survey, line.version, line.site, line.channel, one.lang,
                      line.submitted_at, one.answers, line.scores, line.ending)  # fmt: skip
        written.append(msgspec.json.encode(out) + b"\n")
    return b"".join(written), len(written)


def _bundle(found: Iterable[queries.Exported], deployment: Deployment) -> tuple[bytes, int]:
    entries: list[dict[str, Any]] = []
    for one in found:
        line = one.line
        form = deployment.surveys.get(line.survey, line.version)
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


def _csv(rows: Iterable[Row]) -> tuple[bytes, int]:
    """UTF-8 with the mark that spreadsheets look for, and how many rows stand below the first."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    count = -1
    for row in rows:
        writer.writerow(["" if cell is None else cell for cell in row])
        count += 1
    return b"\xef\xbb\xbf" + text.getvalue().encode(), count


def _xlsx(rows: Iterable[Row]) -> tuple[bytes, int]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("responses")
    sheet.freeze_panes = "A2"
    count = -1
    for row in rows:
        sheet.append(row)
        count += 1
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue(), count


handlers: tuple[ControllerRouterHandler, ...] = (
    export_csv,
    export_xlsx,
    export_lines,
    export_fhir,
)
