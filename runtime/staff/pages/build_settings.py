"""The survey's head in the builder: what it is, whom it is for, and its languages."""

from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from builder.edits import AnyEdit, SetMember, Several
from builder.panel import BadValue
from builder.texts import missing, texts_of
from engine.check import LANGUAGE
from runtime.accounts.access import Principal, needs
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.staff.building import SURVEYS, Desk, Told
from runtime.staff.building_panel import properties
from runtime.staff.building_parts import own_tree
from runtime.staff.building_posts import answer
from runtime.staff.building_tabs import framed
from runtime.staff.frame import page
from runtime.staff.pages.sign_in import Fields
from runtime.wiring import Deployment

HERE = SURVEYS + "/{survey:str}/edit/settings"
PERMISSIONS = [needs("surveys:read", "surveys:write")]
WHAT = ("title", "description", "kind", "category", "identity")
WHOM = ("audience",)
KNOWN = ("zh-CN", "en", "zh-HK", "ja", "ko")
"""Languages that are offered; any other is typed."""


@get(HERE, sync_to_thread=True, guards=PERMISSIONS)
def show_settings(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The head with its languages."""
    return draw(Desk(request, principal, deployment, survey), "")


@post(HERE, sync_to_thread=True, status_code=200, guards=PERMISSIONS)
def act_on_settings(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Save the head, then do what was asked."""
    desk = Desk(request, principal, deployment, survey)
    here = f"{SURVEYS}/{survey}/edit/settings"
    return answer(desk, "", fields, draw, acts={"language": act_language}, done=lambda _: here)


def draw(
    desk: Desk,
    at: str,
    *,
    typed: Fields | None = None,
    told: Told | None = None,
    status: int = 200,
    shown: str | None = None,
) -> Response[Any]:
    """The page of the head, its members in groups; what no group names comes last."""
    own = own_tree(desk, "")
    given = typed if typed is not None else Fields()
    found = properties(desk, desk.document, own, given)

    def named(names: tuple[str, ...]) -> list[Any]:
        return [one for one in found if one.rule.member.partition("/")[0] in names]

    places = list(texts_of(desk.document))
    languages = [
        (one, desk.label("language", one), sum(one in missing(place, (one,)) for place in places))
        for one in desk.document.languages
    ]
    groups = [("what", named(WHAT)), ("whom", named(WHOM))]
    rest = [one for one in found if not any(one in group for _, group in groups)]
    return page(
        desk.request,
        desk.principal,
        "build/settings.html",
        status=status,
        **framed(desk, "settings"),
        at=at,
        told=told,
        typed=given,
        shown=msgspec.json.encode(own).decode() if shown is None else shown,
        members=[*groups, ("more", rest)],
        languages_of=languages,
        known=[
            (one, desk.label("language", one))
            for one in KNOWN
            if one not in desk.document.languages
        ],
    )


# Languages


def act_language(desk: Desk, at: str, words: list[str]) -> str:
    """`language add CODE`, `language first CODE`, `language drop CODE`.

    Raises:
        BadValue: it is no code, is there already, or is the only one.
    """
    match words:
        case ["add", code]:
            desk.apply(_adding(desk, code))
        case ["add"]:
            raise BadValue("languages", "needed")
        case ["first", code] if code in desk.document.languages:
            rest = [one for one in desk.document.languages if one != code]
            desk.apply(_set_languages(desk, [code, *rest]))
        case ["drop", code] if code in desk.document.languages:
            desk.apply(_dropping(desk, code))
        case _:
            raise NotFound("part", "There is no such language.")
    return at


def _set_languages(desk: Desk, wanted: list[str]) -> SetMember:
    was = list(desk.document.languages)
    return SetMember(of="", member="languages", value=wanted, was=was)


def _adding(desk: Desk, code: str) -> AnyEdit:
    if code in desk.document.languages:
        raise BadValue("languages", "taken")
    if not LANGUAGE.fullmatch(code) or len(code) > 35:
        raise BadValue("languages", "language")
    return _set_languages(desk, [*desk.document.languages, code])


def _dropping(desk: Desk, code: str) -> AnyEdit:
    """Without the language and its texts."""
    rest = [one for one in desk.document.languages if one != code]
    if not rest:
        raise BadValue("languages", "last")
    gone: list[AnyEdit] = [
        SetMember(of=place.of, member=f"{place.member}/{code}", was=place.text[code])
        for place in texts_of(desk.document)
        if isinstance(place.text, dict) and code in place.text
    ]
    return Several(edits=(*gone, _set_languages(desk, rest)))


handlers: tuple[ControllerRouterHandler, ...] = (show_settings, act_on_settings)
