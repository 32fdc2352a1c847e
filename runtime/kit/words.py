"""The server's own sentences, by code and language; zh-CN comes first, en is complete.

A language is a folder of `messages/`, with a file for each area of the console and `server.json`
for what patients and integrators read. A code stands in one of them.
`{n}` is filled with what is given; `{n|error has|errors have}` is the word for one or for many.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from engine.text import counted

LANGUAGES = ("zh-CN", "en")
_logger = logging.getLogger("huisheng.words")


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All sentences of a language."""
    folder = files("runtime.kit") / "messages" / lang
    found: dict[str, str] = {}
    for file in folder.iterdir():
        found |= json.loads(file.read_text("utf-8"))
    return found


def nearest_language(wanted: str | None) -> str:
    """The language of the server's sentences that comes nearest to an Accept-Language header."""
    for part in (wanted or "").split(","):
        name = part.split(";")[0].strip().lower()
        for lang in LANGUAGES:
            if name and lang.lower().split("-")[0] == name.split("-")[0]:
                return lang
    return LANGUAGES[0]


def say(code: str, lang: str, **params: object) -> str:
    """The sentence of a code; a missing one is a fault of ours: logged, and shown as its code."""
    text = catalogue(nearest_language(lang)).get(code)
    if text is None:
        _logger.error("no sentence for %s", code)
        return code
    text = counted(text, params)
    for name, value in params.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def joined(words: Iterable[str], lang: str) -> str:
    """Several things one after another, as the language lists them."""
    return say("console_between", lang).join(words)


def word_or(code: str, lang: str, otherwise: str) -> str:
    """The sentence of a code that need not have one, since staff or other systems made it."""
    return catalogue(nearest_language(lang)).get(code, otherwise)
