"""Staff sessions: opaque tokens, hashed at rest, new at every step that grants more."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts import roles
from runtime.accounts.access import Principal
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import hash_token, new_id, new_token
from runtime.parameters.service import number_of

Way = Literal["password", "link", "look", "provider"]
Stage = Literal["full", "password", "totp", "enrol"]

SEEN_EVERY = timedelta(seconds=30)
HALF_LIFE = timedelta(minutes=10)
MAX_AGENT = 200

SEES_PATIENTS = frozenset(
    {"responses:read", "responses:export", "personal:unmask", "whistleblow:read"}
)
"""Who may do one of these needs a second factor (S05)."""

ADMINISTERS = frozenset(
    {"users:write", "roles:write", "parameters:write", "sessions:end", "audit:export", "backup:run"}
)
"""Who may do one of these is an administrator: shorter sessions, longer passwords, two factors."""


class Limits(Struct, frozen=True):
    """How long a session lives without a request, and at the most."""

    idle: timedelta
    absolute: timedelta


STAFF = Limits(timedelta(minutes=30), timedelta(hours=8))
"""The longest limits that parameters allow; sweeping and lists go by them."""


class Rules(Struct, frozen=True):
    """The limits in force, as the parameters set them (S16)."""

    staff: Limits
    administrator: Limits
    password_life: timedelta

    def limits_of(self, permissions: frozenset[str]) -> Limits:
        """The limits for what somebody may do."""
        return self.administrator if permissions & ADMINISTERS else self.staff


def rules_of(db: Database) -> Rules:
    """What is in force now."""
    longest = timedelta(hours=number_of(db, "sessions.hours"))
    idle = timedelta(minutes=number_of(db, "sessions.idle_minutes"))
    administrator = timedelta(minutes=number_of(db, "sessions.administrator_idle_minutes"))
    password = timedelta(days=number_of(db, "accounts.administrator_password_days"))
    return Rules(Limits(idle, longest), Limits(min(administrator, idle), longest), password)


class SessionLine(Struct, frozen=True):
    """One open session, as its owner and an administrator see it."""

    id: str
    way: str
    address: str | None
    agent: str
    created_at: datetime
    seen_at: datetime


class OpenSession(Struct, frozen=True):
    """One open session with its owner, as an administrator sees it."""

    line: SessionLine
    user: str
    name: str
    login: str


def needs_second_factor(permissions: frozenset[str]) -> bool:
    """Whether these permissions ask for a second factor."""
    return bool(permissions & (SEES_PATIENTS | ADMINISTERS))


def csrf_of(token: str) -> str:
    """What a form of this session carries; the token cannot be worked out from it."""
    return hashlib.sha256(b"csrf:" + token.encode("utf-8", "surrogatepass")).hexdigest()[:40]


_FIND = sa.text("""
SELECT s.id, s.user_id, s.way, s.is_second, s.created_at, s.seen_at, u.name, u.lang,
       p.must_change, p.expires_at, p.created_at AS password_at, t.confirmed_at
