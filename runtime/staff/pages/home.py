"""The console's first page: what this person may open."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, signed_in
from runtime.alarms.service import open_alarms
from runtime.kit.http import Http
from runtime.staff.frame import page
from runtime.wiring import Deployment


@get("/staff/", sync_to_thread=True, guards=[signed_in])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The sections, each with a sentence; what waits for this person first."""
    alarms = 0
    if principal.may("alarms:read"):
        with deployment.db.begin() as connection:
            alarms = open_alarms(connection)
    return page(request, principal, "home/home.html", section="home", alarms=alarms)


handlers: tuple[ControllerRouterHandler, ...] = (show,)
