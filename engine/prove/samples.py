"""Texts that a text question accepts: found from its format or pattern, never assumed."""

import re
from collections.abc import Iterator
from importlib import import_module
from itertools import islice, product
from typing import Any, NamedTuple

from engine.questions.text import TextQuestion

_MOST = 400
_LETTERS = "abcdefghijkmnpqrstuvwxyz"
_WORDS = "医护药诊疗科楼床餐检"


class Samples(NamedTuple):
    """Texts that a question accepts; `complete` says that there are no others."""

    texts: tuple[str, ...]
    complete: bool


def samples(question: TextQuestion) -> Samples:
    """Some texts that a question accepts exactly as they stand."""
    found: list[str] = []
    if question.pattern is not None:
        candidates, complete = _by_pattern(question.pattern)
        if _width_misses(question):
            return Samples((), True)
    elif question.format is not None:
        candidates, complete = list(islice(_by_format(question), _MOST)), False
    else:
        candidates, complete = list(plain((question.min_length or 1, question.max_length))), False
    for text in candidates:
        if question.accepts(text):
            found.append(text)
    return Samples(tuple(dict.fromkeys(found)), complete)


def plain(lengths: tuple[int, ...]) -> Iterator[str]:
    """Texts of the given lengths without any structure; some of Latin letters, some Chinese."""
    for length in dict.fromkeys(lengths):
        for alphabet in (_LETTERS, _WORDS):
            for letter in alphabet:
                yield letter * max(1, length)


def _by_format(question: TextQuestion) -> Iterator[str]:
    match question.format:
        case "phone_cn":
            yield from (f"1380013{n:04}" for n in range(_MOST))
        case "id_card_cn":
            for n in range(_MOST):
                yield from (f"11010519491231{n:03}{c}" for c in "0123456789X")
        case _:
            pad = "a" * max(0, question.min_length - 12)
            yield from (f"{pad}a{n}@b.cn" for n in range(_MOST))


def _parsed(pattern: str) -> Any:
    try:
        parser: Any = import_module("re._parser")
        return parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return None


def _width_misses(question: TextQuestion) -> bool:
    """Whether no text that fits the pattern has a length that the question accepts."""
    tree = _parsed(question.pattern or "")
    if tree is None:
        return False
    least, most = tree.getwidth()
    return least > question.max_length or most < max(1, question.min_length)


def _by_pattern(pattern: str) -> tuple[list[str], bool]:
    tree = _parsed(pattern)
    if tree is None:
        return [], False
    state = _State()
    state.complete = not tree.state.flags & re.IGNORECASE
    texts = list(islice(_sequence(list(tree), state), _MOST + 1))
    return texts[:_MOST], state.complete and len(texts) <= _MOST


class _State:
    def __init__(self) -> None:
        self.complete = True


def _sequence(items: list[Any], state: _State) -> Iterator[str]:
    if not items:
        yield ""
        return
    for head in _item(items[0], state):
        for tail in _sequence(items[1:], state):
            yield head + tail


def _item(item: Any, state: _State) -> Iterator[str]:
    name, value = str(item[0]), item[1]
    match name:
        case "LITERAL":
            yield chr(value)
        case "ANY" | "NOT_LITERAL" | "CATEGORY":
            state.complete = False
            yield from _class([(item[0], value)])
        case "IN":
            yield from _set(value, state)
        case "BRANCH":
            for branch in value[1]:
                yield from _sequence(list(branch), state)
        case "SUBPATTERN":
            yield from _sequence(list(value[-1]), state)
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            yield from _repeat(value, state)
        case "AT":
            yield ""
        case _:
            state.complete = False


def _set(parts: list[Any], state: _State) -> Iterator[str]:
    if all(str(op) in ("LITERAL", "RANGE") for op, _ in parts):
        count = 0
        for op, value in parts:
            codes = [value] if str(op) == "LITERAL" else range(value[0], value[1] + 1)
            for code in codes:
                count += 1
                if count > _MOST:
                    state.complete = False
                    return
                yield chr(code)
    else:
        state.complete = False
        yield from _class(parts)


def _class(parts: list[Any]) -> Iterator[str]:
    """Characters worth trying for a class; the question itself decides what it accepts."""
    yield from "0129abcxyzABZ _-.,@/:医患" if parts else ""


def _repeat(value: Any, state: _State) -> Iterator[str]:
    least, most, inner = value
    least = int(least)
    top = min(int(most), least + 3)
    if int(most) > top:
        state.complete = False
    body = list(inner)
    for count in range(least, top + 1):
        if count > 40:
            state.complete = False
            return
        choices = [list(islice(_sequence(body, state), 40))] * count
        if count and len(choices[0]) == 40:
            state.complete = False
        yield from ("".join(parts) for parts in product(*choices))
