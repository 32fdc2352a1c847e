"""What production does not start with: open lines to other machines, keys that were not drawn."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

DATABASES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_AUDITOR_URL")
KEYS = ("SECRET_KEY", "ENVELOPE_KEY", "AUDIT_KEY", "BACKUP_KEY")
LEAST_DIFFERENT_BYTES = 12
"""Of 32 drawn bytes about 30 differ; fewer than a dozen were typed."""


def open_lines(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of settings by which data would travel in clear, or to whoever answers (S52)."""
    for name in DATABASES:
        url: str | None = settings[name]
        if url and is_elsewhere(url) and "sslmode=verify-full" not in urlsplit(url).query:
            yield name, "names another machine: add ?sslmode=verify-full&sslrootcert=FILE"
    redis: str | None = settings["REDIS_URL"]
    if redis and is_elsewhere(redis):
        if not redis.startswith("rediss://"):
            yield "REDIS_URL", "names another machine: it must start with rediss://"
        if parse_qs(urlsplit(redis).query).keys() & {"ssl_cert_reqs", "ssl_check_hostname"}:
            yield "REDIS_URL", "must not say how the certificate is checked: it always is"
    public: str = settings["PUBLIC_URL"]
    if public.startswith("http://") and is_elsewhere(public):
        yield "PUBLIC_URL", "must start with https://: patients' answers come over it"


def is_elsewhere(url: str) -> bool:
    """Whether a URL leads to another machine than this; a socket's path does not."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    if parts.scheme == "unix" or host in ("", "localhost") or host.startswith("/"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def poor_keys(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that hold a place for one still to be drawn, and one key for two purposes (S53)."""
    seen: dict[bytes, str] = {}
    for name in KEYS:
        key: bytes | None = settings[name]
        if key is None:
            continue
        if len(set(key)) < LEAST_DIFFERENT_BYTES:
            yield name, "is no random key: draw one with `openssl rand -hex 32`"
        if key in seen:
            yield name, f"is the same as HUISHENG_{seen[key]}; each key serves one purpose"
        seen.setdefault(key, name)
