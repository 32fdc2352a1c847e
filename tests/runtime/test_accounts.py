"""Accounts: passwords, counted tries, second factors, links and sessions over a real database."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.exc import IntegrityError

from runtime.accounts import passwords, providers, resealing, roles, sessions, totp, users
from runtime.accounts.access import Principal
from runtime.accounts.passwords import Owner, faults_of
from runtime.accounts.sign_in import Codes, Desk, Refused, Signed, Visitor
from runtime.accounts.weak import compile_list, listed
from runtime.audit.models import SYSTEM
from runtime.kit.db import Database
from runtime.kit.settings import read_settings
from runtime.parameters import service as parameters
from runtime.secrets.envelope import Envelope
from runtime.secrets.keys import Kind, replace_key
from runtime.secrets.vault import Vault
from tests.conftest import DatabaseUrls

T = TypeVar("T")
GOOD = "Lm7#tarvoqie"
OTHER = "Kd4!wuzepnif"
HERE = Visitor("10.1.2.3", "a browser")
SECRET = b"s" * 32
MORNING = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Time:
    """A clock that stands until it is told to go on."""

    def __init__(self) -> None:
        self.now = MORNING

    def __call__(self) -> datetime:
        return self.now

    def go(self, **more: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(**more)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def db(database_urls: DatabaseUrls) -> Iterator[Database]:
    made = Database(database_urls.app_url, pool_size=12)
    yield made
    made.close()


@pytest.fixture
def desk(db: Database, time: Time, tmp_path: Any) -> Desk:
    settings = read_settings({"HUISHENG_ENVIRONMENT": "test", "HUISHENG_DATA_DIR": str(tmp_path)})
    return Desk(db, secret=SECRET, seals=Vault(db, Envelope(SECRET)), settings=settings, clock=time)


@pytest.fixture
def nurse(db: Database, time: Time) -> str:
    """An account with the password GOOD."""
    with db.begin() as connection:
        user = users.create(connection, "nurse.li", "李护士", clock=time)
        passwords.store(connection, user, passwords.hash_password(GOOD), clock=time)
    return user


def brought(password: str, login: str = "nurse.li") -> dict[str, str]:
    return {"login": login, "password": password}


def principal_of(desk: Desk, token: str) -> Principal:
    found = sessions.principal_of(desk.db, token, address="10.1.2.3", clock=desk.clock)
    assert found is not None
    return found


def signed(result: Signed | Refused) -> str:
    assert isinstance(result, Signed), result
    return result.token


def refused(result: object) -> str:
    assert isinstance(result, Refused), result
    return result.code


def solved(desk: Desk) -> tuple[str, str]:
    """A fresh captcha with its right answer, from the worded question."""
    made, numbers = desk.new_captcha()
    return made, str(max(numbers) + min(numbers))


def at_once(count: int, act: Callable[[int], T]) -> list[T]:
    """What `count` threads get that start together."""
    gate, results = threading.Barrier(count), list[T]()

    def run(number: int) -> None:
        gate.wait()
        results.append(act(number))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def enrolled(desk: Desk, user: str, time: Time) -> tuple[bytes, list[str]]:
    """The user's second factor: the secret and the recovery codes."""
    with desk.db.begin() as connection:
        token = sessions.start(connection, user, clock=time)
    principal = principal_of(desk, token)
    secret = desk.offered_secret(principal)
    made = desk.enrol(principal, code_now(secret, time), GOOD)
    assert isinstance(made, Codes)
    time.go(seconds=60)
    return secret, list(made.codes)