FROM user_sessions s
JOIN users u ON u.id = s.user_id AND u.state = 'active'
LEFT JOIN user_passwords p ON p.user_id = u.id AND p.is_current
LEFT JOIN user_totp t ON t.user_id = u.id AND t.confirmed_at IS NOT NULL
WHERE s.token_hash = :hash
""")


def principal_of(
    db: Database, token: str | None, *, address: str | None, clock: Clock = system_clock
) -> Principal | None:
    """Who this cookie stands for, with the rights as they are at this moment.

    None for an unknown token, a session past its limits, or a disabled account. A session that
    still waits for a password or a second factor has that `stage` and no permissions.
    """
    if not token:
        return None
    now, rules = clock(), rules_of(db)
    with db.begin() as connection:
        row = connection.execute(_FIND, {"hash": hash_token(token)}).one_or_none()
        if row is None:
            return None
        grants = roles.grants_of(connection, str(row.user_id), clock=clock)
        stage = _stage(row, grants.permissions, now, rules)
        if _is_over(row, stage, rules.limits_of(grants.permissions), now):
            end(connection, str(row.id))
            return None
        _keep_awake(connection, row, now)
    is_full = stage == "full"
    return Principal(
        user_id=str(row.user_id),
        name=row.name,
        permissions=grants.permissions if is_full else frozenset(),
        reach=grants.reach,
        exports=grants.exports,
        unmasking=grants.unmasking if is_full else (),
        session=str(row.id),
        lang=row.lang,
        stage=stage,
        csrf=csrf_of(token),
        address=address,
    )


def _stage(row: Any, permissions: frozenset[str], now: datetime, rules: Rules) -> Stage:
    """What this session still waits for."""
    if row.way == "look":
        return "full"
    if row.confirmed_at is not None and not row.is_second:
        return "totp"
    if _wants_password(row, permissions, now, rules):
        return "password"
    if row.confirmed_at is None and needs_second_factor(permissions):
        return "enrol"
    return "full"


def _wants_password(row: Any, permissions: frozenset[str], now: datetime, rules: Rules) -> bool:
    if row.password_at is None or row.way == "provider":
        return row.way == "link"
    if row.must_change:
        return True
    is_old = now - row.password_at > rules.password_life
    return is_old and bool(permissions & ADMINISTERS)


def _is_over(row: Any, stage: Stage, limits: Limits, now: datetime) -> bool:
    longest = limits.absolute if stage == "full" else HALF_LIFE
    return now - row.seen_at > limits.idle or now - row.created_at > longest


def _keep_awake(connection: sa.Connection, row: Any, now: datetime) -> None:
    """Note the use, at most twice a minute, so that reading pages costs no write."""
    if now - row.seen_at < SEEN_EVERY:
        return
    connection.execute(
        sa.text("UPDATE user_sessions SET seen_at = :now WHERE id = :id"),
        {"now": now, "id": row.id},
    )
    connection.execute(
        sa.text("UPDATE users SET last_used_at = :now WHERE id = :id"),
        {"now": now, "id": row.user_id},
    )


def start(
    connection: sa.Connection,
    user_id: str,
    *,
    way: Way = "password",
    is_second: bool = False,
    address: str | None = None,
    agent: str = "",
    clock: Clock = system_clock,
) -> str:
    """A new session of this user; gives the token, of which only a hash is kept."""
    token, now = new_token("hsw"), clock()
    connection.execute(
        sa.text(
            "INSERT INTO user_sessions (id, token_hash, user_id, way, is_second, address, agent, "
            "created_at, seen_at) VALUES "
            "(:id, :hash, :user, :way, :second, :address, :agent, :now, :now)"
        ),
        {
            "id": new_id(),
            "hash": hash_token(token),
            "user": UUID(user_id),
            "way": way,
            "second": is_second,
            "address": address,
            "agent": agent[:MAX_AGENT],
            "now": now,
        },
    )
    connection.execute(
        sa.text("UPDATE users SET last_used_at = :now WHERE id = :id"),
        {"now": now, "id": UUID(user_id)},
    )
    return token


def rotate(
    connection: sa.Connection,
    session_id: str,
    *,
    is_second: bool | None = None,
    clock: Clock = system_clock,
) -> str | None:
    """A new token for this session; the old one is dead at once. None where the session is gone.

    The age starts anew only with a second factor just shown (`is_second`), since the sign-in ends
    with it.
    """
    token = new_token("hsw")
    changed = connection.execute(
        sa.text(
            "UPDATE user_sessions SET token_hash = :hash, seen_at = :now, "
            "created_at = CASE WHEN CAST(:second AS boolean) THEN :now ELSE created_at END, "
            "is_second = coalesce(CAST(:second AS boolean), is_second) WHERE id = :id"
        ),
        {"hash": hash_token(token), "now": clock(), "second": is_second, "id": UUID(session_id)},
    ).rowcount
    return token if changed else None


def end(connection: sa.Connection, session_id: str, *, user_id: str | None = None) -> bool:
    """End a session at once; with `user_id` only if it is that user's."""
    return bool(
        connection.execute(
            sa.text(
                "DELETE FROM user_sessions WHERE id = :id "
                "AND (CAST(:user AS uuid) IS NULL OR user_id = :user)"
            ),
            {"id": UUID(session_id), "user": None if user_id is None else UUID(user_id)},
        ).rowcount
    )


