"""The pictures of a question and of its options, put in and described in the builder."""

from typing import Any

from litestar.datastructures import UploadFile
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from builder.edits import AnyEdit, SetMember, Several
from builder.tree import Tree, tree_of
from engine.questions import Question
from runtime.kit.bodies import form_of
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, TooLarge, Unprocessable, UnsupportedMedia
from runtime.staff.building import TYPES, Desk, Told
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_posts import FIRST, Outcome, attempt
from runtime.staff.canvas import picture_address
from runtime.staff.fields import Fields
from runtime.staff.frame import redirect
from runtime.surveys.assets import MAX_BYTES, store_asset

HERE = "/edit/pictures"
ALT = "alt:"


class Picture(Struct, frozen=True):
    """A picture with its address and its description in each language: (name, label, text)."""

    asset: str
    address: str
    alts: tuple[tuple[str, str, str], ...]


class Choice(Struct, frozen=True):
    """An option with its picture, if it has one."""

    id: str
    text: str
    address: str


async def posted_picture(request: Http) -> bytes:
    """The picture of a form; empty where none was chosen. One byte too many tells that it is."""
    file = (await form_of(request)).get("file")
    is_file = isinstance(file, UploadFile) and bool(file.filename)
    return await file.read(MAX_BYTES + 1) if is_file and isinstance(file, UploadFile) else b""


@shows(HERE)
def show_pictures(desk: OnDesk, at: FromQuery[str] = "") -> Answer:
    """The pictures of one question."""
    return _draw(desk, _question(desk, at))


def _question(desk: Desk, at: str) -> Question:
    found: Any = desk.part(at)
    if not at or getattr(found, "type", "") not in TYPES or desk.home_of(at):
        raise NotFound("part", "There is no such question.")
    return found


def _draw(desk: Desk, question: Question, outcome: Outcome = FIRST) -> Answer:
    tree = tree_of(question)
    options: tuple[Any, ...] = getattr(question, "options", ())
    choices = [
        Choice(
            one.id, desk.text(one.text) or one.id, picture_address(one.image) if one.image else ""
        )
        for one in options
        if hasattr(one, "image")
    ]
    return drawn(
        desk,
        "edit",
        "build/pictures.html",
        outcome,
        at=question.id,
        name=desk.text(question.text) or question.id,
        back=desk.address(question.id),
        pictures=[_picture(desk, one, outcome.given) for one in tree.get("media", [])],
        languages_of=[(one, desk.label("language", one)) for one in desk.document.languages],
        choices=choices,
        appearance=getattr(question, "appearance", None),
        has_images=any(one.address for one in choices),
    )


def _picture(desk: Desk, one: Tree, typed: Fields) -> Picture:
    alt = one["alt"]
    if isinstance(alt, str):
        texts = [("", desk.say("all_languages"), alt)]
    else:
        languages = desk.document.languages
        texts = [
            (f"/{code}", desk.label("language", code), alt.get(code, "")) for code in languages
        ]
    named = [(f"{ALT}{one['asset']}{end}", label, text) for end, label, text in texts]
    shown = tuple((name, label, typed.get(name, text)) for name, label, text in named)
    return Picture(one["asset"], picture_address(one["asset"]), shown)


@takes(
    HERE,
    request_max_body_size=MAX_BYTES + 256 * 1024,
    dependencies={"picture": Provide(posted_picture)},
)
def act_on_pictures(desk: OnDesk, fields: Sent, picture: NamedDependency[bytes]) -> Answer:
    """Put a picture in, describe it, move it or take it out."""
    question = _question(desk, fields["at"])
    try:
        edit = _edit(desk, question, fields, picture)
    except (UnsupportedMedia, TooLarge):
        return _unfit(desk, question, fields, "picture_unfit")
    except Unprocessable as error:
        return _unfit(desk, question, fields, error.code)
    refused = attempt(desk, lambda: edit and desk.apply(edit), fields)
    if refused is not None:
        return _draw(desk, question, refused)
    return redirect(desk.under(f"{HERE}?at={question.id}"))


def _unfit(desk: Desk, question: Question, fields: Fields, code: str) -> Answer:
    return _draw(desk, question, Outcome(fields, Told((desk.say(code),)), 422))


