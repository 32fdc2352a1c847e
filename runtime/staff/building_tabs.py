"""The bar and the row of tabs that every page of the builder carries; a new page is a line here."""

from typing import Any

from msgspec import Struct

from runtime.accounts.access import Permission
from runtime.drafts import service as drafts
from runtime.staff.building import SURVEYS, Desk


class Tab(Struct, frozen=True):
    """A page of the builder behind `/staff/surveys/{id}`; its words are `build_tab_<id>`. One that
    stands `under` another is in a second row while that one is open."""

    id: str
    path: str
    permission: Permission = "surveys:write"
    under: str = ""


TABS = (
    Tab("edit", "/edit"),
    Tab("rules", "/edit/rules", "surveys:read"),
    Tab("flow", "/edit/flow", "surveys:read"),
    Tab("scores", "/edit/scores"),
    Tab("dimensions", "/edit/dimensions", under="scores"),
    Tab("computed", "/edit/computed", under="scores"),
    Tab("settings", "/edit/settings"),
    Tab("endings", "/edit/endings", under="settings"),
    Tab("alerts", "/edit/alerts", under="settings"),
    Tab("context", "/edit/context", under="settings"),
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
    above = next((one.under or one.id for one in TABS if one.id == tab), tab)
    beside = [one for one in TABS if above in (one.id, one.under)]
    return {
        "section": "surveys",
        "survey": desk.survey,
        "title": desk.text(desk.document.title),
        "draft": desk.draft,
        "tab": tab,
        "tab_above": above,
        "tabs": _links(desk, [one for one in TABS if not one.under]),
        "tabs_beside": _links(desk, beside) if len(beside) > 1 else [],
        "stack": drafts.stack_of(desk.deployment.db, desk.survey, desk.principal.actor()),
        "may_write": may("surveys:write"),
        "may_publish": may("surveys:publish"),
        "label": desk.label,
        "b": desk.say,
    }


def _links(desk: Desk, tabs: list[Tab]) -> list[tuple[str, str, str]]:
    """The id, address and words of those that may be opened."""
    return [
        (one.id, f"{SURVEYS}/{desk.survey}{one.path}", desk.say(f"tab_{one.id}"))
        for one in tabs
        if desk.principal.may(one.permission)
    ]


def path_of(tab: str) -> str:
    """Where a tab is behind the survey's address; that of the canvas for an unknown one."""
    return next((one.path for one in TABS if one.id == tab), TABS[0].path)
