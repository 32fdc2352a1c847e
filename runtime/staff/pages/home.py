"""The console's first page: what this person may open."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, signed_in
from runtime.kit.http import Http
from runtime.staff.frame import page


@get("/staff/", sync_to_thread=True, guards=[signed_in])
def show(request: Http, principal: NamedDependency[Principal]) -> Response[Any]:
    """The sections, each with a sentence."""
    return page(request, principal, "home/home.html", section="home")


handlers: tuple[ControllerRouterHandler, ...] = (show,)
