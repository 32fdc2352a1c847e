"""A survey's texts in all its languages, page by page or only those still to be written."""

from collections.abc import Mapping
from urllib.parse import urlencode

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Struct

from builder.edits import AnyEdit, SetMember, Several
from builder.texts import TextPlace, missing, texts_of
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_posts import FIRST, Outcome, attempt
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect

HERE = "/edit/texts"
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


@shows(HERE)
def show_texts(desk: OnDesk, of: FromQuery[str] = "", only: FromQuery[str] = "") -> Answer:
    """The texts of the head, of a page or of all, or of these only what is still to be written."""
    return _draw(desk, of, only)


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


def _draw(
    desk: Desk, of: str, only: str, outcome: Outcome = FIRST, *, is_saved: bool = False
) -> Answer:
    """The page; what was saved in it (`is_saved`) counts as seen."""
    languages = desk.document.languages
    everything = list(texts_of(desk.document))
    left = _left(desk, everything)
    places = _places(desk, of)
    if only:
        names = outcome.given
        places = [p for p in places if missing(p, languages) or _is_among(p, languages, names)]
    rows = [_row(desk, place, outcome.given, is_saved) for place in places]
    return drawn(
        desk,
        "texts",
        "build/texts.html",
        outcome,
        of=of if of in left or of == EVERYWHERE else "",
        only=only,
        everywhere=EVERYWHERE,
        pages=[(one.id, desk.name_of(one.id), left[one.id]) for one in desk.document.pages],
        left_elsewhere=left[""],
        rows=rows,
        count=sum(len(missing(place, languages)) for place in everything),
        offers_english="en" not in languages,
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


def _row(desk: Desk, place: TextPlace, typed: Fields, is_saved: bool) -> Row:
    empty = missing(place, desk.document.languages)

    def cell(lang: str | None, value: str) -> Cell:
        name = f"t:{place.of}:{place.member}" + (f"/{lang}" if lang else "")
        shown = typed.get(name, value)
        return Cell(name, lang, shown if is_saved else value, shown, lang in empty)

    if isinstance(place.text, str):
        cells = (cell(None, place.text),)
    else:
        cells = tuple(cell(one, place.text.get(one, "")) for one in desk.document.languages)
    member = place.member.partition("/")[0]
    is_inner = place.of.count("/") == 2
    kind = place.of.split("/")[1] if is_inner else member
    return Row(place.owner, f"{desk.name_of(place.owner)} · {desk.label('member', kind)}", cells)


@takes(HERE)
def save_texts(desk: OnDesk, fields: Sent) -> Answer:
    """Save what was changed; what somebody else changed meanwhile is shown, not overwritten."""
    of, only = fields["page"], fields["only"]
    if fields["act"] == "english":
        edits: list[AnyEdit] = [_with_english(desk)]
    else:
        edits = [edit for place in _places(desk, of) for edit in _changes(place, desk, fields)]
    if edits:
        edit = edits[0] if len(edits) == 1 else Several(edits=tuple(edits))
        refused = attempt(desk, lambda: desk.apply(edit), fields)
        if refused is not None:
            return _draw(desk, of, only, refused)
    if "hx-request" in desk.request.headers and not fields["act"]:
        return _draw(desk, of, only, Outcome(fields), is_saved=True)
    asked = {"of": of} | ({"only": only} if only else {})
    return redirect(desk.under(f"{HERE}?{urlencode(asked)}"), toast="saved")


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
