"""In which line of a JSON text a value stands, for whoever wrote the text by hand."""

import re
from collections.abc import Iterable

MAX_DEPTH = 64
"""Deeper than any document may be; a text that goes on so is read no further."""
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


def lines_of(text: str, pointers: Iterable[str]) -> dict[str, int]:
    """The line, from 1, of each value that a JSON pointer leads to; one that is not there is left
    out, one that is there twice stands where it comes last. The text need not be whole."""
    wanted = set(pointers)
    found: dict[str, int] = {}
    path: list[tuple[str, int]] = []
    key, at, seen = "", 0, 1
    awaits_key = False
    for token in _TOKEN.finditer(text):
        if len(path) > MAX_DEPTH:
            break
        word = token.group()
        seen += text.count("\n", at, token.start())
        at = token.start()
        if word == ",":
            if path and path[-1][1] >= 0:
                path[-1] = (path[-1][0], path[-1][1] + 1)
            awaits_key = bool(path) and path[-1][1] < 0
        elif word in "}]":
            key = path.pop()[0] if path else ""
            awaits_key = False
        elif word == ":":
            awaits_key = False
        elif awaits_key:
            key = word.strip('"').replace("~", "~0").replace("/", "~1")
        else:
            pointer = _pointer(path, key)
            if pointer in wanted:
                found[pointer] = seen
            if word in "{[":
                path.append((pointer, -1 if word == "{" else 0))
                awaits_key = word == "{"
    return found


def _pointer(path: list[tuple[str, int]], key: str) -> str:
    if not path:
        return ""
    above, position = path[-1]
    return f"{above}/{key if position < 0 else position}"
