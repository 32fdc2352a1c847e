"""Sealing: bound to its place, under keys that only the envelope key opens."""

import contextlib

import pytest

from runtime.kit.settings import SettingsError, read_settings
from runtime.secrets import masks
from runtime.secrets.envelope import Envelope
from runtime.secrets.vault import SealBroken, Vault, key_id_of
from runtime.wiring import Deployment

PHONE = "13800000001"


def test_a_sealed_value_opens_only_in_its_own_place(deployment: Deployment) -> None:
    """Another row, column or table, or one altered byte: refused. # S49"""
    vault = deployment.vault
    sealed = vault.seal("users", "phone", "1", PHONE)
    assert vault.open("users", "phone", "1", sealed) == PHONE
    assert (sealed[0], len(sealed)) == (1, 1 + 2 + 12 + len(PHONE) + 16)
    assert sealed != vault.seal("users", "phone", "1", PHONE)
    altered = sealed[:-1] + bytes((sealed[-1] ^ 1,))
    for place in (("users", "phone", "2"), ("users", "email", "1"), ("people", "phone", "1")):
        with pytest.raises(SealBroken):
            vault.open(*place, sealed)
    for broken in (altered, b"", b"{}", b"\x02" + sealed[1:], sealed[:20]):
        with pytest.raises(SealBroken):
            vault.open("users", "phone", "1", broken)


def test_an_index_differs_by_column_and_place(deployment: Deployment) -> None:
    """Equal texts of one column are equal, of two columns not. # S51 (part)"""
    vault = deployment.vault
    one = vault.index("users", "phone", PHONE)
    assert len(one) == 16 and one == vault.index("users", "phone", PHONE)
    assert one != vault.index("users", "email", PHONE)
    assert one != vault.index("patients", "phone", PHONE)
    assert vault.indexes("users", "phone", PHONE) == [one]
    assert vault.data_key != vault.index_key


def test_another_process_opens_what_this_one_sealed(deployment: Deployment) -> None:
    """The keys are in the database, wrapped; the same envelope key opens them. # S50 (part)"""
    sealed = deployment.vault.seal("users", "phone", "1", PHONE)
    other = Vault(deployment.db, deployment.vault.envelope)
    assert other.open("users", "phone", "1", sealed) == PHONE
    assert key_id_of(sealed) == other.data_key


def test_keys_are_read_while_every_pooled_connection_is_held(deployment: Deployment) -> None:
    """A thread that seals amid its transaction waits for none: the others may wait for its row."""
    vault = Vault(deployment.db, deployment.vault.envelope)
    with contextlib.ExitStack() as held:
        for _ in range(deployment.db.pool_size):
            held.enter_context(deployment.db.begin())
        sealed = vault.seal("users", "phone", "1", PHONE)
    assert vault.open("users", "phone", "1", sealed) == PHONE


def test_a_wrong_envelope_key_is_named(deployment: Deployment) -> None:
    """The message says which setting is wrong and shows both fingerprints. # S50 (part)"""
    deployment.vault.check()
    wrong = Vault(deployment.db, Envelope(b"x" * 32))
    with pytest.raises(SettingsError) as caught:
        wrong.check()
    text = str(caught.value)
    assert "HUISHENG_ENVELOPE_KEY is not the key" in text
    assert wrong.envelope.fingerprint in text
    assert deployment.vault.envelope.fingerprint in text


def test_production_needs_its_envelope_key() -> None:
    """It never makes one up. # S50 (part)"""
    with pytest.raises(SettingsError, match="HUISHENG_ENVELOPE_KEY must be set in production"):
        read_settings({"HUISHENG_ENVIRONMENT": "production"})


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("phone", "13800000001", "138****0001"),
        ("phone", "1380001", "****"),
        ("name", "陈小明", "陈**"),
        ("name", "陈明", "陈*"),
        ("name", "陈", "陈*"),
        ("name", "", ""),
        ("id_card", "110101199003070011", "110***********0011"),
        ("id_card", "1101", "****"),
        ("email", "chen@example.cn", "c***@example.cn"),
        ("email", "chen", "****"),
        ("address", "广东省深圳市福田区莲花路一号", "广东省深圳市****"),
        ("address", "莲花路一号", "****"),
        ("text", "我叫陈小明", "****"),
    ],
)
def test_a_mask_shows_what_tells_two_apart(kind: masks.Kind, text: str, shown: str) -> None:
    """Masks by kind; what is too short to hide is hidden whole. # S37 (part)"""
    assert masks.mask(kind, text) == shown


def test_ways_to_write_one_value_are_one() -> None:
    """Phones with country code and blanks, full-width digits, case. # S51 (part)"""
    for text in ("+86 138 0000 0001", "138-0000-0001", "１３８００００００01"):
        assert masks.normalised("phone", text) == PHONE
    assert masks.normalised("id_card", "11010119900307001x ") == "11010119900307001X"
    assert masks.normalised("email", "Chen@Example.CN") == "chen@example.cn"
