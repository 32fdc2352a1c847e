"""Search over the whole console: its pages, surveys, departments, accounts, and one patient's
responses by number, phone, identity card or e-mail.

What is typed goes in the body of a request, never in an address: it may be a patient's.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts import users
from runtime.accounts.access import Principal, signed_in
from runtime.audit.service import record
from runtime.kit.clock import local_minute
from runtime.kit.http import Http
from runtime.kit.words import say
from runtime.org.service import in_language
from runtime.responses import personal
from runtime.secrets.masks import Kind, normalised
from runtime.staff import queries
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, navigation, page
from runtime.staff.organisation import Organisation
from runtime.surveys.queries import list_surveys
from runtime.wiring import Deployment

HERE = "/staff/search"
MAX_TYPED = 100
MOST = 20
_CARD = re.compile(r"\d{14}\d{3}[\dX]|\d{15}", re.ASCII)
_PHONE = re.compile(r"\+?[\d\s()-]{7,20}", re.ASCII)


class Hit(Struct, frozen=True):
    """One thing that was found: where it is, what it is called, what tells it from others."""

    path: str
    title: str
    note: str = ""


class Found(Struct, frozen=True):
    """What was found of one kind; `is_more` tells that there are others."""

    kind: str
    hits: tuple[Hit, ...]
    is_more: bool


class Search:
    """One search of one person."""

    def __init__(self, deployment: Deployment, principal: Principal, lang: str, text: str) -> None:
        self.deployment = deployment
        self.principal = principal
        self.lang = lang
        self.text = text

    def run(self) -> list[Found]:
        """Everything within reach that fits, by kind."""
        finders: dict[str, Callable[[], Iterator[Hit]]] = {
            "responses": self._responses,
            "departments": self._departments,
            "surveys": self._surveys,
            "users": self._users,
            "pages": self._pages,
        }
        found: list[Found] = []
        for kind, find in finders.items():
            hits = tuple(hit for hit, _ in zip(find(), range(MOST + 1), strict=False))
            if hits:
                found.append(Found(kind, hits[:MOST], len(hits) > MOST))
        return found

    def _fits(self, *texts: str) -> bool:
        return any(self.text.lower() in text.lower() for text in texts)

    def _pages(self) -> Iterator[Hit]:
        for _, sections in navigation(self.principal):
            for one in sections:
                title = say(f"console_{one.id}", self.lang)
                note = "" if one.id == "home" else say(f"console_{one.id}_hint", self.lang)
                if self._fits(title, note):
                    yield Hit(one.path, title, note)

    def _surveys(self) -> Iterator[Hit]:
        if self.principal.may("surveys:read"):
            for one in list_surveys(self.deployment.db):
                if self._fits(one.id, *one.title.values()):
                    state = say(f"surveys_state_{one.state}", self.lang)
                    title = in_language(one.title, self.lang)
                    yield Hit(f"/staff/surveys/{one.id}", title, state)

    def _departments(self) -> Iterator[Hit]:
        if not self.principal.may("departments:read"):
            return
        org = Organisation(self.deployment, self.principal)
        reach = org.reach("departments:read")
        for row in org.rows.values():
            if reach.sees(row) and self._fits(row.id, row.code or "", *row.name.values()):
                title = in_language(row.name, self.lang)
                yield Hit(f"/staff/departments/{row.id}", title, row.code or "")

    def _users(self) -> Iterator[Hit]:
        if self.principal.may("users:read"):
            with self.deployment.db.begin() as connection:
                lines, _ = users.search(connection, users.Search(text=self.text))
            for one in lines:
                yield Hit(f"/staff/users/{one.id}", one.name, one.login)

    def _responses(self) -> Iterator[Hit]:
        if not self.principal.may("responses:read"):
            return
        wanted = self._wanted()
        with self.deployment.db.begin_for(self.principal.reach) as connection:
            lines = queries.lines_of(connection, self.principal.reach, wanted)
        for line in lines:
            title = f"{in_language(line.title, self.lang)} · {local_minute(line.submitted_at)}"
            yield Hit(f"/staff/responses/{line.id}", title, line.id)

    def _wanted(self) -> list[UUID]:
        """The responses of this number; else those in which this contact was given.

        Finding somebody by their contact is a look at personal data: it needs the permission to
        see such a contact where it was given, and leaves a line that names the kind of contact,
        never the contact.
        """
        try:
            return [UUID(self.text)]
        except ValueError:
            kind = contact_kind(self.text)
        if kind is None or not self.principal.may("personal:unmask"):
            return []
        vault = self.deployment.vault
        with self.deployment.db.begin_for(self.principal.finds_by(kind)) as connection:
            found = personal.find_responses(connection, vault, kind, self.text, MOST + 1)
            record(
                connection,
                self.principal.actor(),
                "responses.searched",
                "responses",
                kind,
                facts={"found": len(found)},
                clock=self.deployment.clock,
            )
        return found


def contact_kind(text: str) -> Kind | None:
    """The contact that a text looks like; None for other words."""
    if _CARD.fullmatch(normalised("id_card", text)):
        return "id_card"
    if "@" in text.strip("@"):
        return "email"
    return "phone" if _PHONE.fullmatch(normalised("text", text)) else None


@get(HERE, sync_to_thread=True, guards=[signed_in])
def ask(request: Http, principal: NamedDependency[Principal]) -> Response[Any]:
    """The empty form, with what can be found."""
    return _page(request, principal, "", [])


@post(HERE, sync_to_thread=True, status_code=200, guards=[signed_in])
def show(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """What was found."""
    text = " ".join(fields["q"].replace("\0", "").split())[:MAX_TYPED]
    lang = language_of(request, principal)
    found = Search(deployment, principal, lang, text).run() if text else []
    return _page(request, principal, text, found)


def _page(request: Http, principal: Principal, text: str, found: list[Found]) -> Response[Any]:
    return page(
        request,
        principal,
        "search/search.html",
        section="search",
        text=text,
        found=found,
        finds_people=principal.may("responses:read") and principal.may("personal:unmask"),
    )


handlers: tuple[ControllerRouterHandler, ...] = (ask, show)
