"""Going on with a session on another device: a short code, used once, for ten minutes."""

import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa

from runtime.kit.db import Database
from runtime.kit.ids import hash_token
from runtime.kit.problems import Gone
from runtime.kit.words import say
from runtime.responses.results import Handover
from runtime.responses.state import Session

LIFE = timedelta(minutes=10)
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 12  # 60 bits: nobody guesses that within ten minutes


def _hash(code: str) -> bytes:
    return hash_token("handover|" + code.upper().replace("-", "").strip())


def offer(db: Database, session: Session, now: datetime) -> Handover:
    """A new code; earlier ones of the session are void."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    expires_at = now + LIFE
    with db.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM session_handovers WHERE session_id = :id"), {"id": session.id}
        )
        connection.execute(
            sa.text(
                "INSERT INTO session_handovers (code_hash, session_id, expires_at) "
                "VALUES (:hash, :id, :until)"
            ),
            {"hash": _hash(code), "id": session.id, "until": expires_at},
        )
    return Handover(code, expires_at)


_ACCEPT = sa.text("""
WITH code AS (
    UPDATE session_handovers SET used_at = :now
    WHERE code_hash = :code AND used_at IS NULL AND expires_at > :now
    RETURNING session_id
), old AS (
    SELECT s.id, s.token_hash FROM sessions s JOIN code ON code.session_id = s.id
    WHERE s.response_id IS NULL AND s.expires_at > :now FOR UPDATE OF s
), moved AS (
    UPDATE sessions SET token_hash = :token, channel = :channel, updated_at = :now,
           expires_at = GREATEST(sessions.expires_at, sessions.started_at + :life)
    FROM old WHERE sessions.id = old.id RETURNING sessions.id
)
INSERT INTO session_ended_tokens (token_hash, reason, ended_at)
SELECT token_hash, 'handed_over', :now FROM old WHERE id IN (SELECT id FROM moved)
""")


def accept(
    db: Database, code: str, token: str, life: timedelta, now: datetime, channel: str
) -> None:
    """Bind the session to a new token; two who try at once: one succeeds.

    Raises:
        Gone: the code is unknown, was used, or its time is over.
    """
    with db.begin() as connection:
        accepted = connection.execute(
            _ACCEPT,
            {
                "code": _hash(code),
                "token": hash_token(token),
                "channel": channel,
                "life": life,
                "now": now,
            },
        ).rowcount
    if accepted != 1:
        raise Gone("handover_code", say("handover_code", "en"))
