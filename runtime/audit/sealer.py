"""The one sealer: chains the lines whose transactions are over, one after another."""

import sqlalchemy as sa

from runtime.kit.db import Database

BATCH = 2000


def seal_pending(db: Database, *, limit: int = BATCH) -> int:
    """Chain up to `limit` waiting lines; tells how many.

    A lock in the database lets one seal at a time; whoever comes second finds nothing to do. The
    hashing is done there by the owner's function, since the application may not write seals.
    """
    with db.begin() as connection:
        sealed = connection.execute(sa.text("SELECT seal_audit_lines(:most)"), {"most": limit})
        return sealed.scalar_one()
