"""API tokens, hashed at rest, and one-time sign-in links for the first look as staff."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa

from runtime.accounts.models import SCOPES, Caller
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import hash_token, new_id, new_token
from runtime.kit.problems import Forbidden, NotSignedIn, Unprocessable

LINK_LIFE = timedelta(hours=24)
IDLE_LIFE = timedelta(minutes=30)
ABSOLUTE_LIFE = timedelta(hours=8)
API_PREFIX = "hsa"


def create_token(
    db: Database, name: str, scopes: Sequence[str], *, clock: Clock = system_clock
) -> str:
    """A new API token; only its hash is kept, so this is the one time it can be seen."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        message = f"No such scope: {', '.join(unknown)}." if unknown else "Name a scope."
        raise Unprocessable("scope", f"{message} Scopes are {', '.join(SCOPES)}.")
    token = new_token(API_PREFIX)
    with db.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO api_tokens (id, name, token_hash, scopes, created_at) "
                "VALUES (:id, :name, :hash, :scopes, :now)"
            ),
            {
                "id": new_id(),
                "name": name,
                "hash": hash_token(token),
                "scopes": sorted(set(scopes)),
                "now": clock(),
            },
        )
    return token


def revoke_token(db: Database, name: str, *, clock: Clock = system_clock) -> int:
    """End every token of this name; gives how many."""
    with db.begin() as connection:
        return connection.execute(
            sa.text(
                "UPDATE api_tokens SET revoked_at = :now WHERE name = :name AND revoked_at IS NULL"
            ),
            {"now": clock(), "name": name},
        ).rowcount


def caller_of(db: Database, token: str, *, clock: Clock = system_clock) -> Caller:
    """Who shows this API token.

    Raises:
        NotSignedIn: unknown, expired or revoked.
    """
    with db.begin() as connection:
        row = connection.execute(
            sa.text(
                "SELECT id, name, scopes FROM api_tokens WHERE token_hash = :hash "
                "AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
            ),
            {"hash": hash_token(token), "now": clock()},
        ).one_or_none()
    if row is None:
        raise NotSignedIn("token", "This token is unknown, has expired or was revoked.")
    return Caller(str(row.id), row.name, frozenset(row.scopes))


def require_scope(caller: Caller | None, scope: str) -> Caller:
    """The caller, if the token carries `scope`.

    Raises:
        NotSignedIn: no token was sent.
        Forbidden: the token lacks the scope.
    """
    if caller is None:
        raise NotSignedIn("token", "Send Authorization: Bearer <token>.")
    if scope not in caller.scopes:
        raise Forbidden("scope", f"This token lacks the scope {scope}.")
    return caller


def create_sign_in_link(db: Database, *, clock: Clock = system_clock) -> str:
    """The secret of a link that signs one browser in, once, within a day."""
    token = new_token("hsl")
    with db.begin() as connection:
        connection.execute(
            sa.text("INSERT INTO staff_links (token_hash, expires_at) VALUES (:hash, :until)"),
            {"hash": hash_token(token), "until": clock() + LINK_LIFE},
        )
    return token


def sign_in(db: Database, link: str, *, clock: Clock = system_clock) -> str:
    """Trade a link for a new session token; two who try at once: one succeeds.

    Raises:
        NotSignedIn: unknown, used or expired.
    """
    now = clock()
    token = new_token("hsw")
    with db.begin() as connection:
        used = connection.execute(
            sa.text(
                "UPDATE staff_links SET used_at = :now WHERE token_hash = :hash "
                "AND used_at IS NULL AND expires_at > :now"
            ),
            {"now": now, "hash": hash_token(link)},
        ).rowcount
        if not used:
            raise NotSignedIn("link", "This sign-in link is unknown, was used, or has expired.")
        connection.execute(
            sa.text(
                "INSERT INTO staff_sessions (token_hash, created_at, seen_at) "
                "VALUES (:hash, :now, :now)"
            ),
            {"hash": hash_token(token), "now": now},
        )
    return token


def is_signed_in(db: Database, token: str | None, *, clock: Clock = system_clock) -> bool:
    """Whether the cookie's token is a session that is neither idle nor too old; keeps it awake."""
    if not token:
        return False
    now = clock()
    with db.begin() as connection:
        return bool(
            connection.execute(
                sa.text(
                    "UPDATE staff_sessions SET seen_at = :now WHERE token_hash = :hash "
                    "AND seen_at > :idle AND created_at > :oldest"
                ),
                {
                    "now": now,
                    "hash": hash_token(token),
                    "idle": now - IDLE_LIFE,
                    "oldest": now - ABSOLUTE_LIFE,
                },
            ).rowcount
        )


def sign_out(db: Database, token: str) -> None:
    """End a staff session at once."""
    with db.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM staff_sessions WHERE token_hash = :hash"),
            {"hash": hash_token(token)},
        )
