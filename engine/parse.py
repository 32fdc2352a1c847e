"""From bytes to a document: everything that is wrong with its JSON and its shape, at once."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from engine.definition import MAX_BYTES, Document
from engine.problems import MAX_PROBLEMS, Problem, at_most, pointer
from engine.reading import BROKEN, read_struct

MAX_DEPTH = 32
MAX_CONTAINERS = 100_000
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
"""A JSON string, closed or not; possessive, so that no input makes it look twice."""
_LEAVES = re.compile(rb"[\[{][^\[\]{}]*[\]}]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Parsed(msgspec.Struct, frozen=True):
    """A document as far as it could be read, and what is wrong with its shape.

    `document` is None where nothing could be made of it. `left_out` are the pointers of list items
    that could not be read and are not in it, `lost_ids` the ids inside them.
    """

    document: Document | None
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()
    lost_ids: frozenset[str] = frozenset()


class Malformed(Exception):
    """The bytes are no JSON within limits; carries the one problem."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.problem = Problem(code, "", params)


def parse(data: bytes) -> Parsed:
    """Reads a survey document.

    Any byte string is answered: with a document, with problems, or with both.
    """
    try:
        value, duplicates = decode_json(data, MAX_BYTES)
    except Malformed as error:
        return Parsed(None, (error.problem,))
    return parse_value(value, duplicates)


def parse_value(value: Any, duplicates: tuple[Problem, ...] = ()) -> Parsed:
    """Reads a survey document from decoded JSON."""
    document, reader = read_struct(Document, value)
    problems = at_most((*duplicates, *reader.problems))
    if document is BROKEN and value.__class__ is dict:
        document = _salvage(value)
    usable = document if isinstance(document, Document) else None
    return Parsed(usable, problems, tuple(reader.left_out), frozenset(reader.lost_ids))


def _salvage(value: dict[str, Any]) -> Any:
    """The document with what its head lacks filled in, so that its body is checked all the same."""
    head = {
        "format": "huisheng.survey/1",
        "id": "unnamed",
        "title": "?",
        "languages": ["zh-CN"],
        "kind": "survey",
    }
    _, reader = read_struct(Document, value)
    lost = {at.split("/")[1] for at in reader.broken if at.count("/") == 1}
    kept = {k: v for k, v in value.items() if k not in lost}
    document, _ = read_struct(Document, head | kept)
    return document


def decode_json(data: bytes, max_bytes: int) -> tuple[Any, tuple[Problem, ...]]:
    """Decodes JSON that may be hostile.

    Returns:
        The value, and a problem for each duplicate key and each lone surrogate.

    Raises:
        Malformed: too large, too deep, or no JSON; with line and column.
    """
    measure(data, max_bytes)
    duplicates: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        if len(made) < len(items):
            seen: set[str] = set()
            again = [k for k, _ in items if k in seen or seen.add(k)]
            duplicates[id(made)] = (made, again)
        return made

    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs, parse_constant=_no)
    except UnicodeDecodeError as error:
        raise Malformed("not_utf8", byte=error.start) from None
    except json.JSONDecodeError as error:
        raise Malformed("malformed", line=error.lineno, column=error.colno) from None
    except (RecursionError, ValueError):
        raise Malformed("malformed", line=1, column=1) from None
    if duplicates or _SURROGATE.search(data):
        found = _find_faults(value, "", duplicates)
        return value, tuple(islice(found, MAX_PROBLEMS + 1))
    return value, ()


def _no(constant: str) -> Any:
    raise ValueError(constant)


def measure(data: bytes, max_bytes: int, max_depth: int = MAX_DEPTH) -> None:
    """Raises Malformed for a body that is too large or too deep, before it is decoded."""
    if len(data) > max_bytes:
        raise Malformed("too_large", bytes=len(data), max=max_bytes)
    if data.count(b"{") + data.count(b"[") <= max_depth:
        return
    rest = _STRINGS.sub(b"", data)
    if rest.count(b"{") + rest.count(b"[") > MAX_CONTAINERS:
        raise Malformed("too_many_values", max=MAX_CONTAINERS)
    depth = 0
    while depth <= max_depth and (b"[" in rest or b"{" in rest):
        rest, found = _LEAVES.subn(b"", rest)
        if not found:
            return
        depth += 1
    if depth > max_depth:
        raise Malformed("too_deep", max=max_depth)


def _find_faults(
    value: Any, at: str, duplicates: dict[int, tuple[dict[str, Any], list[str]]]
) -> Iterator[Problem]:
    if value.__class__ is str:
        if not _is_writable(value):
            yield Problem("lone_surrogate", at)
    elif value.__class__ is dict:
        if id(value) in duplicates:
            for key in duplicates[id(value)][1]:
                yield Problem("duplicate_key", at + pointer(key), {"key": key})
        for key, item in value.items():
            if not _is_writable(key):
                yield Problem("lone_surrogate", at)
            yield from _find_faults(item, at + pointer(key), duplicates)
    elif value.__class__ is list:
        for i, item in enumerate(value):
            yield from _find_faults(item, f"{at}/{i}", duplicates)


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
