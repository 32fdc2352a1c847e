"""Staff accounts: made, found, disabled, unlocked; each change with its line in the audit trail."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts import attempts, links, passwords, providers, roles, sessions, totp
from runtime.accounts.totp import Seals
from runtime.audit.models import SYSTEM, Actor
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.ids import new_id
from runtime.kit.problems import NotFound, StateConflict, Unprocessable
from runtime.parameters.service import number_of

MAX_NAME = 60
PAGE_SIZE = 50
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class User(Struct, frozen=True):
    """One account without its secrets."""

    id: str
    login: str
    name: str
    lang: str | None
    state: str
    last_used_at: datetime | None
    created_at: datetime


class Search(Struct, frozen=True, kw_only=True):
    """What an account is looked for by; an empty text asks for nothing.

    `text` is part of the name or the beginning of the sign-in name.
    """

    text: str = ""
    role: str = ""
    state: str = ""


class Access(Struct, frozen=True, kw_only=True):
    """How somebody gets in: what is set up, and what keeps them out."""

    has_password: bool
    must_change: bool
    has_second: bool
    failures: int
    wait_seconds: int
    sessions: int


_COLUMNS = "SELECT id, login, name, lang, state, last_used_at, created_at FROM users"


def get(connection: sa.Connection, user_id: str) -> User:
    """An account by its id.

    Raises:
        NotFound: there is none.
    """
    return _one(connection, "id = :wanted", UUID(user_id))


def find(connection: sa.Connection, login: str) -> User:
    """An account by its sign-in name.

    Raises:
        NotFound: there is none.
    """
    return _one(connection, "login = :wanted", providers.login_of(login))


def _one(connection: sa.Connection, where: str, wanted: Any) -> User:
    row = connection.execute(
        sa.text(f"{_COLUMNS} WHERE {where}"),  # nosec B608 - one of our own two texts
        {"wanted": wanted},
    ).one_or_none()
    if row is None:
        raise NotFound("user", "There is no such account.")
    return User(str(row[0]), *row[1:])


_SEARCH = """
SELECT u.id, u.login, u.name, u.lang, u.state, u.last_used_at, u.created_at FROM users u
WHERE (:text = '' OR strpos(lower(u.name), :text) > 0 OR starts_with(u.login, :text))
AND (:state = '' OR u.state = :state)
AND (:role = '' OR EXISTS (SELECT FROM user_roles g WHERE g.user_id = u.id AND g.role_id = :role)
     OR :role = 'none' AND NOT EXISTS (SELECT FROM user_roles g WHERE g.user_id = u.id))
