"""What somebody may do, added up over their roles."""

import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts.access import NOTHING, Reach


class Grants(Struct, frozen=True):
    """The sum of a user's roles."""

    permissions: frozenset[str] = frozenset()
    reach: Reach = NOTHING
    fields: frozenset[str] = frozenset()


def grants_of(connection: sa.Connection, user_id: str) -> Grants:
    """What this user may do now; without a role, nothing."""
    return Grants()
