"""One question of the bank: how it reads, where it stands, its versions, where it is asked."""

from functools import partial
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from engine.parse import parse_value
from engine.text import localize
from runtime.accounts.access import Principal, needs
from runtime.bank import items
from runtime.bank.content import as_document
from runtime.bank.models import Item, Place, State, Version
from runtime.bank.places import read_tree
from runtime.bank.uses import uses_of
from runtime.drafts.rewording import Offered, Older, older_uses, reword
from runtime.kit.http import Http
from runtime.kit.problems import AppError, StateConflict, Unprocessable
from runtime.kit.words import catalogue, joined, say
from runtime.staff.comparison import Line, Telling
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.pages.bank import HERE, as_number, path_of
from runtime.surveys import queries
from runtime.wiring import Deployment

ITEM = HERE + "/items/{item:str}"


@get(ITEM, sync_to_thread=True, guards=[needs("bank:read")])
def show(
    request: Http,
    item: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The question with everything about it."""
    return _page(request, principal, deployment, item)


def _page(
    request: Http,
    principal: Principal,
    deployment: Deployment,
    item: str,
    *,
    told: str = "",
    offered: Offered | None = None,
    typed: Fields | None = None,
    status: int = 200,
) -> Response[Any]:
    lang = language_of(request, principal)
    with deployment.db.begin() as connection:
        found = items.get_item(connection, item.replace("\0", ""))
        tree = read_tree(connection)
        versions = items.versions_of(connection, found.id)
        uses = uses_of(connection, found.id)
    places = {one.id: one for one in tree}
    question = msgspec.json.decode(found.question)
    titles = {one.id: one.title for one in queries.list_surveys(deployment.db)} if uses else {}
    may_offer = principal.may("bank:read") and principal.may("surveys:write")
    return page(
        request,
        principal,
        "bank/item.html",
        section="bank",
        status=status,
        item=found,
        text=localize(question["text"], lang),
        type=say(f"build_type_{found.type}", lang),
        path=path_of(found.place, places, lang),
        stands=_stands(found, typed),
        texts=_texts(question),
        parts=[localize(one["text"], lang) for one in _parts(question)],
        tree=[one for one in tree if one.id == found.place or _is_open(one, places)],
        versions=_told_versions(versions, lang),
        uses=[(one, titles.get(one.survey, {})) for one in uses],
        older=_offers(deployment, found.id, lang) if may_offer else [],
        offered=[
            (localize(titles.get(survey, survey), lang), _why(code, lang))
            for survey, code in offered.refused
        ]
        if offered
        else [],
        done=len(offered.done) if offered else 0,
        told=told,
        v=partial(_changes_word, lang),
        may_write=principal.may("bank:write"),
    )


def _stands(item: Item, typed: Fields | None) -> dict[str, Any]:
    """Where it stands, its tags and its state: as typed, where that was refused."""
    if typed is None:
        return {"place": item.place, "tags": "，".join(item.tags), "state": item.state}
    place = as_number(typed["place"], 2**31)
    return {"place": place, "tags": typed["tags"], "state": typed["state"]}


def _changes_word(lang: str, code: str) -> str:
    """The words of the page about changes."""
    return say(f"changes_{code}", lang)


def _offers(deployment: Deployment, item: str, lang: str) -> list[tuple[Older, list[Line], str]]:
    """The surveys that ask an older version, with what would change and what they keep."""
    return [
        (one, _differences(one, lang), _kept(one, lang)) for one in older_uses(deployment.db, item)
    ]


def _is_open(place: Place, places: dict[int, Place]) -> bool:
    return all(places[one].closed_at is None for one in place.path)


def _texts(question: dict[str, Any]) -> list[tuple[str, str]]:
    text = question["text"]
    return [("", text)] if isinstance(text, str) else list(text.items())


def _parts(question: dict[str, Any]) -> list[dict[str, Any]]:
    return question.get("options") or question.get("rows") or question.get("nodes") or []


def _told_versions(versions: list[Version], lang: str) -> list[tuple[Version, list[Line]]]:
    """Each version with what it changed against the one before."""
    found: list[tuple[Version, list[Line]]] = []
    for place, one in enumerate(versions):
        before = versions[place + 1] if place + 1 < len(versions) else None
        lines = _lines(before.question, one.question, lang) if before else []
        found.append((one, lines))
    return found


def _lines(old: bytes, new: bytes, lang: str) -> list[Line]:
    return Telling(as_document(old), as_document(new), lang).lines()


def _differences(one: Older, lang: str) -> list[Line]:
    """What the offer would change; the survey's own conditions are no part of it."""
    old, new = (_alone(tree) for tree in (one.old, one.new))
    return Telling(old, new, lang).lines() if old and new else []


def _alone(tree: dict[str, Any]) -> Any:
    shown = {name: value for name, value in tree.items() if name not in ("bank", "show_if")}
    return parse_value(
        {
            "format": "huisheng.survey/1", "id": "bank", "title": "bank",
            "languages": list(shown["text"]) if isinstance(shown.get("text"), dict) else ["zh-CN"],
            "kind": "survey", "pages": [{"id": "p" * 64, "questions": [shown]}],
        }
    ).document  # fmt: skip


def _kept(one: Older, lang: str) -> str:
    words = catalogue(lang)
    return joined((words.get(f"build_member_{name}", name) for name in one.kept), lang)


def _why(code: str, lang: str) -> str:
    known = f"bank_refused_{code}"
    return say(known if known in catalogue(lang) else "bank_refused_other", lang)


@post(ITEM, sync_to_thread=True, status_code=200, guards=[needs("bank:read", "bank:write")])
def act(
    request: Http,
    item: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Say where it stands, how it is tagged, whether it is offered still."""
    state: State = "retired" if fields["state"] == "retired" else "active"
    try:
        with deployment.db.begin() as connection:
            items.place_item(
                connection,
                principal.actor(),
                item.replace("\0", ""),
                as_number(fields["revision"], 2**31),
                place=as_number(fields["place"], 2**31),
                tags=fields["tags"].replace("，", ",").replace("、", ",").split(","),
                state=state,
                clock=deployment.clock,
            )
    except (StateConflict, Unprocessable) as error:
        told = told_of(error, language_of(request, principal))
        typed = None if error.code == "changed_meanwhile" else fields
        return _page(
            request, principal, deployment, item, told=told, typed=typed, status=error.status
        )
    return redirect(f"{HERE}/items/{item}", toast="saved")


def told_of(error: AppError, lang: str) -> str:
    """A refusal in the console's words."""
    words = catalogue(lang)
    for code in (error.code, f"bank_{error.code}", f"console_told_{error.code}"):
        if code in words:
            return say(code, lang)
    return say("bank_refused_other", lang)


@post(
    f"{ITEM}/offer",
    sync_to_thread=True,
    status_code=200,
    guards=[needs("bank:read", "surveys:read", "surveys:write")],
)
def offer(
    request: Http,
    item: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Put the newest wording into the drafts of the surveys that were ticked."""
    mark = "survey "
    chosen = frozenset(name.removeprefix(mark) for name in fields if name.startswith(mark))
    known = item.replace("\0", "")
    done = reword(deployment.db, known, chosen, principal.actor(), clock=deployment.clock)
    return _page(request, principal, deployment, item, offered=done)


handlers: tuple[ControllerRouterHandler, ...] = (show, act, offer)
