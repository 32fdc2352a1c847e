"""Production refuses open lines and keys that were not drawn, and shows nothing of its insides."""

import contextlib
import datetime
import ipaddress
import re
import secrets
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from litestar import get
from litestar.testing import TestClient

from runtime.kit.settings import CHANNELS, SettingsError, read_settings
from runtime.programs import create_app
from runtime.wiring import Deployment
from tests.security.test_pages import TRACES

ELSEWHERE = "postgresql://huisheng@db.hospital.test/huisheng"


def told(**changed: str) -> set[str]:
    """Names of the settings that production complains about."""
    sound = {
        "DATABASE_URL": f"{ELSEWHERE}?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "REDIS_URL": "rediss://redis.hospital.test/0",
        "PUBLIC_URL": "https://voice.hospital.test",
        "SECRET_KEY": secrets.token_hex(32),
        "ENVELOPE_KEY": secrets.token_hex(32),
    } | changed
    environ = {f"HUISHENG_{name}": value for name, value in sound.items()}
    try:
        read_settings(environ | {"HUISHENG_ENVIRONMENT": "production"})
    except SettingsError as error:
        return {fault.split()[0].removeprefix("HUISHENG_") for fault in error.faults}
    return set()


@pytest.mark.parametrize(
    ("name", "open_value", "closed_value"),
    [
        ("DATABASE_URL", ELSEWHERE, "postgresql://huisheng@127.0.0.1/huisheng"),
        ("DATABASE_URL", f"{ELSEWHERE}?sslmode=require", "postgresql:///x?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql:///x?host=db.hospital.test", "postgresql://h@[::1]/x"),
        ("DATABASE_OWNER_URL", ELSEWHERE, f"{ELSEWHERE}?sslmode=verify-full"),
        ("DATABASE_AUDITOR_URL", ELSEWHERE, "postgresql://h@localhost/x"),
        ("REDIS_URL", "redis://redis.hospital.test/0", "redis://127.0.0.1/0"),
        ("REDIS_URL", "rediss://redis.test/0?ssl_cert_reqs=none", "unix:///run/redis.sock"),
        ("PUBLIC_URL", "http://voice.hospital.test", "http://127.0.0.1:8000"),
    ],
)
def test_production_refuses_open_lines(name: str, open_value: str, closed_value: str) -> None:
    """To another machine only with a certificate that is checked; on this one as one likes.

    # S52 (part)
    """
    assert told() == set()
    assert told(**{name: open_value}) == {name}
    assert told(**{name: closed_value}) == set()


def test_production_refuses_keys_that_were_not_drawn() -> None:
    """Zeros, a word again and again, the same key for two purposes. # S53 (part)"""
    for placeholder in ("00" * 32, "deadbeef" * 8, "0123456789abcdef" * 4):
        assert told(SECRET_KEY=placeholder) == {"SECRET_KEY"}, placeholder
    same = secrets.token_hex(32)
    assert told(SECRET_KEY=same, ENVELOPE_KEY=same) == {"ENVELOPE_KEY"}


# Lines whose other end is somebody else


def _certificate(folder: Path, issuer: str) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{issuer}.pem", folder / f"{issuer}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


class Listener:
    """Answers as a database or a Redis behind TLS would begin to; keeps what it then hears."""

    def __init__(self, certificate: Path, key: Path, *, asks_first: bool) -> None:
        self.heard = b""
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._asks_first = asks_first
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                with contextlib.suppress(OSError):
                    if self._asks_first:  # PostgreSQL asks in clear whether TLS is spoken
                        length = struct.unpack(">I", connection.recv(4))[0]
                        connection.recv(length - 4)
                        connection.sendall(b"S")
                    with self._context.wrap_socket(connection, server_side=True) as secure:
                        secure.settimeout(2)
                        self.heard += secure.recv(4096)

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


@pytest.fixture(params=["known", "foreign"])
def listeners(request: Any, tmp_path: Path) -> Iterator[tuple[bool, Path, Listener, Listener]]:
    """Both kinds, with a certificate that we trust or another of the same name."""
    trusted = _certificate(tmp_path, "known")
    used = trusted if request.param == "known" else _certificate(tmp_path, "foreign")
    made = Listener(*used, asks_first=True), Listener(*used, asks_first=False)
    yield request.param == "known", trusted[0], *made
    for one in made:
        one.close()


def test_nothing_is_told_to_whoever_has_another_certificate(
    listeners: tuple[bool, Path, Listener, Listener],
) -> None:
    """Database and Redis: not a byte before the certificate is the right one. # S52 (part)"""
    is_known, trusted, database, broker = listeners
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            f"postgresql://huisheng:kept@127.0.0.1:{database.port}/x"
            f"?sslmode=verify-full&sslrootcert={trusted}&connect_timeout=3"
        )
    kind: Any = redis.Redis  # its stubs leave the options untyped
    client = kind.from_url(
        f"rediss://:kept@127.0.0.1:{broker.port}/0", ssl_ca_certs=str(trusted),
        socket_timeout=2, socket_connect_timeout=2, retry=None,
    )  # fmt: skip
    with pytest.raises(redis.RedisError):
        client.ping()
    assert bool(database.heard) == is_known and bool(broker.heard) == is_known


