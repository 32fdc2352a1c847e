"""The hospital's sites: renaming, closing, and what visits each one has."""

from datetime import date

import sqlalchemy as sa

from runtime.audit.models import Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.org.departments import ID, checked_name, lock_organisation, stale
from runtime.org.models import SiteRow, Words, from_row

_COLUMNS = (
    "id, name, code, kind, district, visit_types, position, closed_on, revision "
    "FROM sites ORDER BY position, id"
)
_STORE = sa.text("""
UPDATE sites SET name = :name, code = :code, closed_on = :closed_on, revision = revision + 1
WHERE id = :id AND revision = :revision
""").bindparams(sa.bindparam("name", type_=sa.JSON))
_ADD = sa.text("""
INSERT INTO sites (id, name, code, position)
VALUES (:id, :name, :code, (SELECT coalesce(max(position), 0) + 1 FROM sites))
ON CONFLICT (id) DO NOTHING
""").bindparams(sa.bindparam("name", type_=sa.JSON))


def read_sites(db: Database) -> list[SiteRow]:
    """All sites in the hospital's order, closed ones too."""
    with db.begin() as connection:
        rows = connection.execute(sa.text(f"SELECT {_COLUMNS}")).mappings()  # nosec B608
        return [from_row(row, SiteRow) for row in rows]


def add_site(
    db: Database,
    actor: Actor,
    *,
    site_id: str,
    name: Words,
    code: str | None,
    clock: Clock = system_clock,
) -> None:
    """A further site, last in order.

    Raises:
        StateConflict: the id is in use.
        Unprocessable: the id or the name cannot stand.
    """
    if not ID.fullmatch(site_id):
        raise Unprocessable(
            "org_id", "An id is lower-case letters, digits and underscores.", at="/id"
        )
    name = checked_name(name)
    with db.begin() as connection:
        lock_organisation(connection)
        made = connection.execute(_ADD, {"id": site_id, "name": name, "code": code or None})
        if made.rowcount == 0:
            raise StateConflict("org_taken", "The id is in use.", at="/id")
        facts = {"name": name, "code": code}
        record(connection, actor, "site.added", "site", site_id, facts=facts, clock=clock)


def change_site(
    db: Database,
    actor: Actor,
    site_id: str,
    *,
    revision: int,
    name: Words,
    code: str | None,
    closed_on: date | None,
    clock: Clock = system_clock,
) -> None:
    """Its name, code and last day; a closed site is not offered, its responses stay.

    Raises:
        StateConflict: somebody else changed it meanwhile.
        NotFound: there is no such site.
    """
    values = {"name": checked_name(name), "code": code or None, "closed_on": closed_on}
    with db.begin() as connection:
        lock_organisation(connection)
        read = sa.text("SELECT name, code, closed_on FROM sites WHERE id = :id")
        before = connection.execute(read, {"id": site_id}).mappings().one_or_none()
        if before is None:
            raise NotFound("org_site", "There is no such site.")
        done = connection.execute(_STORE, values | {"id": site_id, "revision": revision})
        if done.rowcount == 0:
            raise stale()
        facts = {"before": dict(before), "after": values}
        record(
            connection,
            actor,
            "site.changed",
            "site",
            site_id,
            site=site_id,
            facts=facts,
            clock=clock,
        )
