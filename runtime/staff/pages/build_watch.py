"""What the builder looks after by itself: the logic doctor, and what others do to the draft."""

from datetime import timedelta
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from runtime.accounts.access import Principal, needs
from runtime.drafts import service as drafts
from runtime.kit.http import Http
from runtime.staff.building import SURVEYS, Desk
from runtime.staff.building_tabs import framed
from runtime.staff.canvas import sheets_of
from runtime.staff.diagnosis import diagnosis
from runtime.staff.frame import page
from runtime.staff.pages.build import is_partial
from runtime.wiring import Deployment

HERE = SURVEYS + "/{survey:str}/edit"
NEWS_SECONDS = 30
NEWS_LINES = 20


@get(HERE + "/doctor", sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_doctor(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    was: FromQuery[str] = "",
) -> Response[Any]:
    """Problems and proofs of the draft, each at the part it concerns; `was` is the chosen one."""
    desk = Desk(request, principal, deployment, survey)
    return page(
        request,
        principal,
        "build/doctor_reply.html" if is_partial(request) else "build/doctor.html",
        **framed(desk, "doctor"),
        **diagnosis(desk, was),
        at=was,
    )


@get(HERE + "/news", sync_to_thread=True, guards=[needs("surveys:read", "surveys:write")])
def show_news(
    request: Http,
    survey: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    was: FromQuery[str] = "",
    seq: FromQuery[str] = "",
) -> Response[Any]:
    """Who else has the draft open and where, what they did just now, and the canvas where it is
    behind."""
    desk = Desk(request, principal, deployment, survey)
    actor = principal.actor()
    others = drafts.note_present(deployment.db, survey, actor, was, clock=deployment.clock)
    since = deployment.clock() - timedelta(seconds=NEWS_SECONDS)
    changes = drafts.changes_of_others(deployment.db, survey, actor, since, limit=NEWS_LINES)
    is_behind = seq != str(desk.draft.seq)
    at = was if desk.part(was) is not None else ""
    return page(
        request,
        principal,
        "build/news_reply.html" if is_partial(request) else "build/news.html",
        **framed(desk, "edit"),
        others=[(one.name, desk.name_of(one.at) if one.at else "") for one in others],
        changes=list(dict.fromkeys((one.actor_name, _there(desk, one.part)) for one in changes)),
        name_of=desk.name_of,
        is_behind=is_behind,
        sheets=sheets_of(desk, desk.draft, at) if is_behind else (),
        pages=[(p.id, n, desk.text(p.title)) for n, p in enumerate(desk.document.pages, 1)],
        at=at,
        is_piece=is_partial(request),
    )


def _there(desk: Desk, part: str) -> str:
    """The part, unless it is gone since."""
    return part if part and desk.part(part) is not None else ""


handlers: tuple[ControllerRouterHandler, ...] = (show_doctor, show_news)