def code_now(secret: bytes, time: Time) -> str:
    return totp.code_at(secret, int(time().timestamp()) // totp.STEP_SECONDS)


def actions(owner_url: str) -> list[tuple[str, str]]:
    engine = sa.create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        rows = connection.execute(
            sa.text("SELECT action, outcome FROM audit_lines ORDER BY at, id")
        )
        return [(row.action, row.outcome) for row in rows]


# Passwords


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Ab1!xyz", "short"),
        ("Lm7#" + "tarvoqie" * 16, "long"),
        ("lm7#tarvoqie", "upper"),
        ("LM7#TARVOQIE", "lower"),
        ("Lmx#tarvoqie", "digit"),
        ("Lm7xtarvoqie", "symbol"),
        ("Lm7#tar\x00voqie", "controls"),
        ("123456", "weak"),
        ("password", "weak"),
        ("Gzzyy@2026", "weak"),
        ("Zhongyiyuan!2025", "weak"),
        ("P@ssw0rd123!", "weak"),
        ("Qwerty@123", "weak"),
        ("Aa1!Aa1!Aa1!", "weak"),
        ("Lm7#Nurse.Li9", "own"),
        ("Lm7#李护士ok", "own"),
        ("Rq!x138001k", "own"),
    ],
)
def test_a_password_that_breaks_a_rule_is_refused_by_name(password: str, fault: str) -> None:
    """Length, four classes, the weak list, own name and telephone. # S01 # S02 # R2.2.1 (part)"""
    owner = Owner("nurse.li", "李护士", "13800138000")
    faults = faults_of(password, owner)
    assert fault in faults


def test_a_good_password_passes_and_administrators_need_ten() -> None:
    """# S01"""
    nurse, admin = Owner("a", "甲"), Owner("a", "甲", is_administrator=True)
    assert not faults_of(GOOD, nurse)
    assert not faults_of("Vt6!noqz", nurse)
    assert faults_of("Vt6!noqz", admin) == ["short"]
    assert not faults_of("Lm7#" + "tarvoqie" * 15 + "abcd", nurse)


def test_the_weak_list_has_thousands_of_entries_and_is_what_its_rules_make() -> None:
    """# S02 # R2.2.1 (part)"""
    assert len(listed()) > 3000
    assert listed() == frozenset(compile_list())


def test_every_character_of_a_long_password_counts() -> None:
    """No truncation at 72 or anywhere else. # S01"""
    long = "Lm7#" + "tarvoqie" * 15 + "abcd"
    kept = passwords.hash_password(long)
    assert passwords.is_right(kept, long)
    assert not passwords.is_right(kept, long[:-1] + "e")


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(desk: Desk, nurse: str) -> None:
    """Argon2id, and today's parameters. # S03 # R2.2.1 (part)"""
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(GOOD)
    with desk.db.begin() as connection:
        passwords.store(connection, nurse, old)
    signed(desk.sign_in(brought(GOOD), HERE))
    with desk.db.begin() as connection:
        kept = passwords.current(connection, nurse)
    assert kept is not None and kept.hash.startswith("$argon2id$") and kept.hash != old
    assert not passwords.needs_rehash(kept.hash)
    assert passwords.is_right(kept.hash, GOOD)


def test_a_change_needs_the_current_password_and_ends_other_sessions(
    desk: Desk, nurse: str
) -> None:
    """The changing session gets a new token. # S12 # S15"""
    here, there = (signed(desk.sign_in(brought(GOOD), HERE)) for _ in range(2))
    principal = principal_of(desk, here)
    assert refused(desk.change_password(principal, OTHER, OTHER)) == "current"
    fresh = signed(desk.change_password(principal, GOOD, OTHER))
    assert principal_of(desk, fresh).stage == "full"
    for dead in (here, there):
        assert sessions.principal_of(desk.db, dead, address=None, clock=desk.clock) is None
    assert refused(desk.sign_in(brought(GOOD), HERE)) == "wrong"


def test_the_last_five_passwords_are_refused(desk: Desk, nurse: str) -> None:
    """The sixth before may come again. # R2.2.1 (part)"""
    token, now = signed(desk.sign_in(brought(GOOD), HERE)), GOOD
    for number in range(5):
        faults = desk.change_password(principal_of(desk, token), now, GOOD)
        assert isinstance(faults, Refused) and faults.faults == ["used"]
        following = f"Wk{number}!zuperonq"
        token = signed(desk.change_password(principal_of(desk, token), now, following))
        now = following
    signed(desk.change_password(principal_of(desk, token), now, GOOD))