def end_all(connection: sa.Connection, user_id: str, *, but: str | None = None) -> int:
    """End every session of a user, save the one of id `but`; tells how many."""
    return connection.execute(
        sa.text(
            "DELETE FROM user_sessions WHERE user_id = :user "
            "AND (CAST(:but AS uuid) IS NULL OR id <> :but)"
        ),
        {"user": UUID(user_id), "but": None if but is None else UUID(but)},
    ).rowcount


def sweep(db: Database, clock: Clock = system_clock) -> int:
    """Delete sessions past every limit, and one-time links past theirs; a scheduled job.

    A session past its own shorter limit is refused and deleted at its next request.
    """
    now = clock()
    with db.begin() as connection:
        gone = connection.execute(
            sa.text("DELETE FROM user_sessions WHERE seen_at < :idle OR created_at < :absolute"),
            {"idle": now - STAFF.idle, "absolute": now - STAFF.absolute},
        ).rowcount
        connection.execute(
            sa.text("DELETE FROM one_time_links WHERE expires_at < :now"), {"now": now}
        )
    return gone


def sessions_of(connection: sa.Connection, user_id: str) -> list[SessionLine]:
    """A user's open sessions, the last used first."""
    rows = connection.execute(
        sa.text(
            "SELECT id, way, address, agent, created_at, seen_at FROM user_sessions "
            "WHERE user_id = :user ORDER BY seen_at DESC"
        ),
        {"user": UUID(user_id)},
    )
    return [
        SessionLine(str(row.id), row.way, row.address, row.agent, row.created_at, row.seen_at)
        for row in rows
    ]


PAGE_SIZE = 50
_OPEN = """
SELECT s.id, s.way, s.address, s.agent, s.created_at, s.seen_at, s.user_id, u.name, u.login
FROM user_sessions s JOIN users u ON u.id = s.user_id
WHERE s.seen_at > :idle AND s.created_at > :absolute
AND (:text = '' OR strpos(lower(u.name), :text) > 0 OR starts_with(u.login, :text)
     OR s.address = :text)
"""


def open_sessions(
    connection: sa.Connection,
    text: str = "",
    after: tuple[datetime, str] | None = None,
    *,
    clock: Clock = system_clock,
) -> tuple[list[OpenSession], tuple[datetime, str] | None]:
    """A page of everybody's sessions, the newest sign-in first, and where the next page begins.

    `text` is part of a name, the beginning of a sign-in name, or a whole address.
    """
    now = clock()
    place = "AND (s.created_at, s.id) < (:at, CAST(:id AS uuid))" if after else ""
    values: dict[str, Any] = {
        "text": text.strip().lower(),
        "idle": now - STAFF.idle,
        "absolute": now - STAFF.absolute,
        "most": PAGE_SIZE + 1,
    }
    if after is not None:
        values |= {"at": after[0], "id": after[1]}
    rows = connection.execute(
        sa.text(f"{_OPEN} {place} ORDER BY s.created_at DESC, s.id DESC LIMIT :most"),  # nosec B608
        values,
    ).all()
    shown = [
        OpenSession(SessionLine(str(row[0]), *row[1:6]), str(row.user_id), row.name, row.login)
        for row in rows[:PAGE_SIZE]
    ]
    last = shown[-1].line if len(rows) > PAGE_SIZE else None
    return shown, None if last is None else (last.created_at, last.id)


def owner_of(connection: sa.Connection, session_id: str) -> str | None:
    """Whose session this is."""
    found = connection.execute(
        sa.text("SELECT user_id FROM user_sessions WHERE id = :id"), {"id": UUID(session_id)}
    ).scalar_one_or_none()
    return None if found is None else str(found)
