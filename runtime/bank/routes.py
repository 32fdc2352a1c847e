"""The API of the question bank: search for pickers, imports as jobs (design section 9)."""

from collections.abc import Set
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from runtime.accounts.service import caller_of, require_scope
from runtime.audit.models import Actor
from runtime.bank import jobs
from runtime.bank.importing import Counts
from runtime.bank.models import Item, Place
from runtime.bank.places import read_tree, within
from runtime.bank.queries import PAGE_SIZE, Search, find_items
from runtime.bank.reading import RowProblem
from runtime.bank.service import Wanted
from runtime.bank.telling import what
from runtime.kit.addresses import client_address
from runtime.kit.http import Http, bearer_token, json_response, read_form
from runtime.kit.openapi import documented
from runtime.kit.problems import BadRequest, TooLarge
from runtime.kit.words import nearest_language
from runtime.wiring import Deployment

UPLOAD_BYTES = 32 * 1024 * 1024
MAX_LISTED = 1_000
MAX_SEQ = 2**62
IMPORT_FIELDS = frozenset(("dry_run", "all_or_nothing", "take_duplicates"))
YES = frozenset(("1", "true", "on", "yes"))


class JobAnswer(Struct, frozen=True):
    """Where to look for what becomes of an import."""

    job: str


class Told(Struct, frozen=True):
    """A problem of a row: where, its code, what to do; `kind` is bad, duplicate or hint."""

    sheet: str
    row: int
    column: str
    kind: str
    code: str
    message: str


class JobState(Struct, frozen=True):
    """A job: how far it is, from 0 to 1, what it did, and the first thousand problems."""

    id: str
    state: str
    progress: float
    counts: Counts
    report: list[Told]
    unlisted: int


class FoundItem(Struct, frozen=True):
    """A question of the bank for pickers; `path` are the names of its place."""

    id: str
    version: int
    type: str
    path: list[dict[str, str]]
    tags: tuple[str, ...]
    state: str
    question: msgspec.Raw


class FoundItems(Struct, frozen=True):
    """A page of the bank; `next` continues it as `after`."""

    items: list[FoundItem]
    next: int | None


class Posted(Struct, frozen=True):
    """The multipart form of an import."""

    content: bytes
    name: str
    wanted: Wanted


async def posted_import(request: Http) -> Posted:
    """The form of a call: as `read_import`."""
    return await read_import(request)


async def read_import(request: Http, beside: Set[str] = frozenset()) -> Posted:
    """The one file of a form and how it is to be taken; a page's form has fields `beside`.

    Raises:
        UnsupportedMedia, BadRequest, TooLarge: no form; other fields than these; more than 32 MiB.
    """
    form, files = await read_form(request, IMPORT_FIELDS | beside)
    if len(files) != 1:
        raise BadRequest("multipart", "Send one file as the field `file`.", at="/file")
    content = await files[0].read(UPLOAD_BYTES + 1)
    if len(content) > UPLOAD_BYTES:
        raise TooLarge("too_large", "A file is 32 MiB at most; the command line takes more.")

    def is_set(name: str) -> bool:
        return str(form.get(name) or "").lower() in YES

    wanted = Wanted(
        is_dry=is_set("dry_run"),
        all_or_nothing=is_set("all_or_nothing"),
        take_duplicates=is_set("take_duplicates"),
    )
    return Posted(content, files[0].filename or "", wanted)


def _require(request: Http, deployment: Deployment, scope: str) -> Actor:
    token = bearer_token(request)
    address = client_address(request, deployment.settings.trusted_proxies)
    known = None if token is None else caller_of(deployment.db, token)
    return require_scope(deployment.db, known, scope, address=address).actor(address)


@post(
    "/question_bank/import",
    status_code=202,
    sync_to_thread=True,
    request_max_body_size=UPLOAD_BYTES + 1024 * 1024,
    operation_class=documented(answer=JobAnswer, multipart=("file",)),
    opt={"scope": "bank:write"},
    dependencies={"posted": Provide(posted_import)},
)
def import_questions(
    request: Http, posted: NamedDependency[Posted], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """Import questions from XLSX, CSV or JSONL, told by content. Good rows are taken, bad ones
    reported; fields `dry_run`, `all_or_nothing`, `take_duplicates` change that. The same file
    again changes nothing. The answer names a job."""
    actor = _require(request, deployment, "bank:write")
    made = jobs.ask_import(
        deployment.db, actor, posted.content, posted.name, posted.wanted, clock=deployment.clock
    )
    return json_response(JobAnswer(str(made)), 202, location=f"/api/v1/jobs/{made}")


@get(
    "/jobs/{job_id:uuid}",
    sync_to_thread=True,
    operation_class=documented(answer=JobState),
    opt={"scope": "bank:write"},
)
def show_job(
    request: Http, job_id: FromPath[UUID], deployment: NamedDependency[Deployment]
) -> Response[bytes]:
    """How far a job is; `state` is waiting, running, done, refused (nothing taken) or failed."""
    _require(request, deployment, "bank:write")
    found = jobs.get_import(deployment.db, job_id)
    lang = nearest_language(request.headers.get("accept-language"))
    listed = [_told(one, lang) for one in found.report[:MAX_LISTED]]
    state = JobState(
        str(found.id),
        found.state,
        found.progress,
        found.counts,
        listed,
        len(found.report) - len(listed) + found.more,
    )
    return json_response(state)


def _told(one: RowProblem, lang: str) -> Told:
    return Told(one.sheet, one.row, one.column, one.kind, one.code, what(one, lang))


@get(
    "/question_bank",
    sync_to_thread=True,
    operation_class=documented(answer=FoundItems),
    opt={"scope": "bank:read"},
)
def find_questions(
    request: Http,
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    place: FromQuery[int | None] = None,
    kind: Annotated[str, QueryParameter(name="type")] = "",
    tag: FromQuery[str] = "",
    after: FromQuery[int] = 0,
) -> Response[bytes]:
    """Questions of the bank by words, place (a scene, category or sub-category with all below it),
    type and tag, fifty at a time."""
    _require(request, deployment, "bank:read")
    with deployment.db.begin() as connection:
        tree = read_tree(connection)
        search = Search(
            words=q[:200].replace("\0", " "),
            places=None if place is None else tuple(within(tree, place)),
            type=kind.replace("\0", ""),
            tag=tag.replace("\0", ""),
        )
        start = min(max(after, 0), MAX_SEQ)
        items, following = find_items(connection, search, after=start, limit=PAGE_SIZE)
    places = {one.id: one for one in tree}
    return json_response(FoundItems([_found(one, places) for one in items], following))


def _found(item: Item, places: dict[int, Place]) -> FoundItem:
    return FoundItem(
        item.id,
        item.version,
        item.type,
        [places[one].name for one in places[item.place].path],
        item.tags,
        item.state,
        msgspec.Raw(item.question),
    )


@get("/question_bank/places", sync_to_thread=True, opt={"scope": "bank:read"})
def list_places(request: Http, deployment: NamedDependency[Deployment]) -> Response[Any]:
    """The tree of scenes, categories and sub-categories, each before what is below it."""
    _require(request, deployment, "bank:read")
    with deployment.db.begin() as connection:
        tree = read_tree(connection)
    return json_response(
        {
            "places": [
                {
                    "id": one.id,
                    "parent": one.parent,
                    "level": one.level,
                    "name": one.name,
                    "is_closed": one.closed_at is not None,
                }
                for one in tree
            ]
        }
    )


def bank_router() -> Router:
    """The routes of the bank and of its jobs."""
    return Router("/", route_handlers=[import_questions, show_job, find_questions, list_places])
