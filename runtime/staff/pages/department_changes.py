"""Changing a department: name, codes, place, closing, merging, splitting, duties, surveys."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler
from msgspec import Struct

from runtime.accounts.access import Principal, needs
from runtime.kit.clock import hospital_day
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound, Unprocessable
from runtime.kit.words import say
from runtime.org import departments, duties, succession
from runtime.org.models import DUTIES, DepartmentRow, Part
from runtime.org.service import in_language
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of, page, redirect
from runtime.staff.organisation import (
    Organisation,
    day,
    line,
    names,
    needed_day,
    revision,
    ticked,
    told,
)
from runtime.staff.pages.departments import HERE, one_page, require_own
from runtime.surveys.queries import list_surveys
from runtime.wiring import Deployment

MAX_PARTS = 6
Sentence = tuple[str, Mapping[str, Any]]


class Change(Struct, frozen=True):
    """What will be done, and, where it must be confirmed, what that means, sentence by sentence."""

    run: Callable[[], None]
    means: Sequence[Sentence] = ()


class Asking(Struct, frozen=True):
    """One request to change a department."""

    org: Organisation
    row: DepartmentRow
    fields: Fields
    lang: str

    def named(self, row: DepartmentRow) -> str:
        """A department's name in the reader's language."""
        return in_language(row.name, self.lang)

    def common(self) -> dict[str, Any]:
        """What every service is told: who, when, and which state was read."""
        return {"revision": revision(self.fields), "clock": self.org.clock}


@post(f"{HERE}/{{department:str}}/{{act:str}}", sync_to_thread=True,
      guards=[needs("departments:write")], status_code=200)  # fmt: skip
def change(
    request: Http,
    department: FromPath[str],
    act: FromPath[str],
    principal: NamedDependency[Principal],
    deployment: NamedDependency[Deployment],
    fields: NamedDependency[Fields],
) -> Response[Any]:
    """One change of a department; what cannot be undone easily is asked about first."""
    org = Organisation(deployment, principal)
    row = org.seen(department, org.reach("departments:read"))
    if not org.reach("departments:write").may_change(row):
        raise Forbidden("org_not_yours", "It is at sites that are not yours.")
    prepare = ACTS.get(act)
    if prepare is None:
        raise NotFound("page", "There is no such page.")
    asking = Asking(org, row, fields, language_of(request, principal))
    if fields["sure"] == "no":
        return one_page(request, org, row.id, opened=act, typed=fields)
    try:
        found = prepare(asking)
        if found.means and fields["sure"] != "yes":
            return _confirm(request, asking, act, found)
        found.run()
    except AppError as error:
        if error.status in (403, 404):
            raise
        now = Organisation(deployment, principal)
        refused = told(error, request, principal)
        return one_page(
            request, now, row.id, opened=act, typed=fields, refused=refused, status=error.status
        )
    return redirect(f"{HERE}/{row.id}", toast="saved")


def _confirm(request: Http, asking: Asking, act: str, found: Change) -> Response[Any]:
    kept = {
        key: text for key, text in asking.fields.items() if key not in ("_csrf", "sure") and text
    }
    sentences = [say(f"departments_{code}", asking.lang, **more) for code, more in found.means]
    return page(
        request,
        asking.org.principal,
        "departments/confirm.html",
        section="departments",
        row=asking.row,
        act=act,
        kept=kept,
        sentences=sentences,
    )


# The plain ones


def _rename(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    name = names(asking.fields)
    return Change(
        lambda: departments.rename_department(
            org.deployment.db, org.principal.actor(), row.id, name=name, **asking.common()
        )
    )


def _edit(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    writing = org.reach("departments:write")
    offered = [one.id for one in org.sites_within(writing)]
    kept = [site for site in row.sites if site not in offered]
    sites = (*ticked(asking.fields, "site", offered), *kept)
    code, kind = line(asking.fields, "code"), line(asking.fields, "kind")
    require_own(org, writing, row.id, sites, row.parent)
    return Change(
        lambda: departments.edit_department(
            org.deployment.db,
            org.principal.actor(),
            row.id,
            code=code or None,
            kind=kind or None,
            sites=sites,
            **asking.common(),
        )
    )


def _move(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    typed = asking.fields["parent"]
    parent = None
    if typed.strip():
        parent = org.picked(typed, org.reach("departments:read"), "/parent").id
    elif not org.reach("departments:write").is_everywhere:
        raise Unprocessable("org_own_parent", "Choose a department.", at="/parent")
    return Change(
        lambda: departments.move_department(
            org.deployment.db, org.principal.actor(), row.id, parent=parent, **asking.common()
        )
    )


def _reopen(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    return Change(
        lambda: departments.reopen_department(
            org.deployment.db, org.principal.actor(), row.id, **asking.common()
        )
    )


def _surveys(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    known = [one.id for one in list_surveys(org.deployment.db)]
    chosen = ticked(asking.fields, "survey", known)
    return Change(
        lambda: duties.set_surveys(
            org.deployment.db, org.principal.actor(), row.id, chosen, clock=org.clock
        )
    )


# Duties


def _give_duty(asking: Asking) -> Change:
    org, row, fields = asking.org, asking.row, asking.fields
    account = duties.account_named(org.deployment.db, fields["account"].replace("\0", ""))
    duty = fields["duty"]
    if duty not in DUTIES:
        raise Unprocessable("org_duty_kind", "Choose a duty.", at="/duty")
    first, last = needed_day(fields, "since"), day(fields, "until")
    return Change(
        lambda: duties.give_duty(
            org.deployment.db,
            org.principal.actor(),
            row.id,
            user_id=account.id,
            duty=duty,
            valid_from=first,
            valid_to=last,
            clock=org.clock,
        )
    )


def _end_duty(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    own = {str(one.id): one.id for one in duties.duties_of(org.deployment.db, row.id)}
    wanted = own.get(asking.fields["duty_id"])
    if wanted is None:
        raise NotFound("org_duty", "There is no such duty.")
    return Change(
        lambda: duties.end_duty(org.deployment.db, org.principal.actor(), wanted, clock=org.clock)
    )


# What is confirmed


def _footprint(asking: Asking, to: str) -> list[Sentence]:
    """What follows, and what stays behind."""
    with asking.org.deployment.db.begin_everywhere() as connection:
        found = succession.footprint_of(connection, asking.row.id, hospital_day(asking.org.clock()))
    name = asking.named(asking.row)
    means: list[Sentence] = [
        ("means_aliases" if to else "means_aliases_lost", {"n": found.aliases, "to": to}),
        ("means_responses", {"n": found.responses, "name": name}),
    ]
    if found.duties:
        means.append(("means_duties", {"n": found.duties}))
    return means


def _when(asking: Asking, on: Any) -> list[Sentence]:
    is_past = on <= hospital_day(asking.org.clock())
    return [("means_now" if is_past else "means_later", {"day": on.isoformat()})]


def _close(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    on = needed_day(asking.fields, "on")
    means: list[Sentence] = [
        ("means_close", {"day": on.isoformat(), "name": asking.named(row)}),
        *_footprint(asking, ""),
        *_when(asking, on),
    ]
    return Change(
        lambda: departments.close_department(
            org.deployment.db, org.principal.actor(), row.id, on=on, **asking.common()
        ),
        means,
    )


def _merge(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    on = needed_day(asking.fields, "on")
    into = org.picked(asking.fields["into"], org.reach("departments:read"), "/into")
    _require_mine(org, into)
    to = asking.named(into)
    means: list[Sentence] = [
        ("means_merge", {"day": on.isoformat(), "name": asking.named(row), "to": to}),
        ("means_gone", {"name": asking.named(row)}),
        *_footprint(asking, to),
        *_when(asking, on),
    ]
    return Change(
        lambda: succession.merge_departments(
            org.deployment.db,
            org.principal.actor(),
            departments=[(row.id, revision(asking.fields))],
            into=into.id,
            on=on,
            clock=org.clock,
        ),
        means,
    )


def _require_mine(org: Organisation, row: DepartmentRow) -> None:
    if not org.reach("departments:write").may_change(row):
        raise Unprocessable("org_not_yours", "It is at sites that are not yours.")


def _split(asking: Asking) -> Change:
    org, row = asking.org, asking.row
    on = needed_day(asking.fields, "on")
    parts = _parts(asking)
    shown = "；".join(_part_in_words(asking, part) for part in parts)
    goes_on = any(part.successor == row.id for part in parts)
    name = asking.named(row)
    means: list[Sentence] = [
        ("means_split", {"day": on.isoformat(), "name": name, "parts": shown}),
        ("means_goes_on" if goes_on else "means_gone", {"name": name}),
        *_footprint(asking, say("departments_the_parts", asking.lang)),
        *_when(asking, on),
    ]
    if not all(part.sites for part in parts):
        means.insert(2, ("means_by_hand", {}))
    return Change(
        lambda: succession.split_department(
            org.deployment.db,
            org.principal.actor(),
            row.id,
            parts=parts,
            on=on,
            **asking.common(),
        ),
        means,
    )


def _parts(asking: Asking) -> list[Part]:
    org, fields = asking.org, asking.fields
    reading = org.reach("departments:read")
    found: list[Part] = []
    for number in range(1, MAX_PARTS + 1):
        typed = fields[f"part{number}"]
        if not typed.strip():
            continue
        row = org.picked(typed, reading, f"/part{number}")
        _require_mine(org, row)
        sites = ticked(fields, f"part{number}", asking.row.sites)
        found.append(Part(successor=row.id, sites=sites))
    succession.check_parts(found)
    return found


def _part_in_words(asking: Asking, part: Part) -> str:
    name = asking.named(asking.org.rows[part.successor])
    words = {one.id: in_language(one.name, asking.lang) for one in asking.org.sites}
    return f"{name}（{'、'.join(words[site] for site in part.sites)}）" if part.sites else name


ACTS: Mapping[str, Callable[[Asking], Change]] = {
    "rename": _rename,
    "edit": _edit,
    "move": _move,
    "close": _close,
    "reopen": _reopen,
    "merge": _merge,
    "split": _split,
    "surveys": _surveys,
    "give-duty": _give_duty,
    "end-duty": _end_duty,
}
handlers: tuple[ControllerRouterHandler, ...] = (change,)
