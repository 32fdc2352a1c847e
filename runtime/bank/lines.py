"""How people write options, labels and points into the cells of a table, and how they are read.

An option is a line `中文 | English {flags}`, perhaps with its id in front, `[wait] 等候太久`.
A label or a point is a line `1 = 很差 | Very bad` or `1 = 0`.
"""

import hashlib
import re
from typing import Any

from engine.definition import RESERVED
from runtime.bank.folding import fold

FLAGS = {
    "互斥": ("exclusive", True), "exclusive": ("exclusive", True),
    "固定": ("fixed", True), "fixed": ("fixed", True),
    "可填写": ("text_entry", "optional"), "text": ("text_entry", "optional"),
    "必填写": ("text_entry", "required"), "text required": ("text_entry", "required"),
}  # fmt: skip
"""Words that may stand in braces behind an option, with the member that each sets."""
_SHOWN_FLAGS: dict[tuple[str, Any], str] = {
    ("exclusive", True): "互斥",
    ("fixed", True): "固定",
    ("text_entry", "optional"): "可填写",
    ("text_entry", "required"): "必填写",
}
_ID = re.compile(r"\[([a-z][a-z0-9_]{0,63})\]\s*", re.ASCII)
_FLAGS = re.compile(r"(?<!\s)\s*+[{｛]([^{}｛｝]*)[}｝]$")
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+", re.ASCII)


class BadCell(ValueError):
    """A cell that cannot be read; `code` is worded by the catalogue with `params`."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = {name: str(value)[:60] for name, value in params.items()}


def text_of(cell: str) -> dict[str, str]:
    """`中文 | English` as a text in the languages that it is written in."""
    chinese, _, english = (part.strip() for part in cell.partition("|"))
    return {"zh-CN": chinese} | ({"en": english} if english else {})


def shown_text(text: Any) -> str:
    """A text as a cell; what does not fit is kept elsewhere."""
    if isinstance(text, str):
        return text
    chinese, english = text.get("zh-CN", ""), text.get("en", "")
    return f"{chinese} | {english}" if english else chinese


def options_of(lines: list[str]) -> list[dict[str, Any]]:
    """Options, rows or columns of a matrix; those without an id get one that follows their text.

    An id by place would slip onto another option when a line is put in between.

    Raises:
        BadCell: a word in braces is unknown.
    """
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for line in lines:
        option = _option(line)
        wanted = option.pop("id") or id_for(option["text"])
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted[:58]}_{number}", number + 1
        taken.add(name)
        found.append({"id": name, **option})
    return found


def _option(line: str) -> dict[str, Any]:
    head = _ID.match(line)
    rest = line[head.end() :] if head else line
    more: dict[str, Any] = {}
    flags = _FLAGS.search(rest)
    if flags:
        rest = rest[: flags.start()]
        for word in re.split(r"[,，、]", flags[1]):
            name = " ".join(word.split()).lower()
            if name not in FLAGS:
                raise BadCell("flag", word=word)
            member, value = FLAGS[name]
            more[member] = value
    return {"id": head[1] if head else "", "text": text_of(rest), **more}


def id_for(text: dict[str, str]) -> str:
    """An id that follows the English text where there is one, else a short digest."""
    slug = _NOT_IN_IDS.sub("_", text.get("en", "").lower()).strip("_")[:40].strip("_")
    if slug and slug[0].isalpha() and slug not in RESERVED:
        return slug
    return "o_" + hashlib.sha256(fold(text["zh-CN"]).encode()).hexdigest()[:8]


def shown_option(option: dict[str, Any]) -> str:
    """An option as a line."""
    flags = [
        _SHOWN_FLAGS[member, value]
        for member, value in option.items()
        if isinstance(value, bool | str) and (member, value) in _SHOWN_FLAGS
    ]
    braces = f" {{{'，'.join(flags)}}}" if flags else ""
    return f"[{option['id']}] {shown_text(option['text'])}{braces}"


def pairs_of(cell: str) -> dict[str, str]:
    """`1 = a` lines, or the same behind one another with semicolons.

    Raises:
        BadCell: a part without an equals sign.
    """
    found: dict[str, str] = {}
    for part in re.split(r"[\n;；]", cell.replace("＝", "=")):
        if part.strip():
            key, equals, value = part.partition("=")
            if not equals:
                raise BadCell("pair", value=part)
            found[key.strip()] = value.strip()
    return found


def number_of(cell: str) -> int | float:
    """A number.

    Raises:
        BadCell: it is none.
    """
    try:
        value = float(cell)
    except ValueError:
        raise BadCell("number", value=cell) from None
    if not abs(value) < 1e15:
        raise BadCell("number", value=cell)
    return int(value) if value.is_integer() else value
