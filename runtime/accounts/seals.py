"""Sealing of the accounts' own fields, bound to table, column and row (AES-256-GCM)."""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
NONCE_BYTES = 12
INDEX_BYTES = 16


class LocalSeals:
    """Seals under keys derived from the deployment's secret, one for each column."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, table: str, column: str, row_id: str, text: str) -> bytes:
        """The text encrypted for this place alone."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = f"{table}|{column}|{row_id}".encode()
        sealed = AESGCM(self._key("enc", table, column)).encrypt(nonce, text.encode(), place)
        return VERSION + nonce + sealed

    def open(self, table: str, column: str, row_id: str, sealed: bytes) -> str:
        """The text back.

        Raises:
            cryptography.exceptions.InvalidTag: altered, or sealed for another place.
        """
        nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        place = f"{table}|{column}|{row_id}".encode()
        return AESGCM(self._key("enc", table, column)).decrypt(nonce, rest, place).decode()

    def index(self, table: str, column: str, text: str) -> bytes:
        """What equal texts of one column have in common, and nothing else tells."""
        key = self._key("idx", table, column)
        return hmac.new(key, text.encode(), hashlib.sha256).digest()[:INDEX_BYTES]

    def _key(self, use: str, table: str, column: str) -> bytes:
        info = f"{use}|{table}|{column}".encode()
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._secret)
