"""FHIRPath expressions as trees, as far as rules of Questionnaires are written in them.

Source: hl7.org/fhirpath/N1, sections 3 to 6 (paths, functions, operators and their precedence).
"""

import re
from typing import NamedTuple

from interchange.expression import Unreadable
from interchange.node import number_of

MAX_TOKENS = 2000
MAX_NESTING = 40


class Literal(NamedTuple):
    """A constant; `kind` tells dates and times from texts."""

    value: str | bool | int | float
    kind: str


class Step(NamedTuple):
    """A member or a function (`args` is None for a member), applied to what stands before it."""

    on: "Tree | None"
    name: str
    args: "tuple[Tree, ...] | None"
    text: str
    """The expression as it stands in the source."""


class Operation(NamedTuple):
    """An operator with its two operands."""

    op: str
    left: "Tree"
    right: "Tree"
    text: str


class Nothing(NamedTuple):
    """`{}`, the empty collection."""


Tree = Literal | Step | Operation | Nothing

_LEVELS = (
    ("implies",), ("or", "xor"), ("and",), ("in", "contains"), ("=", "~", "!=", "!~"),
    ("<=", ">=", "<", ">"), ("|",), ("+", "-", "&"), ("*", "/", "div", "mod"),
)  # fmt: skip
"""Operators that are read from left to right, the loosest first."""
_TOKEN = re.compile(
    r"""\s*+(?:
    (?P<time>@T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?)
    |(?P<date>@\d{4}(?:-\d\d(?:-\d\d)?)?(?:T[\d:.]*(?:Z|[+-]\d\d:\d\d)?)?)
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<string>'(?:[^'\\]|\\.)*+')
    |(?P<word>%?(?:`[^`]*+`|[A-Za-z_$][A-Za-z0-9_]*+))
    |(?P<sign><=|>=|!=|!~|[-+*/&|=<>~().,{}\[\]])
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def parse(text: str) -> Tree:
    """The tree of an expression; raises Unreadable."""
    reader = _Reader(text)
    tree = reader.binary(0)
    if reader.at < len(reader.tokens):
        raise Unreadable("fhirpath_rule", text)
    return tree


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MAX_TOKENS:
            raise Unreadable("fhirpath_rule", text[at : at + 40])
        kind = match.lastgroup or ""
        found.append(_Token(kind, match[kind], match.start(kind), match.end()))
        at = match.end()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0

    def peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def accept(self, *texts: str) -> _Token | None:
        token = self.peek()
        if token is None or token.kind == "string" or token.text not in texts:
            return None
        self.at += 1
        return token

    def need(self, text: str) -> None:
        if not self.accept(text):
            raise Unreadable("fhirpath_rule", f"{text} is missing")

    def since(self, first: int) -> str:
        """The source from a token on to the last one read."""
        return self.text[self.tokens[first].start : self.tokens[self.at - 1].end]

    def binary(self, level: int) -> Tree:
        if level == len(_LEVELS):
            return self.path()
        self.depth += level == 0
        if self.depth > MAX_NESTING:
            raise Unreadable("fhirpath_rule", "it nests too deep")
        first = self.at
        left = self.binary(level + 1)
        while (sign := self.accept(*_LEVELS[level])) is not None:
            right = self.binary(level + 1)
            left = Operation(sign.text, left, right, self.since(first))
        self.depth -= level == 0
        return left

    def path(self) -> Tree:
        first = self.at
        found = self.term(first)
        while self.accept("."):
            found = self.step(found, first)
        if self.accept("["):
            raise Unreadable("fhirpath_rule", "[")
        return found

    def term(self, first: int) -> Tree:
        token = self.peek()
        if token is None:
            raise Unreadable("fhirpath_rule", "the end comes too early")
        if self.accept("("):
            inner = self.binary(0)
            self.need(")")
            return inner
        if self.accept("{"):
            self.need("}")
            return Nothing()
        if self.accept("-"):
            number = self.term(self.at)
            if isinstance(number, Literal) and isinstance(number.value, (int, float)):
                return Literal(-number.value, "number")
            raise Unreadable("fhirpath_rule", "-")
        if token.kind == "word" and token.text not in ("true", "false"):
            return self.step(None, first)
        self.at += 1
        return _literal(token)

    def step(self, on: Tree | None, first: int) -> Tree:
        token = self.peek()
        if token is None or token.kind != "word":
            raise Unreadable("fhirpath_rule", token.text if token else "the end comes too early")
        self.at += 1
        args: list[Tree] | None = None
        if self.accept("("):
            args = []
            while not self.accept(")"):
                args.append(self.binary(0))
                if not self.accept(","):
                    self.need(")")
                    break
        name = token.text.replace("`", "")
        return Step(on, name, None if args is None else tuple(args), self.since(first))


def _literal(token: _Token) -> Literal:
    match token.kind:
        case "string":
            return Literal(_ESCAPE.sub(_unescaped, token.text[1:-1]), "text")
        case "number":
            number = number_of(token.text)
            if number is None:
                raise Unreadable("fhirpath_rule", token.text)
            return Literal(number, "number")
        case "date":
            return Literal(token.text[1:], "date")
        case "time":
            return Literal(token.text[2:], "time")
        case "word":
            return Literal(token.text == "true", "boolean")
        case _:
            raise Unreadable("fhirpath_rule", token.text)


def _unescaped(match: re.Match[str]) -> str:
    mark = match[1]
    return chr(int(mark[1:], 16)) if mark[0] == "u" and len(mark) == 5 else _ESCAPED.get(mark, mark)
