"""Templates of surveys: found by category and kind of visit, looked at, kept, given up."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import structs

from builder.tree import write
from engine.definition import Document
from engine.parse import parse
from engine.text import Text, localize
from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.staff.choices import choices, open_entries
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.outline import outline
from runtime.surveys import templates
from runtime.wiring import Deployment

HERE = "/staff/templates"
MAX_TITLE = 200
MAX_ABOUT = 1000


@get(HERE, sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    category: FromQuery[str] = "",
    visit: FromQuery[str] = "",
) -> Response[Any]:
    """The templates of a category and for a kind of visit."""
    wanted = {"category": category.replace("\0", ""), "visit": visit.replace("\0", "")}
    return page(
        request,
        principal,
        "surveys/templates.html",
        section="surveys",
        found=templates.list_templates(deployment.db, **wanted),
        asked=wanted,
        **choices(deployment),
    )


@get(f"{HERE}/{{template:str}}", sync_to_thread=True, guards=[needs("surveys:read")])
def show_one(
    request: Http,
    template: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """What a survey that begins from it would ask."""
    found, data = templates.get_template(deployment.db, template.replace("\0", ""))
    document = parse(data).document
    assert document is not None, "only what can be read is kept"
    return page(
        request,
        principal,
        "surveys/template.html",
        section="surveys",
        one=found,
        sheets=outline(document, language_of(request, principal)),
        **choices(deployment),
    )


@post(
    f"{HERE}/{{template:str}}/remove",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:publish")],
)
def remove(
    template: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """Give it up; surveys that began from it stay."""
    templates.remove(
        deployment.db, template.replace("\0", ""), actor=principal.actor(), clock=deployment.clock
    )
    return redirect(HERE, toast="removed")


@post(
    "/staff/surveys/{survey:str}/template",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:write")],
)
def keep(
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Keep the survey as it is now as a template."""
    document = _described(deployment, drafts.read_draft(deployment.db, survey).document, fields)
    name = templates.keep(
        deployment.db, document, write(document), actor=principal.actor(), clock=deployment.clock
    )
    return redirect(f"{HERE}/{name}", toast="saved")


def _described(deployment: Deployment, document: Document, fields: Fields) -> Document:
    """The document with the title, words, category and visits that were chosen; without its test
    patients' place in any hospital."""
    first = document.languages[0]
    title = " ".join(fields["title"].replace("\0", "").split())[:MAX_TITLE]
    about = fields["description"].replace("\0", "").strip()[:MAX_ABOUT]
    known = {one.id for one in open_entries(deployment, "categories")}
    visits = [one.id for one in open_entries(deployment, "visit_types")]
    chosen = tuple(one for one in visits if f"visit:{one}" in fields)
    audience = structs.replace(document.audience, visit_types=chosen)
    return structs.replace(
        document,
        title=_in_first(document.title, first, title),
        description=_in_first(document.description, first, about),
        category=fields["category"] if fields["category"] in known else None,
        audience=audience,
    )


def _in_first(old: Text | None, first: str, text: str) -> Any:
    """A text in its first language; where that changes, the others no longer fit."""
    is_same = localize(old, first, first) == text if old is not None else False
    return old if is_same or not text else {first: text}


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one, remove, keep)
