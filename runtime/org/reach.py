"""How far somebody's say over the organisation reaches: all of it, some sites, some departments."""

from typing import Any

import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts.access import Permission
from runtime.kit.clock import Clock, hospital_day, system_clock
from runtime.org.models import DepartmentRow

_GRANTS = sa.text("""
SELECT g.sites,
       CASE WHEN g.departments IS NOT NULL THEN ARRAY(
           WITH RECURSIVE below AS (
               SELECT id FROM departments WHERE id = ANY (g.departments)
               UNION SELECT d.id FROM departments d JOIN below b ON d.parent = b.id
           ) SELECT id FROM below
       ) END AS departments
FROM user_roles g JOIN roles r ON r.id = g.role_id
WHERE g.user_id = :user AND r.retired_at IS NULL AND :permission = ANY (r.permissions)
  AND (g.until IS NULL OR g.until >= :today)
""")


class Grant(Struct, frozen=True):
    """One role as it was given; None is all, departments with those below them."""

    sites: frozenset[str] | None
    departments: frozenset[str] | None

    @property
    def is_everywhere(self) -> bool:
        """Whether it was given without bounds."""
        return self.sites is None and self.departments is None

    def touches(self, row: DepartmentRow) -> bool:
        """Whether a department is at one of the sites and among the departments."""
        return self._names(row) and (self.sites is None or bool(self.sites & set(row.sites)))

    def holds(self, row: DepartmentRow) -> bool:
        """Whether every site of a department is among the sites; one without sites is nobody's."""
        at_all = self.sites is None or (bool(row.sites) and self.sites.issuperset(row.sites))
        return self._names(row) and at_all

    def _names(self, row: DepartmentRow) -> bool:
        return self.departments is None or row.id in self.departments


class OrgReach(Struct, frozen=True):
    """The sum of the grants that carry one permission."""

    grants: tuple[Grant, ...]

    @property
    def is_everywhere(self) -> bool:
        """Whether it spans the whole hospital, which the dictionaries and imports ask for."""
        return any(grant.is_everywhere for grant in self.grants)

    @property
    def sites(self) -> frozenset[str] | None:
        """The sites within reach; None: all of them, and what stands at none."""
        whole = [grant for grant in self.grants if grant.departments is None]
        named = [grant.sites for grant in whole if grant.sites is not None]
        return frozenset[str]().union(*named) if len(named) == len(whole) else None

    def sees(self, row: DepartmentRow) -> bool:
        """Whether a department may be looked at: it is at one of one's sites."""
        return any(grant.touches(row) for grant in self.grants)

    def may_change(self, row: DepartmentRow) -> bool:
        """Whether a department may be changed: a change reaches all its sites, so all are one's."""
        return any(grant.holds(row) for grant in self.grants)

    def has_site(self, site: str | None) -> bool:
        """Whether a site is within reach; what stands at no site is the whole hospital's."""
        return any(
            grant.departments is None
            and (grant.sites is None or (site is not None and site in grant.sites))
            for grant in self.grants
        )


def reach_of(
    connection: sa.Connection, user_id: str, permission: Permission, clock: Clock = system_clock
) -> OrgReach:
    """How far a user may use a permission over the organisation, at this moment."""
    values = {"user": user_id, "permission": permission, "today": hospital_day(clock())}
    rows = connection.execute(_GRANTS, values).all()
    return OrgReach(tuple(Grant(_set(row.sites), _set(row.departments)) for row in rows))


def _set(found: Any) -> frozenset[str] | None:
    return None if found is None else frozenset(found)
