"""Signing in and all that changes a sign-in: each try counted, each result recorded."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from runtime.accounts import (
    attempts,
    captcha,
    links,
    passwords,
    providers,
    roles,
    sessions,
    totp,
    users,
)
from runtime.accounts.access import Principal
from runtime.accounts.providers import Claim, PasswordProvider, Proof, Provider
from runtime.accounts.totp import Seals
from runtime.audit.models import Actor, Outcome
from runtime.audit.service import record
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.settings import Settings
from runtime.parameters.service import number_of

PASSWORD = PasswordProvider()


class Visitor(Struct, frozen=True):
    """The browser that asks, before we know who sits there."""

    address: str | None
    agent: str = ""


class Signed(Struct, frozen=True):
    """It worked: the token of a new session."""

    token: str


class Refused(Struct, frozen=True):
    """It did not: `code` names the words, `faults` what is wrong with a new password."""

    code: str
    wait_seconds: int = 0
    faults: Sequence[str] = ()


class Codes(Struct, frozen=True):
    """A second factor was set up: the new token and the recovery codes, shown once."""

    token: str
    codes: Sequence[str]


class Desk:
    """Where people sign in; one for each process."""

    def __init__(
        self,
        db: Database,
        *,
        secret: bytes,
        seals: Seals,
        settings: Settings,
        clock: Clock = system_clock,
    ) -> None:
        self.db = db
        self.secret = secret
        self.seals = seals
        self.clock = clock
        self.may_look = settings.demo and not settings.is_production

    # Captcha

    def asks_captcha(self, login: str, visitor: Visitor) -> bool:
        """Whether the next try of this name or from this address needs a captcha (S04)."""
        return self._asks_captcha(self._account(PASSWORD.aimed_at({"login": login})), visitor)

    def _asks_captcha(self, account: bytes | None, visitor: Visitor) -> bool:
        asked_from = number_of(self.db, "sign_in.captcha_from")
        with self.db.begin() as connection:
            address = attempts.count(connection, self._address(visitor), clock=self.clock)
            if account is None or address.failures >= attempts.ADDRESS_CAPTCHA_FROM:
                return address.failures >= attempts.ADDRESS_CAPTCHA_FROM
            tries = attempts.count(connection, account, clock=self.clock)
        return tries.failures >= asked_from

    def new_captcha(self) -> tuple[str, Sequence[int]]:
        """A captcha's id and the numbers of its worded question."""
        with self.db.begin() as connection:
            made = captcha.create(connection, clock=self.clock)
            return made, captcha.numbers_of(connection, made, clock=self.clock) or ()

    def picture_of(self, captcha_id: str) -> bytes | None:
        """The captcha's picture as PNG."""
        with self.db.begin() as connection:
            return captcha.picture_of(connection, captcha_id, clock=self.clock)

    # Signing in

    def sign_in(
        self,
        brought: Mapping[str, str],
        visitor: Visitor,
        *,
        solved: tuple[str, str] = ("", ""),
        provider: Provider = PASSWORD,
    ) -> Signed | Refused:
        """Check what the browser brought; `solved` is a captcha's id and the answer typed.

        Unknown and known names get the same words after the same work.
        """
        account = self._account(provider.aimed_at(brought))
        refused = self._admit(account, visitor, solved)
        if refused is not None:
            return refused
        proof = provider.prove(self.db, brought, clock=self.clock)
        with self.db.begin() as connection:
            if proof.user_id is None or not proof.is_proved:
                self._record_failure(connection, proof, visitor)
                return Refused("wrong")
            if account is not None:
                attempts.forget(connection, account)
            attempts.take_back(connection, self._address(visitor))
            return self._enter(connection, proof, visitor)

    def _admit(
        self, account: bytes | None, visitor: Visitor, solved: tuple[str, str]
    ) -> Refused | None:
        """Count the try before it is looked at, so that many at once are no more than five."""
        asks = self._asks_captcha(account, visitor)
        account_tries, address_tries = self._account_tries(), self._address_tries()
        with self.db.begin() as connection:
            address = self._address(visitor)
            if not attempts.reserve(connection, address, address_tries, clock=self.clock):
                return self._blocked(connection, address, visitor, "address")
            if asks and not captcha.solve(connection, *solved, clock=self.clock):
                return Refused("captcha")
            if account is not None and not attempts.reserve(
                connection, account, account_tries, clock=self.clock
            ):
                return self._blocked(connection, account, visitor, "account")
        return None

    def _account_tries(self) -> int:
        return number_of(self.db, "sign_in.account_tries")

    def _address_tries(self) -> int:
        return number_of(self.db, "sign_in.address_tries")

    def _blocked(
        self, connection: sa.Connection, counted: bytes, visitor: Visitor, what: str
    ) -> Refused:
        wait = attempts.count(connection, counted, clock=self.clock).wait_seconds
        actor = _stranger(visitor)
        record(
            connection,
            actor,
            "account.sign_in_blocked",
            what,
            counted.hex(),
            outcome="refused",
            clock=self.clock,
        )
        return Refused("blocked", wait_seconds=max(1, wait))

    def _enter(self, connection: sa.Connection, proof: Proof, visitor: Visitor) -> Signed | Refused:
        assert proof.user_id is not None
        kept = passwords.current(connection, proof.user_id)
        actor = self._actor(connection, proof.user_id, visitor)
        is_password = proof.claim.provider == PASSWORD.id
        until = kept.expires_at if kept and is_password else None
        if until is not None and until <= self.clock():
            self._note(connection, actor, "account.sign_in_failed", "refused", "expired")
            return Refused("expired")
        way: sessions.Way = "password" if is_password else "provider"
        token = sessions.start(
            connection,
            proof.user_id,
            way=way,
            address=visitor.address,
            agent=visitor.agent,
            clock=self.clock,
        )
        self._note(connection, actor, "account.signed_in", "ok", proof.claim.provider)
        return Signed(token)

    def use_link(self, token: str, visitor: Visitor) -> Signed | Refused:
        """Trade a one-time link for a session, always a new one."""
        address_tries = self._address_tries()
        with self.db.begin() as connection:
            address = self._address(visitor)
            if not attempts.reserve(connection, address, address_tries, clock=self.clock):
                return self._blocked(connection, address, visitor, "address")
            found = links.use(connection, token, clock=self.clock)
            if found is None or (found[1] == "look" and not self.may_look):
                stranger = _stranger(visitor)
                record(
                    connection,
                    stranger,
                    "account.link_refused",
                    "link",
                    "unknown",
                    outcome="refused",
                    clock=self.clock,
                )
                return Refused("link")
            attempts.take_back(connection, address)
            user_id, purpose = found
            actor = self._actor(connection, user_id, visitor)
            self._note(connection, actor, "account.signed_in", "ok", f"link_{purpose}")
            return Signed(
                sessions.start(
                    connection,
                    user_id,
                    way="look" if purpose == "look" else "link",
                    address=visitor.address,
                    agent=visitor.agent,
                    clock=self.clock,
                )
            )

    # Second factor

    def second(self, principal: Principal, code: str) -> Signed | Refused:
        """Show the second factor of a session that waits for it; the session gets a new token."""
        refused = self._spend_second(principal, code)
        if refused is not None:
            return refused
        with self.db.begin() as connection:
            token = sessions.rotate(connection, principal.session, is_second=True, clock=self.clock)
            self._note(connection, principal.actor(), "account.second_shown", "ok", "totp")
        return Refused("ended") if token is None else Signed(token)

    def _spend_second(self, principal: Principal, code: str) -> Refused | None:
        """Five tries in a quarter of an hour for each user, whatever the session (S08)."""
        counted, user = attempts.key(self.secret, "second", principal.user_id), principal.user_id
        with self.db.begin() as connection:
            limit = attempts.SECOND_LIMIT
            if not attempts.reserve(connection, counted, limit, clock=self.clock):
                wait = attempts.count(connection, counted, clock=self.clock).wait_seconds
                return Refused("blocked", wait_seconds=max(1, wait))
        with self.db.begin() as connection:
            is_digits = code.replace(" ", "").isdigit() and len(code.replace(" ", "")) == 6
            is_right = (
                totp.use_code(connection, self.seals, user, code, clock=self.clock)
                if is_digits
                else totp.use_recovery_code(connection, self.secret, user, code, clock=self.clock)
            )
            if not is_right:
                self._note(connection, principal.actor(), "account.second_failed", "failed", "code")
                return Refused("code")
            attempts.forget(connection, counted)
            if not is_digits:
                self._note(connection, principal.actor(), "account.recovery_used", "ok", "code")
        return None

    def offered_secret(self, principal: Principal) -> bytes:
        """The secret that this session may enrol."""
        return totp.pending_secret(self.secret, principal.user_id, principal.csrf)

    def asks_password(self, principal: Principal) -> bool:
        """Whether a second factor is set up only with the password: by whoever is in already, so
        that nobody who finds a session open locks its owner out."""
        with self.db.begin() as connection:
            kept = passwords.current(connection, principal.user_id)
        return principal.stage == "full" and kept is not None

    def enrol(self, principal: Principal, code: str, current: str = "") -> Codes | Refused:
        """Confirm the offered secret with its first code; gives the recovery codes."""
        if self.asks_password(principal):
            with self.db.begin() as connection:
                login = users.get(connection, principal.user_id).login
                kept = passwords.current(connection, principal.user_id)
            refused = self._check_current(principal, login, kept, current)
            if refused is not None:
                return refused
        secret = self.offered_secret(principal)
        step = totp.step_of(secret, code, clock=self.clock)
        if step is None:
            return Refused("code")
        with self.db.begin() as connection:
            user, clock = principal.user_id, self.clock
            if not totp.enrol(connection, self.seals, user, secret, step, clock=clock):
                return Refused("enrolled")
            codes = totp.new_recovery_codes(connection, self.secret, user)
            sessions.end_all(connection, user, but=principal.session)
            token = sessions.rotate(connection, principal.session, is_second=True, clock=self.clock)
            self._note(connection, principal.actor(), "account.second_enrolled", "ok", "totp")
        return Refused("ended") if token is None else Codes(token, codes)

    def remove_second(self, principal: Principal, code: str) -> Signed | Refused:
        """Give the second factor up, for another device; needs a code of the old one."""
        refused = self._spend_second(principal, code)
        if refused is not None:
            return refused
        with self.db.begin() as connection:
            totp.remove(connection, principal.user_id)
            sessions.end_all(connection, principal.user_id, but=principal.session)
            token = sessions.rotate(
                connection, principal.session, is_second=False, clock=self.clock
            )
            self._note(connection, principal.actor(), "account.second_removed", "ok", "self")
        return Refused("ended") if token is None else Signed(token)

    def renew_codes(self, principal: Principal, code: str) -> Sequence[str] | Refused:
        """Ten new recovery codes in place of the old ones; needs a code."""
        refused = self._spend_second(principal, code)
        if refused is not None:
            return refused
        with self.db.begin() as connection:
            made = totp.new_recovery_codes(connection, self.secret, principal.user_id)
            self._note(connection, principal.actor(), "account.codes_renewed", "ok", "self")
        return made

    # Password

    def needs_current(self, principal: Principal) -> bool:
        """Whether a new password asks for the current one: not right after a one-time link."""
        with self.db.begin() as connection:
            way = connection.execute(
                sa.text("SELECT way FROM user_sessions WHERE id = :id"),
                {"id": UUID(principal.session)},
            ).scalar_one_or_none()
        return not (way == "link" and principal.stage == "password")

    def change_password(self, principal: Principal, current: str, new: str) -> Signed | Refused:
        """A new password: needs the current one, ends every other session (S12)."""
        with self.db.begin() as connection:
            user = users.get(connection, principal.user_id)
            kept = passwords.current(connection, principal.user_id)
            old = passwords.last_hashes(connection, principal.user_id)
            grants = roles.grants_of(connection, principal.user_id)
            owner = passwords.Owner(
                user.login,
                user.name,
                users.phone_of(connection, self.seals, principal.user_id),
                bool(grants.permissions & sessions.ADMINISTERS),
            )
        if self.needs_current(principal):
            refused = self._check_current(principal, user.login, kept, current)
            if refused is not None:
                return refused
        faults = passwords.faults_of(new, owner)
        if not faults and any(passwords.is_right(one, new) for one in old):
            faults = ["used"]
        if faults:
            return Refused("password", faults=faults)
        return self._store(principal, kept, passwords.hash_password(new))

    def _check_current(
        self, principal: Principal, login: str, kept: passwords.Kept | None, current: str
    ) -> Refused | None:
        account = providers.counted_under(self.secret, PASSWORD.aimed_at({"login": login}))
        account_tries = self._account_tries()
        with self.db.begin() as connection:
            if not attempts.reserve(connection, account, account_tries, clock=self.clock):
                wait = attempts.count(connection, account, clock=self.clock).wait_seconds
                return Refused("blocked", wait_seconds=max(1, wait))
        is_right = passwords.is_right(kept.hash if kept else None, current)
        with self.db.begin() as connection:
            if is_right:
                attempts.forget(connection, account)
                return None
            self._note(
                connection, principal.actor(), "account.password_failed", "failed", "current"
            )
        return Refused("current")

    def _store(
        self, principal: Principal, kept: passwords.Kept | None, hashed: str
    ) -> Signed | Refused:
        user = principal.user_id
        with self.db.begin() as connection:
            connection.execute(
                sa.text("SELECT FROM users WHERE id = :user FOR UPDATE"), {"user": UUID(user)}
            )
            if passwords.current(connection, user) != kept:
                return Refused("current")
            passwords.store(connection, user, hashed, clock=self.clock)
            sessions.end_all(connection, user, but=principal.session)
            token = sessions.rotate(connection, principal.session, clock=self.clock)
            self._note(connection, principal.actor(), "account.password_changed", "ok", "self")
        return Refused("ended") if token is None else Signed(token)

    # Recording

    def sign_out(self, principal: Principal) -> None:
        """End the session at once."""
        with self.db.begin() as connection:
            sessions.end(connection, principal.session)
            self._note(connection, principal.actor(), "account.signed_out", "ok", "self")

    def end_own(self, principal: Principal, session_id: str | None) -> bool:
        """End one of the principal's sessions, or all but this one (S17)."""
        user = principal.user_id
        try:
            wanted = None if session_id is None else str(UUID(session_id))
        except ValueError:
            return False
        with self.db.begin() as connection:
            if wanted is None:
                sessions.end_all(connection, user, but=principal.session)
            elif not sessions.end(connection, wanted, user_id=user):
                return False
            self._note(connection, principal.actor(), "account.sessions_ended", "ok", "self")
        return True

    def _record_failure(self, connection: sa.Connection, proof: Proof, visitor: Visitor) -> None:
        actor = (
            _stranger(visitor)
            if proof.user_id is None
            else self._actor(connection, proof.user_id, visitor)
        )
        self._note(connection, actor, "account.sign_in_failed", "failed", proof.claim.provider)

    def _actor(self, connection: sa.Connection, user_id: str, visitor: Visitor) -> Actor:
        name = users.get(connection, user_id).name
        return Actor("staff", user_id, name, visitor.address, "staff", None)

    def _note(
        self,
        connection: sa.Connection,
        actor: Actor,
        action: str,
        outcome: Outcome,
        way: str,
    ) -> None:
        record(
            connection,
            actor,
            action,
            "user",
            actor.id,
            outcome=outcome,
            facts={"way": way},
            clock=self.clock,
        )

    def _account(self, claim: Claim | None) -> bytes | None:
        return None if claim is None else providers.counted_under(self.secret, claim)

    def _address(self, visitor: Visitor) -> bytes:
        return attempts.key(self.secret, "address", visitor.address or "unknown")


def _stranger(visitor: Visitor) -> Actor:
    return Actor("staff", "unknown", "unknown", visitor.address, "staff", None)
