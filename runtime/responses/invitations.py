"""Signed invitations: a visit's context that a patient carries to us and cannot change."""

import base64
import binascii
import hmac
from datetime import datetime
from typing import Any

import msgspec

from runtime.kit.problems import Forbidden, Gone


class Invitation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """For which survey, with which context, until when (seconds since 1970)."""

    survey: str
    until: int
    context: dict[str, Any] = {}
    site: str | None = None
    lang: str | None = None


def sign(invitation: Invitation, key: bytes) -> str:
    """The invitation as a word that fits into a link."""
    payload = _encode(msgspec.json.encode(invitation))
    return f"{payload}.{_encode(_seal(payload, key))}"


def read(word: str, key: bytes, *, survey_id: str, now: datetime) -> Invitation:
    """What a signed word says.

    Raises:
        Forbidden: not signed by us, or for another survey.
        Gone: its time is over.
    """
    payload, _, seal = word.partition(".")
    try:
        is_ours = hmac.compare_digest(_decode(seal), _seal(payload, key))
        invitation = msgspec.json.decode(_decode(payload), type=Invitation) if is_ours else None
    except (msgspec.DecodeError, binascii.Error, ValueError):
        invitation = None
    if invitation is None or invitation.survey != survey_id:
        raise Forbidden("invitation", "This invitation is not valid for this survey.")
    if invitation.until < now.timestamp():
        raise Gone("invitation_expired", "This invitation has expired.")
    return invitation


def _seal(payload: str, key: bytes) -> bytes:
    return hmac.digest(key, b"invitation|" + payload.encode(), "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