# Tries


def test_the_sixth_try_is_refused_even_if_right_until_the_time_is_over(
    desk: Desk, nurse: str, time: Time
) -> None:
    """Five failures lock for a quarter of an hour, and tries meanwhile prolong nothing. # S04

    # R2.2.1 (part)
    """
    for _ in range(5):
        assert refused(desk.sign_in(brought("wrong"), HERE, solved=solved(desk))) == "wrong"
    time.go(minutes=14)
    assert refused(desk.sign_in(brought(GOOD), HERE, solved=solved(desk))) == "blocked"
    time.go(minutes=1, seconds=1)
    signed(desk.sign_in(brought(GOOD), HERE, solved=solved(desk)))


def test_many_guesses_at_once_are_no_more_than_the_limit(desk: Desk, nurse: str) -> None:
    """A try is counted before it is looked at: eight at once, at most five are heard. # S04"""
    tries = at_once(8, lambda n: refused(desk.sign_in(brought(f"x{n}"), Visitor(f"10.0.0.{n}"))))
    assert tries.count("wrong") <= 5
    assert "blocked" in tries or "captcha" in tries


def test_an_administrator_unlocks(desk: Desk, nurse: str) -> None:
    """# S04"""
    for _ in range(5):
        desk.sign_in(brought("wrong"), HERE, solved=solved(desk))
    with desk.db.begin() as connection:
        assert users.unlock(connection, SECRET, nurse, actor=SYSTEM)
    signed(desk.sign_in(brought(GOOD), HERE))


def test_an_address_that_fails_with_many_names_is_throttled(desk: Desk, nurse: str) -> None:
    """Another account from the same address waits too; from elsewhere it signs in. # S04"""
    for number in range(20):
        desk.sign_in(brought("x", f"nobody{number}"), HERE, solved=solved(desk))
    blocked = desk.sign_in(brought(GOOD), HERE, solved=solved(desk))
    assert isinstance(blocked, Refused) and blocked.code == "blocked" and blocked.wait_seconds > 0
    signed(desk.sign_in(brought(GOOD), Visitor("10.9.9.9")))


def test_known_and_unknown_names_are_treated_the_same(desk: Desk, nurse: str) -> None:
    """Same words at each try, captcha and lock-out among them. # S04 (part)"""
    told: dict[str, list[str]] = {"nurse.li": [], "nobody": []}
    for login, words in told.items():
        for _ in range(6):
            address = Visitor(f"10.0.{len(login)}.1")
            words.append(refused(desk.sign_in(brought("x", login), address)))
    assert told["nurse.li"] == told["nobody"]
    assert told["nobody"][3] == "captcha"


def test_a_captcha_is_asked_from_the_third_failure_and_spent_once(desk: Desk, nurse: str) -> None:
    """The picture's letters and the question's answer both do, once. # S04 # S71 (part)

    # R2.2.1 (part)
    """
    for _ in range(3):
        assert not desk.asks_captcha("nurse.li", HERE)
        assert refused(desk.sign_in(brought("x"), HERE)) == "wrong"
    assert desk.asks_captcha("nurse.li", HERE)
    assert refused(desk.sign_in(brought(GOOD), HERE)) == "captcha"
    used = solved(desk)
    picture = desk.picture_of(used[0])
    assert picture is not None and picture.startswith(b"\x89PNG")
    assert refused(desk.sign_in(brought("x"), HERE, solved=used)) == "wrong"
    assert refused(desk.sign_in(brought(GOOD), HERE, solved=used)) == "captcha"
    made, _ = desk.new_captcha()
    with desk.db.begin() as connection:
        letters = connection.execute(
            sa.text("SELECT letters FROM captchas WHERE id = CAST(:id AS uuid)"), {"id": made}
        ).scalar_one()
    signed(desk.sign_in(brought(GOOD), HERE, solved=(made, letters.lower())))


