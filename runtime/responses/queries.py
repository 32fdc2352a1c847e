"""The session's and the response's SQL; the page step is one read and one conditional write."""

from uuid import UUID

import msgspec
import sqlalchemy as sa

from runtime.audit.service import INSERT_LINE
from runtime.kit.db import Psycopg
from runtime.kit.problems import TooLarge
from runtime.kit.words import say
from runtime.responses.personal import open_draft, open_outcome, seal_draft
from runtime.responses.state import MAX_STATE_BYTES, Session, state_decoder, state_encoder
from runtime.responses.turn import Turn
from runtime.secrets.vault import Vault

_LOAD = b"""
SELECT s.id, s.survey_id, s.survey_version, s.channel, s.site, s.lang, s.seed, s.context, s.state,
       s.rev, s.started_at, s.expires_at, s.response_id, s.outcome, p.answers
FROM sessions s LEFT JOIN session_personal p ON p.session_id = s.id
WHERE s.token_hash = %s
"""

_STORE = b"""
UPDATE sessions SET state = %s, rev = %s, lang = %s, updated_at = %s
WHERE id = %s AND rev = %s AND response_id IS NULL
"""

_STORE_BOTH = b"""
WITH stored AS (
    UPDATE sessions SET state = %s, rev = %s, lang = %s, updated_at = %s
    WHERE id = %s AND rev = %s AND response_id IS NULL RETURNING id
)
INSERT INTO session_personal (session_id, answers) SELECT id, %s FROM stored
ON CONFLICT (session_id) DO UPDATE SET answers = excluded.answers
"""


def load_session(connection: Psycopg, token_hash: bytes, vault: Vault) -> Session | None:
    """The session that a token opens, or None."""
    row = connection.execute(_LOAD, (token_hash,), binary=True).fetchone()
    if row is None:
        return None
    state = state_decoder.decode(row[8]) if row[8] else state_decoder.decode(b"{}")
    answers = dict(state.answers)
    if row[14]:
        answers |= open_draft(vault, row[0], row[14])
    return Session(
        id=row[0],
        survey_id=row[1],
        survey_version=row[2],
        channel=row[3],
        site=row[4],
        lang=row[5],
        seed=row[6],
        context=msgspec.json.decode(row[7]),
        state=state,
        answers=answers,
        rev=row[9],
        started_at=row[10],
        expires_at=row[11],
        response_id=row[12],
        outcome=None if row[13] is None else open_outcome(vault, row[0], row[13]),
    )


def store_turn(connection: Psycopg, turn: Turn, vault: Vault) -> bool:
    """Write what a turn made of its session, unless somebody wrote it since; tells whether it did.

    Raises:
        TooLarge: the answers are more than any survey needs.
    """
    session = turn.session
    plain, personal = turn.split_answers(session.answers)
    session.state.answers = plain
    session.rev = turn.old_rev + 1
    state = state_encoder.encode(session.state)
    if len(state) + len(msgspec.json.encode(personal)) > MAX_STATE_BYTES:
        raise TooLarge("answers_size", say("answers_size", session.lang))
    head = (state, session.rev, session.lang, turn.now, session.id, turn.old_rev)
    if turn.personal_changed:
        sealed = seal_draft(vault, session.id, personal)
        return connection.execute(_STORE_BOTH, (*head, sealed)).rowcount == 1
    return connection.execute(_STORE, head).rowcount == 1


def why_ended(connection: Psycopg, token_hash: bytes) -> str | None:
    """Why a token that opened a session opens none any more, or None if it never did."""
    row = connection.execute(
        b"SELECT reason FROM session_ended_tokens WHERE token_hash = %s", (token_hash,)
    ).fetchone()
    return None if row is None else row[0]


INSERT_SESSION = (
    b"""
WITH begun AS (
INSERT INTO sessions (id, token_hash, survey_id, survey_version, channel, site, lang, seed, context,
                      state, rev, started_at, updated_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1, %s, %s, %s))
"""
    + INSERT_LINE
)
"""The session and its audit line in one statement: beginning costs no further round trip."""

SUBMIT_SESSION = sa.text("""
UPDATE sessions SET response_id = :response, outcome = :outcome, state = :state, rev = rev + 1,
       updated_at = :now, idempotency_key = :key
WHERE id = :id AND rev = :rev AND response_id IS NULL RETURNING id
""")

FORGET_PERSONAL = sa.text("DELETE FROM session_personal WHERE session_id = :id")

INSERT_RESPONSE = sa.text("""
INSERT INTO responses (site, month, id, session_id, survey_id, survey_version, department, channel,
    lang, started_at, submitted_at, context, answers, path, asked, computed, scores, lowest_band,
    ending, times)
VALUES (:site, :month, :id, :session, :survey, :version, :department, :channel, :lang, :started,
    :now, CAST(:context AS jsonb), CAST(:answers AS jsonb), :path, :asked, CAST(:computed AS jsonb),
    CAST(:scores AS jsonb), :lowest_band, :ending, CAST(:times AS jsonb))
""")

INSERT_FEED_PENDING = sa.text("""
INSERT INTO response_feed_pending (response_id, site, month, survey_id, submitted_at)
VALUES (:id, :site, :month, :survey, :now)
""")


def as_uuid(text: str) -> UUID | None:
    """The text as a UUID, or None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
