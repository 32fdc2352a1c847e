"""API tokens for integrators, hashed at rest."""

from collections.abc import Sequence

import sqlalchemy as sa

from runtime.accounts.models import SCOPES, Caller
from runtime.audit.models import SYSTEM
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import hash_token, new_id, new_token
from runtime.kit.problems import Forbidden, NotSignedIn, Unprocessable

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
        facts = {"scopes": sorted(set(scopes))}
        record(connection, SYSTEM, "token.created", "token", name, facts=facts, clock=clock)
    return token


def revoke_token(db: Database, name: str, *, clock: Clock = system_clock) -> int:
    """End every token of this name; gives how many."""
    with db.begin() as connection:
        record(connection, SYSTEM, "token.revoked", "token", name, clock=clock)
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


def require_scope(
    db: Database, caller: Caller | None, scope: str, *, address: str | None = None
) -> Caller:
    """The caller, if the token carries `scope`; a refusal is recorded.

    Raises:
        NotSignedIn: no token was sent.
        Forbidden: the token lacks the scope.
    """
    if caller is None:
        raise NotSignedIn("token", "Send Authorization: Bearer <token>.")
    if scope not in caller.scopes:
        with db.begin() as connection:
            actor = caller.actor(address)
            record(connection, actor, "access.refused", "scope", scope, outcome="refused")
        raise Forbidden("scope", f"This token lacks the scope {scope}.")
    return caller
