"""Texts in several languages, and the placeholders `{{ref}}` inside them."""

import re
from collections.abc import Callable, Iterator, Mapping

Text = str | dict[str, str]

_COUNTED = re.compile(r"\{([a-z]+)\|([^|{}]*)\|((?:[^{}]|\{[a-z]+\})*)\}")
_PLACEHOLDER = re.compile(r"\\\{\{|\{\{([^{}]*+)\}\}")


def localize(text: Text | None, lang: str, fallback: str = "zh-CN") -> str:
    """The text in `lang`, else in the survey's first language, else in any; "" for none."""
    if text is None:
        return ""
    if isinstance(text, str):
        return text
    return text.get(lang) or text.get(fallback) or next(iter(text.values()), "")


def placeholders(text: Text | None) -> Iterator[str]:
    """The refs that a text's placeholders name, in every language, duplicates included."""
    if text is None:
        return
    for version in (text,) if isinstance(text, str) else text.values():
        if "{{" in version:
            for match in _PLACEHOLDER.finditer(version):
                if match.group(1) is not None:
                    yield match.group(1).strip()


def fill(text: str, shown: Callable[[str], str]) -> str:
    """The text with each `{{ref}}` replaced by `shown(ref)` and `\\{{` by a literal `{{`."""
    if "{{" not in text:
        return text
    return _PLACEHOLDER.sub(lambda m: "{{" if m[1] is None else shown(m[1].strip()), text)


def counted(sentence: str, values: Mapping[str, object]) -> str:
    """A sentence of ours with the words for one or for many: `{n|error has|errors have}`."""

    def chosen(found: re.Match[str]) -> str:
        if found[1] not in values:
            return found[0]
        return found[2] if str(values[found[1]]) == "1" else found[3]

    return _COUNTED.sub(chosen, sentence) if "|" in sentence else sentence


def rename_placeholders(text: Text, old: str, new: str) -> Text:
    """The text with placeholders of `old` naming `new` instead, spaces in them as they were."""
    if isinstance(text, dict):
        return {lang: str(rename_placeholders(t, old, new)) for lang, t in text.items()}

    def renamed(found: re.Match[str]) -> str:
        is_old = found[1] is not None and found[1].strip() == old
        return found[0].replace(old, new, 1) if is_old else found[0]

    return _PLACEHOLDER.sub(renamed, text)
