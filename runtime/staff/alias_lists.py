"""What the pages of waiting and of known codes share: the filter, the counts, a code by its id."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from runtime.kit.problems import NotFound
from runtime.org import settling
from runtime.org.aliases import (
    get_alias,
    plain,
)
from runtime.org.models import (
    Alias,
    UnmappedSearch,
)
from runtime.org.reach import OrgReach
from runtime.staff.organisation import (
    Organisation,
    page_number,
)

HERE = "/staff/aliases"
PER_PAGE = 20
MAX_ID = 2**63 - 1  # PostgreSQL bigint


class Asked(Struct, frozen=True, kw_only=True):
    """What a list of codes was filtered by, and its page from 1."""

    q: str = ""
    system: str = ""
    show: str = ""
    number: int = 1

    def query(self, **more: Any) -> str:
        """The same again as the end of an address."""
        given = {"q": self.q, "system": self.system, "show": self.show}
        if self.number > 1:
            given["p"] = str(self.number)
        return urlencode({key: one for key, one in (given | more).items() if one})


def asked_of(q: str, system: str, show: str = "", p: str = "") -> Asked:
    """The filter of an address."""
    is_dismissed = show == "dismissed"
    return Asked(
        q=plain(q),
        system=plain(system),
        show="dismissed" if is_dismissed else "",
        number=page_number(p),
    )


def counts_of(org: Organisation, reach: OrgReach) -> Mapping[str, int]:
    """How many wait, for the tabs."""
    wanted = UnmappedSearch(sites=reach.sites)
    return {"waiting": settling.count_unmapped(org.deployment.db, wanted)}


def seen_alias(org: Organisation, alias_id: str, reach: OrgReach) -> Alias:
    """A known code within reach.

    Raises:
        NotFound: there is none, or none of theirs.
    """
    is_id = alias_id.isascii() and alias_id.isdecimal() and len(alias_id) < len(str(MAX_ID))
    if not is_id:
        raise NotFound("org_alias", "There is no such code.")
    found = get_alias(org.deployment.db, int(alias_id))
    if not reach.sees(org.rows[found.department]):
        raise NotFound("org_alias", "There is no such code.")
    return found
