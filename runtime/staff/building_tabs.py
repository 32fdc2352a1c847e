"""The bar and the row of tabs that every page of the builder carries; a new page is a line here."""

from typing import Any

from msgspec import Struct

from runtime.accounts.access import Permission
from runtime.drafts import service as drafts
from runtime.staff.building import SURVEYS, Desk


class Tab(Struct, frozen=True):
    """A page of the builder behind `/staff/surveys/{id}`; its words are `build_tab_<id>`."""

    id: str
    path: str
    permission: Permission = "surveys:write"


TABS = (
    Tab("edit", "/edit"),
    Tab("rules", "/edit/rules", "surveys:read"),
    Tab("flow", "/edit/flow", "surveys:read"),
    Tab("doctor", "/edit/doctor"),
    Tab("preview", "/preview", "surveys:read"),
    Tab("walks", "/edit/walks"),
    Tab("texts", "/edit/texts"),
    Tab("json", "/edit/json"),
    Tab("changes", "/changes", "surveys:read"),
)


def framed(desk: Desk, tab: str) -> dict[str, Any]:
    """What `build/frame.html` needs; every page of the builder passes it on to `page`."""
    may = desk.principal.may
    return {
        "section": "surveys",
        "survey": desk.survey,
        "title": desk.text(desk.document.title),
        "draft": desk.draft,
        "tab": tab,
        "tabs": [
            (one.id, f"{SURVEYS}/{desk.survey}{one.path}", desk.say(f"tab_{one.id}"))
            for one in TABS
            if may(one.permission)
        ],
        "stack": drafts.stack_of(desk.deployment.db, desk.survey, desk.principal.actor()),
        "may_write": may("surveys:write"),
        "may_publish": may("surveys:publish"),
        "label": desk.label,
        "b": desk.say,
    }


def path_of(tab: str) -> str:
    """Where a tab is behind the survey's address; that of the canvas for an unknown one."""
    return next((one.path for one in TABS if one.id == tab), TABS[0].path)
