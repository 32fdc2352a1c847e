"""Texts in several languages: every text serves every language of the document."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from engine.check import LANGUAGE
from engine.questions.text import MAX_LENGTH

Text = str | dict[str, str]
MAX_LANGUAGES = 100
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_BREAKS = frozenset("br p div li h1 h2 h3 h4 h5 h6 tr".split())
_SILENT = frozenset(("script", "style"))
_HAN = re.compile(r"[\u3400-\u9fff]")


def plain(text: str) -> str:
    """Text without markup, without control characters, at most as long as a text may be."""
    if "<" in text and _TAG.search(text):
        text = html.unescape(_without_tags(text))
    text = "".join(c for c in text if c in "\n\t" or c.isprintable() or c == "\u3000")
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)[:MAX_LENGTH]


def _without_tags(text: str) -> str:
    """The words of a piece of HTML, in one pass: every search ends it or moves on."""
    kept: list[str] = []
    lowered, at = text.lower(), 0
    while (start := text.find("<", at)) >= 0:
        kept.append(text[at:start])
        name = _NAME.match(text, start)
        if text.startswith("<!--", start):
            at = text.find("-->", start + 4) + 3
            if at == 2:
                return "".join(kept)
        elif name is None:
            kept.append("<")
            at = start + 1
        else:
            at = text.find(">", start) + 1
            if at == 0:
                return "".join([*kept, text[start:]])
            word = name.group(2).lower()
            kept.append("\n" if word in _BREAKS else "")
            if word in _SILENT and not name.group(1):
                at = lowered.find(f"</{word}", at)
                if at < 0:
                    return "".join(kept)
    return "".join([*kept, text[at:]])


def is_cut(versions: Mapping[str, str]) -> bool:
    """Whether one of these texts is longer than a text may be."""
    return any(len(text) > MAX_LENGTH for text in versions.values())


def has_markup(text: Any) -> bool:
    """Whether a text, or one of its translations, holds HTML tags."""
    if isinstance(text, dict):
        return any(map(has_markup, cast(dict[str, Any], text).values()))
    return isinstance(text, str) and "<" in text and _TAG.search(text) is not None


def guessed_language(text: str) -> str:
    """zh-CN where the text holds Chinese characters, else en."""
    return "zh-CN" if _HAN.search(text) else "en"


def language_tag(name: str) -> str | None:
    """A foreign locale name as a language tag (`pt-br` is `pt-BR`); None where it is none."""
    parts = name.strip().replace("_", "-").split("-")
    if not parts[0]:
        return None
    rest = [p.upper() if len(p) == 2 else p for p in parts[1:]]
    tag = "-".join([parts[0].lower(), *rest])
    if tag == "zh":
        return "zh-CN"
    return tag if LANGUAGE.fullmatch(tag) else None


class Speech:
    """Makes texts for the languages of one document; `base` is the language of plain texts."""

    def __init__(self, base: str, languages: Mapping[str, str]) -> None:
        self.base = base
        self.locales = {base: base} | dict(languages)
        """Foreign locale names, by the language tag that each stands for."""

    @property
    def languages(self) -> list[str]:
        """The document's languages, the base first."""
        return list(self.locales)

    def say(
        self, texts: Mapping[str, str], otherwise: str, pipe: Callable[[str], str] | None = None
    ) -> Text:
        """A text from versions by language tag; a missing one is the base's, as readers see it
        there; `pipe` puts placeholders in."""
        versions = {tag: plain(text) for tag, text in texts.items()}
        default = versions.get(self.base) or next(filter(None, versions.values()), "")
        default = default or plain(otherwise) or "—"
        made = {tag: versions.get(tag) or default for tag in self.locales}
        made = {tag: _written(text, pipe) for tag, text in made.items()}
        return made[self.base] if len(set(made.values())) == 1 else made


def _written(text: str, pipe: Callable[[str], str] | None) -> str:
    text = text.replace("{{", "\\{{")
    return pipe(text) if pipe is not None else text
