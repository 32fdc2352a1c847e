"""What a page about the organisation asks: departments and sites within reach, and its forms."""

from collections.abc import Callable, Iterable
from datetime import date

from msgspec import Struct

from runtime.accounts.access import Permission, Principal
from runtime.kit.http import Http
from runtime.kit.problems import AppError, Forbidden, NotFound, Unprocessable
from runtime.kit.words import say
from runtime.org.departments import read_tree
from runtime.org.models import DepartmentRow, SiteRow
from runtime.org.reach import OrgReach, reach_of
from runtime.org.sites import read_sites
from runtime.staff.fields import Fields
from runtime.staff.frame import language_of
from runtime.wiring import Deployment

BETWEEN = " · "
MAX_REVISION = 9
MAX_PAGE_DIGITS = 6


class Organisation:
    """The departments and sites that one request sees, and what it may change of them."""

    def __init__(self, deployment: Deployment, principal: Principal) -> None:
        self.deployment = deployment
        self.principal = principal
        self.clock = deployment.clock
        self.rows = {row.id: row for row in read_tree(deployment.db)}
        self.sites = read_sites(deployment.db)

    def reach(self, permission: Permission) -> OrgReach:
        """How far the asker may use a permission."""
        with self.deployment.db.begin() as connection:
            return reach_of(connection, self.principal.user_id, permission, self.clock)

    def sites_within(self, reach: OrgReach) -> list[SiteRow]:
        """The open sites within reach, in the hospital's order."""
        return [one for one in self.sites if one.closed_on is None and reach.has_site(one.id)]

    def seen(self, department_id: str, reach: OrgReach) -> DepartmentRow:
        """A department within reach.

        Raises:
            NotFound: it is unknown, or foreign.
        """
        row = self.rows.get(department_id)
        if row is None or not reach.sees(row):
            raise NotFound("org_department", "There is no such department.")
        return row

    def open_rows(self, reach: OrgReach) -> list[DepartmentRow]:
        """What a picker offers: departments within reach that are not closed."""
        return [row for row in self.rows.values() if row.closed_on is None and reach.sees(row)]

    def picked(self, typed: str, reach: OrgReach, at: str = "/department") -> DepartmentRow:
        """The open department that somebody typed: as the picker wrote it, a code, id or name.

        Raises:
            Unprocessable: nothing fits, or several are called so.
        """
        wanted = " ".join(typed.split())
        found = [row for row in self.open_rows(reach) if wanted in spellings(row)]
        exact = [row for row in found if wanted in (label(row), row.id, row.code)]
        fitting = exact or found
        if len(fitting) != 1:
            code = "org_pick_several" if fitting else "org_pick_none"
            raise Unprocessable(code, "Choose one department from the list.", at=at)
        return fitting[0]


def label(row: DepartmentRow) -> str:
    """A department as pickers write it, unlike any other."""
    return f"{row.name.get('zh-CN', row.id)}{BETWEEN}{row.code or row.id}"


def spellings(row: DepartmentRow) -> frozenset[str]:
    """Everything that somebody may type for a department."""
    return frozenset((label(row), row.id, row.code or row.id, *row.name.values()))


def require_everywhere(reach: OrgReach) -> None:
    """Raise Forbidden unless the reach is the whole hospital."""
    if not reach.is_everywhere:
        raise Forbidden("org_everywhere", "This concerns the whole hospital.")


def told(error: AppError, request: Http, principal: Principal) -> str:
    """What was refused and what to do, in the reader's language."""
    lang = language_of(request, principal)
    words = say(error.code, lang)
    return say("org_failed", lang) if words == error.code else words


def names(fields: Fields) -> dict[str, str]:
    """The Chinese and the English name of a form."""
    return {"zh-CN": fields["name_zh"].strip(), "en": fields["name_en"].strip()}


def line(fields: Fields, name: str, limit: int = 100) -> str:
    """One line of a form.

    Raises:
        Unprocessable: it is too long.
    """
    text = " ".join(fields[name].replace("\0", "").split())
    if len(text) > limit:
        raise Unprocessable("org_text_long", "That is too long.", at=f"/{name}")
    return text


def day(fields: Fields, name: str) -> date | None:
    """A day of a form, or None where none was given.

    Raises:
        Unprocessable: it is no day of the calendar.
    """
    text = fields[name].strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unprocessable("org_day", "Write the day as 2026-01-31.", at=f"/{name}") from None


def needed_day(fields: Fields, name: str) -> date:
    """As `day`, but there must be one."""
    found = day(fields, name)
    if found is None:
        raise Unprocessable("org_day_missing", "A day is needed.", at=f"/{name}")
    return found


def revision(fields: Fields) -> int:
    """The state that the form was made from; what no form of ours says is older than any."""
    text = fields["revision"]
    is_number = text.isascii() and text.isdecimal() and len(text) <= MAX_REVISION
    return int(text) if is_number else -1


def ticked(fields: Fields, group: str, known: Iterable[str]) -> tuple[str, ...]:
    """Which of the known boxes `<group> <id>` were ticked."""
    return tuple(one for one in known if f"{group} {one}" in fields)


# Turning pages


class Turn(Struct, frozen=True):
    """A page of a list: its number from 1, the last one, and the addresses beside it."""

    number: int
    last: int
    offset: int
    before: str
    after: str


def page_number(typed: str) -> int:
    """A number of an address, from 1; 1 for what is none."""
    is_number = typed.isascii() and typed.isdecimal() and len(typed) <= MAX_PAGE_DIGITS
    return max(1, int(typed)) if is_number else 1


def turn_of(number: int, total: int, per_page: int, query: Callable[..., str]) -> Turn:
    """The page of this number, or the last one; `query` words an address with `p` changed."""
    last = max(1, -(-total // per_page))
    here = min(number, last)
    return Turn(
        number=here,
        last=last,
        offset=(here - 1) * per_page,
        before=query(p=here - 1) if here > 1 else "",
        after=query(p=here + 1) if here < last else "",
    )