# Second factor


def test_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, appendix B, the last six digits of its SHA-1 vectors."""
    secret = b"12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert totp.code_at(secret, seconds // 30) == code


def test_a_session_with_a_second_factor_waits_for_it(desk: Desk, nurse: str, time: Time) -> None:
    """Nothing is permitted before; showing it gives a new token and kills the old. # S05 # S15

    # R2.2.1 (part)
    """
    secret, _ = enrolled(desk, nurse, time)
    half = signed(desk.sign_in(brought(GOOD), HERE))
    waiting = principal_of(desk, half)
    assert waiting.stage == "totp" and not waiting.permissions
    assert refused(desk.second(waiting, "000000")) == "code"
    full = signed(desk.second(waiting, code_now(secret, time)))
    assert principal_of(desk, full).stage == "full"
    assert sessions.principal_of(desk.db, half, address=None, clock=time) is None


def test_a_step_is_used_once_also_by_two_at_once(desk: Desk, nurse: str, time: Time) -> None:
    """# S06"""
    secret, _ = enrolled(desk, nurse, time)
    waiting = [principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE))) for _ in range(4)]
    code = code_now(secret, time)
    results = at_once(4, lambda n: desk.second(waiting[n], code))
    assert sum(isinstance(one, Signed) for one in results) == 1
    assert refused(desk.second(waiting[0], code)) in ("code", "blocked", "ended")


def test_a_recovery_code_is_used_once_also_by_two_at_once(
    desk: Desk, nurse: str, time: Time
) -> None:
    """Kept as a keyed hash. # S06 # S07 (part)"""
    _, codes = enrolled(desk, nurse, time)
    waiting = [principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE))) for _ in range(4)]
    results = at_once(4, lambda n: desk.second(waiting[n], codes[0].lower()))
    assert sum(isinstance(one, Signed) for one in results) == 1
    with desk.db.begin() as connection:
        assert totp.recovery_codes_left(connection, nurse) == totp.RECOVERY_CODES - 1
        kept = connection.execute(sa.text("SELECT code_hash FROM recovery_codes")).scalars().all()
    assert all(codes[1].replace("-", "").encode() not in bytes(one) for one in kept)


def test_the_sixth_code_is_refused_even_if_right(desk: Desk, nurse: str, time: Time) -> None:
    """Whatever session asks. # S08"""
    secret, _ = enrolled(desk, nurse, time)
    for _ in range(5):
        waiting = principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE)))
        assert refused(desk.second(waiting, "123456")) == "code"
    waiting = principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE)))
    assert refused(desk.second(waiting, code_now(secret, time))) == "blocked"
    time.go(minutes=16)
    waiting = principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE)))
    signed(desk.second(waiting, code_now(secret, time)))


def test_the_secret_is_sealed_at_rest(desk: Desk, nurse: str, time: Time) -> None:
    """Neither its bytes nor its letters are in the row. # S49 (part)"""
    secret, _ = enrolled(desk, nurse, time)
    with desk.db.begin() as connection:
        kept = bytes(connection.execute(sa.text("SELECT secret FROM user_totp")).scalar_one())
    assert secret not in kept and totp.written(secret).encode() not in kept


# Links and initial passwords


def test_a_link_opens_once_also_for_two_at_once(desk: Desk, nurse: str) -> None:
    """# S10 (part)"""
    with desk.db.begin() as connection:
        link = users.give_link(connection, nurse, clock=desk.clock)
    results = at_once(4, lambda _: desk.use_link(link, HERE))
    assert sum(isinstance(one, Signed) for one in results) == 1


