"""Every setting of the programs, read once from the environment into one frozen value.

Each setting is an environment variable `HUISHENG_<NAME>`; `HUISHENG_<NAME>_FILE` names a file that
holds the value instead, as secrets are handed over by systemd, Docker and Kubernetes. Everything
that is missing or wrong is named at once.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast, get_args
from urllib.parse import urlsplit

import msgspec

from runtime.kit.production import open_lines, poor_keys

PREFIX = "HUISHENG_"

Environment = Literal["development", "test", "production"]
Channel = Literal["web", "kiosk", "miniprogram", "staff"]
LogLevel = Literal["debug", "info", "warning", "error"]

CHANNELS: tuple[Channel, ...] = get_args(Channel)
MIB = 1024 * 1024
SECRET_BYTES = 32

T = TypeVar("T")


class SettingsError(Exception):
    """Settings that are missing or wrong; `faults` holds one sentence for each of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the programs are told from outside; README.md has the table."""

    environment: Environment = "development"
    data_dir: Path
    database_url: str | None = None
    database_owner_url: str | None = None
    database_auditor_url: str | None = None
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str
    channels: tuple[Channel, ...] = CHANNELS
    workers: int = 1
    pool_size: int = 8
    max_waiting: int = 256
    max_connections: int = 16_384
    embed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    log_level: LogLevel = "info"
    demo: bool = True
    secret_key: bytes | None = None
    envelope_key: bytes | None = None
    old_envelope_key: bytes | None = None
    max_body_bytes: int = 2 * MIB
    max_upload_bytes: int = 10 * MIB
    max_session_uploads: int = 20
    session_hours: int = 72
    kiosk_idle_seconds: int = 60
    kiosk_warning_seconds: int = 15
    kiosk_ending_seconds: int = 15
    kiosk_absolute_seconds: int = 600
    audit_keep_days: int = 1098
    audit_key: bytes | None = None
    backup_key: bytes | None = None
    backup_dir: Path | None = None

    @property
    def is_production(self) -> bool:
        """Whether patients' real answers are at stake: nothing is made up for convenience."""
        return self.environment == "production"


class _Fault(Exception):
    """What is wrong with one value, in the second half of a sentence."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from `environ`, such as `os.environ`; unset ones have their defaults.

    Raises:
        SettingsError: with one sentence for each setting that is missing or wrong.
    """
    reading = _Reading(environ)
    one = reading.one
    host = one("HOST", "127.0.0.1", str)
    port = one("PORT", 8000, _whole(0, 65535))
    settings = Settings(
        environment=one("ENVIRONMENT", "development", _environment),
        data_dir=one("DATA_DIR", Path("var"), Path).absolute(),
        database_url=one("DATABASE_URL", None, _database_url),
        database_owner_url=one("DATABASE_OWNER_URL", None, _database_url),
        database_auditor_url=one("DATABASE_AUDITOR_URL", None, _database_url),
        redis_url=one("REDIS_URL", None, _redis_url),
        host=host,
        port=port,
        public_url=one("PUBLIC_URL", f"http://{_shown_host(host)}:{port}", _origin),
        channels=one("CHANNELS", CHANNELS, _channels),
        workers=one("WORKERS", 1, _whole(1, 256)),
        pool_size=one("POOL_SIZE", 8, _whole(1, 500)),
        max_waiting=one("MAX_WAITING", 256, _whole(0, 100_000)),
        max_connections=one("MAX_CONNECTIONS", 16_384, _whole(16, 1_000_000)),
        embed_origins=one("EMBED_ORIGINS", (), _list_of(_origin)),
        trusted_proxies=one("TRUSTED_PROXIES", (), _list_of(str)),
        log_level=one("LOG_LEVEL", "info", _log_level),
        demo=one("DEMO", True, _yes_or_no),
        secret_key=one("SECRET_KEY", None, _secret),
        envelope_key=one("ENVELOPE_KEY", None, _secret),
        old_envelope_key=one("OLD_ENVELOPE_KEY", None, _secret),
        max_body_bytes=one("MAX_BODY_BYTES", 2 * MIB, _whole(1024, 64 * MIB)),
        max_upload_bytes=one("MAX_UPLOAD_BYTES", 10 * MIB, _whole(1024, 1024 * MIB)),
        max_session_uploads=one("MAX_SESSION_UPLOADS", 20, _whole(0, 1000)),
        session_hours=one("SESSION_HOURS", 72, _whole(1, 24 * 90)),
        kiosk_idle_seconds=one("KIOSK_IDLE_SECONDS", 60, _whole(1, 600)),
        kiosk_warning_seconds=one("KIOSK_WARNING_SECONDS", 15, _whole(1, 120)),
        kiosk_ending_seconds=one("KIOSK_ENDING_SECONDS", 15, _whole(1, 120)),
        kiosk_absolute_seconds=one("KIOSK_ABSOLUTE_SECONDS", 600, _whole(1, 3600)),
        audit_keep_days=one("AUDIT_KEEP_DAYS", 1098, _whole(180, 36_500)),
        audit_key=one("AUDIT_KEY", None, _secret),
        backup_key=one("BACKUP_KEY", None, _secret),
        backup_dir=one("BACKUP_DIR", None, Path),
    )
    reading.name_unknown()
    reading.name_missing_in_production(settings)
    if reading.faults:
        raise SettingsError(tuple(reading.faults))
    return settings


