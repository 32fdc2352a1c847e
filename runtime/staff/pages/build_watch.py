"""What the builder looks after by itself: the logic doctor, and what others do to the draft."""

from datetime import timedelta

from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from runtime.drafts import service as drafts
from runtime.staff.building import Desk
from runtime.staff.building_pages import Answer, OnDesk, drawn, shows
from runtime.staff.canvas import sheets_of
from runtime.staff.diagnosis import diagnosis
from runtime.staff.pages.build import is_partial

NEWS_SECONDS = 30
NEWS_LINES = 20


@shows("/edit/doctor")
def show_doctor(desk: OnDesk, was: FromQuery[str] = "") -> Answer:
    """Problems and proofs of the draft, each at the part it concerns; `was` is the chosen one."""
    return drawn(
        desk,
        "doctor",
        "build/doctor_reply.html" if is_partial(desk.request) else "build/doctor.html",
        **diagnosis(desk, was),
        at=was,
    )


@shows("/edit/news")
def show_news(desk: OnDesk, was: FromQuery[str] = "", seq: FromQuery[str] = "") -> Answer:
    """Who else has the draft open and where, what they did just now, and the canvas where it is
    behind."""
    deployment, survey, actor = desk.deployment, desk.survey, desk.principal.actor()
    others = drafts.note_present(deployment.db, survey, actor, was, clock=deployment.clock)
    since = deployment.clock() - timedelta(seconds=NEWS_SECONDS)
    changes = drafts.changes_of_others(deployment.db, survey, actor, since, limit=NEWS_LINES)
    is_behind = seq != str(desk.draft.seq)
    at = was if desk.part(was) is not None else ""
    return drawn(
        desk,
        "edit",
        "build/news_reply.html" if is_partial(desk.request) else "build/news.html",
        others=[(one.name, desk.name_of(one.at) if one.at else "") for one in others],
        changes=list(dict.fromkeys((one.actor_name, _there(desk, one.part)) for one in changes)),
        name_of=desk.name_of,
        is_behind=is_behind,
        sheets=sheets_of(desk, desk.draft, at) if is_behind else (),
        pages=[(p.id, n, desk.text(p.title)) for n, p in enumerate(desk.document.pages, 1)],
        at=at,
        is_piece=is_partial(desk.request),
    )


def _there(desk: Desk, part: str) -> str:
    """The part, unless it is gone since."""
    return part if part and desk.part(part) is not None else ""


handlers: tuple[ControllerRouterHandler, ...] = (show_doctor, show_news)
