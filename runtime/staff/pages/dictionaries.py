"""The plain dictionaries: their entries in order, added, renamed, moved, closed on a day."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound
from runtime.kit.words import word_or
from runtime.org import entries
from runtime.org.departments import new_id
from runtime.org.entries import Direction
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    names,
    require_everywhere,
    revision,
    told,
)
from runtime.wiring import Deployment

HERE = "/staff/dictionaries"


def title_of(dictionary: str, lang: str) -> str:
    """What a dictionary is called; its name where there are no words for it."""
    return word_or(f"dictionaries_title_{dictionary}", lang, dictionary)


@get(HERE, sync_to_thread=True, guards=[needs("dictionaries:read")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The dictionaries and how many entries each has."""
    lang = language_of(request, principal)
    found = entries.dictionaries(deployment.db)
    return page(
        request,
        principal,
        "dictionaries/list.html",
        section="dictionaries",
        lines=[(name, title_of(name, lang), count) for name, count in found],
    )


@get(f"{HERE}/{{dictionary:str}}", sync_to_thread=True, guards=[needs("dictionaries:read")])
def show_one(
    request: Http,
    dictionary: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
) -> Response[Any]:
    """The entries of a dictionary, closed ones too."""
    return _one_page(request, Organisation(deployment, principal), dictionary)


def _one_page(
    request: Http,
    org: Organisation,
    dictionary: str,
    typed: Fields | None = None,
    refused: AppError | None = None,
) -> Response[Any]:
    found = entries.entries_of(org.deployment.db, dictionary.replace("\0", ""))
    if not found:
        raise NotFound("org_entry", "There is no such dictionary.")
    fields = typed if typed is not None else Fields()
    may_write = org.principal.may("dictionaries:write")
    return page(
        request,
        org.principal,
        "dictionaries/one.html",
        section="dictionaries",
        status=refused.status if refused else 200,
        dictionary=dictionary,
        name=title_of(dictionary, language_of(request, org.principal)),
        lines=found,
        today=hospital_day(org.clock()),
        may_write=may_write and org.reach("dictionaries:write").is_everywhere,
        typed=fields,
        blank=Fields(),
        opened=fields["entry"] if fields["do"] == "change" else "",
        refused=told(refused, request, org.principal) if refused else None,
    )


@post(f"{HERE}/{{dictionary:str}}", sync_to_thread=True, guards=[needs("dictionaries:write")],
      status_code=200)  # fmt: skip
def change(
    request: Http,
    dictionary: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """Add an entry, rename or close one, or move it by a place."""
    org = Organisation(deployment, principal)
    require_everywhere(org.reach("dictionaries:write"))
    do = ACTS.get(fields["do"])
    if do is None:
        raise NotFound("page", "There is no such button.")
    try:
        do(org, dictionary.replace("\0", ""), fields)
    except (Forbidden, NotFound):
        raise
    except AppError as error:
        return _one_page(request, org, dictionary, fields, error)
    return redirect(f"{HERE}/{dictionary}", toast="saved")


def _add(org: Organisation, dictionary: str, fields: Fields) -> None:
    entries.add_entry(
        org.deployment.db,
        org.principal.actor(),
        dictionary,
        entry_id=new_id("e", None),
        name=names(fields),
        clock=org.clock,
    )


def _change(org: Organisation, dictionary: str, fields: Fields) -> None:
    entries.change_entry(
        org.deployment.db,
        org.principal.actor(),
        dictionary,
        fields["entry"],
        revision=revision(fields),
        name=names(fields),
        closed_on=day(fields, "closed_on"),
        clock=org.clock,
    )


def _move(direction: Direction, org: Organisation, dictionary: str, fields: Fields) -> None:
    entries.move_entry(
        org.deployment.db,
        org.principal.actor(),
        dictionary,
        fields["entry"],
        direction,
        clock=org.clock,
    )


ACTS: Mapping[str, Callable[[Organisation, str, Fields], None]] = {
    "add": _add,
    "change": _change,
    "up": partial(_move, "up"),
    "down": partial(_move, "down"),
}
handlers: tuple[ControllerRouterHandler, ...] = (show_list, show_one, change)
