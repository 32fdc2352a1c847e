"""What the programs are made of: one value that holds every service, built from the settings."""

import contextlib
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime.accounts.sign_in import Desk
from runtime.events.service import Handler
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.files import ContentStore
from runtime.kit.settings import Settings
from runtime.org.cache import KnownIds
from runtime.responses.jobs import tally_response
from runtime.responses.service import Sessions
from runtime.secrets.envelope import Envelope
from runtime.secrets.vault import Vault
from runtime.surveys.cache import SurveyCache
from runtime.web.pickers import Pickers

SPARE_CONNECTIONS = 2  # for what a step finds missing in a cache while it holds a connection

HANDLERS: Mapping[str, Sequence[Handler]] = {"response.submitted": (tally_response,)}
"""Who is told of which event; `alert.raised` waits in the table for the cases to come."""


class Deployment:
    """The services of one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        database_url: str,
        redis_url: str,
        clock: Clock = system_clock,
        name: str = "huisheng",
    ) -> None:
        self.settings = settings
        self.redis_url = redis_url
        self.clock = clock
        size = settings.pool_size + SPARE_CONNECTIONS
        self.db = Database(database_url, pool_size=size, name=name)
        self.secret = settings.secret_key or local_secret(settings.data_dir)
        key = settings.envelope_key or local_secret(settings.data_dir, "envelope.key")
        self.vault = Vault(self.db, Envelope(key, settings.old_envelope_key), clock=clock)
        self.desk = Desk(
            self.db,
            secret=self.secret,
            seals=self.vault,
            settings=settings,
            clock=clock,
        )
        self.assets = ContentStore(settings.data_dir / "assets")
        self.files = ContentStore(settings.data_dir / "attachments")
        self.surveys = SurveyCache(self.db)
        self.known = KnownIds(self.db)
        self.pickers = Pickers(self.db)
        self.sessions = Sessions(
            self.db,
            files=self.files,
            secret=self.secret,
            vault=self.vault,
            surveys=self.surveys,
            known=self.known,
            session_hours=settings.session_hours,
            max_files=settings.max_session_uploads,
            max_file_bytes=settings.max_upload_bytes,
            clock=clock,
        )

    def close(self) -> None:
        """Give the connections back."""
        self.db.close()


def local_secret(data_dir: Path, name: str = "signing.key") -> bytes:
    """A key of a place that was told none: drawn once, readable by us alone.

    Several programs may start at once; the first to link its file wins, the others read it.
    """
    path = data_dir / "secrets" / name
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        mine = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return path.read_bytes()
