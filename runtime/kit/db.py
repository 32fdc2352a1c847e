"""The database: one pool without overflow, transactions, and a short way for the page step."""

import contextlib
from collections.abc import Generator
from typing import Any

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy import exc

from runtime.kit.problems import Overloaded
from runtime.kit.reach import EVERYTHING, Reach

CONNECT_SECONDS = 3
POOL_WAIT_SECONDS = 2
STATEMENT_SECONDS = 10

Psycopg = psycopg.Connection[tuple[Any, ...]]

_DECLARE = sa.text("""
SELECT set_config('huisheng.sites', coalesce(CAST(CAST(:sites AS text[]) AS text), '*'), true),
       set_config('huisheng.departments',
                  coalesce(CAST(CAST(:departments AS text[]) AS text), '*'), true),
       set_config('huisheng.whistleblow', CASE WHEN :whistleblow THEN 'on' ELSE '' END, true),
       set_config('huisheng.parts', :parts, true)
""")


def sqlalchemy_url(url: str) -> sa.URL:
    """The URL with our driver named, whatever form it came in."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """A pool of connections as the application role; safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 5,
        name: str = "huisheng",
        statement_seconds: int = STATEMENT_SECONDS,
    ) -> None:
        self.url = url
        self.pool_size = pool_size
        options = (
            f"-c statement_timeout={statement_seconds}s -c lock_timeout={statement_seconds}s "
            f"-c idle_in_transaction_session_timeout={statement_seconds}s -c timezone=UTC"
        )
        connect_args = {
            "connect_timeout": CONNECT_SECONDS,
            "application_name": name,
            "options": options,
            "prepare_threshold": 2,
        }
        self.engine = sa.create_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args=connect_args,
        )
        self._beside = sa.create_engine(
            sqlalchemy_url(url),
            poolclass=sa.NullPool,
            hide_parameters=True,
            connect_args=connect_args,
        )

    def begin(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """One transaction: committed at the end, rolled back by an exception.

        It reaches no row under row-level security: see `begin_for` and `begin_everywhere`.

        Raises:
            Overloaded: the database cannot be reached or does not answer in time.
        """
        return _begun(self.engine)

    def begin_beside_pool(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction on a connection of its own, for what a thread reads amid another one.

        Whoever waits for a second pooled connection while holding a first waits in vain where the
        holders of all others wait for a row that the first has locked. Opening costs milliseconds:
        for what is rare.

        Raises:
            Overloaded: as `begin`.
        """
        return _begun(self._beside)

    @contextlib.contextmanager
    def begin_for(self, reach: Reach) -> Generator[sa.Connection]:
        """A transaction that sees, changes and adds rows within this reach only.

        The reach ends with the transaction, whoever has the connection next.

        Raises:
            Overloaded: as `begin`.
        """
        with self.begin() as connection:
            declare_reach(connection, reach)
            yield connection

    def begin_everywhere(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction of the program's own work, for no reader in particular.

        Raises:
            Overloaded: as `begin`.
        """
        return self.begin_for(EVERYTHING)

    @contextlib.contextmanager
    def autocommit(self) -> Generator[Psycopg]:
        """A driver connection on which each statement is its own transaction.

        For the page step, which is one read and one conditional write: no transaction is held
        while the engine thinks, and two round trips do for all.

        Raises:
            Overloaded: as `begin`.
        """
        try:
            fairy = self.engine.raw_connection()
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
            raise Overloaded("database_unavailable") from error
        connection: Psycopg = fairy.driver_connection  # pyright: ignore[reportAssignmentType] - psycopg's own connection, typed Any-like by SQLAlchemy
        try:
            connection.autocommit = True
            yield connection
            connection.autocommit = False
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if connection.closed or connection.broken:
                fairy.invalidate(error)
                self.engine.dispose()
            raise Overloaded("database_unavailable") from error
        finally:
            if fairy.is_valid and not connection.closed and connection.autocommit:
                _leave_autocommit(connection)
            fairy.close()

    def close(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()


@contextlib.contextmanager
def _begun(engine: sa.Engine) -> Generator[sa.Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise Overloaded("database_unavailable") from error


def declare_reach(connection: sa.Connection, reach: Reach) -> None:
    """From here to its end the transaction reaches these rows.

    Migrations 0009 and 0014 have the policies.
    """
    connection.execute(
        _DECLARE,
        {
            "sites": None if reach.sites is None else list(reach.sites),
            "departments": None if reach.departments is None else list(reach.departments),
            "whistleblow": reach.whistleblow,
            "parts": msgspec.json.encode(reach.parts).decode() if reach.parts else "",
        },
    )


def _leave_autocommit(connection: Psycopg) -> None:
    """Reset after an exception of the caller's, so that the next user finds a plain connection."""
    with contextlib.suppress(psycopg.Error):
        connection.rollback()
        connection.autocommit = False
