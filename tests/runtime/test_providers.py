"""Another way to sign in, written here alone: the accounts take it without knowing it."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from runtime.accounts import passwords, providers, sessions, users
from runtime.accounts.providers import Claim, Proof
from runtime.accounts.sign_in import Desk, Refused, Signed, Visitor
from runtime.audit.models import SYSTEM
from runtime.kit.clock import Clock
from runtime.kit.db import Database
from runtime.wiring import Deployment

ISSUER_KEY = b"the card issuer's own key"
GOOD = "Lm7#tarvoqie"
HERE = Visitor("10.1.2.3", "a browser")


class StaffCard:
    """A card with a number, and the issuer's signature over it for one hospital's application."""

    id = "staff_card"

    def __init__(self, application: str) -> None:
        self.application = application

    def aimed_at(self, brought: Mapping[str, str]) -> Claim | None:
        return Claim(self.id, self.application, brought["card"]) if brought.get("card") else None

    def prove(self, db: Database, brought: Mapping[str, str], *, clock: Clock) -> Proof:
        claim = self.aimed_at(brought) or Claim(self.id, self.application, "")
        is_signed = hmac.compare_digest(brought["mark"], self.sign(claim))
        with db.begin() as connection:
            return Proof(claim, providers.user_of(connection, claim), is_signed)

    @staticmethod
    def sign(claim: Claim) -> str:
        """What the issuer's device would have brought."""
        text = f"{claim.application}|{claim.subject}".encode()
        return hmac.new(ISSUER_KEY, text, hashlib.sha256).hexdigest()


class StaffDoor(StaffCard):
    """The same behind the issuer's own page: what comes back tells nothing before it is opened."""

    id = "staff_door"

    def aimed_at(self, brought: Mapping[str, str]) -> Claim | None:
        return None

    def prove(self, db: Database, brought: Mapping[str, str], *, clock: Clock) -> Proof:
        claim = Claim(self.id, self.application, brought["code"].partition("|")[0])
        is_signed = brought["code"] == f"{claim.subject}|{self.sign(claim)}"
        with db.begin() as connection:
            return Proof(claim, providers.user_of(connection, claim), is_signed)


CARD, DOOR = StaffCard("north"), StaffDoor("north")


@pytest.fixture
def nurse(deployment: Deployment) -> str:
    """Somebody with a password, a card and the door."""
    with deployment.db.begin() as connection:
        user = users.create(connection, "nurse.li", "李护士")
        passwords.store(connection, user, passwords.hash_password(GOOD))
        for claim in (Claim(CARD.id, "north", "7001"), Claim(DOOR.id, "north", "7001")):
            assert providers.bind(connection, user, claim)
    return user


def card(number: str, application: str = "north") -> dict[str, str]:
    """What the browser brings of a card that was really issued."""
    return {"card": number, "mark": StaffCard.sign(Claim(CARD.id, application, number))}


def refused(result: Signed | Refused) -> str:
    assert isinstance(result, Refused), result
    return result.code


def _solved(desk: Desk) -> tuple[str, str]:
    made, numbers = desk.new_captcha()
    return made, str(max(numbers) + min(numbers))


def test_a_bound_card_opens_a_session_of_its_own(deployment: Deployment, nurse: str) -> None:
    """No password is asked for, the trail says which way; another's, altered or foreign: no.

    # S13 (part)
    """
    desk = deployment.desk
    result = desk.sign_in(card("7001"), HERE, provider=CARD)
    assert isinstance(result, Signed)
    principal = sessions.principal_of(deployment.db, result.token, address=None)
    assert principal is not None and (principal.user_id, principal.stage) == (nurse, "full")
    for brought in (
        card("7002"),
        card("7001", "south"),
        card("7001") | {"mark": "0" * 64},
        {"card": "nurse.li", "mark": card("nurse.li")["mark"]},
    ):
        result = desk.sign_in(brought, HERE, solved=_solved(desk), provider=CARD)
        assert refused(result) == "wrong"
    with deployment.db.begin() as connection:
        rows = connection.exec_driver_sql(
            "SELECT action, facts->>'way' FROM audit_lines WHERE action LIKE 'account.sign%%'"
            " ORDER BY id"
        ).all()
    assert rows[0] == ("account.signed_in", "staff_card")
    assert {tuple(row) for row in rows[1:]} == {("account.sign_in_failed", "staff_card")}


def test_tries_are_counted_under_what_the_provider_names(
    deployment: Deployment, nurse: str
) -> None:
    """Five wrong tries lock that card alone: not the password, not another card. # S04 (part)"""
    desk = deployment.desk
    wrong = card("7001") | {"mark": "0" * 64}
    for number in range(5):
        there = Visitor(f"10.0.0.{number}")
        solved = _solved(desk)
        assert refused(desk.sign_in(wrong, there, solved=solved, provider=CARD)) == "wrong"
    captcha = _solved(desk)
    assert refused(desk.sign_in(card("7001"), HERE, solved=captcha, provider=CARD)) == "blocked"
    assert refused(desk.sign_in(card("7002"), HERE, provider=CARD)) == "wrong"
    assert isinstance(desk.sign_in({"login": "nurse.li", "password": GOOD}, HERE), Signed)
    with deployment.db.begin() as connection:
        found = users.find(connection, "nurse.li")
        assert users.access_of(connection, desk.secret, found).failures == 5
        assert users.unlock(connection, desk.secret, nurse, actor=SYSTEM)
    assert isinstance(desk.sign_in(card("7001"), HERE, provider=CARD), Signed)


def test_a_provider_that_tells_nothing_before_is_counted_by_address(
    deployment: Deployment, nurse: str
) -> None:
    """A made-up code locks nobody out, and twenty end the address's tries. # S04 (part)"""
    desk = deployment.desk
    for _ in range(20):
        wrong = {"code": "7001|" + "0" * 64}
        assert refused(desk.sign_in(wrong, HERE, solved=_solved(desk), provider=DOOR)) == "wrong"
    good = {"code": f"7001|{StaffDoor.sign(Claim(DOOR.id, 'north', '7001'))}"}
    again = desk.sign_in(good, HERE, solved=_solved(desk), provider=DOOR)
    assert refused(again) == "blocked"
    assert isinstance(desk.sign_in(good, Visitor("10.9.9.9"), provider=DOOR), Signed)


def test_a_closed_account_is_closed_to_every_way_in(deployment: Deployment, nurse: str) -> None:
    """# S17 (part)"""
    with deployment.db.begin() as connection:
        users.disable(connection, nurse, "left", actor=SYSTEM, clock=lambda: datetime.now(UTC))
    assert refused(deployment.desk.sign_in(card("7001"), HERE, provider=CARD)) == "wrong"
