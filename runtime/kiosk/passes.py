"""The kiosk's cookie: which session this machine fills, and when it was last heard of.

The server writes the times itself and signs them, so that it ends a session that was left even
where no script runs: a cookie that was not renewed in time opens nothing any more.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime, timedelta

import msgspec

from renderers.kiosk import KioskTimes

_PURPOSE = b"huisheng kiosk pass 1"
_MAC_BYTES = 32


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What the cookie holds; `is_handed` while a code for a phone is out."""

    token: str
    started_at: datetime
    seen_at: datetime
    site: str = ""
    is_handed: bool = False

    def is_over(self, now: datetime, times: KioskTimes) -> bool:
        """Whether nothing was heard for too long, or the session is as old as one may become."""
        unseen = timedelta(seconds=times.unseen_seconds)
        longest = timedelta(seconds=times.absolute_seconds)
        return now - self.seen_at > unseen or now - self.started_at > longest

    def seconds_left(self, now: datetime, times: KioskTimes) -> int:
        """Whole seconds until the longest time is over, however busy the patient is."""
        return int(times.absolute_seconds - (now - self.started_at).total_seconds())


def seal(kept: Pass, secret: bytes) -> str:
    """The pass as a cookie's value."""
    content = msgspec.msgpack.encode(kept)
    return base64.urlsafe_b64encode(_mac(content, secret) + content).decode().rstrip("=")


def unseal(value: str, secret: bytes) -> Pass | None:
    """The pass that a cookie holds; None for what we did not write."""
    try:
        raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except (binascii.Error, ValueError):
        return None
    mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(content, secret)):
        return None
    return msgspec.msgpack.decode(content, type=Pass)


def _mac(content: bytes, secret: bytes) -> bytes:
    key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
    return hmac.digest(key, content, hashlib.sha256)
