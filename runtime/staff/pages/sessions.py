"""Who is signed in now, where and since when; one session or all of a person ended at once."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts import sessions
from runtime.accounts.access import Principal, needs
from runtime.accounts.devices import device_of
from runtime.audit.service import record
from runtime.kit.http import Http
from runtime.kit.problems import NotFound
from runtime.staff.fields import Fields
from runtime.staff.frame import page, redirect
from runtime.wiring import Deployment

HERE = "/staff/sessions"


@get(HERE, sync_to_thread=True, guards=[needs("sessions:end")])
def show_list(
    request: Http,
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    q: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """A page of everybody's open sessions."""
    text, place = q.replace("\0", "")[:100], _place(after)
    with deployment.db.begin() as connection:
        lines, following = sessions.open_sessions(connection, text, place, clock=deployment.clock)
    kept = {"q": text} if text else {}
    behind = following and f"{following[0].isoformat()}~{following[1]}"
    return page(
        request,
        principal,
        "sessions/list.html",
        section="sessions",
        lines=lines,
        device=device_of,
        this=principal.session,
        q=text,
        is_first=place is None,
        first=urlencode(kept),
        following=behind and urlencode(kept | {"after": behind}),
    )


def _place(text: str) -> tuple[datetime, str] | None:
    at, _, identity = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, str(UUID(identity))) if moment.tzinfo else None
    except ValueError:
        return None


@post(HERE, sync_to_thread=True, guards=[needs("sessions:end")], status_code=200)
def end(
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """End one session, or all of its owner; never the one that asks."""
    try:
        wanted = str(UUID(fields["session"]))
    except ValueError:
        raise NotFound("session", "There is no such session.") from None
    with deployment.db.begin() as connection:
        owner = sessions.owner_of(connection, wanted)
        if owner is None or wanted == principal.session:
            raise NotFound("session", "There is no such session.")
        if fields["do"] == "all":
            count = sessions.end_all(connection, owner, but=principal.session)
        else:
            count = int(sessions.end(connection, wanted))
        facts, actor = {"sessions": count}, principal.actor()
        record(
            connection,
            actor,
            "account.sessions_ended",
            "user",
            owner,
            facts=facts,
            clock=deployment.clock,
        )
    return redirect(HERE, toast="ended")


handlers: tuple[ControllerRouterHandler, ...] = (show_list, end)
