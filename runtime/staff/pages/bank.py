"""The question bank: its tree at the left, a search, the questions; everything as a file."""

import tempfile
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast, get_args
from urllib.parse import urlencode

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from engine.text import localize
from runtime.accounts.access import Principal, needs
from runtime.bank.columns import TYPES
from runtime.bank.exporting import MEDIA, Format, at_most, export, pieces_of
from runtime.bank.models import Item, Place
from runtime.bank.places import read_tree, within
from runtime.bank.queries import (
    MAX_COUNTED,
    Search,
    count_items,
    counts_by_place,
    every_item,
    find_items,
    tags_in_use,
)
from runtime.bank.template import template
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.kit.words import say
from runtime.staff.frame import HEADERS, language_of, page
from runtime.wiring import Deployment

HERE = "/staff/bank"
MAX_SEQ = 2**62
MOST_IN_WORKBOOK = 20_000
"""More are a matter of CSV and JSONL: a workbook of 100,000 rows keeps a processor for half a
minute."""


class Asked(Struct, frozen=True):
    """What the page was asked for."""

    q: str
    place: int
    type: str
    tag: str
    retired: str

    def search(self, tree: list[Place]) -> Search:
        """The same as a search."""
        return Search(
            words=self.q[:200].replace("\0", " "),
            places=tuple(within(tree, self.place)) if self.place else None,
            type=self.type if self.type in TYPES else "",
            tag=self.tag.replace("\0", ""),
            with_retired=bool(self.retired),
        )

    def query(self, **more: object) -> str:
        """The address's query with some members set otherwise."""
        values = msgspec.structs.asdict(self) | more
        return urlencode({name: value for name, value in values.items() if value})


class Row(Struct, frozen=True):
    """A question in the list."""

    id: str
    text: str
    type: str
    path: str
    tags: tuple[str, ...]
    is_retired: bool
    version: int


def row_of(item: Item, places: Mapping[int, Place], lang: str) -> Row:
    """A question as lists show it."""
    question = msgspec.json.decode(item.question)
    return Row(
        item.id,
        localize(question["text"], lang),
        say(f"build_type_{item.type}", lang),
        path_of(item.place, places, lang),
        item.tags,
        item.state == "retired",
        item.version,
    )


def path_of(place: int, places: Mapping[int, Place], lang: str) -> str:
    """The names that lead to a place."""
    return " › ".join(localize(places[one].name, lang) for one in places[place].path)


def numbered(counts: Mapping[int, int], tree: list[Place]) -> dict[int, int]:
    """How many questions stand at each place and below it."""
    found: dict[int, int] = {}
    for one in tree:
        for above in one.path:
            found[above] = found.get(above, 0) + counts.get(one.id, 0)
    return found


@get(HERE, sync_to_thread=True, guards=[needs("bank:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    place: FromQuery[str] = "",
    type: FromQuery[str] = "",
    tag: FromQuery[str] = "",
    retired: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """The questions of a place or of a search, fifty at a time."""
    lang = language_of(request, principal)
    asked = Asked(q, as_number(place, 2**31), type, tag, retired)
    with deployment.db.begin() as connection:
        tree = read_tree(connection)
        search = asked.search(tree)
        items, following = find_items(connection, search, after=as_number(after, MAX_SEQ))
        count = count_items(connection, search)
        counts = numbered(counts_by_place(connection), tree)
        tags = tags_in_use(connection)
    places = {one.id: one for one in tree}
    return page(
        request,
        principal,
        "bank/list.html",
        section="bank",
        asked=asked,
        tree=tree,
        counts=counts,
        rows=[row_of(one, places, lang) for one in items],
        count=say("bank_many", lang, n=MAX_COUNTED) if count > MAX_COUNTED else str(count),
        following=asked.query(after=following) if following else "",
        is_first=not as_number(after, MAX_SEQ),
        types=[(one, say(f"build_type_{one}", lang)) for one in TYPES],
        tags=tags,
        may_write=principal.may("bank:write"),
        is_empty=not tree and not items,
    )


def as_number(text: str, limit: int) -> int:
    """A whole number of an address, 0 for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) < limit else 0


@get(f"{HERE}/export/{{format:str}}", sync_to_thread=True, guards=[needs("bank:read")])
def show_export(
    request: Http,
    format: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    turn: NamedDependency[None],
    q: FromQuery[str] = "",
    place: FromQuery[str] = "",
    type: FromQuery[str] = "",
    tag: FromQuery[str] = "",
) -> Response[Any]:
    """What the list shows, as a file that the import takes; one is made at a time, on disk."""
    if format not in get_args(Format):
        raise NotFound("page", "There is no such format.")
    kind = cast(Format, format)
    asked = Asked(q, as_number(place, 2**31), type, tag, "1")
    lang = language_of(request, principal)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever has sent it closes it
    try:
        with deployment.db.begin() as connection:
            tree = read_tree(connection)
            items = every_item(connection, asked.search(tree))
            if kind == "xlsx":
                items = at_most(MOST_IN_WORKBOOK, items)
            for piece in export(items, {one.id: one for one in tree}, kind, lang):
                file.write(piece)
    except BaseException:
        file.close()
        raise
    headers = _headers(f"question-bank.{kind}") | {"content-length": str(file.tell())}
    return Stream(_sent(file), media_type=MEDIA[kind], headers=headers)


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from pieces_of(file)


@get(f"{HERE}/template.xlsx", sync_to_thread=True, guards=[needs("bank:read")])
def show_template(request: Http, principal: NamedDependency[Principal]) -> Response[bytes]:
    """An empty table with headings, examples and notes."""
    return _file(template(language_of(request, principal)), "template.xlsx", MEDIA["xlsx"])


def _file(content: bytes, name: str, media_type: str) -> Response[bytes]:
    return Response(content, media_type=media_type, headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return HEADERS | {"content-disposition": f'attachment; filename="{name}"'}


handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_export, show_template)
