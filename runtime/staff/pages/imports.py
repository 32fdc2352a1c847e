"""Tables of departments, codes and staff: tried first, told row by row, then taken whole."""

import base64
import binascii
import csv
import io
from typing import Any, cast, get_args

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.audit.export import neutral_cell
from runtime.kit.bodies import form_of
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.kit.words import say
from runtime.org.imports import Kind, Report, import_table, in_words, template
from runtime.org.tabular import MAX_FILE_BYTES
from runtime.staff.fields import Fields
from runtime.staff.frame import HEADERS, language_of, page
from runtime.staff.organisation import Organisation, require_everywhere
from runtime.wiring import Deployment

HERE = "/staff/imports"
KINDS: tuple[Kind, ...] = get_args(Kind)
MAX_BODY = 2 * MAX_FILE_BYTES
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Table(Struct, frozen=True):
    """A table as it was sent: a file, or what the page kept of the one that was tried."""

    content: bytes
    name: str


async def posted_table(request: Http) -> Table:
    """The table of a form; empty where none was chosen."""
    form = await form_of(request)
    file = form.get("file")
    if isinstance(file, UploadFile) and file.filename:
        return Table(await file.read(MAX_FILE_BYTES + 1), file.filename[-100:])
    try:
        kept = base64.b64decode(str(form.get("table") or ""), validate=True)
    except (binascii.Error, ValueError):
        kept = b""
    return Table(kept, str(form.get("name") or "")[-100:])


@get(HERE, sync_to_thread=True, guards=[needs("departments:write")])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form, and a template for each kind of table."""
    require_everywhere(Organisation(deployment, principal).reach("departments:write"))
    return _page(request, principal, "departments")


def _page(
    request: Http,
    principal: Principal,
    kind: str,
    report: Report | None = None,
    table: Table | None = None,
) -> Response[Any]:
    lang = language_of(request, principal)
    return page(
        request,
        principal,
        "imports/import.html",
        section="imports",
        status=422 if report and not report.is_ok else 200,
        kinds=KINDS,
        kind=kind,
        report=report,
        problems=[in_words(one, lang) for one in report.problems] if report else [],
        name=table.name if table else "",
        kept=base64.b64encode(table.content[:MAX_FILE_BYTES]).decode() if table else "",
    )


@post(HERE, sync_to_thread=True, guards=[needs("departments:write")], status_code=200,
      dependencies={"table": Provide(posted_table)}, request_max_body_size=MAX_BODY)  # fmt: skip
def take(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
    table: NamedDependency[Table],
) -> Response[Any]:
    """Try a table, take the one that was tried, or give the report as a file."""
    require_everywhere(Organisation(deployment, principal).reach("departments:write"))
    if fields["kind"] not in KINDS:
        raise NotFound("page", "There is no such kind of table.")
    kind = cast(Kind, fields["kind"])
    report = import_table(
        deployment.db,
        principal.actor(),
        kind,
        table.content,
        dry_run=fields["do"] != "take",
        clock=deployment.clock,
    )
    if fields["do"] == "report":
        return _file(_report_csv(report, language_of(request, principal)), "report.csv", "text/csv")
    return _page(request, principal, kind, report, table)


def _report_csv(report: Report, lang: str) -> bytes:
    """Row, column, code and what to do; with the mark by which Excel knows UTF-8."""
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow([say(f"imports_{one}", lang) for one in ("row", "column", "code", "what")])
    for one in report.problems:
        what = say(f"org_import_{one.code}", lang, **one.params)
        cells = (str(one.row or ""), one.column, one.code, what)
        out.writerow([neutral_cell(cell) for cell in cells])
    return file.getvalue().encode("utf-8-sig")


@get(f"{HERE}/template/{{kind:str}}", sync_to_thread=True, guards=[needs("departments:write")])
def show_template(kind: FromPath[str]) -> Response[Any]:
    """An empty table with headings and an example."""
    if kind not in KINDS:
        raise NotFound("page", "There is no such kind of table.")
    return _file(template(kind), f"{kind}.xlsx", XLSX)


def _file(content: bytes, name: str, media_type: str) -> Response[Any]:
    headers = HEADERS | {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


handlers: tuple[ControllerRouterHandler, ...] = (show, take, show_template)
