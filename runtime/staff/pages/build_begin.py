"""Where a survey begins: a new draft."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from builder.panel import free_id, new_survey
from builder.tree import to_tree
from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.words import say
from runtime.staff.building import SURVEYS
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.staff.pages.surveys import KINDS
from runtime.surveys import service
from runtime.wiring import Deployment

MAX_TITLE = 200


@get(SURVEYS + "/new", sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The form of a new survey: its name, its kind, and what it starts from."""
    return _new_page(request, principal, deployment, Fields())


def _new_page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    typed: Fields,
    refused: str | None = None,
) -> Response[Any]:
    return page(
        request,
        principal,
        "build/new.html",
        section="surveys",
        status=422 if refused else 200,
        kinds=KINDS,
        surveys=service.list_surveys(deployment.db),
        typed=typed,
        refused=refused,
    )


@post(
    SURVEYS + "/new",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:write")],
)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A draft with one empty page, or as another survey is now."""
    title = " ".join(fields["title"].replace("\0", "").split())
    lang = language_of(request, principal)
    if not title or len(title) > MAX_TITLE:
        return _new_page(request, principal, deployment, fields, say("build_needs_title", lang))
    lines = service.list_surveys(deployment.db)
    wanted = free_id("form", hospital_day(deployment.clock()), {one.id for one in lines})
    kind = fields["kind"] if fields["kind"] in KINDS else "survey"
    languages = ("zh-CN", "en") if fields["english"] else ("zh-CN",)
    if fields["like"]:
        tree = to_tree(drafts.read_draft(deployment.db, fields["like"]).document)
        tree = {**tree, "id": wanted, "title": {tree["languages"][0]: title}}
    else:
        tree = new_survey(wanted, title, kind, languages, say("build_new_page", "zh-CN"))
    data = msgspec.json.encode(tree)
    service.put_draft(
        deployment.db, wanted, data, if_match=None, actor=principal.actor(), clock=deployment.clock
    )
    return redirect(f"{SURVEYS}/{wanted}/edit")


handlers: tuple[ControllerRouterHandler, ...] = (ask_new, create)
