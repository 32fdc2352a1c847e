"""How a personal value is shown to those who need not know it, and how two are compared."""

import re
import unicodedata
from typing import Literal

Kind = Literal["phone", "name", "id_card", "email", "address", "text"]
HIDDEN = "****"
ADDRESS_SHOWN = 6  # province and city; street and house stay hidden


def mask_phone(text: str) -> str:
    """138****0001; a number too short to keep a secret is hidden whole."""
    return f"{text[:3]}{HIDDEN}{text[-4:]}" if len(text) >= 11 else HIDDEN


def mask_name(text: str) -> str:
    """陈*; 欧阳** keeps one character, for the family name may have one."""
    return text[:1] + "*" * min(max(len(text) - 1, 1), 8) if text else ""


def mask_id_card(text: str) -> str:
    """110***********0011: the province and the last four, never the day of birth."""
    return f"{text[:3]}{'*' * 11}{text[-4:]}" if len(text) >= 15 else HIDDEN


def mask_email(text: str) -> str:
    """c***@example.cn."""
    local, at, domain = text.rpartition("@")
    return f"{local[:1]}***@{domain}" if at and local else HIDDEN


def mask_address(text: str) -> str:
    """The first six characters."""
    return text[:ADDRESS_SHOWN] + HIDDEN if len(text) > 2 * ADDRESS_SHOWN else HIDDEN


def mask(kind: Kind, text: str) -> str:
    """The value as somebody without `personal:unmask` sees it; free text shows nothing."""
    match kind:
        case "phone":
            return mask_phone(text)
        case "name":
            return mask_name(text)
        case "id_card":
            return mask_id_card(text)
        case "email":
            return mask_email(text)
        case "address":
            return mask_address(text)
        case "text":
            return HIDDEN


_NO_DIGITS = re.compile(r"[^0-9]")
_BLANKS = re.compile(r"\s+")


def normalised(kind: Kind, text: str) -> str:
    """The form in which two values of one kind are equal; what blind indexes are made of."""
    plain = _BLANKS.sub("", unicodedata.normalize("NFKC", text))
    match kind:
        case "phone":
            digits = _NO_DIGITS.sub("", plain)
            return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
        case "id_card":
            return plain.upper()
        case "email":
            return plain.lower()
        case _:
            return plain
