"""A survey's texts in all its languages, page by page; and the whole document as JSON."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct

from builder.edits import AnyEdit, Refused, Replace, SetMember, Several
from builder.texts import TextPlace, missing, texts_of
from builder.tree import to_tree
from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.staff.building import SURVEYS, Desk, Told
from runtime.staff.building_tabs import framed
from runtime.staff.frame import page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.surveys import findings
from runtime.wiring import Deployment

TEXTS = SURVEYS + "/{survey:str}/edit/texts"
JSON = SURVEYS + "/{survey:str}/edit/json"
MAX_JSON = 2 * 1024 * 1024


class Cell(Struct, frozen=True):
    """A text in one language; `name` is the input's, `lang` None where one string serves all."""

    name: str
    lang: str | None
    value: str
    typed: str
    is_missing: bool


class Row(Struct, frozen=True):
    """A text with its cells."""

    owner: str
    label: str
    cells: tuple[Cell, ...]


@get(TEXTS, sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_texts(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    of: FromQuery[str] = "",
) -> Response[Any]:
    """The texts of the head or of one page."""
    return _texts(Desk(request, principal, deployment, survey), of)


def _places(desk: Desk, of: str) -> list[TextPlace]:
    """The texts of a page with its questions; without one, those of everything else."""
    pages = {one.id: {one.id, *(q.id for q in one.questions)} for one in desk.document.pages}
    on_pages = {owner for owners in pages.values() for owner in owners}
    return [
        place
        for place in texts_of(desk.document)
        if (place.owner in pages[of] if of in pages else place.owner not in on_pages)
    ]


def _texts(
    desk: Desk, of: str, *, typed: Fields | None = None, told: Told | None = None, status: int = 200
) -> Response[Any]:
    languages = desk.document.languages
    everything = list(texts_of(desk.document))
    left = {one.id: 0 for one in desk.document.pages}
    owners = {q.id: one.id for one in desk.document.pages for q in one.questions}
    for place in everything:
        home = owners.get(place.owner, place.owner)
        if home in left:
            left[home] += len(missing(place, languages))
    return page(
        desk.request,
        desk.principal,
        "build/texts.html",
        status=status,
        **framed(desk, "texts"),
        of=of if of in left else "",
        pages=[(one.id, desk.name_of(one.id), left[one.id]) for one in desk.document.pages],
        rows=[_row(desk, place, typed) for place in _places(desk, of)],
        count=sum(len(missing(place, languages)) for place in everything),
        offers_english="en" not in languages,
        told=told,
    )


def _row(desk: Desk, place: TextPlace, typed: Fields | None) -> Row:
    empty = missing(place, desk.document.languages)

    def cell(lang: str | None, value: str) -> Cell:
        name = f"t:{place.of}:{place.member}" + (f"/{lang}" if lang else "")
        shown = typed[name] if typed is not None and name in typed else value
        return Cell(name, lang, value, shown, lang in empty)

    if isinstance(place.text, str):
        cells = (cell(None, place.text),)
    else:
        cells = tuple(cell(one, place.text.get(one, "")) for one in desk.document.languages)
    member = place.member.partition("/")[0]
    kind = place.of.split("/")[1] if "/" in place.of else member
    return Row(place.owner, f"{desk.name_of(place.owner)} · {desk.label('member', kind)}", cells)


@post(
    TEXTS,
    sync_to_thread=True,
    status_code=200,
    guards=[needs("surveys:read", "surveys:write")],
)
def save_texts(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Save what was changed; what somebody else changed meanwhile is shown, not overwritten."""
    desk = Desk(request, principal, deployment, survey)
    of = fields["page"]
    if fields["act"] == "english":
        edits: list[AnyEdit] = [_with_english(desk)]
    else:
        edits = [edit for place in _places(desk, of) for edit in _changes(place, desk, fields)]
    try:
        if edits:
            desk.apply(edits[0] if len(edits) == 1 else Several(edits=tuple(edits)))
    except Refused as refused:
        return _texts(desk, of, typed=fields, told=desk.told(refused), status=409)
    return redirect(f"{SURVEYS}/{survey}/edit/texts?{urlencode({'of': of})}", toast="saved")


def _with_english(desk: Desk) -> AnyEdit:
    languages = list(desk.document.languages)
    wanted = languages if "en" in languages else [*languages, "en"]
    return SetMember(of="", member="languages", value=wanted, was=languages)


def _changes(place: TextPlace, desk: Desk, fields: Fields) -> list[AnyEdit]:
    found: list[AnyEdit] = []
    for lang in (None,) if isinstance(place.text, str) else desk.document.languages:
        member = f"{place.member}/{lang}" if lang else place.member
        name = f"t:{place.of}:{member}"
        if name not in fields:
            continue
        typed = fields[name].strip().replace("\r\n", "\n")
        shown = fields[f"w{name[1:]}"].replace("\r\n", "\n")
        now = place.text if isinstance(place.text, str) else place.text.get(lang or "", "")
        if typed not in (shown, now):
            found.append(
                SetMember(of=place.of, member=member, value=typed or UNSET, was=shown or UNSET)
            )
    return found


# The document


@get(JSON, sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_json(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The document as JSON."""
    return _json(Desk(request, principal, deployment, survey))


def _json(
    desk: Desk, *, typed: str | None = None, sentences: tuple[str, ...] = (), status: int = 200
) -> Response[Any]:
    own = msgspec.json.format(msgspec.json.encode(to_tree(desk.document)), indent=2).decode()
    return page(
        desk.request,
        desk.principal,
        "build/json.html",
        status=status,
        **framed(desk, "json"),
        document=own if typed is None else typed,
        seq=desk.draft.seq,
        sentences=sentences,
    )


@post(
    JSON,
    sync_to_thread=True,
    status_code=200,
    request_max_body_size=4 * MAX_JSON,
    guards=[needs("surveys:read", "surveys:write")],
)
def save_json(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Put the document in place of the draft once it has no errors; until then the text stays."""
    desk = Desk(request, principal, deployment, survey)
    text = fields["document"]
    if len(text.encode()) > MAX_JSON:
        return _json(desk, typed=text, sentences=(desk.say("json_large"),), status=422)
    examined = findings.examine(text.encode())
    if examined.document is None or examined.errors:
        found = findings.words(examined.problems or (), desk.lang)
        sentences = tuple(f"{one.at or '/'} – {one.message}" for one in found)
        return _json(desk, typed=text, sentences=sentences, status=422)
    if fields["seq"] != str(desk.draft.seq):
        return _json(desk, typed=text, sentences=(desk.say("changed_since"),), status=409)
    try:
        tree = to_tree(examined.document)
        if tree != to_tree(desk.document):
            desk.apply(Replace(document=tree, was=to_tree(desk.document)))
    except Refused as refused:
        return _json(desk, typed=text, sentences=desk.words(refused.problems), status=409)
    return redirect(f"{SURVEYS}/{survey}/edit/json", toast="saved")


handlers: tuple[ControllerRouterHandler, ...] = (show_texts, save_texts, show_json, save_json)
