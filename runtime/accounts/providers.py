"""Ways to prove who one is, behind one port: a password now, a certificate or WeCom later.

A provider turns what the browser brought into a claim (provider, application, subject); the table
`user_identities` says whose claim that is. Nothing else in the accounts knows the providers: tries
are counted under the claim that a provider says they are aimed at.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct, json

from runtime.accounts import attempts, passwords
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database


class Claim(Struct, frozen=True):
    """Who somebody is in the words of a provider; the three together are the key (S13)."""

    provider: str
    application: str
    subject: str


class Proof(Struct, frozen=True):
    """What a provider found: whose claim, and whether it was proved."""

    claim: Claim
    user_id: str | None
    is_proved: bool


class Provider(Protocol):
    """One way to prove an identity."""

    id: str

    def aimed_at(self, brought: Mapping[str, str]) -> Claim | None:
        """Whose claim a try is aimed at, read before anything is checked: tries of it are counted.

        None where that is not told before the proof; then only the address is counted.
        """
        ...

    def prove(self, db: Database, brought: Mapping[str, str], *, clock: Clock) -> Proof:
        """Check what the browser brought; never tells by its time whether the user exists."""
        ...


class PasswordProvider:
    """A sign-in name and a password."""

    id = "password"

    def aimed_at(self, brought: Mapping[str, str]) -> Claim:
        """The sign-in name typed, whether there is such an account or not."""
        return Claim(self.id, "", login_of(brought.get("login", "")))

    def prove(self, db: Database, brought: Mapping[str, str], *, clock: Clock) -> Proof:
        """Check the password against its hash, or against nobody's where there is no account."""
        claim = self.aimed_at(brought)
        with db.begin() as connection:
            user_id = user_of(connection, claim)
            kept = None if user_id is None else passwords.current(connection, user_id)
        password = brought.get("password", "")
        is_proved = passwords.is_right(kept.hash if kept else None, password)
        if is_proved and kept is not None and passwords.needs_rehash(kept.hash):
            renewed = passwords.hash_password(password)
            with db.begin() as connection:
                passwords.rehash(connection, kept, renewed)
        return Proof(claim, user_id, is_proved)


def login_of(typed: str) -> str:
    """A sign-in name as it is kept: trimmed, in lower case."""
    return typed.strip().lower()[:100].replace("\0", "")


def user_of(connection: sa.Connection, claim: Claim) -> str | None:
    """Whose claim this is; only an active account counts."""
    found = connection.execute(
        sa.text(
            "SELECT u.id FROM user_identities i JOIN users u ON u.id = i.user_id "
            "WHERE i.provider = :provider AND i.application = :application "
            "AND i.subject = :subject AND u.state = 'active'"
        ),
        {
            "provider": claim.provider,
            "application": claim.application,
            "subject": claim.subject,
        },
    ).scalar_one_or_none()
    return None if found is None else str(found)


def claims_of(connection: sa.Connection, user_id: str) -> list[Claim]:
    """Every way in that a user has."""
    rows = connection.execute(
        sa.text(
            "SELECT provider, application, subject FROM user_identities WHERE user_id = :user "
            "ORDER BY provider, application, subject"
        ),
        {"user": UUID(user_id)},
    )
    return [Claim(*row) for row in rows]


def counted_under(secret: bytes, claim: Claim) -> bytes:
    """What the tries aimed at a claim are counted under; see `attempts.key`."""
    return attempts.key(secret, "account", json.encode(claim).decode())


def bind(
    connection: sa.Connection, user_id: str, claim: Claim, *, clock: Clock = system_clock
) -> bool:
    """Give a user another way in; False where the claim is somebody's already."""
    return bool(
        connection.execute(
            sa.text(
                "INSERT INTO user_identities (provider, application, subject, user_id, created_at) "
                "VALUES (:provider, :application, :subject, :user, :now) ON CONFLICT DO NOTHING"
            ),
            {
                "provider": claim.provider,
                "application": claim.application,
                "subject": claim.subject,
                "user": UUID(user_id),
                "now": clock(),
            },
        ).rowcount
    )
