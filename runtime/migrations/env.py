"""How Alembic connects: one connection, one transaction for all pending steps, one at a time."""

import sqlalchemy as sa
from alembic import context

LOCK = 4_801_001  # any number of our own: two programs that start at once migrate one by one

engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
with engine.begin() as connection:
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
