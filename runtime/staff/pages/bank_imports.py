"""Files for the question bank: sent, taken by the worker, with a bar and a report by row."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.bank.jobs import Import, ask_import, get_import, recent_imports
from runtime.bank.routes import UPLOAD_BYTES, Posted, read_import
from runtime.bank.telling import as_csv, column, summary, what
from runtime.kit.http import Http
from runtime.kit.problems import BadRequest, NotFound, UnsupportedMedia
from runtime.staff.frame import HEADERS, language_of, page, redirect
from runtime.staff.pages.bank import HERE
from runtime.wiring import Deployment

IMPORTS = f"{HERE}/imports"
MAX_SHOWN = 200


@get(IMPORTS, sync_to_thread=True, guards=[needs("bank:read", "bank:write")])
def show_imports(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form, the template, and the last imports."""
    return _page(request, principal, deployment)


def _page(
    request: Http, principal: Principal, deployment: Deployment, *, is_missing: bool = False
) -> Response[Any]:
    lang = language_of(request, principal)
    with deployment.db.begin() as connection:
        recent = recent_imports(connection)
    return page(
        request,
        principal,
        "bank/imports.html",
        section="bank",
        status=422 if is_missing else 200,
        is_missing=is_missing,
        recent=[(one, summary(one.counts, lang)) for one in recent],
    )


async def posted_here(request: Http) -> Posted | None:
    """The file of the form; None where none was chosen."""
    try:
        return await read_import(request, frozenset(("_csrf",)))
    except (BadRequest, UnsupportedMedia):
        return None


@post(
    IMPORTS,
    sync_to_thread=True,
    status_code=200,
    guards=[needs("bank:read", "bank:write")],
    dependencies={"posted": Provide(posted_here)},
    request_max_body_size=UPLOAD_BYTES + 1024 * 1024,
)
def send(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    posted: NamedDependency[Posted | None],
) -> Response[Any]:
    """Keep the file for the worker."""
    if posted is None:
        return _page(request, principal, deployment, is_missing=True)
    made = ask_import(
        deployment.db,
        principal.actor(),
        posted.content,
        posted.name,
        posted.wanted,
        clock=deployment.clock,
    )
    return redirect(f"{IMPORTS}/{made}")


def _known(deployment: Deployment, job: str) -> Import:
    try:
        return get_import(deployment.db, UUID(job))
    except ValueError:
        raise NotFound("job", "There is no such import.") from None


@get(f"{IMPORTS}/{{job:str}}", sync_to_thread=True, guards=[needs("bank:read", "bank:write")])
def show_import(
    request: Http,
    job: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """How far it is; the page asks again by itself until it is over."""
    found = _known(deployment, job)
    lang = language_of(request, principal)
    return page(
        request,
        principal,
        "bank/import.html",
        section="bank",
        job=found,
        is_over=found.ended_at is not None,
        counts=summary(found.counts, lang),
        percent=round(found.progress * 100),
        lines=[(one, column(one, lang), what(one, lang)) for one in found.report[:MAX_SHOWN]],
        unlisted=max(0, len(found.report) - MAX_SHOWN) + found.more,
    )


@get(
    f"{IMPORTS}/{{job:str}}/report.csv",
    sync_to_thread=True,
    guards=[needs("bank:read", "bank:write")],
)
def show_report(
    request: Http,
    job: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[bytes]:
    """The report for a spreadsheet."""
    content = as_csv(_known(deployment, job).report, language_of(request, principal))
    headers = HEADERS | {"content-disposition": 'attachment; filename="report.csv"'}
    return Response(content, media_type="text/csv", headers=headers)


handlers: tuple[ControllerRouterHandler, ...] = (show_imports, send, show_import, show_report)