def test_a_link_is_dead_after_a_day(desk: Desk, nurse: str, time: Time) -> None:
    """# S10 (part)"""
    with desk.db.begin() as connection:
        link = users.give_link(connection, nurse, clock=time)
    time.go(hours=24, seconds=1)
    assert refused(desk.use_link(link, HERE)) == "link"


def test_a_fresh_database_has_no_account(db: Database, desk: Desk) -> None:
    """# S10"""
    with db.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM users")).scalar_one() == 0
    assert refused(desk.sign_in(brought("admin", "admin"), HERE)) == "wrong"


def test_a_new_account_sets_its_password_through_its_link(desk: Desk, time: Time) -> None:
    """No current password is asked, since there is none. # S10"""
    with desk.db.begin() as connection:
        user = users.create(connection, "Head.Chen", "陈主任", clock=time)
        link = users.give_link(connection, user, clock=time)
    waiting = principal_of(desk, signed(desk.use_link(link, HERE)))
    assert waiting.stage == "password"
    full = signed(desk.change_password(waiting, "", GOOD))
    assert principal_of(desk, full).stage == "full"
    signed(desk.sign_in(brought(GOOD, "HEAD.chen"), HERE))


def test_an_initial_password_must_be_changed_and_lasts_a_day(
    desk: Desk, nurse: str, time: Time
) -> None:
    """Random, satisfying the rules, refused after 24 hours. # S11"""
    with desk.db.begin() as connection:
        first = users.give_initial_password(connection, nurse, actor=SYSTEM, clock=time)
    assert not faults_of(first, Owner("nurse.li", "李护士", is_administrator=True))
    waiting = principal_of(desk, signed(desk.sign_in(brought(first), HERE)))
    assert waiting.stage == "password" and not waiting.permissions
    time.go(hours=24, seconds=1)
    assert refused(desk.sign_in(brought(first), HERE)) == "expired"


# Sessions


def test_only_hashes_of_long_random_tokens_are_kept(desk: Desk, nurse: str) -> None:
    """256 bits. # S14"""
    tokens = {signed(desk.sign_in(brought(GOOD), HERE)) for _ in range(3)}
    assert len(tokens) == 3 and all(len(token) >= 43 for token in tokens)
    with desk.db.begin() as connection:
        rows = connection.execute(sa.text("SELECT token_hash FROM user_sessions")).scalars().all()
    assert all(token.encode() not in bytes(row) for token in tokens for row in rows)


def test_a_session_ends_when_idle_and_at_the_latest_after_eight_hours(
    desk: Desk, nurse: str, time: Time
) -> None:
    """By the server's clock. # S16 (part)"""
    idle = signed(desk.sign_in(brought(GOOD), HERE))
    time.go(minutes=31)
    assert sessions.principal_of(desk.db, idle, address=None, clock=time) is None
    busy = signed(desk.sign_in(brought(GOOD), HERE))
    for _ in range(19):
        time.go(minutes=25)
        assert sessions.principal_of(desk.db, busy, address=None, clock=time) is not None
    time.go(minutes=25)
    assert sessions.principal_of(desk.db, busy, address=None, clock=time) is None


def test_administrators_and_readers_of_patients_data_need_a_second_factor(desk: Desk) -> None:
    """And administrators' sessions are shorter. # S05 (part) # S16 (part) # R2.2.1 (part)"""
    assert sessions.needs_second_factor(frozenset({"responses:read"}))
    assert sessions.needs_second_factor(frozenset({"users:write"}))
    assert not sessions.needs_second_factor(frozenset({"surveys:read"}))
    rules = sessions.rules_of(desk.db)
    admin = rules.limits_of(frozenset({"roles:write"}))
    assert admin.idle < rules.limits_of(frozenset({"responses:read"})).idle


