"""The envelope key, kept outside the database, that wraps the keys kept inside it."""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runtime.kit.settings import SettingsError

KEY_BYTES = 32
NONCE_BYTES = 12
FINGERPRINT_BYTES = 8

WRONG_ENVELOPE = (
    "HUISHENG_ENVELOPE_KEY is not the key that wrapped key {id} of this database: it has the "
    "fingerprint {ours}, the database expects {theirs}. Give the key that this database was set "
    "up with; it is kept with the backups of the keys."
)
ALTERED_KEY = "Key {id} of this database was altered: HUISHENG_ENVELOPE_KEY fits, the key does not."


class Envelope:
    """Wraps keys; `fingerprint` tells which envelope wrapped one without telling anything else.

    `older` is the key of before, which only opens: while the envelope key is being replaced,
    programs hold both.
    """

    def __init__(self, key: bytes, older: bytes | None = None) -> None:
        self.fingerprint, cipher = _opened(key)
        self._ciphers = {self.fingerprint: cipher}
        if older is not None:
            fingerprint, cipher = _opened(older)
            self._ciphers.setdefault(fingerprint, cipher)

    def wrap(self, key_id: int, kind: str, key: bytes) -> bytes:
        """The key sealed for its row of `data_keys`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        cipher = self._ciphers[self.fingerprint]
        return nonce + cipher.encrypt(nonce, key, _place(key_id, kind))

    def unwrap(self, key_id: int, kind: str, wrapped: bytes, fingerprint: str) -> bytes:
        """The key itself.

        Raises:
            SettingsError: another envelope wrapped it, or the row was altered.
        """
        cipher = self._ciphers.get(fingerprint)
        if cipher is None:
            text = WRONG_ENVELOPE.format(id=key_id, ours=self.fingerprint, theirs=fingerprint)
            raise SettingsError((text,))
        nonce, rest = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, rest, _place(key_id, kind))
        except InvalidTag as error:
            raise SettingsError((ALTERED_KEY.format(id=key_id),)) from error


def _opened(key: bytes) -> tuple[str, AESGCM]:
    root = hashlib.sha256(b"huisheng envelope|" + key).digest()
    mark = hmac.new(root, b"fingerprint", hashlib.sha256).digest()
    return mark[:FINGERPRINT_BYTES].hex(), AESGCM(root)


def _place(key_id: int, kind: str) -> bytes:
    return f"data_keys|wrapped|{key_id}|{kind}".encode()