class _Reading:
    """One pass over the environment that collects faults in place of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []
        self.known: set[str] = set()

    def one(self, name: str, default: T, parse: Callable[[str], T]) -> T:
        """The parsed value of one setting, or its default where it is not set or wrong."""
        try:
            text = self._text(name)
            return default if text is None else parse(text)
        except _Fault as fault:
            self.faults.append(f"{PREFIX}{name} {fault}.")
            return default

    def _text(self, name: str) -> str | None:
        key, file_key = PREFIX + name, f"{PREFIX}{name}_FILE"
        self.known.update((key, file_key))
        value, file = self.environ.get(key), self.environ.get(file_key)
        if value and file:
            raise _Fault(f"and {file_key} are both set; keep one of them")
        if not file:
            return value or None
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise _Fault(f"is to come from {file}, which cannot be read: {reason}") from error

    def name_unknown(self) -> None:
        """A misspelt setting must not pass as a default."""
        for key in sorted(self.environ):
            if key.startswith(PREFIX) and key not in self.known | OTHER_VARIABLES:
                self.faults.append(f"{key} is no setting that this version knows.")

    def name_missing_in_production(self, settings: Settings) -> None:
        """Production never falls back to what is made up for a first try."""
        if not settings.is_production:
            return
        needed = ("DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "SECRET_KEY", "ENVELOPE_KEY")
        for name in needed:
            if not {f"{PREFIX}{name}", f"{PREFIX}{name}_FILE"} & self.environ.keys():
                self.faults.append(f"{PREFIX}{name} must be set in production.")
        known = {field.upper(): getattr(settings, field) for field in settings.__struct_fields__}
        for name, fault in (*open_lines(known), *poor_keys(known)):
            self.faults.append(f"{PREFIX}{name} {fault}.")


OTHER_VARIABLES = frozenset({"HUISHENG_ALLOW_NO_BROWSER", "HUISHENG_TEST_DIR"})
"""Variables of this name family that the tests read, not the programs."""


def _environment(text: str) -> Environment:
    return cast(Environment, _one_of(get_args(Environment), text))


def _log_level(text: str) -> LogLevel:
    return cast(LogLevel, _one_of(get_args(LogLevel), text.lower()))


def _channels(text: str) -> tuple[Channel, ...]:
    named = [_one_of(CHANNELS, item) for item in _items(text)]
    if not named:
        raise _Fault("must name at least one channel")
    return tuple(channel for channel in CHANNELS if channel in named)


def _one_of(allowed: tuple[str, ...], text: str) -> str:
    if text not in allowed:
        raise _Fault(f"must be one of {', '.join(allowed)}, not {text!r}")
    return text


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else lowest - 1
        if not lowest <= number <= highest:
            raise _Fault(f"must be a whole number from {lowest} to {highest}, not {text!r}")
        return number

    return parse


def _yes_or_no(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in words:
        raise _Fault(f"must be yes or no, not {text!r}")
    return words[text.lower()]


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _list_of(parse: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    return lambda text: tuple(parse(item) for item in _items(text))


def _database_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        raise _Fault("must be a URL that starts with postgresql://")
    return "postgresql://" + text.split("://", 1)[1]


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise _Fault("must be a URL that starts with redis://, rediss:// or unix://")
    return text


def _origin(text: str) -> str:
    """A web origin without path: what `frame-ancestors` and the Origin header hold."""
    try:
        parts = urlsplit(text.rstrip("/"))
        is_origin = parts.port != 0 and bool(parts.hostname)
    except ValueError:
        parts, is_origin = urlsplit(""), False
    if not is_origin or parts.scheme not in ("http", "https") or parts.path or parts.query:
        raise _Fault(f"must be an address such as https://www.example.cn, not {text!r}")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _secret(text: str) -> bytes:
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) < SECRET_BYTES:
        raise _Fault(f"must be at least {SECRET_BYTES} random bytes, written as hexadecimal digits")
    return secret


def _shown_host(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # nosec B104 - compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host