def test_sign_out_and_a_disabled_account_end_sessions_at_once(desk: Desk, nurse: str) -> None:
    """# S17"""
    token = signed(desk.sign_in(brought(GOOD), HERE))
    desk.sign_out(principal_of(desk, token))
    assert sessions.principal_of(desk.db, token, address=None, clock=desk.clock) is None
    token = signed(desk.sign_in(brought(GOOD), HERE))
    with desk.db.begin() as connection:
        assert users.disable(connection, nurse, "left", actor=SYSTEM, clock=desk.clock)
    assert sessions.principal_of(desk.db, token, address=None, clock=desk.clock) is None
    assert refused(desk.sign_in(brought(GOOD), HERE)) == "wrong"


def test_people_see_and_end_only_their_own_sessions(desk: Desk, nurse: str, time: Time) -> None:
    """# S17"""
    mine = principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE)))
    other_token = signed(desk.sign_in(brought(GOOD), Visitor("10.7.7.7", "another")))
    with desk.db.begin() as connection:
        stranger = users.create(connection, "other", "别人", clock=time)
        foreign = sessions.start(connection, stranger, clock=time)
        seen = {line.address for line in sessions.sessions_of(connection, nurse)}
    assert seen == {"10.1.2.3", "10.7.7.7"}
    assert not desk.end_own(mine, principal_of(desk, foreign).session)
    assert principal_of(desk, foreign).user_id == stranger
    assert desk.end_own(mine, principal_of(desk, other_token).session)
    assert sessions.principal_of(desk.db, other_token, address=None, clock=time) is None


def test_accounts_unused_for_ninety_days_are_closed(db: Database, nurse: str, time: Time) -> None:
    """Not a day earlier, and one that is opened again has its days anew. # S41"""
    time.go(days=89)
    assert users.disable_unused(db, time) == 0
    time.go(days=1, seconds=1)
    assert users.disable_unused(db, time) == 1
    assert users.disable_unused(db, time) == 0
    with db.begin() as connection:
        assert users.enable(connection, nurse, actor=SYSTEM, clock=time)
    assert users.disable_unused(db, time) == 0


def test_the_last_administrator_is_not_closed_for_want_of_use(db: Database, time: Time) -> None:
    """Of two, the one used last stays; the trail says why. # S41, S39 (part)"""
    with db.begin() as connection:
        old, late = (users.create(connection, one, one, clock=time) for one in ("old", "late"))
        for user in (old, late):
            roles.grant(connection, user, "security_administrator", clock=time)
        time.go(days=1)
        sessions.start(connection, late, clock=time)
    time.go(days=100)
    assert users.disable_unused(db, time) == 1
    with db.begin() as connection:
        assert users.get(connection, old).state == "disabled"
        assert users.get(connection, late).state == "active"
        kept = connection.execute(
            sa.text("SELECT object_id FROM audit_lines WHERE action = 'account.kept_unused'")
        ).scalars()
        assert list(kept) == [late]


def test_every_event_leaves_its_line(
    desk: Desk, nurse: str, time: Time, database_urls: DatabaseUrls
) -> None:
    """Success, failure, second factor, change, sign-out. # S57 (part)"""
    desk.sign_in(brought("x"), HERE)
    secret, codes = enrolled(desk, nurse, time)
    waiting = principal_of(desk, signed(desk.sign_in(brought(GOOD), HERE)))
    desk.second(waiting, "1")
    full = signed(desk.second(waiting, codes[0]))
    principal = principal_of(desk, full)
    fresh = signed(desk.change_password(principal, GOOD, OTHER))
    desk.sign_out(principal_of(desk, fresh))
    told = actions(database_urls.owner_url)
    for line in (
        ("account.created", "ok"),
        ("account.sign_in_failed", "failed"),
        ("account.second_enrolled", "ok"),
        ("account.signed_in", "ok"),
        ("account.second_failed", "failed"),
        ("account.recovery_used", "ok"),
        ("account.second_shown", "ok"),
        ("account.password_changed", "ok"),
        ("account.signed_out", "ok"),
    ):
        assert line in told
    assert secret


