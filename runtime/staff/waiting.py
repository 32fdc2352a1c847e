"""What waits for somebody, counted beside its entry of the navigation."""

from collections.abc import Mapping

from runtime.accounts.access import Principal
from runtime.alarms.service import open_alarms
from runtime.org.models import UnmappedSearch
from runtime.org.reach import reach_of
from runtime.org.settling import count_unmapped
from runtime.wiring import Deployment


def waiting_for(deployment: Deployment, principal: Principal) -> Mapping[str, int]:
    """By section how many things wait for this person; sections without any are left out."""
    counts: dict[str, int] = {}
    if principal.may("aliases:settle"):
        with deployment.db.begin() as connection:
            reach = reach_of(connection, principal.user_id, "aliases:settle", deployment.clock)
        counts["aliases"] = count_unmapped(deployment.db, UnmappedSearch(sites=reach.sites))
    if principal.may("alarms:read"):
        with deployment.db.begin() as connection:
            counts["alarms"] = open_alarms(connection)
    return {section: count for section, count in counts.items() if count}
