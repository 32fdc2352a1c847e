"""`huisheng keys` typed as commands: what needs which key, and keys replaced though killed."""

import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from runtime.accounts import resealing, totp, users
from runtime.secrets import rotation
from runtime.secrets.catalogue import PERSONAL
from runtime.secrets.envelope import Envelope
from runtime.secrets.keys import KINDS
from runtime.secrets.vault import Vault
from runtime.wiring import Deployment
from tests.conftest import DatabaseUrls
from tests.serving import Place

PHONE = "13800000001"
PATIENCE_SECONDS = 120
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = %s"
PLACES = re.compile(r"[a-z_.]+ \d+")


@pytest.fixture
def person(deployment: Deployment) -> str:
    """A member of staff with every sealed field of an account."""
    with deployment.db.begin() as connection:
        user = users.create(connection, "an.li", "李安")
        users.set_contact(connection, deployment.vault, user, phone=PHONE, email="an@example.cn")
        totp.enrol(connection, deployment.vault, user, b"x" * 20, 1)
    return user


def _phone(deployment: Deployment, envelope: bytes, user: str) -> str | None:
    vault = Vault(deployment.db, Envelope(envelope))
    with deployment.db.begin() as connection:
        return users.phone_of(connection, vault, user)


def _fingerprints(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        found = connection.execute(sa.text("SELECT fingerprint FROM data_keys ORDER BY id"))
        return list(found.scalars())


def _wait(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.02)


def test_every_sealed_column_of_the_catalogue_is_counted(deployment: Deployment) -> None:
    """A sealed table without a key that it refers to could lose it unseen. # S50 (part)"""
    with deployment.db.begin() as connection:
        counted = {table for table, _ in rotation.places(connection).values()}
    sealed = {one.table for one in PERSONAL if one.protected.startswith("sealed")}
    indexed = {one.table for one in PERSONAL if one.protected.startswith("keyed index")}
    assert sealed | indexed == counted


def test_status_counts_every_place_under_its_key(
    deployment: Deployment, place: Place, person: str
) -> None:
    """Telephone, e-mail, second factor and both indexes; new keys have none. # S50 (part)"""
    code, out, err = place.type("keys", "status")
    assert code == 0, err
    _, data, index = out.splitlines()
    assert "active" in data and "3 rows" in data
    assert PLACES.findall(data) == ["user_totp 1", "users.email 1", "users.phone 1"]
    assert PLACES.findall(index) == ["users.email_index 1", "users.phone_index 1"]
    for kind in KINDS:
        rotation.begin(deployment.vault, kind)
    _, data, index, *fresh = place.type("keys", "status")[1].splitlines()
    assert "old" in data and "3 rows" in data and "`huisheng keys retire` moves them" in data
    assert "old" in index and "2 rows" in index
    assert all("active" in line and line.endswith("0 rows") for line in fresh)
    assert rotation.reseal(deployment.vault, resealing.STEPS) == 3
    _, data, index, *fresh = place.type("keys", "status")[1].splitlines()
    assert "0 rows; may go" in data and "0 rows; may go" in index
    assert "3 rows" in fresh[0] and "2 rows" in fresh[1]


def test_a_rotation_killed_half_way_is_finished_by_retire(
    deployment: Deployment, place: Place, person: str
) -> None:
    """New keys are there, the old ones still open everything; then the old ones go. # S50 (part)"""
    envelope = (place.data_dir / "secrets" / "envelope.key").read_bytes()
    child = place.begin("keys", "rotate")
    _wait(lambda: len(_fingerprints(deployment)) == 4)
    child.kill()
    child.communicate(timeout=PATIENCE_SECONDS)
    assert _phone(deployment, envelope, person) == PHONE
    code, out, err = place.type("keys", "retire")
    assert (code, out) == (0, "Removed: 1, 2."), err
    assert _phone(deployment, envelope, person) == PHONE
    assert len(_fingerprints(deployment)) == 2


def test_the_envelope_key_is_replaced_while_programs_hold_both(
    deployment: Deployment, place: Place, person: str, tmp_path: Path
) -> None:
    """Whoever holds both opens all the time; afterwards the new key does alone. # S50 (part)"""
    old = (place.data_dir / "secrets" / "envelope.key").read_bytes()
    new = secrets.token_bytes(32)
    (tmp_path / "new").write_text(new.hex() + "\n")
    (tmp_path / "old").write_text(old.hex() + "\n")
    both = {
        "HUISHENG_ENVELOPE_KEY_FILE": str(tmp_path / "new"),
        "HUISHENG_OLD_ENVELOPE_KEY_FILE": str(tmp_path / "old"),
    }
    (place.data_dir / "secrets" / "envelope.key").unlink()
    code, out, _ = place.type("keys", "status", **both)
    assert code == 0 and out.count("`huisheng keys rewrap`") == 2
    code, out, err = place.type("keys", "rewrap", **both)
    mark = Envelope(new).fingerprint
    assert (code, err) == (0, "") and out.startswith("Wrapped anew: keys 1, 2.") and mark in out
    assert _fingerprints(deployment) == [mark, mark]
    assert place.type("keys", "rewrap", **both)[1].startswith("Nothing to do.")
    code, out, _ = place.type("keys", "status", **both)
    assert code == 0 and "rewrap" not in out
    assert place.type("keys", "status", HUISHENG_ENVELOPE_KEY=new.hex())[0] == 0
    code, _, err = place.type("keys", "status", HUISHENG_ENVELOPE_KEY=old.hex())
    assert code == 2 and "HUISHENG_ENVELOPE_KEY is not the key" in err
    assert _phone(deployment, new, person) == PHONE
    assert _lines(deployment) == ["keys.rewrapped"]


def _lines(deployment: Deployment) -> list[str]:
    with deployment.db.begin() as connection:
        found = connection.execute(
            sa.text("SELECT action FROM audit_lines WHERE object_type = 'keys' ORDER BY id")
        )
        return list(found.scalars())


def test_a_drawn_key_is_the_old_one_where_none_is_named(
    deployment: Deployment, place: Place, person: str
) -> None:
    """From a first try to a key of one's own. # S50 (part)"""
    code, _, err = place.type("keys", "rewrap")
    assert code == 2 and "HUISHENG_ENVELOPE_KEY must be set to the new key" in err
    new = secrets.token_bytes(32)
    wrong = {"HUISHENG_OLD_ENVELOPE_KEY": secrets.token_hex(32)}
    code, _, err = place.type("keys", "rewrap", HUISHENG_ENVELOPE_KEY=new.hex(), **wrong)
    assert code == 2 and "is not the key that wrapped key 1" in err
    assert place.type("keys", "rewrap", HUISHENG_ENVELOPE_KEY=new.hex())[0] == 0
    assert _phone(deployment, new, person) == PHONE


def test_a_rewrap_killed_half_way_changed_nothing_and_runs_again(
    deployment: Deployment, database_urls: DatabaseUrls, place: Place, person: str
) -> None:
    """SIGKILL between the first key and the last: all under the old one. # S50 (part)"""
    before, new = _fingerprints(deployment), secrets.token_bytes(32)
    place.environment["HUISHENG_ENVELOPE_KEY"] = new.hex()
    with psycopg.connect(database_urls.owner_url) as holder:
        holder.execute("SELECT FROM data_keys WHERE id = 2 FOR UPDATE")
        row = holder.execute("SELECT pg_current_xact_id()::xid").fetchone()
        assert row is not None
        child = place.begin("keys", "rewrap")
        with psycopg.connect(database_urls.owner_url, autocommit=True) as looking:
            _wait(lambda: looking.execute(WAITING, row).fetchone() == (1,))
        child.kill()
        child.communicate(timeout=PATIENCE_SECONDS)
    assert _fingerprints(deployment) == before
    old = (place.data_dir / "secrets" / "envelope.key").read_bytes()
    assert _phone(deployment, old, person) == PHONE
    assert place.type("keys", "rewrap")[0] == 0
    assert _fingerprints(deployment) == [Envelope(new).fingerprint] * 2
    assert _phone(deployment, new, person) == PHONE
