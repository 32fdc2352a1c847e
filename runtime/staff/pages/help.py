"""What each part of the console is for, and how to use it with the keyboard alone."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, signed_in
from runtime.kit.http import Http
from runtime.kit.words import catalogue
from runtime.staff.frame import language_of, navigation, page

HERE = "/staff/help"
KEYS = ("tab", "back", "enter", "space", "arrows", "skip", "find", "zoom")


@get(HERE, sync_to_thread=True, guards=[signed_in])
def show(request: Http, principal: NamedDependency[Principal]) -> Response[Any]:
    """The parts that this person may open, and the keys."""
    words = catalogue(language_of(request, principal))
    parts = [
        (one, words.get(f"help_{one.id}") or words.get(f"console_{one.id}_hint", ""))
        for _, found in navigation(principal)
        for one in found
        if one.id not in ("home", "help")
    ]
    return page(request, principal, "help/help.html", section="help", parts=parts, keys=KEYS)


handlers: tuple[ControllerRouterHandler, ...] = (show,)
