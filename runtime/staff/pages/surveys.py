"""The surveys with their state and version."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.staff.frame import page
from runtime.surveys.service import list_surveys
from runtime.wiring import Deployment


@get("/staff/surveys", sync_to_thread=True, guards=[needs("surveys:read")])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Every survey."""
    lines = list_surveys(deployment.db)
    return page(request, principal, "surveys/list.html", section="surveys", lines=lines)


handlers: tuple[ControllerRouterHandler, ...] = (show,)