def _edit(desk: Desk, question: Question, fields: Fields, picture: bytes) -> AnyEdit | None:
    """What the pressed button asks for; None where it changes nothing.

    Raises:
        Unprocessable: a picture or its description is missing.
        UnsupportedMedia, TooLarge: see `store_asset`.
        NotFound: there is no such button, picture or option.
    """
    media: list[Tree] = tree_of(question).get("media", [])
    match fields["act"].split():
        case ["add"]:
            return _adding(desk, question, media, fields, picture)
        case ["option", name] if picture:
            _require_option(question, name)
            of = f"{question.id}/options/{name}"
            return SetMember(of=of, member="image", value=_stored(desk, picture))
        case ["option", _]:
            raise Unprocessable("picture_missing", "Choose a picture.")
        case ["bare", name]:
            _require_option(question, name)
            return SetMember(of=f"{question.id}/options/{name}", member="image")
        case ["drop", asset]:
            rest = [one for one in media if one["asset"] != asset]
            return _set_media(question, rest, media)
        case ["up", asset]:
            return _raising(question, media, asset)
        case ["appearance", "pictures" | "list" as value]:
            return SetMember(of=question.id, member="appearance", value=value)
        case ["save"] | []:
            return _describing(question, media, fields)
        case _:
            raise NotFound("act", "There is no such act.")


def _require_option(question: Question, name: str) -> None:
    options: tuple[Any, ...] = getattr(question, "options", ())
    if not any(one.id == name and hasattr(one, "image") for one in options):
        raise NotFound("part", "There is no such option.")


def _stored(desk: Desk, picture: bytes) -> str:
    deployment = desk.deployment
    actor = desk.principal.actor()
    kept = store_asset(
        deployment.db, deployment.assets, picture, actor=actor, clock=deployment.clock
    )
    return f"sha256:{kept.sha256}"


def _set_media(question: Question, wanted: list[Tree], was: list[Tree]) -> AnyEdit | None:
    if wanted == was:
        return None
    if not wanted:
        return SetMember(of=question.id, member="media", was=was)
    return SetMember(of=question.id, member="media", value=wanted, was=was or None)


def _adding(
    desk: Desk, question: Question, media: list[Tree], fields: Fields, picture: bytes
) -> AnyEdit | None:
    if not picture:
        raise Unprocessable("picture_missing", "Choose a picture.")
    texts = {code: fields[f"new:{code}"].strip() for code in desk.document.languages}
    if not texts[desk.first]:
        raise Unprocessable("picture_undescribed", "Say what the picture shows.")
    asset = _stored(desk, picture)
    if any(one["asset"] == asset for one in media):
        raise Unprocessable("picture_there", "The picture is there already.")
    alt = {code: text for code, text in texts.items() if text}
    return _set_media(question, [*media, {"asset": asset, "alt": alt}], media)


def _raising(question: Question, media: list[Tree], asset: str) -> AnyEdit | None:
    names = [one["asset"] for one in media]
    if asset not in names:
        raise NotFound("part", "There is no such picture.")
    place = names.index(asset)
    wanted = list(media)
    if place:
        wanted[place - 1], wanted[place] = wanted[place], wanted[place - 1]
    return _set_media(question, wanted, media)


def _describing(question: Question, media: list[Tree], fields: Fields) -> AnyEdit | None:
    """The descriptions that were changed; one is never taken away altogether."""
    edits: list[AnyEdit] = []
    for name, typed in fields.items():
        text, was = typed.strip(), fields[f"was:{name}"]
        if not name.startswith(ALT) or text == was:
            continue
        if not text and was:
            raise Unprocessable("picture_undescribed", "Say what the picture shows.")
        asset, _, language = name.removeprefix(ALT).partition("/")
        member = f"media/{asset}/alt" + (f"/{language}" if language else "")
        edits.append(SetMember(of=question.id, member=member, value=text, was=was or None))
    if not edits:
        return None
    return edits[0] if len(edits) == 1 else Several(edits=tuple(edits))


handlers: tuple[ControllerRouterHandler, ...] = (show_pictures, act_on_pictures)
