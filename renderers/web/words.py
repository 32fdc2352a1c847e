"""The interface's own words in zh-CN and en, for both HTML channels."""

import functools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, cast

from engine.text import counted

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
NAMES: Mapping[Language, str] = {"zh-CN": "中文", "en": "English"}
_FOLDER = Path(__file__).parent.parent / "messages"


@functools.cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """All words of one language by key."""
    return cast("Mapping[str, str]", json.loads((_FOLDER / f"{lang}.json").read_text("utf-8")))


def closest(lang: str) -> Language:
    """The interface language for a survey's or browser's language tag; zh-CN for unknown ones."""
    return "en" if lang.lower().split("-")[0] == "en" else "zh-CN"


@functools.cache
def wording(lang: Language) -> Callable[..., str]:
    """A function `t(key, **values)` giving the wording in one language.

    Raises:
        KeyError: the catalogue lacks the key (the catalogue's tests find it first).
    """
    words = catalogue(lang)

    def t(key: str, **values: object) -> str:
        text = words[key]
        return counted(text, values).format_map(values) if values else text

    return t
