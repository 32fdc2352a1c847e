"""A stream sealed in chunks: a cut, altered, reordered or foreign file is refused.

Layout: magic, 8 bytes fingerprint of the key, 16 bytes salt, then chunks of a 4-byte length and
AES-256-GCM of at most 1 MiB. Each file has a key of its own (HKDF-SHA-256 of backup key and salt),
so the chunk number may be the nonce; the last chunk is marked in its additional data (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"HSBACKUP1\n"
CHUNK_BYTES = 1024 * 1024
FINGERPRINT_BYTES = 8
SALT_BYTES = 16
TAG_BYTES = 16


class BackupRefused(Exception):
    """A backup that cannot be made or restored; the message is one sentence for the operator."""


def _derived(key: bytes, salt: bytes, purpose: bytes, length: int = 32) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, b"huisheng backup|" + purpose).derive(key)


class SealedWriter:
    """Writes one sealed file; complete only after `close`."""

    def __init__(self, file: BinaryIO, key: bytes, name: str) -> None:
        salt = secrets.token_bytes(SALT_BYTES)
        self._file = file
        self._cipher = AESGCM(_derived(key, salt, name.encode()))
        self._number = 0
        self._waiting = bytearray()
        file.write(MAGIC + _derived(key, b"", b"fingerprint", FINGERPRINT_BYTES) + salt)

    def write(self, content: bytes) -> int:
        """Take more content; whole chunks are written at once."""
        self._waiting += content
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(content)

    def close(self) -> None:
        """Write the last chunk, marked as such."""
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, content: bytes, *, is_last: bool) -> None:
        nonce = self._number.to_bytes(12, "big")
        sealed = self._cipher.encrypt(nonce, content, b"last" if is_last else b"more")
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


def unsealed(path: Path, key: bytes, name: str) -> Iterator[bytes]:
    """The content of a sealed file, a chunk at a time.

    Raises:
        BackupRefused: no such file, another key, cut or altered.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupRefused(f"{path.name} cannot be read: {error.strerror}.") from error
    with file:
        head = file.read(len(MAGIC) + FINGERPRINT_BYTES + SALT_BYTES)
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + FINGERPRINT_BYTES + SALT_BYTES:
            raise BackupRefused(f"{path.name} is no part of a backup of this program, or was cut.")
        mark, salt = head[len(MAGIC) : -SALT_BYTES], head[-SALT_BYTES:]
        if mark != _derived(key, b"", b"fingerprint", FINGERPRINT_BYTES):
            raise BackupRefused(f"{path.name} was sealed with another HUISHENG_BACKUP_KEY.")
        yield from _chunks(file, AESGCM(_derived(key, salt, name.encode())), path.name)


def _chunks(file: BinaryIO, cipher: AESGCM, shown: str) -> Iterator[bytes]:
    chunk = _next(file, shown)
    number = 0
    while True:
        following = _next(file, shown) if file.peek(1) else None  # type: ignore[attr-defined]
        try:
            mark = b"last" if following is None else b"more"
            yield cipher.decrypt(number.to_bytes(12, "big"), chunk, mark)
        except InvalidTag:
            raise BackupRefused(f"{shown} was cut or altered.") from None
        if following is None:
            return
        chunk, number = following, number + 1


def _next(file: BinaryIO, shown: str) -> bytes:
    length = int.from_bytes(file.read(4), "big")
    sealed = file.read(length) if TAG_BYTES <= length <= CHUNK_BYTES + TAG_BYTES else b""
    if not sealed or len(sealed) != length:
        raise BackupRefused(f"{shown} was cut or altered.")
    return sealed
