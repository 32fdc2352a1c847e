"""The responses that the list shows as a file, for a spreadsheet or for a program; never with
personal answers."""

from collections.abc import Iterator
from itertools import islice

import msgspec
import sqlalchemy as sa
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.audit.service import record
from runtime.kit.http import Http
from runtime.kit.problems import Unprocessable
from runtime.staff import queries
from runtime.staff.frame import language_of
from runtime.staff.pages.responses import asked_of, filters_of
from runtime.staff.response_formats import FORMATS, Asked
from runtime.wiring import Deployment

MOST_EXPORTED = 20_000


def _page(kind: str) -> ControllerRouterHandler:
    name = f"responses.{FORMATS[kind].ending}"

    @get(f"/staff/{name}", sync_to_thread=True, guards=[needs("responses:export")])
    def export(
        request: Http,
        principal: NamedDependency[Principal],
        deployment: NamedDependency[Deployment],
        turn: NamedDependency[None],
    ) -> Response[bytes]:
        """Everything that fits, newest first.

        Raises:
            Unprocessable: more than 20,000 responses fit.
        """
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        }
        content = _export(request, deployment, principal, kind)
        return Response(content, media_type=FORMATS[kind].media_type, headers=headers)

    return export


def _export(request: Http, deployment: Deployment, principal: Principal, kind: str) -> bytes:
    """The file's content; that it was made is recorded with it."""
    reach = principal.exports
    with deployment.db.begin_for(reach) as connection:
        departments = queries.list_departments(connection, reach)
        filters = filters_of(departments, asked_of(request))
        asked = Asked(connection, deployment, reach, filters, language_of(request, principal))
        content, count = FORMATS[kind].write(_found(connection, principal, filters), asked)
        record(
            connection,
            principal.actor(),
            "responses.exported",
            "responses",
            filters.survey or "all",
            facts=_used(filters) | {"format": kind, "responses": count},
            clock=deployment.clock,
        )
    return content


def _used(filters: queries.Filters) -> dict[str, object]:
    """What was filtered by, as facts of the trail."""
    used: dict[str, object] = {
        name: str(value)
        for name, value in msgspec.structs.asdict(filters).items()
        if value not in ("", None) and name != "departments"
    }
    return used | {"departments": list(filters.departments)}


def _found(
    connection: sa.Connection, principal: Principal, filters: queries.Filters
) -> Iterator[queries.Exported]:
    found = queries.export_responses(connection, principal.exports, filters, MOST_EXPORTED + 1)
    yield from islice(found, MOST_EXPORTED)
    if next(found, None) is not None:
        raise Unprocessable("export_too_many", f"More than {MOST_EXPORTED:,} responses fit.")


handlers: tuple[ControllerRouterHandler, ...] = tuple(_page(kind) for kind in FORMATS)
