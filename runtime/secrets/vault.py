"""Field encryption bound to table, column and row, and blind indexes to find equal values.

A sealed value is `0x01 | key id (2 bytes) | nonce (12) | AES-256-GCM ciphertext and tag`. Each
column has a key of its own (HKDF-SHA256), each value names its place as associated data: moved to
another row or column it does not open.
"""

import hashlib
import hmac
import os
import threading
import time
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.secrets.envelope import KEY_BYTES, NONCE_BYTES, Envelope
from runtime.secrets.keys import ensure_keys

ALGORITHM = 0x01  # AES-256-GCM; another number means another algorithm behind the same layout
HEAD_BYTES = 3
TAG_BYTES = 16
INDEX_BYTES = 16
REFRESH_SECONDS = 5.0
PATIENCE = 1.5  # of these, after which nobody uses keys as read before


class SealBroken(Exception):
    """A sealed value does not open: altered, moved, or its key is gone."""


class _Ring(NamedTuple):
    """The keys as last read; `data_id` and `index_id` are what new values use."""

    roots: dict[int, bytes]
    index_ids: tuple[int, ...]
    data_id: int
    index_id: int


class Vault:
    """Seals and opens; one for a process, safe to share between threads.

    Keys are read from the database at first use and again every few seconds, so that a new key is
    used everywhere soon after it was made.
    """

    def __init__(
        self,
        db: Database,
        envelope: Envelope,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        clock: Clock = system_clock,
    ) -> None:
        self.db = db
        self.envelope = envelope
        self.refresh_seconds = refresh_seconds
        self.clock = clock
        self._ring: _Ring | None = None
        self._read_at = 0.0
        self._reading = threading.Lock()
        self._ciphers: dict[tuple[int, str, str], AESGCM] = {}
        self._index_keys: dict[tuple[int, str, str], bytes] = {}

    def check(self) -> None:
        """Read the keys now.

        Raises:
            SettingsError: the envelope key is not the one that this database's keys need.
        """
        with self._reading:
            self._read()

    def seal(self, table: str, column: str, row_id: str, text: str) -> bytes:
        """The text encrypted for this column of this row."""
        key_id, nonce = self._current().data_id, os.urandom(NONCE_BYTES)
        cipher = self._cipher(key_id, table, column)
        head = bytes((ALGORITHM, key_id >> 8, key_id & 0xFF))
        return head + nonce + cipher.encrypt(nonce, text.encode(), _place(table, column, row_id))

    def open(self, table: str, column: str, row_id: str, sealed: bytes) -> str:
        """The text back.

        Raises:
            SealBroken: altered, sealed for another place, or its key was removed.
        """
        if len(sealed) < HEAD_BYTES + NONCE_BYTES + TAG_BYTES or sealed[0] != ALGORITHM:
            raise SealBroken(f"{table}.{column}: no sealed value of a known layout")
        cipher = self._cipher(key_id_of(sealed), table, column)
        nonce, rest = sealed[HEAD_BYTES:][:NONCE_BYTES], sealed[HEAD_BYTES + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, rest, _place(table, column, row_id)).decode()
        except InvalidTag as error:
            raise SealBroken(f"{table}.{column}: altered, or sealed for another row") from error

    def index(self, table: str, column: str, text: str) -> bytes:
        """What equal texts of one column have in common, and nothing else tells: 16 bytes.

        Normalise the text first (`runtime.secrets.masks.normalised`).
        """
        return self._index(self._current().index_id, table, column, text)

    def indexes(self, table: str, column: str, text: str) -> list[bytes]:
        """The index under every key in use: what a search compares while keys are replaced."""
        return list(self.indexes_by_key(table, column, text).values())

    def indexes_by_key(self, table: str, column: str, text: str) -> dict[int, bytes]:
        """The index under each key in use."""
        ids = self._current().index_ids
        return {key_id: self._index(key_id, table, column, text) for key_id in ids}

    @property
    def data_key(self) -> int:
        """The id of the key that seals now."""
        return self._current().data_id

    @property
    def index_key(self) -> int:
        """The id of the key that makes indexes now."""
        return self._current().index_id

    def _index(self, key_id: int, table: str, column: str, text: str) -> bytes:
        place = (key_id, table, column)
        key = self._index_keys.get(place)
        if key is None:
            key = self._index_keys[place] = _derived(self._root(key_id), "idx", table, column)
        return hmac.digest(key, text.encode(), hashlib.sha256)[:INDEX_BYTES]

    def _cipher(self, key_id: int, table: str, column: str) -> AESGCM:
        place = (key_id, table, column)
        cipher = self._ciphers.get(place)
        if cipher is None:
            cipher = AESGCM(_derived(self._root(key_id), "enc", table, column))
            self._ciphers[place] = cipher
        return cipher

    def _root(self, key_id: int) -> bytes:
        root = self._current().roots.get(key_id)
        if root is None:
            with self._reading:
                root = self._read().roots.get(key_id)
        if root is None:
            raise SealBroken(f"key {key_id} is not in this database any more")
        return root

    def _current(self) -> _Ring:
        ring = self._ring
        if ring is None:
            with self._reading:
                return self._ring or self._read()
        age = time.monotonic() - self._read_at
        if age > self.refresh_seconds:
            return self._read_again(ring, must=age > PATIENCE * self.refresh_seconds)
        return ring

    def _read_again(self, ring: _Ring, *, must: bool) -> _Ring:
        """One thread reads; the others go on with what they have until it is too old to trust."""
        if not self._reading.acquire(blocking=must):
            return ring
        try:
            is_fresh = time.monotonic() - self._read_at <= self.refresh_seconds
            return self._ring if is_fresh and self._ring is not None else self._read()
        finally:
            self._reading.release()

    def _read(self) -> _Ring:
        began = time.monotonic()
        with self.db.begin_beside_pool() as connection:
            stored = ensure_keys(connection, self.envelope, self.clock)
        unwrap = self.envelope.unwrap
        ring = _Ring(
            {key.id: unwrap(key.id, key.kind, key.wrapped, key.fingerprint) for key in stored},
            tuple(key.id for key in stored if key.kind == "index"),
            next(key.id for key in stored if key.kind == "data" and key.active),
            next(key.id for key in stored if key.kind == "index" and key.active),
        )
        self._forget_all_but(ring)
        self._ring, self._read_at = ring, began
        return ring

    def _forget_all_but(self, ring: _Ring) -> None:
        self._ciphers = {k: v for k, v in list(self._ciphers.items()) if k[0] in ring.roots}
        self._index_keys = {k: v for k, v in list(self._index_keys.items()) if k[0] in ring.roots}


def key_id_of(sealed: bytes) -> int:
    """Which key a sealed value needs."""
    return sealed[1] << 8 | sealed[2]


def _place(table: str, column: str, row_id: str) -> bytes:
    return f"{table}|{column}|{row_id}".encode()


def _derived(root: bytes, use: str, table: str, column: str) -> bytes:
    info = f"{use}|{table}|{column}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(root)
