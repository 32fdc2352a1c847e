"""The key that signs anchors and archives: Ed25519, kept outside the database.

The auditor holds the public key and can check everything without being able to sign anything.
"""

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

SEED_BYTES = 32


class SigningKey:
    """Signs; `public` is its public half in hexadecimal digits."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """The signature (RFC 8032) in hexadecimal digits."""
        return self._key.sign(message).hex()


def is_signed(public: str, message: bytes, signature: str) -> bool:
    """Whether the holder of `public` signed `message`; nonsense counts as no."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def signing_key(data_dir: Path, seed: bytes | None = None) -> SigningKey:
    """The key made of `seed`, else of the file of this place, drawn at first use.

    Several programs may start at once; the first to link its file wins, the others read it.
    """
    if seed is not None:
        return SigningKey(seed[:SEED_BYTES])
    path = data_dir / "secrets" / "audit.key"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        mine = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SEED_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    return SigningKey(path.read_bytes())
