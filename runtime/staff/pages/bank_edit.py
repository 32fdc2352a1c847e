"""Making and changing a question of the bank with the builder's own panel."""

from contextlib import suppress
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from builder.edits import Refused as EditRefused
from builder.edits import SetMember
from builder.tree import fresh, tree_of
from builder.typed import BadValue
from runtime.accounts.access import Principal, needs
from runtime.bank import items
from runtime.bank.columns import TYPES
from runtime.bank.content import (
    Content,
    Refused,
    check_question,
    languages_of,
    sameness,
    without_survey,
)
from runtime.bank.folding import fold
from runtime.bank.importing import known_ids
from runtime.bank.models import Item, Place
from runtime.bank.places import read_tree
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.kit.words import say
from runtime.staff.bank_desk import BankDesk, blank
from runtime.staff.building_acts import do
from runtime.staff.building_bank import in_languages
from runtime.staff.building_inner import many
from runtime.staff.building_panel import panel_of
from runtime.staff.building_typed import typed_edit
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.pages.bank import HERE, as_number
from runtime.staff.pages.bank_items import ITEM, told_of
from runtime.surveys import findings
from runtime.wiring import Deployment

NEW = f"{HERE}/new"
EDIT = f"{ITEM}/edit"
MOST_ALIKE = 100
ACTS = frozenset(("save", "add", "up", "down", "remove", "many", "other", "ready", "answers"))


@get(NEW, sync_to_thread=True, guards=[needs("bank:read", "bank:write")])
def show_new(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    type: FromQuery[str] = "",
    place: FromQuery[str] = "",
    survey: FromQuery[str] = "",
    question: FromQuery[str] = "",
) -> Response[Any]:
    """Choose a type; then the question to fill in. Or a question of a survey, without its rules."""
    if survey and principal.may("surveys:read"):
        kept = _of_survey(deployment, survey, question)
        given = Fields(survey=survey, question=question)
        return _page(BankDesk(request, principal, deployment, kept), None, given)
    if not type:
        lang = language_of(request, principal)
        types = [(one, say(f"build_type_{one}", lang)) for one in TYPES]
        return page(request, principal, "bank/new.html", section="bank", types=types, place=place)
    desk = BankDesk(request, principal, deployment, blank(type, language_of(request, principal)))
    return _page(desk, None, Fields(place=place))


def _of_survey(deployment: Deployment, survey: str, question: str) -> bytes:
    document = drafts.read_draft(deployment.db, survey.replace("\0", "")).document
    for sheet in document.pages:
        for one in sheet.questions:
            if one.id == question:
                return msgspec.json.encode(without_survey(tree_of(one)))
    raise NotFound("part", "There is no such question.")


