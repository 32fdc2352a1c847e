"""The survey's head in the builder: what it is, whom it is for, and its languages."""

from typing import Any

from litestar.types import ControllerRouterHandler

from builder.edits import AnyEdit, SetMember, Several
from builder.texts import missing, texts_of
from builder.typed import BadValue
from engine.check import LANGUAGE
from runtime.kit.problems import NotFound
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, Sent, drawn, shows, takes
from runtime.staff.building_panel import properties
from runtime.staff.building_parts import own_tree
from runtime.staff.building_posts import FIRST, Outcome, answer

HERE = "/edit/settings"
WHAT = ("title", "description", "kind", "category", "identity")
WHOM = ("audience",)
KNOWN = ("zh-CN", "en", "zh-HK", "ja", "ko")
"""Languages that are offered; any other is typed."""


@shows(HERE)
def show_settings(desk: OnDesk) -> Answer:
    """The head with its languages."""
    return draw(desk, "", FIRST)


@takes(HERE)
def act_on_settings(desk: OnDesk, fields: Sent) -> Answer:
    """Save the head, then do what was asked."""
    acts = {"language": act_language}
    return answer(desk, "", fields, draw, acts=acts, done=lambda _: desk.under(HERE))


def draw(desk: Desk, at: str, outcome: Outcome) -> Answer:
    """The page of the head, its members in groups; what no group names comes last."""
    own = own_tree(desk, "")
    found = properties(desk, desk.document, own, outcome.given)

    def named(names: tuple[str, ...]) -> list[Any]:
        return [one for one in found if one.rule.member.partition("/")[0] in names]

    places = list(texts_of(desk.document))
    languages = [
        (one, desk.label("language", one), sum(one in missing(place, (one,)) for place in places))
        for one in desk.document.languages
    ]
    groups = [("what", named(WHAT)), ("whom", named(WHOM))]
    rest = [one for one in found if not any(one in group for _, group in groups)]
    return drawn(
        desk,
        "settings",
        "build/settings.html",
        outcome,
        at=at,
        shown=outcome.copy_of(own),
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
