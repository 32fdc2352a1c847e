"""A survey's texts in all its languages, page by page or only those still to be written."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct

from builder.edits import AnyEdit, Refused, SetMember, Several
from builder.texts import TextPlace, missing, texts_of
from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.staff.building import SURVEYS, Desk, Told
from runtime.staff.building_tabs import framed
from runtime.staff.frame import page, redirect
from runtime.staff.pages.sign_in import Fields
from runtime.wiring import Deployment

TEXTS = SURVEYS + "/{survey:str}/edit/texts"
EVERYWHERE = "all"


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
    only: FromQuery[str] = "",
) -> Response[Any]:
    """The texts of the head, of a page or of all, or of these only what is still to be written."""
    return _texts(Desk(request, principal, deployment, survey), of, only)


def _places(desk: Desk, of: str) -> list[TextPlace]:
    """The texts of a page with its questions, or of everything; else those of no page."""
    if of == EVERYWHERE:
        return list(texts_of(desk.document))
    pages = {one.id: {one.id, *(q.id for q in one.questions)} for one in desk.document.pages}
    on_pages = {owner for owners in pages.values() for owner in owners}
    return [
        place
        for place in texts_of(desk.document)
        if (place.owner in pages[of] if of in pages else place.owner not in on_pages)
    ]


def _texts(
    desk: Desk,
    of: str,
    only: str,
    *,
    typed: Fields | None = None,
    told: Told | None = None,
    status: int = 200,
    is_saved: bool = False,
) -> Response[Any]:
    """The page; what was saved in it (`is_saved`) counts as seen."""
    languages = desk.document.languages
    everything = list(texts_of(desk.document))
    left = _left(desk, everything)
    places = _places(desk, of)
    if only:
        names = typed if typed is not None else Fields()
        places = [p for p in places if missing(p, languages) or _is_among(p, languages, names)]
    rows = [_row(desk, place, typed, is_saved) for place in places]
    return page(
        desk.request,
        desk.principal,
        "build/texts.html",
        status=status,
        **framed(desk, "texts"),
        of=of if of in left or of == EVERYWHERE else "",
        only=only,
        everywhere=EVERYWHERE,
        pages=[(one.id, desk.name_of(one.id), left[one.id]) for one in desk.document.pages],
        left_elsewhere=left[""],
        rows=rows,
        count=sum(len(missing(place, languages)) for place in everything),
        offers_english="en" not in languages,
        told=told,
    )


def _left(desk: Desk, everything: list[TextPlace]) -> dict[str, int]:
    """How many texts are still to be written on each page; "" for those of no page."""
    left = {"": 0} | {one.id: 0 for one in desk.document.pages}
    owners = {q.id: one.id for one in desk.document.pages for q in one.questions}
    for place in everything:
        home = owners.get(place.owner, place.owner)
        left[home if home in left else ""] += len(missing(place, desk.document.languages))
    return left


def _is_among(place: TextPlace, languages: tuple[str, ...], names: Mapping[str, str]) -> bool:
    """Whether a text stood in the form: it stays there once it is written."""
    name = f"t:{place.of}:{place.member}"
    return name in names or any(f"{name}/{one}" in names for one in languages)


def _row(desk: Desk, place: TextPlace, typed: Fields | None, is_saved: bool) -> Row:
    empty = missing(place, desk.document.languages)

    def cell(lang: str | None, value: str) -> Cell:
        name = f"t:{place.of}:{place.member}" + (f"/{lang}" if lang else "")
        shown = typed[name] if typed is not None and name in typed else value
        return Cell(name, lang, shown if is_saved else value, shown, lang in empty)

    if isinstance(place.text, str):
        cells = (cell(None, place.text),)
    else:
        cells = tuple(cell(one, place.text.get(one, "")) for one in desk.document.languages)
    member = place.member.partition("/")[0]
    is_inner = place.of.count("/") == 2
    kind = place.of.split("/")[1] if is_inner else member
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
    of, only = fields["page"], fields["only"]
    if fields["act"] == "english":
        edits: list[AnyEdit] = [_with_english(desk)]
    else:
        edits = [edit for place in _places(desk, of) for edit in _changes(place, desk, fields)]
    try:
        if edits:
            desk.apply(edits[0] if len(edits) == 1 else Several(edits=tuple(edits)))
    except Refused as refused:
        return _texts(desk, of, only, typed=fields, told=desk.told(refused), status=409)
    if "hx-request" in request.headers and not fields["act"]:
        return _texts(desk, of, only, typed=fields, is_saved=True)
    asked = {"of": of} | ({"only": only} if only else {})
    return redirect(f"{SURVEYS}/{survey}/edit/texts?{urlencode(asked)}", toast="saved")


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
        now = place.text if isinstance(place.text, str) else place.text.get(lang or "")
        if typed not in (shown, now or ""):
            was = shown or ("" if now == "" else None)
            found.append(SetMember(of=place.of, member=member, value=typed or UNSET, was=was))
    return found


handlers: tuple[ControllerRouterHandler, ...] = (show_texts, save_texts)