# What production shows


@pytest.fixture
def production(deployment: Deployment) -> Iterator[TestClient[Any]]:
    """Every channel as production runs it."""
    deployment.settings = read_settings(
        {
            "HUISHENG_ENVIRONMENT": "production",
            "HUISHENG_DATA_DIR": str(deployment.settings.data_dir),
            "HUISHENG_DATABASE_URL": "postgresql://huisheng@127.0.0.1/x",
            "HUISHENG_REDIS_URL": "redis://127.0.0.1/0",
            "HUISHENG_PUBLIC_URL": "https://voice.hospital.test",
            "HUISHENG_SECRET_KEY": secrets.token_hex(32),
            "HUISHENG_ENVELOPE_KEY": secrets.token_hex(32),
        }
    )
    app = create_app(deployment, CHANNELS)
    with TestClient(
        app, base_url="https://voice.hospital.test", raise_server_exceptions=False
    ) as made:
        yield made


INSIDES = (
    "/schema", "/schema/openapi.json", "/docs", "/redoc", "/swagger", "/debug", "/console",
    "/.git/HEAD", "/.git/config", "/.env", "/.venv/pyvenv.cfg", "/pyproject.toml", "/var/secrets",
    "/static/", "/static/../wiring.py", "/static/%2e%2e/wiring.py", "/kiosk/static/../routes.py",
    "/server-status", "/actuator", "/phpinfo.php", "/staff/templates/build/frame.html", "/backup",
    "/robots.txt~", "/requirements.txt", "/docs/security.md", "/tests/conftest.py",
)  # fmt: skip


def test_production_shows_nothing_of_its_insides(production: TestClient[Any]) -> None:
    """No description of the framework, no file of the source, no TRACE, health in one word,
    numbers for this machine alone. # S54"""
    for path in INSIDES:
        answer = production.get(path, follow_redirects=False)
        assert answer.status_code == 404, path
        assert not TRACES.search(answer.text), answer.text
    for path in ("/", "/s/", "/staff/", "/kiosk/", "/api/v1/surveys", "/health/live"):
        for method in ("TRACE", "TRACK", "CONNECT", "DEBUG"):
            assert production.request(method, path).status_code == 405, (method, path)
    assert production.get("/health/live").json() == {"status": "live"}
    assert production.get("/health/ready").json() == {"status": "ready"}
    for header in ("x-forwarded-for", "x-real-ip", "forwarded", "via"):
        assert production.get("/metrics", headers={header: "203.0.113.9"}).status_code == 404


PLANTED = "SELECT secret FROM patients WHERE phone = '13912345678' -- /srv/huisheng/x.py"
NUMBER = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\b")
CHANNEL_PATHS = ("/s/planted-fault", "/kiosk/planted-fault", "/staff/planted-fault",
                 "/api/v1/planted-fault")  # fmt: skip


@pytest.mark.parametrize("path", CHANNEL_PATHS)
def test_a_bug_in_any_channel_tells_a_number_and_nothing_else(
    deployment: Deployment, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """500; a person's page and a program's answer have the number that stands in the log; no trace,
    statement, path or value. # S55
    """

    @get(path, sync_to_thread=True, opt={"public": True})
    def fail() -> None:
        raise RuntimeError(PLANTED)

    app = create_app(deployment, CHANNELS)
    app.register(fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        page = client.get(path, headers={"accept": "text/html"})
        answer = client.get(path, headers={"accept": "application/json"})
    assert page.status_code == answer.status_code == 500
    assert not TRACES.search(page.text.replace(".js", "")) and "13912345678" not in page.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not TRACES.search(answer.text) and "13912345678" not in answer.text
    logged = "".join(capfd.readouterr())
    assert "13912345678" not in logged
    numbers = [NUMBER.findall(one.text) for one in (page, answer)]
    assert [len(found) for found in numbers] == [1, 1] and numbers[0] != numbers[1]
    for (number,) in numbers:
        assert logged.count(number) == 1


def test_a_refusal_that_is_nobodys_fault_has_no_number(deployment: Deployment) -> None:
    """Nothing of it stands in the log, so that there is nothing to look for."""
    with TestClient(create_app(deployment, CHANNELS)) as client:
        for path in ("/s/nowhere", "/staff/nowhere", "/nowhere"):
            page = client.get(path, headers={"accept": "text/html"})
            assert page.status_code in (404, 200) and not NUMBER.search(page.text)


def test_a_lost_database_has_its_number_on_the_page_too(
    deployment: Deployment, capfd: pytest.CaptureFixture[str]
) -> None:
    """503: whoever tells the number leads to the log's line. # S55 (part)"""

    @get("/s/planted-loss", sync_to_thread=True, opt={"public": True})
    def fail() -> None:
        raise psycopg.OperationalError(PLANTED)

    app = create_app(deployment, CHANNELS)
    app.register(fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        page = client.get("/s/planted-loss", headers={"accept": "text/html"})
    (number,) = NUMBER.findall(page.text)
    assert page.status_code == 503 and number in "".join(capfd.readouterr())
