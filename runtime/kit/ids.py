"""Identifiers that sort by time, and tokens of which only a hash is kept."""

import hashlib
import os
import secrets
import time
import uuid

TOKEN_BYTES = 32


def new_id() -> uuid.UUID:
    """A version 7 UUID (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    bits = int.from_bytes(os.urandom(10))
    high = milliseconds << 16 | 0x7000 | bits >> 68
    low = 0x8000_0000_0000_0000 | bits & 0x3FFF_FFFF_FFFF_FFFF
    return uuid.UUID(int=high << 64 | low)


def new_token(prefix: str) -> str:
    """An opaque token of 256 random bits; `prefix` says what it opens."""
    return f"{prefix}_{secrets.token_urlsafe(TOKEN_BYTES)}"


def hash_token(token: str) -> bytes:
    """What the database keeps of a token; enough, since tokens are random and long."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