@get(EDIT, sync_to_thread=True, guards=[needs("bank:read", "bank:write")])
def show_edit(
    request: Http,
    item: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The newest content in the panel."""
    with deployment.db.begin() as connection:
        found = items.get_item(connection, item.replace("\0", ""))
    desk = BankDesk(request, principal, deployment, found.question)
    return _page(desk, found, Fields(revision=str(found.revision)))


def _page(
    desk: BankDesk,
    item: Item | None,
    given: Fields,
    *,
    typed: Fields | None = None,
    told: tuple[str, ...] = (),
    status: int = 200,
) -> Response[Any]:
    with desk.deployment.db.begin() as connection:
        tree = read_tree(connection)
    return page(
        desk.request,
        desk.principal,
        "bank/edit.html",
        section="bank",
        status=status,
        item=item,
        item_name=desk.text(desk.question.text),
        given=given,
        told=told,
        tree=[one for one in tree if _is_open(one, tree)],
        b=desk.say,
        label=desk.label,
        **panel_of(desk, desk.question.id, typed, None),
    )


def _is_open(place: Place, tree: list[Place]) -> bool:
    return all(one.closed_at is None for one in tree if one.id in place.path)


@post(NEW, sync_to_thread=True, status_code=200, guards=[needs("bank:read", "bank:write")])
def make(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Do what a button asks for, or put the question into the bank."""
    desk = BankDesk(request, principal, deployment, fields["shown"].encode())
    return _answer(desk, None, fields)


@post(EDIT, sync_to_thread=True, status_code=200, guards=[needs("bank:read", "bank:write")])
def change(
    request: Http,
    item: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Do what a button asks for, or make the next version."""
    with deployment.db.begin() as connection:
        found = items.get_item(connection, item.replace("\0", ""))
    desk = BankDesk(request, principal, deployment, fields["shown"].encode())
    return _answer(desk, found, fields)


def _answer(desk: BankDesk, item: Item | None, fields: Fields) -> Response[Any]:
    at = desk.question.id
    asked = fields["act"] or "save"
    try:
        edit = typed_edit(desk, at, fields)
        if edit is not None:
            desk.apply(edit)
        if asked.partition(" ")[0] in ACTS and asked != "save":
            do(desk, at, asked, {"many": many(fields)})
            return _page(desk, item, fields)
    except BadValue as bad:
        told = desk.say(f"bad_{bad.code}", member=desk.label("member", bad.member))
        return _page(desk, item, fields, typed=fields, told=(told,), status=422)
    except EditRefused as refused:
        sentences = desk.told(refused).sentences
        return _page(desk, item, fields, typed=fields, told=sentences, status=409)
    return _save(desk, item, fields)


def _save(desk: BankDesk, item: Item | None, fields: Fields) -> Response[Any]:
    tree = without_survey(tree_of(desk.question))
    tree = in_languages(tree, set(desk.document.languages), tuple(languages_of(tree)))
    if item is None:
        tree["id"] = fields["id"].strip() or _free_id(desk, tree)
    content = check_question(tree)
    if isinstance(content, Refused):
        words = tuple(one.message for one in findings.words(content.problems, desk.lang))
        return _page(desk, item, fields, told=words, status=422)
    try:
        _store(desk, item, content, fields)
    except (StateConflict, Unprocessable) as error:
        told = (told_of(error, desk.lang),)
        return _page(desk, item, fields, told=told, status=error.status)
    _name_origin(desk, content.question.id, fields)
    return redirect(f"{HERE}/items/{content.question.id}", toast="saved")


def _free_id(desk: BankDesk, tree: dict[str, Any]) -> str:
    """An id that follows from what the question says; numbered where that one is taken."""
    text = tree.get("text")
    said = text if isinstance(text, str) else dict(text or {}).get("zh-CN", "")
    wanted = f"q_{sameness(str(tree['type']), fold(said)).hex()[:12]}"
    numbered = [f"{wanted}_{number}" for number in range(2, MOST_ALIKE)]
    with desk.deployment.db.begin() as connection:
        return fresh(wanted, known_ids(connection, [wanted, *numbered]))


def _name_origin(desk: BankDesk, item: str, fields: Fields) -> None:
    """Let the question of the survey that was put into the bank name what it became there, so that
    it is found among its uses; one that is gone meanwhile, or not theirs to change, stays."""
    if not fields["question"] or not desk.principal.may("surveys:write"):
        return
    value = {"id": item, "version": 1}
    edit = SetMember(of=fields["question"], member="bank", value=value)
    with suppress(NotFound, EditRefused, StateConflict):
        drafts.apply_edit(
            desk.deployment.db,
            fields["survey"].replace("\0", ""),
            edit,
            desk.principal.actor(),
            clock=desk.deployment.clock,
        )


def _store(desk: BankDesk, item: Item | None, content: Content, fields: Fields) -> None:
    actor, clock = desk.principal.actor(), desk.deployment.clock
    with desk.deployment.db.begin() as connection:
        twin = items.same_item(connection, content, item.id if item else "")
        if twin is not None and not fields["anyway"]:
            raise StateConflict("bank_twin", f"The bank has this question as {twin}.")
        if item is None:
            place = as_number(fields["place"], 2**31)
            tags = fields["tags"].replace("，", ",").replace("、", ",").split(",")
            items.create_item(connection, actor, content, place, tags, clock=clock)
        else:
            revision = as_number(fields["revision"], 2**31)
            items.change_item(connection, actor, content, revision, clock=clock)


handlers: tuple[ControllerRouterHandler, ...] = (show_new, show_edit, make, change)