"""


def search(
    connection: sa.Connection, wanted: Search, after: tuple[str, str] | None = None
) -> tuple[list[User], tuple[str, str] | None]:
    """A page of accounts by name behind `after` (name, id), and where the next page begins.

    The role `none` finds those without any.
    """
    place = "AND (u.name, u.id) > (:after_name, CAST(:after_id AS uuid))" if after else ""
    values: dict[str, Any] = {
        "text": wanted.text.strip().lower(),
        "state": wanted.state,
        "role": wanted.role,
        "most": PAGE_SIZE + 1,
    }
    if after is not None:
        values |= {"after_name": after[0], "after_id": after[1]}
    rows = connection.execute(
        sa.text(f"{_SEARCH} {place} ORDER BY u.name, u.id LIMIT :most"),  # nosec B608 - our own words
        values,
    ).all()
    found = [User(str(row[0]), *row[1:]) for row in rows]
    shown = found[:PAGE_SIZE]
    return shown, (shown[-1].name, shown[-1].id) if len(found) > PAGE_SIZE else None


def count_found(connection: sa.Connection, wanted: Search) -> int:
    """How many accounts a search finds."""
    return connection.execute(
        sa.text(f"SELECT count(*) FROM ({_SEARCH}) f"),  # nosec B608 - our own words
        {"text": wanted.text.strip().lower(), "state": wanted.state, "role": wanted.role},
    ).scalar_one()


def access_of(
    connection: sa.Connection, secret: bytes, user: User, *, clock: Clock = system_clock
) -> Access:
    """How this account is entered at the moment."""
    kept = connection.execute(
        sa.text("SELECT must_change FROM user_passwords WHERE user_id = :user AND is_current"),
        {"user": UUID(user.id)},
    ).one_or_none()
    keys = _counted(connection, secret, user.id)
    counted = [attempts.count(connection, one, clock=clock) for one in keys]
    return Access(
        has_password=kept is not None,
        must_change=kept is not None and kept.must_change,
        has_second=totp.is_enrolled(connection, user.id),
        failures=max(one.failures for one in counted),
        wait_seconds=max(one.wait_seconds for one in counted),
        sessions=len(sessions.sessions_of(connection, user.id)),
    )


def create(
    connection: sa.Connection,
    login: str,
    name: str,
    *,
    lang: str | None = None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> str:
    """A new account without a password: a one-time link or an initial password opens it.

    Raises:
        Unprocessable: the sign-in name or the name cannot be used.
        StateConflict: somebody has this sign-in name.
    """
    kept, shown = providers.login_of(login), name.strip()
    if not _LOGIN.fullmatch(kept):
        message = "A sign-in name has 2 to 40 of the letters a to z, digits, dot, dash, underscore."
        raise Unprocessable("login", message)
    if not 0 < len(shown) <= MAX_NAME or not shown.isprintable():
        raise Unprocessable("name", f"A name has 1 to {MAX_NAME} characters.")
    user, now = new_id(), clock()
    made = connection.execute(
        sa.text(
            "INSERT INTO users (id, login, name, lang, state_at, created_at) "
            "VALUES (:id, :login, :name, :lang, :now, :now) ON CONFLICT (login) DO NOTHING"
        ),
        {"id": user, "login": kept, "name": shown, "lang": lang, "now": now},
    ).rowcount
    claim = providers.Claim(providers.PasswordProvider.id, "", kept)
    if not made or not providers.bind(connection, str(user), claim, clock=clock):
        raise StateConflict("login_taken", "Somebody has this sign-in name.")
    record(connection, actor, "account.created", "user", str(user), clock=clock)
    return str(user)


def ensure(connection: sa.Connection, login: str, name: str, *, clock: Clock = system_clock) -> str:
    """The id of the account of this sign-in name, made where there is none."""
    try:
        return find(connection, login).id
    except NotFound:
        return create(connection, login, name, clock=clock)


def set_contact(
    connection: sa.Connection,
    seals: Seals,
    user_id: str,
    *,
    phone: str | None,
    email: str | None,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> None:
    """Keep telephone and e-mail sealed, each with a blind index for exact search (S49, S51)."""
    given = {"phone": _digits(phone), "email": (email or "").strip().lower() or None}
    values: dict[str, Any] = {"user": UUID(user_id)}
    for column, text in given.items():
        values[column] = text and seals.seal("users", column, user_id, text)
        values[f"{column}_index"] = text and seals.index("users", column, text)
    connection.execute(
        sa.text(
            "UPDATE users SET phone = :phone, phone_index = :phone_index, email = :email, "
            "email_index = :email_index WHERE id = :user"
        ),
        values,
    )
    record(connection, actor, "account.contact_changed", "user", user_id, clock=clock)


def _digits(phone: str | None) -> str | None:
    return re.sub(r"\D", "", phone or "") or None


def phone_of(connection: sa.Connection, seals: Seals, user_id: str) -> str | None:
    """The telephone number in clear; for the rules of passwords, never for a page."""
    sealed = connection.execute(
        sa.text("SELECT phone FROM users WHERE id = :user"), {"user": UUID(user_id)}
    ).scalar_one_or_none()
    return None if sealed is None else seals.open("users", "phone", user_id, bytes(sealed))


def set_language(connection: sa.Connection, user_id: str, lang: str | None) -> None:
    """The language of the console for this user; None follows the browser."""
    connection.execute(
        sa.text("UPDATE users SET lang = :lang WHERE id = :user"),
        {"lang": lang, "user": UUID(user_id)},
    )


def give_initial_password(
    connection: sa.Connection, user_id: str, *, actor: Actor, clock: Clock = system_clock
) -> str:
    """A random password that lasts 24 hours and must be changed at the first sign-in (S11)."""
    password = passwords.random_password()
    hashed = passwords.hash_password(password)
    passwords.store(connection, user_id, hashed, is_initial=True, clock=clock)
    sessions.end_all(connection, user_id)
    record(connection, actor, "account.password_given", "user", user_id, clock=clock)
    return password


def give_link(
    connection: sa.Connection,
    user_id: str,
    purpose: links.Purpose = "set_up",
    *,
    actor: Actor = SYSTEM,
    clock: Clock = system_clock,
) -> str:
    """The secret of a one-time link into this account."""
    token = links.create(connection, user_id, purpose, clock=clock)
    facts = {"purpose": purpose}
    record(connection, actor, "account.link_given", "user", user_id, facts=facts, clock=clock)
    return token


def disable(
    connection: sa.Connection,
    user_id: str,
    why: str,
    *,
    actor: Actor,
    clock: Clock = system_clock,
) -> bool:
    """Close an account and end its sessions at once; False where it was closed already (S17).

    Raises:
        Forbidden: staff would close their own account.
        StateConflict: the last one who could grant rights, run or audit would be gone.
    """
    roles.refuse_own(actor, user_id)
    with roles.somebody_stays(connection):
        changed = _set_state(connection, user_id, "disabled", why, clock)
    sessions.end_all(connection, user_id)
    connection.execute(
        sa.text("DELETE FROM one_time_links WHERE user_id = :user"), {"user": UUID(user_id)}
    )
    if changed:
        facts = {"why": why}
        record(connection, actor, "account.disabled", "user", user_id, facts=facts, clock=clock)
    return changed


def enable(
    connection: sa.Connection, user_id: str, *, actor: Actor, clock: Clock = system_clock
) -> bool:
    """Open a closed account again; its ninety days start anew."""
    changed = _set_state(connection, user_id, "active", None, clock)
    if changed:
        record(connection, actor, "account.enabled", "user", user_id, clock=clock)
    return changed


def _set_state(
    connection: sa.Connection, user_id: str, state: str, why: str | None, clock: Clock
) -> bool:
    return bool(
        connection.execute(
            sa.text(
                "UPDATE users SET state = :state, state_why = :why, state_at = :now "
                "WHERE id = :user AND state <> :state"
            ),
            {"state": state, "why": why, "now": clock(), "user": UUID(user_id)},
        ).rowcount
    )


def unlock(
    connection: sa.Connection,
    secret: bytes,
    user_id: str,
    *,
    actor: Actor,
    clock: Clock = system_clock,
) -> bool:
    """Forget the failed tries of an account; tells whether there were any (S04)."""
    get(connection, user_id)
    counted = _counted(connection, secret, user_id)
    forgotten = [attempts.forget(connection, one) for one in counted]
    record(connection, actor, "account.unlocked", "user", user_id, clock=clock)
    return any(forgotten)


def _counted(connection: sa.Connection, secret: bytes, user_id: str) -> list[bytes]:
    """What an account's failures are counted under: each way in, and the second factor."""
    claims = providers.claims_of(connection, user_id)
    second = attempts.key(secret, "second", user_id)
    return [second, *(providers.counted_under(secret, one) for one in claims)]


