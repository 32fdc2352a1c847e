"""What all tests share: the embedded servers, an own database for each test, and an honest ending.

Tests run on the real PostgreSQL and the real Redis protocol. The controller of a run makes one
directory for its servers; parallel workers find them by it and share them.
"""

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import redis
import structlog

from runtime import migrations
from runtime.kit.embedded import Services, ensure_services
from runtime.kit.postgres import APPLICATION, AUDITOR, OWNER
from runtime.kit.settings import read_settings

TEST_DIR = "HUISHENG_TEST_DIR"
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of our own is made in it
ROOM_BYTES = 3 * 2**30
"""What the servers of a run may need; where memory has less to spare they stand on the disk."""
ALLOW_NO_BROWSER = "HUISHENG_ALLOW_NO_BROWSER"
NO_BROWSER = (
    "Chromium and its driver are missing: install the packages chromium and chromium-driver, "
    f"or set {ALLOW_NO_BROWSER}=1 to leave the browser tests out."
)


class DatabaseUrls(msgspec.Struct, frozen=True, kw_only=True):
    """One migrated database that belongs to one test."""

    owner_url: str
    app_url: str
    auditor_url: str


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        directory = tempfile.mkdtemp(prefix="huisheng-tests-", dir=_place())
        os.chmod(directory, 0o711 if os.geteuid() == 0 else 0o700)
        os.environ[TEST_DIR] = directory


def _place() -> Path | None:
    """Where the servers of a run keep their files; None for the usual place.

    A database is three hundred files, and each test makes one and drops it. ext4 does not give an
    inode away again for a minute and looks through all that were deleted meanwhile, so that on it
    the next database takes ten times as long as the first.
    """
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > ROOM_BYTES else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(TEST_DIR), ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        _long_ones_first(items)
    _ask_for_a_browser(items)


def _long_ones_first(items: list[pytest.Item]) -> None:
    """So that no worker begins a long test when the others have nothing left to do.

    Groups begin before all that stand alone, the one with the most tests first; within a group the
    order stays, since its files share what they set up.
    """
    items.sort(key=lambda item: not _is_long(item))


def _is_long(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("slow")) and not item.get_closest_marker("xdist_group")


def _ask_for_a_browser(items: list[pytest.Item]) -> None:
    """A machine without a browser is told so, once and by name; only by request is it let pass."""
    needing = [item for item in items if item.get_closest_marker("browser")]
    if not needing or (shutil.which("chromium") and shutil.which("chromedriver")):
        return
    if not os.environ.get(ALLOW_NO_BROWSER):
        raise pytest.UsageError(NO_BROWSER)
    for item in needing:
        item.add_marker(pytest.mark.skip(reason=f"no browser, and {ALLOW_NO_BROWSER} is set"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name every test that was left out, so that nothing passes by skipping in silence."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        terminalreporter.write_line("Left out: nothing.")
        return
    terminalreporter.write_sep("-", f"left out: {len(skipped)}")
    for report in skipped:
        told: Any = report.longrepr
        reason = cast(tuple[Any, ...], told)[2] if isinstance(told, tuple) else told
        terminalreporter.write_line(f"{report.nodeid}: {reason}")


@pytest.fixture(scope="session")
def services() -> Generator[Services]:
    """The embedded servers, started by the first test that needs them."""
    environ = {
        "HUISHENG_ENVIRONMENT": "test",
        "HUISHENG_DATA_DIR": str(Path(os.environ[TEST_DIR]) / "var"),
    }
    with ensure_services(read_settings(environ)) as started:
        yield started


@pytest.fixture(scope="session")
def template_database(services: Services) -> Iterator[str]:
    """A migrated database that is copied for each test."""
    assert services.postgres is not None
    name = f"template_{secrets.token_hex(4)}"
    services.postgres.create_database(name)
    migrations.upgrade(services.postgres.url(OWNER, name))
    yield name
    services.postgres.drop_database(name)


@pytest.fixture
def database_urls(services: Services, template_database: str) -> Iterator[DatabaseUrls]:
    """An own database for one test, migrated, otherwise empty."""
    postgres = services.postgres
    assert postgres is not None
    name = f"test_{secrets.token_hex(6)}"
    postgres.create_database(name, template_database)
    yield DatabaseUrls(
        owner_url=postgres.url(OWNER, name),
        app_url=postgres.url(APPLICATION, name),
        auditor_url=postgres.url(AUDITOR, name),
    )
    postgres.drop_database(name)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A test that sends the log elsewhere, as every command does, sends its own alone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def no_missing_sentence() -> Iterator[None]:
    """Whatever a test drew, every code had its sentence: nobody is shown `console_bank_hint`."""
    said: list[str] = []
    words = logging.getLogger("huisheng.words")
    listening = _Listening(said)
    words.addHandler(listening)
    yield
    words.removeHandler(listening)
    assert not said, f"no sentence in runtime/kit/messages: {sorted(set(said))}"


class _Listening(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.said = said

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def redis_url(services: Services) -> Iterator[str]:
    """The broker, emptied afterwards; each parallel worker has a database number of its own."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 16
    url = f"{services.redis_url}&db={number}"
    yield url
    broker: Any = redis.Redis  # its stubs leave the options of from_url untyped
    client = broker.from_url(url)
    client.flushdb()
    client.close()
