"""One-time links: how an account is first entered, since none has a password to begin with."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from runtime.kit.clock import Clock, system_clock
from runtime.kit.ids import hash_token, new_token

Purpose = Literal["set_up", "look"]
LIFE = timedelta(hours=24)


def create(
    connection: sa.Connection,
    user_id: str,
    purpose: Purpose = "set_up",
    *,
    clock: Clock = system_clock,
) -> str:
    """The secret of a link that lasts a day and works once; older unused ones of the user end.

    `set_up` leads to choosing a password; `look` opens the demo without one and is refused in
    production.
    """
    token, user = new_token("hsl"), UUID(user_id)
    connection.execute(
        sa.text("DELETE FROM one_time_links WHERE user_id = :user AND purpose = :purpose"),
        {"user": user, "purpose": purpose},
    )
    connection.execute(
        sa.text(
            "INSERT INTO one_time_links (token_hash, user_id, purpose, expires_at) "
            "VALUES (:hash, :user, :purpose, :until)"
        ),
        {"hash": hash_token(token), "user": user, "purpose": purpose, "until": clock() + LIFE},
    )
    return token


def use(
    connection: sa.Connection, token: str, *, clock: Clock = system_clock
) -> tuple[str, Purpose] | None:
    """Spend a link; two who try at once: one succeeds. Gives the user and the purpose."""
    row = connection.execute(
        sa.text(
            "UPDATE one_time_links l SET used_at = :now FROM users u WHERE l.token_hash = :hash "
            "AND l.used_at IS NULL AND l.expires_at > :now "
            "AND u.id = l.user_id AND u.state = 'active' RETURNING l.user_id, l.purpose"
        ),
        {"now": clock(), "hash": hash_token(token)},
    ).one_or_none()
    return None if row is None else (str(row.user_id), row.purpose)