def remove_second_factor(
    connection: sa.Connection, user_id: str, *, actor: Actor, clock: Clock = system_clock
) -> bool:
    """For who lost the telephone: forget the second factor, end every session."""
    removed = totp.remove(connection, user_id)
    sessions.end_all(connection, user_id)
    record(connection, actor, "account.second_removed", "user", user_id, clock=clock)
    return removed


def disable_unused(db: Database, clock: Clock = system_clock) -> int:
    """Close the accounts that nobody used for so many days (90); a scheduled job (S41).

    An account that was never used counts from its making, one opened again from that moment. The
    last one who can grant rights, open accounts, run or audit stays: of several, the one that was
    used last.
    """
    before = clock() - timedelta(days=number_of(db, "accounts.unused_days"))
    with db.begin() as connection:
        unused = connection.execute(
            sa.text(
                "SELECT id FROM users WHERE state = 'active' "
                "AND greatest(coalesce(last_used_at, created_at), state_at) < :before "
                "ORDER BY greatest(coalesce(last_used_at, created_at), state_at), id FOR UPDATE"
            ),
            {"before": before},
        ).scalars()
        closed = [_close_unused(connection, str(user), clock) for user in unused.all()]
    return sum(closed)


def _close_unused(connection: sa.Connection, user_id: str, clock: Clock) -> bool:
    try:
        return disable(connection, user_id, "unused", actor=SYSTEM, clock=clock)
    except StateConflict:
        facts = {"why": "last_holder"}
        record(connection, SYSTEM, "account.kept_unused", "user", user_id, facts=facts, clock=clock)
        return False
