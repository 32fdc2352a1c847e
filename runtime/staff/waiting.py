"""What waits for somebody, counted beside its entry of the navigation."""

from collections.abc import Mapping

from runtime.accounts.access import Principal
from runtime.alarms.service import open_alarms
from runtime.org.models import UnmappedSearch
from runtime.org.reach import reach_of
from runtime.org.settling import count_unmapped
from runtime.surveys import approvals
from runtime.surveys.approvals import Waiting
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
    counts["surveys"] = len(to_approve(deployment, principal))
    return {section: count for section, count in counts.items() if count}


def to_approve(deployment: Deployment, principal: Principal) -> list[Waiting]:
    """The surveys that wait for this person's approval, the oldest first."""
    if not principal.may("surveys:publish"):
        return []
    found = approvals.waiting(deployment.db)
    return [one for one in found if one.is_for(principal.user_id)]
