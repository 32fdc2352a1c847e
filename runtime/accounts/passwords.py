"""Passwords: what they must be (S01, S02), how they are kept (S03), and how they are changed."""

import re
import secrets
import string
import threading
import unicodedata
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from runtime.accounts.weak import is_weak
from runtime.kit.clock import Clock, system_clock
from runtime.kit.ids import new_id
from runtime.kit.problems import Overloaded

MIN_LENGTH = 8
ADMINISTRATOR_MIN_LENGTH = 10
MAX_LENGTH = 128
HISTORY = 5
INITIAL_LIFE = timedelta(hours=24)
INITIAL_LENGTH = 16
WAIT_SECONDS = 5
OWN_MIN_LENGTH = 3
PHONE_PART = 6

HASHER = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
"""Argon2id over the floor of OWASP's Password Storage cheat sheet (19 MiB, t=2, p=1)."""

_AT_WORK = threading.BoundedSemaphore(4)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class Owner(Struct, frozen=True):
    """What a password must not be made of."""

    login: str
    name: str
    phone: str | None = None
    is_administrator: bool = False


class Kept(Struct, frozen=True):
    """The current password of a user as the database keeps it."""

    id: UUID
    hash: str
    must_change: bool
    expires_at: datetime | None
    created_at: datetime


def faults_of(password: str, owner: Owner) -> list[str]:
    """Codes of everything that is wrong with a new password; empty when it will do."""
    text = normal(password)
    least = ADMINISTRATOR_MIN_LENGTH if owner.is_administrator else MIN_LENGTH
    checks = {
        "short": len(text) < least,
        "long": len(text) > MAX_LENGTH,
        "controls": bool(_CONTROLS.search(text)),
        "upper": not any(char.isupper() for char in text),
        "lower": not any(char.islower() for char in text),
        "digit": not any(char.isdigit() for char in text),
        "symbol": not any(_is_symbol(char) for char in text),
        "own": _holds_own(text, owner),
        "weak": len(text) <= MAX_LENGTH and is_weak(text),
    }
    return [code for code, is_wrong in checks.items() if is_wrong]


def normal(password: str) -> str:
    """One form for what looks the same, whatever keyboard wrote it (NFC)."""
    return unicodedata.normalize("NFC", password)


def _is_symbol(char: str) -> bool:
    return not char.isalnum() and not char.isspace()


def _holds_own(text: str, owner: Owner) -> bool:
    """Whether the sign-in name, the own name or a part of the own telephone number is in it."""
    low = text.lower()
    names = [owner.login.lower(), owner.name.lower().replace(" ", "")]
    if any(name in low for name in names if len(name) >= OWN_MIN_LENGTH or not name.isascii()):
        return bool(low)
    digits = re.sub(r"\D", "", owner.phone or "")
    parts = (digits[i : i + PHONE_PART] for i in range(len(digits) - PHONE_PART + 1))
    return any(part in low for part in parts)


def hash_password(password: str) -> str:
    """The Argon2id hash; at most four at a time, so that a storm of sign-ins leaves room.

    Raises:
        Overloaded: four are at work and none ended in five seconds.
    """
    with _Turn():
        return HASHER.hash(normal(password))


_NOBODY = HASHER.hash(secrets.token_urlsafe(16))


def is_right(kept_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes the same time where there is no account (None).

    Raises:
        Overloaded: as `hash_password`.
    """
    if len(password) > 4 * MAX_LENGTH:
        password = ""  # nosec B105 - too long to be anybody's
    with _Turn():
        try:
            return HASHER.verify(kept_hash or _NOBODY, normal(password)) and kept_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(kept_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return HASHER.check_needs_rehash(kept_hash)


class _Turn:
    """One of the four places at the hasher."""

    def __enter__(self) -> None:
        if not _AT_WORK.acquire(timeout=WAIT_SECONDS):
            raise Overloaded("overloaded")

    def __exit__(self, *_: object) -> None:
        _AT_WORK.release()


def random_password() -> str:
    """An initial password that satisfies the rules."""
    letters = string.ascii_letters + string.digits
    middle = "".join(secrets.choice(letters) for _ in range(INITIAL_LENGTH - 4))
    classes = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!#%+=?@")
    return middle + "".join(secrets.choice(kind) for kind in classes)


# In the database


def current(connection: sa.Connection, user_id: str) -> Kept | None:
    """The password that a user has now."""
    row = connection.execute(
        sa.text(
            "SELECT id, hash, must_change, expires_at, created_at FROM user_passwords "
            "WHERE user_id = :user AND is_current"
        ),
        {"user": UUID(user_id)},
    ).one_or_none()
    return None if row is None else Kept(*row)


def last_hashes(connection: sa.Connection, user_id: str) -> list[str]:
    """The hashes of the last five passwords, the current one among them."""
    rows: Any = connection.execute(
        sa.text(
            "SELECT hash FROM user_passwords WHERE user_id = :user "
            "ORDER BY created_at DESC, id DESC LIMIT :n"
        ),
        {"user": UUID(user_id), "n": HISTORY},
    )
    return list(rows.scalars())


def store(
    connection: sa.Connection,
    user_id: str,
    hashed: str,
    *,
    is_initial: bool = False,
    clock: Clock = system_clock,
) -> None:
    """Make this the user's password and forget all but the last five."""
    user, now = UUID(user_id), clock()
    connection.execute(sa.text("SELECT FROM users WHERE id = :user FOR UPDATE"), {"user": user})
    connection.execute(
        sa.text("UPDATE user_passwords SET is_current = false WHERE user_id = :user"),
        {"user": user},
    )
    connection.execute(
        sa.text(
            "INSERT INTO user_passwords (id, user_id, hash, is_current, must_change, expires_at, "
            "created_at) VALUES (:id, :user, :hash, true, :initial, :until, :now)"
        ),
        {
            "id": new_id(),
            "user": user,
            "hash": hashed,
            "initial": is_initial,
            "until": now + INITIAL_LIFE if is_initial else None,
            "now": now,
        },
    )
    connection.execute(
        sa.text(
            "DELETE FROM user_passwords WHERE user_id = :user AND id NOT IN (SELECT id FROM "
            "user_passwords WHERE user_id = :user ORDER BY created_at DESC, id DESC LIMIT :n)"
        ),
        {"user": user, "n": HISTORY},
    )


def rehash(connection: sa.Connection, kept: Kept, hashed: str) -> None:
    """Replace the hash of the same password, unless it was changed meanwhile."""
    connection.execute(
        sa.text("UPDATE user_passwords SET hash = :new WHERE id = :id AND hash = :old"),
        {"new": hashed, "id": kept.id, "old": kept.hash},
    )