def test_dead_sessions_and_links_are_swept(desk: Desk, nurse: str, time: Time) -> None:
    """A tablet closed in the evening leaves no row, nor its address, behind. # S16 (part)"""
    idle = signed(desk.sign_in(brought(GOOD), HERE))
    with desk.db.begin() as connection:
        users.give_link(connection, nurse, clock=time)
    time.go(minutes=20)
    awake = signed(desk.sign_in(brought(GOOD), HERE))
    assert sessions.sweep(desk.db, time) == 0
    time.go(minutes=11)
    assert sessions.sweep(desk.db, time) == 1
    assert sessions.principal_of(desk.db, idle, address=None, clock=time) is None
    assert principal_of(desk, awake).user_id == nurse
    for _ in range(24):
        time.go(minutes=19)
        principal_of(desk, awake)
    assert sessions.sweep(desk.db, time) == 0
    time.go(minutes=19)
    assert sessions.sweep(desk.db, time) == 1
    time.go(hours=24)
    sessions.sweep(desk.db, time)
    with desk.db.begin() as connection:
        left = connection.execute(sa.text("SELECT count(*) FROM one_time_links")).scalar_one()
    assert left == 0


def test_identities_are_keyed_by_provider_application_and_subject(db: Database, nurse: str) -> None:
    """The same subject of another provider or application is nobody. # S13 (part)"""
    claim = providers.Claim("wecom", "corp1", "lihua")
    with db.begin() as connection:
        assert providers.bind(connection, nurse, claim)
        assert not providers.bind(connection, nurse, claim)
        assert providers.user_of(connection, claim) == nurse
        for other in (
            providers.Claim("ca", "corp1", "lihua"),
            providers.Claim("wecom", "corp2", "lihua"),
        ):
            assert providers.user_of(connection, other) is None


def test_contact_data_is_sealed_and_found_by_its_index(db: Database, nurse: str) -> None:
    """# S49 (part) # S51 (part) # R2.2.4 (part)"""
    seals = Vault(db, Envelope(SECRET))
    with db.begin() as connection:
        users.set_contact(connection, seals, nurse, phone="138 0013 8000", email="L@X.cn")
        row = connection.execute(sa.text("SELECT phone, phone_index FROM users")).one()
        assert users.phone_of(connection, seals, nurse) == "13800138000"
    assert b"13800138000" not in bytes(row.phone)
    assert bytes(row.phone_index) == seals.index("users", "phone", "13800138000")
    assert bytes(row.phone_index) != seals.index("users", "email", "13800138000")


def renew(vault: Vault, kind: Kind) -> None:
    """A new key that seals from now on."""
    with vault.db.begin() as connection:
        replace_key(connection, vault.envelope, kind, vault.clock)
    vault.check()


def test_sealed_fields_follow_a_new_key(desk: Desk, nurse: str, time: Time) -> None:
    """Every value stays readable, and a second run finds nothing left. # S50 (part)"""
    vault = desk.seals
    assert isinstance(vault, Vault)
    secret, _ = enrolled(desk, nurse, time)
    with desk.db.begin() as connection:
        users.set_contact(connection, vault, nurse, phone="13800138000", email=None)
    old = vault.data_key
    renew(vault, "data")
    assert vault.data_key != old
    with pytest.raises(IntegrityError), desk.db.begin() as connection:
        connection.execute(sa.text("DELETE FROM data_keys WHERE id = :id"), {"id": old})
    for expected in (1, 0):
        with desk.db.begin() as connection:
            assert resealing.reseal_contacts(connection, vault, 10) == expected
            assert resealing.reseal_second_factors(connection, vault, 10) == expected
    with desk.db.begin() as connection:
        assert users.phone_of(connection, vault, nurse) == "13800138000"
        assert totp.use_code(connection, vault, nurse, code_now(secret, time), clock=time)
    with desk.db.begin() as connection:
        connection.execute(sa.text("DELETE FROM data_keys WHERE id = :id"), {"id": old})
    renew(vault, "index")
    with desk.db.begin() as connection:
        assert resealing.remake_contact_indexes(connection, vault) == 1
        assert resealing.remake_contact_indexes(connection, vault) == 0


