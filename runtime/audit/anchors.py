"""Anchors: the chain's head, signed, in a file outside the database.

Who owns the database can cut the chain's tail, or write the whole chain anew, and leave it sound
in itself. Only a head that was put away elsewhere tells.
"""

import os
from datetime import datetime
from pathlib import Path

import msgspec
import sqlalchemy as sa

from runtime.audit.keys import SigningKey, is_signed, signing_key
from runtime.kit.clock import Clock, system_clock
from runtime.kit.db import Database
from runtime.kit.settings import Settings

FILE = "anchors.jsonl"


class Anchor(msgspec.Struct, frozen=True):
    """The chain as it stood: its last place and that place's hash in hexadecimal digits."""

    seq: int
    hash: str
    at: datetime


class SignedAnchor(msgspec.Struct, frozen=True):
    """One line of the file."""

    anchor: Anchor
    signature: str


class UnreadableAnchor(Exception):
    """A line of the file, counted from 1, that is no anchor or was not signed with the key."""

    def __init__(self, line: int) -> None:
        super().__init__(
            f"Line {line} of the anchors is damaged or was not signed by this key: "
            "HUISHENG_AUDIT_KEY must be that of the server which wrote them."
        )
        self.line = line


def write_anchor(
    db: Database, path: Path, key: SigningKey, *, clock: Clock = system_clock
) -> Anchor | None:
    """Append the head of the chain to the file; None where the newest anchor has it already."""
    with db.begin() as connection:
        row = connection.execute(sa.text("SELECT seq, hash FROM audit_head")).one()
    anchor = Anchor(row.seq, row.hash.hex(), clock())
    if _last_seq(path) == anchor.seq:
        return None
    signed = SignedAnchor(anchor, key.sign(msgspec.json.encode(anchor)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(signed) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return anchor


def anchor_trail(db: Database, settings: Settings) -> Anchor | None:
    """Append the head to the file of this place; the worker does so once an hour."""
    key = signing_key(settings.data_dir, settings.audit_key)
    return write_anchor(db, settings.data_dir / "audit" / FILE, key)


def _last_seq(path: Path) -> int | None:
    """The place of the newest anchor, or None where there is none that can be read."""
    try:
        lines = path.read_bytes().splitlines()
        return msgspec.json.decode(lines[-1], type=SignedAnchor).anchor.seq if lines else None
    except (OSError, msgspec.DecodeError):
        return None


def read_anchors(path: Path, public_key: str) -> list[Anchor]:
    """Every anchor of the file, oldest first.

    Raises:
        UnreadableAnchor: a line is damaged or has another signature.
    """
    anchors: list[Anchor] = []
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            signed = msgspec.json.decode(text, type=SignedAnchor)
        except msgspec.DecodeError:
            raise UnreadableAnchor(number) from None
        if not is_signed(public_key, msgspec.json.encode(signed.anchor), signed.signature):
            raise UnreadableAnchor(number)
        anchors.append(signed.anchor)
    return anchors
