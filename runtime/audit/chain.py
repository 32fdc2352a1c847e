"""The bytes of a line and their hash, as the sealer in the database makes them."""

import hashlib
from datetime import UTC, datetime, timedelta

from runtime.audit.models import Line

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = hashlib.sha256(b"huisheng.audit/1").digest()
"""The hash before the first line."""


def chained(previous: bytes, seq: int, line: Line) -> bytes:
    """The hash that seals `line` at place `seq` after the seal `previous`."""
    return hashlib.sha256(previous + line_bytes(seq, line)).digest()


def line_bytes(seq: int, line: Line) -> bytes:
    """Every member as its length in bytes, a colon and its text, then a comma; none is `-,`."""
    members = (
        str(seq),
        line.month.isoformat(),
        str(line.id),
        str((line.at - EPOCH) // timedelta(microseconds=1)),
        line.actor_kind,
        line.actor_id,
        line.actor_name,
        line.address,
        line.channel,
        line.session,
        line.action,
        line.object_type,
        line.object_id,
        line.outcome,
        line.site,
        line.facts,
    )
    return b"".join(map(_member, members))


def _member(text: str | None) -> bytes:
    if text is None:
        return b"-,"
    encoded = text.encode()
    return b"%d:%b," % (len(encoded), encoded)