def _wrong(desk: Desk, times: int, login: str = "nurse.li") -> list[str]:
    """What so many wrong tries were told, each of a name of its own where `login` has a `{}`."""
    return [
        refused(desk.sign_in(brought("wrong", login.format(n)), HERE, solved=solved(desk)))
        for n in range(times)
    ]


def _open_after(desk: Desk, time: Time, token: str, *, steps: int, minutes: float) -> bool:
    """Whether a session that is used every so many minutes is open after the last of them."""
    found = None
    for _ in range(steps):
        time.go(minutes=minutes)
        found = sessions.principal_of(desk.db, token, address=None, clock=time)
    return found is not None


def _set(desk: Desk, name: str, value: int | None) -> None:
    parameters.change(desk.db, SYSTEM, name, value, clock=desk.clock)


def test_the_parameters_of_trying_work_at_once(desk: Desk, nurse: str, time: Time) -> None:
    """Captcha, lock of an account, lock of an address. # R1.2.4.2 (part) # S04 (part)"""
    _set(desk, "sign_in.captcha_from", 1)
    assert nurse and not desk.asks_captcha("nurse.li", HERE)
    _wrong(desk, 1)
    assert desk.asks_captcha("nurse.li", HERE)
    _set(desk, "sign_in.captcha_from", None)
    assert not desk.asks_captcha("nurse.li", HERE)
    time.go(hours=1)
    _set(desk, "sign_in.account_tries", 3)
    assert _wrong(desk, 4) == ["wrong", "wrong", "wrong", "blocked"]
    time.go(hours=1)
    _set(desk, "sign_in.address_tries", 10)
    assert _wrong(desk, 11, "nobody{}")[-2:] == ["wrong", "blocked"]


def test_the_parameters_of_sessions_work_at_once(desk: Desk, nurse: str, time: Time) -> None:
    """Idle, absolute, administrators', their passwords' age. # R1.2.4.2 (part) # S16 (part)"""
    _set(desk, "sessions.idle_minutes", 5)
    token = signed(desk.sign_in(brought(GOOD), HERE))
    assert _open_after(desk, time, token, steps=3, minutes=4)
    assert not _open_after(desk, time, token, steps=1, minutes=6)
    _set(desk, "sessions.hours", 1)
    token = signed(desk.sign_in(brought(GOOD), HERE))
    assert _open_after(desk, time, token, steps=14, minutes=4)
    assert not _open_after(desk, time, token, steps=2, minutes=4)
    _set(desk, "sessions.hours", None)
    _set(desk, "sessions.idle_minutes", None)
    with desk.db.begin() as connection:
        roles.grant(connection, nurse, "security_administrator", clock=time)
    _set(desk, "sessions.administrator_idle_minutes", 5)
    token = signed(desk.sign_in(brought(GOOD), HERE))
    assert not _open_after(desk, time, token, steps=1, minutes=6)
    _set(desk, "accounts.administrator_password_days", 30)
    time.go(days=31)
    token = signed(desk.sign_in(brought(GOOD), HERE))
    assert principal_of(desk, token).stage == "password"
    _set(desk, "accounts.administrator_password_days", None)
    assert principal_of(desk, token).stage != "password"


def test_the_days_after_which_accounts_close_are_a_parameter(desk: Desk, time: Time) -> None:
    """Looked at by the nightly job. # R1.2.4.2 (part) # S41 (part)"""
    with desk.db.begin() as connection:
        idle = users.ensure(connection, "idle", "idle", clock=time)
    time.go(days=31)
    assert users.disable_unused(desk.db, time) == 0
    _set(desk, "accounts.unused_days", 30)
    assert users.disable_unused(desk.db, time) >= 1
    with desk.db.begin() as connection:
        assert users.get(connection, idle).state == "disabled"
