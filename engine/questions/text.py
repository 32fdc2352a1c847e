"""text: free text of one or more lines, with an optional pattern or format."""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, cast

import re2
from msgspec import Meta

from engine.problems import Problem
from engine.questions.base import (
    Bounds,
    Facet,
    QuestionBase,
    QuestionView,
    Read,
    Scene,
    clean_text,
    fault,
)
from engine.text import Text

Format = Literal["phone_cn", "id_card_cn", "email"]
MAX_LENGTH = 20_000

_RE2 = cast(Any, re2)  # the package has no types
PATTERN_ERROR: type[Exception] = _RE2.error

_PHONE_CN = re.compile(r"1[3-9][0-9]{9}")
_ID_CARD_CN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
_ID_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Of the citizen identity number, GB 11643-1999 (ISO 7064 MOD 11-2)."""
_ID_CARD_CHECKS = "10X98765432"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    options = _RE2.Options()
    options.log_errors = False
    options.max_mem = 4 * 1024 * 1024
    return _RE2.compile(pattern, options)


def is_id_card_cn(text: str) -> bool:
    """Whether a text is a citizen identity number with a real date and a right check digit."""
    if not _ID_CARD_CN.fullmatch(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(text, _ID_CARD_WEIGHTS, strict=False))
    return _ID_CARD_CHECKS[total % 11] == text[17]


def _fits(text: str, form: Format) -> bool:
    match form:
        case "phone_cn":
            return bool(_PHONE_CN.fullmatch(text))
        case "id_card_cn":
            return is_id_card_cn(text)
        case "email":
            return len(text) <= 254 and bool(_EMAIL.fullmatch(text))


class TextView(QuestionView, kw_only=True, tag="text"):
    """What a channel is shown of it."""

    lines: int
    min_length: int
    max_length: int
    format: Format | None
    pattern_message: str | None


class TextQuestion(QuestionBase, frozen=True, kw_only=True, tag="text"):
    """Value: text in NFC, trimmed; lengths count code points."""

    personal: ClassVar[bool] = True
    lines: Annotated[int, Meta(ge=1, le=50)] = 1
    min_length: Annotated[int, Meta(ge=0)] = 0
    max_length: Annotated[int, Meta(ge=1, le=MAX_LENGTH)] = 2000
    pattern: str | None = None
    pattern_message: Text | None = None
    format: Format | None = None

    def facets(self) -> dict[str, Facet]:
        return {"": Facet("text")}

    def read(self, raw: Any, bounds: Bounds) -> Read:
        if raw.__class__ is not str:
            return self.bad("wrong_type")
        text = clean_text(raw)
        if text is None:
            return self.bad("bad_text")
        if self.format == "id_card_cn":
            text = text.upper()
        if len(text) < self.min_length:
            return self.bad("too_short", min=self.min_length)
        if len(text) > self.max_length:
            return self.bad("too_long", max=self.max_length)
        if self.format and not _fits(text, self.format):
            return self.bad("bad_format", format=self.format)
        if self.pattern and not _compiled(self.pattern).fullmatch(text):
            return self.bad("bad_pattern")
        return Read(text)

    def accepts(self, text: str) -> bool:
        """Whether a text is a good answer exactly as it stands (used by proofs)."""
        return bool(text) and self.read(text, Bounds()) == Read(text)

    def faults(self, at: str) -> Iterator[Problem]:
        if self.min_length > self.max_length:
            yield fault("bad_range", at, "min_length")
        if self.pattern is not None:
            try:
                _compiled(self.pattern)
            except PATTERN_ERROR as error:
                yield fault("unusable_pattern", at, "pattern", reason=_reason(error))

    def texts(self) -> Iterator[tuple[str, Text]]:
        if self.pattern_message is not None:
            yield "/pattern_message", self.pattern_message

    def view(self, scene: Scene) -> QuestionView:
        return TextView(
            **scene.common,
            lines=self.lines,
            min_length=self.min_length,
            max_length=self.max_length,
            format=self.format,
            pattern_message=scene.say(self.pattern_message) if self.pattern_message else None,
        )


def _reason(error: Exception) -> str:
    first: Any = error.args[0] if error.args else ""
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
