"""Where a survey begins: blank, from a template, from another survey, or from a file."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from builder.blanks import new_survey
from builder.tree import Tree, to_tree
from engine.parse import parse
from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.bodies import form_of
from runtime.kit.http import Http, is_too_deep
from runtime.kit.problems import Unprocessable
from runtime.kit.words import say
from runtime.staff.beginning import SOURCES, Taken, document_text, named, read_file
from runtime.staff.building import SURVEYS
from runtime.staff.choices import choices
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.outline import outline
from runtime.staff.pages.surveys import KINDS
from runtime.surveys import findings, queries, service, templates
from runtime.surveys.assets import store_asset
from runtime.surveys.interchange import BODY_BYTES
from runtime.wiring import Deployment

HERE = SURVEYS + "/new"
MAX_TITLE = 200
TAKEN_BYTES = 12 * 1024 * 1024
"""A document as a form spells it: each of its bytes may take three, and a picture many."""
GUARDS = [needs("surveys:read", "surveys:write")]


@get(HERE, sync_to_thread=True, guards=GUARDS)
def ask_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    template: FromQuery[str] = "",
    category: FromQuery[str] = "",
    visit: FromQuery[str] = "",
) -> Response[Any]:
    """The form of a new survey: its name, its kind, and what it starts from."""
    asked = Fields(category=category.replace("\0", ""), visit=visit.replace("\0", ""))
    typed = Fields(template=template.replace("\0", "")) if template else Fields()
    return _new_page(request, principal, deployment, typed, asked=asked)


def _new_page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    typed: Fields,
    refused: str | None = None,
    asked: Fields | None = None,
) -> Response[Any]:
    wanted = asked if asked is not None else Fields()
    listed = templates.list_templates(
        deployment.db, category=wanted["category"], visit=wanted["visit"]
    )
    chosen = None
    if typed["template"]:
        chosen, _ = templates.get_template(deployment.db, typed["template"])
    return page(
        request,
        principal,
        "build/new.html",
        section="surveys",
        status=422 if refused else 200,
        kinds=KINDS,
        surveys=queries.list_surveys(deployment.db),
        templates=listed,
        chosen=chosen,
        typed=typed,
        asked=wanted,
        sources=SOURCES,
        refused=refused,
        **choices(deployment),
    )


@post(HERE, sync_to_thread=True, status_code=200, guards=GUARDS)
def create(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """A draft with one empty page, or as a template or another survey is now."""
    title = _title(fields)
    if not title:
        lang = language_of(request, principal)
        return _new_page(request, principal, deployment, fields, say("build_needs_title", lang))
    return _begin(deployment, principal, named(deployment, _source(deployment, fields), title))


def _title(fields: Fields) -> str:
    """The typed title; "" where there is none, or one too long."""
    title = " ".join(fields["title"].replace("\0", "").split())
    return title if len(title) <= MAX_TITLE else ""


def _source(deployment: Deployment, fields: Fields) -> Tree:
    """What the new survey starts as."""
    if fields["template"]:
        _, data = templates.get_template(deployment.db, fields["template"].replace("\0", ""))
        document = parse(data).document
        assert document is not None, "only what can be read is kept"
        return to_tree(document)
    if fields["like"]:
        return to_tree(drafts.read_draft(deployment.db, fields["like"]).document)
    kind = fields["kind"] if fields["kind"] in KINDS else "survey"
    languages = ("zh-CN", "en") if fields["english"] else ("zh-CN",)
    return new_survey("new", "-", kind, languages)


def _begin(deployment: Deployment, principal: Principal, tree: Tree) -> Response[Any]:
    service.put_draft(
        deployment.db,
        tree["id"],
        msgspec.json.encode(tree),
        if_match=None,
        actor=principal.actor(),
        clock=deployment.clock,
    )
    return redirect(f"{SURVEYS}/{tree['id']}/edit")


# From a file


async def posted_file(request: Http) -> bytes:
    """The file of a form; b"" where none was chosen."""
    file = (await form_of(request)).get("file")
    if isinstance(file, UploadFile) and file.filename:
        return await file.read(BODY_BYTES + 1)
    return b""


@post(
    HERE + "/file",
    sync_to_thread=True,
    status_code=200,
    guards=GUARDS,
    dependencies={"file": Provide(posted_file)},
    request_max_body_size=BODY_BYTES + 64 * 1024,
)
def read_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
    file: NamedDependency[bytes],
) -> Response[Any]:
    """What a file holds and what of it is lost, before it is taken."""
    lang = language_of(request, principal)
    if not file:
        return _new_page(request, principal, deployment, fields, say("surveys_no_file", lang))
    taken = read_file(file, fields["source"], lang)
    for picture in taken.assets.values():
        store_asset(deployment.db, deployment.assets, picture, actor=principal.actor())
    return _taken_page(request, principal, taken)


def _taken_page(
    request: Http, principal: Principal, taken: Taken, refused: str | None = None, title: str = ""
) -> Response[Any]:
    lang = language_of(request, principal)
    document = taken.document
    return page(
        request,
        principal,
        "build/taken.html",
        section="surveys",
        status=422 if refused or document is None else 200,
        taken=taken,
        document="" if document is None else document_text(document),
        sheets=[] if document is None else outline(document, lang),
        title=title or ("" if document is None else document.title),
        problems=findings.words(taken.problems, lang),
        refused=refused,
    )


@post(
    HERE + "/take",
    sync_to_thread=True,
    status_code=200,
    guards=GUARDS,
    request_max_body_size=TAKEN_BYTES,
)
def take_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Take what was looked at as a new draft."""
    data = fields["document"].encode("utf-8", "replace")
    if is_too_deep(data):
        raise Unprocessable("document", "The document nests too deep.")
    taken = read_file(data, "huisheng", language_of(request, principal))
    if taken.document is None:
        return _taken_page(request, principal, taken)
    title = _title(fields)
    if not title:
        lang = language_of(request, principal)
        return _taken_page(request, principal, taken, say("build_needs_title", lang))
    tree = named(deployment, to_tree(taken.document), title, taken.document.id)
    return _begin(deployment, principal, tree)


handlers: tuple[ControllerRouterHandler, ...] = (ask_new, create, read_new, take_new)
