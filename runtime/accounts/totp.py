"""The second factor: time-based codes (RFC 6238), each step used once, and recovery codes."""

import base64
import hashlib
import hmac
import secrets
import struct
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import quote, urlencode
from uuid import UUID

import sqlalchemy as sa

from runtime.kit.clock import Clock, system_clock

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
WINDOW = 1
RECOVERY_CODES = 10
RECOVERY_LENGTH = 10
_RECOVERY_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Seals(Protocol):
    """What encrypts a field for its table, column and row."""

    def seal(self, table: str, column: str, row_id: str, text: str) -> bytes: ...

    def open(self, table: str, column: str, row_id: str, sealed: bytes) -> str: ...

    def index(self, table: str, column: str, text: str) -> bytes: ...


def code_at(secret: bytes, step: int) -> str:
    """The six digits of one step of thirty seconds (RFC 4226, section 5.3, over SHA-1)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(secret: bytes, code: str, *, clock: Clock = system_clock) -> int | None:
    """The step that this code belongs to, now or one step either side; None where it is wrong."""
    typed = code.replace(" ", "").encode("utf-8", "replace")
    now = int(clock().timestamp()) // STEP_SECONDS
    found = None
    for step in range(now - WINDOW, now + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), typed):
            found = step
    return found


def pending_secret(key: bytes, user_id: str, session_mark: str) -> bytes:
    """The secret that a session is offered to enrol: the same at each look, kept only if confirmed.

    `session_mark` changes with the session's token, so that a new token offers a new secret.
    """
    message = f"totp:{user_id}:{session_mark}".encode()
    return hmac.new(key, message, hashlib.sha256).digest()[:SECRET_BYTES]


def written(secret: bytes) -> str:
    """The secret as an authenticator program takes it by hand (base32)."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, login: str, issuer: str) -> str:
    """The `otpauth` address that a QR code carries."""
    label = quote(f"{issuer}:{login}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': written(secret), 'issuer': issuer})}"


# In the database


def is_enrolled(connection: sa.Connection, user_id: str) -> bool:
    """Whether the user has confirmed a second factor."""
    return bool(
        connection.execute(
            sa.text("SELECT EXISTS (SELECT FROM user_totp WHERE user_id = :user)"),
            {"user": UUID(user_id)},
        ).scalar_one()
    )


def enrol(
    connection: sa.Connection,
    seals: Seals,
    user_id: str,
    secret: bytes,
    step: int,
    *,
    clock: Clock = system_clock,
) -> bool:
    """Keep a confirmed secret, its confirming step spent; False where there is one already."""
    sealed = seals.seal("user_totp", "secret", user_id, written(secret))
    values = {"user": UUID(user_id), "secret": sealed, "step": step, "now": clock()}
    return bool(
        connection.execute(
            sa.text(
                "INSERT INTO user_totp (user_id, secret, last_step, confirmed_at, created_at) "
                "VALUES (:user, :secret, :step, :now, :now) ON CONFLICT DO NOTHING"
            ),
            values,
        ).rowcount
    )


def use_code(
    connection: sa.Connection,
    seals: Seals,
    user_id: str,
    code: str,
    *,
    clock: Clock = system_clock,
) -> bool:
    """Spend a code: right, and its step later than any used before, also by two at once (S06)."""
    user = UUID(user_id)
    sealed = connection.execute(
        sa.text("SELECT secret FROM user_totp WHERE user_id = :user"), {"user": user}
    ).scalar_one_or_none()
    if sealed is None:
        return False
    text = seals.open("user_totp", "secret", user_id, bytes(sealed))
    step = step_of(base64.b32decode(text), code, clock=clock)
    if step is None:
        return False
    return bool(
        connection.execute(
            sa.text(
                "UPDATE user_totp SET last_step = :step WHERE user_id = :user AND last_step < :step"
            ),
            {"step": step, "user": user},
        ).rowcount
    )


def remove(connection: sa.Connection, user_id: str) -> bool:
    """Forget the second factor and its recovery codes; tells whether there was one."""
    user = {"user": UUID(user_id)}
    connection.execute(sa.text("DELETE FROM recovery_codes WHERE user_id = :user"), user)
    return bool(
        connection.execute(sa.text("DELETE FROM user_totp WHERE user_id = :user"), user).rowcount
    )


def new_recovery_codes(connection: sa.Connection, key: bytes, user_id: str) -> Sequence[str]:
    """Ten fresh codes in place of the old ones; this is the one time they can be seen."""
    user = UUID(user_id)
    connection.execute(sa.text("DELETE FROM recovery_codes WHERE user_id = :user"), {"user": user})
    codes = [
        "".join(secrets.choice(_RECOVERY_SIGNS) for _ in range(RECOVERY_LENGTH))
        for _ in range(RECOVERY_CODES)
    ]
    connection.execute(
        sa.text("INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user, :hash)"),
        [{"user": user, "hash": _recovery_hash(key, user_id, code)} for code in codes],
    )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def use_recovery_code(
    connection: sa.Connection, key: bytes, user_id: str, code: str, *, clock: Clock = system_clock
) -> bool:
    """Spend a recovery code; two who try the same at once: one succeeds."""
    return bool(
        connection.execute(
            sa.text(
                "UPDATE recovery_codes SET used_at = :now "
                "WHERE user_id = :user AND code_hash = :hash AND used_at IS NULL"
            ),
            {
                "now": clock(),
                "user": UUID(user_id),
                "hash": _recovery_hash(key, user_id, code),
            },
        ).rowcount
    )


def recovery_codes_left(connection: sa.Connection, user_id: str) -> int:
    """How many recovery codes are unused."""
    return connection.execute(
        sa.text("SELECT count(*) FROM recovery_codes WHERE user_id = :user AND used_at IS NULL"),
        {"user": UUID(user_id)},
    ).scalar_one()


def _recovery_hash(key: bytes, user_id: str, code: str) -> bytes:
    """A code has 50 random bits and a key of the server's on top: a plain HMAC will do."""
    plain = "".join(char for char in code.upper() if char.isalnum())
    return hmac.new(key, f"recovery:{user_id}:{plain}".encode(), hashlib.sha256).digest()
