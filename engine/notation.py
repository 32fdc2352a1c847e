"""The one-line notation of rules: prints from the tree and parses to it, never stored.

`visit.type in (inpatient, emergency) and overall <= 3 and (why has_any (wait) or answered(note))`.
A bare word on the right is an option id, `$id` another ref; text, dates and times stand in double
quotes.
"""

import json
import re
from decimal import Decimal
from typing import NamedTuple

from engine.ruletree import (
    All,
    Answered,
    Comparison,
    Eq,
    Ge,
    Gt,
    HasAll,
    HasAny,
    HasNone,
    In,
    Le,
    Lt,
    Membership,
    Ne,
    Not,
    Rule,
    Scalar,
)
from engine.ruletree import (
    Any as AnyOf,
)

_WORD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_COMPARISONS: dict[str, type[Comparison]] = {
    "==": Eq, "!=": Ne, "<": Lt, "<=": Le, ">": Gt, ">=": Ge,
}  # fmt: skip
_SETS: dict[str, type[Membership]] = {
    "in": In, "has_any": HasAny, "has_all": HasAll, "has_none": HasNone,
}  # fmt: skip
MAX_DIGITS = 40
"""How many characters a number of a rule may have; what one may hold, the checks say."""
_KEYWORDS = frozenset({"and", "or", "not", "true", "false", "all", "any", "answered", *_SETS})
_TOKEN = re.compile(
    r"""\s*+(?:
        (?P<string>"(?:[^"\\]|\\.)*+")
      | (?P<number>-?[0-9]+(?:\.[0-9]+)?(?![A-Za-z0-9_.]))
      | (?P<ref>\$[a-z][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*)*)
      | (?P<word>[a-z][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*)*)
      | (?P<symbol>==|!=|<=|>=|<|>|\(|\)|,)
    )""",
    re.VERBOSE | re.ASCII,
)


class NotationError(ValueError):
    """The text is no rule; `column` (from 1) is where, `code` and `params` say what."""

    def __init__(self, code: str, column: int, **params: object) -> None:
        super().__init__(f"{code} at column {column}")
        self.code = code
        self.column = column
        self.params = params


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


def print_rule(rule: Rule) -> str:
    """The rule on one line; `parse_rule` gives the same tree back."""
    return _print(rule, 0)


def _print(rule: Rule, binding: int) -> str:
    match rule:
        case All() | AnyOf():
            return _print_group(rule, binding)
        case Not():
            return f"not {_print(rule.of, 3)}"
        case Answered():
            return f"answered({rule.ref})"
        case Membership():
            return f"{rule.ref} {rule.symbol} ({', '.join(map(_literal, rule.value))})"
        case _:
            right = f"${rule.other}" if rule.other is not None else _literal(rule.value)
            return f"{rule.ref} {rule.symbol} {right}"


def _print_group(rule: All | AnyOf, binding: int) -> str:
    if len(rule.of) < 2:
        word = "all" if isinstance(rule, All) else "any"
        return f"{word}({', '.join(_print(part, 0) for part in rule.of)})"
    own, word = (2, " and ") if isinstance(rule, All) else (1, " or ")
    text = word.join(_print(part, own + 1) for part in rule.of)
    return f"({text})" if binding > own else text


def _literal(value: Scalar | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        plain = _WORD.fullmatch(value) and value not in _KEYWORDS
        return value if plain else json.dumps(value, ensure_ascii=False)
    return format(Decimal(repr(value)), "f")


def parse_rule(text: str) -> Rule:
    """The tree of a rule in notation.

    Raises:
        NotationError: with the column and what was expected there.
    """
    parser = _Parser(_tokens(text), len(text) + 1)
    rule = parser.disjunction()
    parser.end()
    return rule


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            column = place + 1 + len(text[place:]) - len(text[place:].lstrip())
            raise NotationError("notation_symbol", column, found=text[column - 1])
        kind = str(match.lastgroup)
        found.append(_Token(kind, match.group(kind), match.start(kind) + 1))
        place = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[_Token], end: int) -> None:
        self.tokens = tokens
        self.place = 0
        self.last = end
        self.level = 0

    def peek(self) -> _Token:
        if self.place < len(self.tokens):
            return self.tokens[self.place]
        return _Token("end", "", self.last)

    def take(self) -> _Token:
        token = self.peek()
        self.place += 1
        return token

    def accept(self, text: str) -> bool:
        if self.peek().text == text and self.peek().kind in ("word", "symbol"):
            self.place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            self.fail(text)

    def fail(self, expected: str) -> None:
        token = self.peek()
        raise NotationError("notation_expected", token.column, expected=expected, found=token.text)

    def end(self) -> None:
        if self.peek().kind != "end":
            self.fail("and / or")

    def disjunction(self) -> Rule:
        self.level += 1
        if self.level > 64:
            raise NotationError("notation_too_deep", self.peek().column)
        parts = [self.conjunction()]
        while self.accept("or"):
            parts.append(self.conjunction())
        self.level -= 1
        return parts[0] if len(parts) == 1 else AnyOf(of=tuple(parts))

    def conjunction(self) -> Rule:
        parts = [self.negation()]
        while self.accept("and"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else All(of=tuple(parts))

    def negation(self) -> Rule:
        count = 0
        while self.accept("not"):
            count += 1
        rule = self.atom()
        for _ in range(count):
            rule = Not(of=rule)
        return rule

    def atom(self) -> Rule:
        if self.accept("("):
            rule = self.disjunction()
            self.expect(")")
            return rule
        token = self.peek()
        if token.kind != "word":
            self.fail("ref")
        self.take()
        if self.peek().text == "(" and token.text in ("all", "any"):
            parts = self.group()
            return All(of=parts) if token.text == "all" else AnyOf(of=parts)
        if self.peek().text == "(" and token.text == "answered":
            self.expect("(")
            ref = self.word()
            self.expect(")")
            return Answered(ref=ref)
        return self.comparison(token.text)

    def group(self) -> tuple[Rule, ...]:
        self.expect("(")
        parts: list[Rule] = []
        while not self.accept(")"):
            if parts:
                self.expect(",")
            parts.append(self.disjunction())
        return tuple(parts)

    def word(self) -> str:
        token = self.peek()
        if token.kind != "word":
            self.fail("ref")
        return self.take().text

    def comparison(self, ref: str) -> Rule:
        token = self.peek()
        if token.text in _SETS:
            self.take()
            made: Rule = _SETS[token.text](ref=ref, value=self.literals())  # type: ignore[assignment]
            return made
        if token.text not in _COMPARISONS:
            self.fail("== != < <= > >= in has_any has_all has_none")
        kind = _COMPARISONS[self.take().text]
        if self.peek().kind == "ref":
            return kind(ref=ref, other=self.take().text[1:])  # type: ignore[return-value]
        return kind(ref=ref, value=self.literal())  # type: ignore[return-value]

    def literals(self) -> tuple[Scalar, ...]:
        self.expect("(")
        found: list[Scalar] = []
        while not self.accept(")"):
            if found:
                self.expect(",")
            found.append(self.literal())
        return tuple(found)

    def literal(self) -> Scalar:
        token = self.peek()
        self.take()
        match token.kind:
            case "string":
                try:
                    return str(json.loads(token.text))
                except ValueError:
                    raise NotationError("notation_string", token.column) from None
            case "number" if len(token.text) <= MAX_DIGITS:
                return float(token.text) if "." in token.text else int(token.text)
            case "word" if token.text in ("true", "false"):
                return token.text == "true"
            case "word" if "." not in token.text:
                return token.text
            case _:
                self.place -= 1
                self.fail("value")
                raise AssertionError
