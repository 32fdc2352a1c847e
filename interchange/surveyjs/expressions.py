"""Reads the expression language of SurveyJS into a tree.

After `packages/survey-core/src/expressions/grammar.pegjs` of survey-core 2.5: from loose to tight
or, and, comparisons, + -, * / %, power, the set operators, then `!` and single values. A closing
bracket at the very end may be missing there, so it may here; `not (…)` is no expression there, so
it is none here.
"""

import re
from typing import Any

from interchange.expression import Call, Name, Tree, Unreadable

MAX_TOKENS = 2000
MAX_DEPTH = 40
MAX_DIGITS = 40

_TOKEN = re.compile(
    r"""\s*+(?:(?P<name>\{[^{}]*\})|(?P<number>0x[0-9a-fA-F]+|(?:\d+\.\d+|[1-9]\d*|0)(?![\w]))
    |(?P<text>'(?:\\['"]|[^'"])*'|"(?:\\['"]|[^'"])*")
    |(?P<sign>&&|\|\||==|!=|>=|<=|\*=|[=<>!+\-*/%^(),\[\]])
    |(?P<word>[A-Za-z_]+(?:\d+[A-Za-z_]*)*))""",
    re.VERBOSE,
)
_REWRITTEN = (("=>", ">="), ("=<", "<="), ("<>", "!="), ("equals", "equal "))
"""What survey-core replaces before it reads (`ConditionsParser.patchExpression`)."""
_WORDS = {
    "or": "or", "||": "or", "and": "and", "&&": "and", "negate": "not", "!": "not",
    "=": "eq", "==": "eq", "equal": "eq", "!=": "ne", "notequal": "ne",
    ">": "gt", "greater": "gt", ">=": "ge", "greaterorequal": "ge",
    "<": "lt", "less": "lt", "<=": "le", "lessorequal": "le",
    "contains": "contains", "contain": "contains", "*=": "contains",
    "notcontains": "notcontains", "notcontain": "notcontains",
    "anyof": "anyof", "allof": "allof", "noneof": "noneof",
    "empty": "empty", "notempty": "notempty", "power": "^", "^": "^",
    "+": "+", "-": "-", "*": "*", "/": "/", "%": "%",
}  # fmt: skip
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"or"}),
    frozenset({"and"}),
    frozenset("eq ne gt ge lt le".split()),
    frozenset("+-"),
    frozenset("*/%"),
    frozenset("^"),
    frozenset("contains notcontains anyof allof noneof".split()),
)


def read(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        Unreadable: with what stands where it cannot.
    """
    reader = _Reader(_tokens(text))
    found = reader.level(0)
    if reader.peek() is not None:
        raise Unreadable("unreadable_rule", f"unexpected {reader.peek()}")
    return _by_day(found)


_NOW = Call("currentdate()", ())
_TODAY = Call("today()", ())
_TURNED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
_BEFORE_NOW = {"lt": "le", "le": "le", "gt": "gt", "ge": "gt"}
"""A day begins before the present moment, which is never itself the begin of a day."""


def _by_day(tree: Tree) -> Tree:
    """Comparisons of a day with the present moment as comparisons with today."""
    if isinstance(tree, list):
        return [_by_day(part) for part in tree]
    if not isinstance(tree, Call):
        return tree
    args = tuple(map(_by_day, tree.args))
    op = tree.op
    if op in ("eq", "ne") and _NOW in args:
        return op == "ne"
    if op in _BEFORE_NOW and args[0] == _NOW:
        op, args = _TURNED[op], args[::-1]
    if op in _BEFORE_NOW and args[1] == _NOW:
        return Call(_BEFORE_NOW[op], (args[0], _TODAY))
    return Call(op, args)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for theirs, read_as in _REWRITTEN:
        text = text.replace(theirs, read_as)
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MAX_TOKENS:
            raise Unreadable("unreadable_rule", text[at : at + 20])
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def word(self) -> str | None:
        """The operator that comes next, if one does."""
        if self.at >= len(self.tokens) or self.tokens[self.at][0] not in ("sign", "word"):
            return None
        return _WORDS.get(self.tokens[self.at][1].lower())

    def accept(self, text: str) -> bool:
        if self.peek() == text and self.tokens[self.at][0] == "sign":
            self.at += 1
            return True
        return False

    def level(self, number: int) -> Tree:
        """Operators of one strength, from left to right."""
        if number == len(_LEVELS):
            return self.factor()
        left = self.level(number + 1)
        while (op := self.word()) is not None and op in _LEVELS[number]:
            self.at += 1
            left = Call(op, (left, self.level(number + 1)))
        return left

    def nested(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("unreadable_rule", "nested too deep")
        found = self.level(0)
        self.depth -= 1
        return found

    def factor(self) -> Tree:
        found = self.value()
        while self.word() in ("empty", "notempty"):
            found = Call(str(self.word()), (found,))
            self.at += 1
        return found

    def value(self) -> Tree:
        if self.word() == "not":
            return self.negation()
        if self.accept("("):
            inner = self.nested()
            if not self.accept(")") and self.peek() is not None:
                raise Unreadable("unreadable_rule", f") is missing before {self.peek()}")
            return inner
        if self.accept("["):
            return self.listed("]")
        if self.accept("-"):
            number = self.value()
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise Unreadable("unreadable_rule", "a minus before what is no number")
            return -number
        return self.single()

    def negation(self) -> Tree:
        self.at += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("unreadable_rule", "nested too deep")
        inner = self.factor()
        self.depth -= 1
        return Call("not", (inner,))

    def single(self) -> Tree:
        if self.at >= len(self.tokens):
            raise Unreadable("unreadable_rule", "the end comes too early")
        kind, text = self.tokens[self.at]
        self.at += 1
        match kind:
            case "name":
                return Name(text[1:-1].strip())
            case "number":
                return _number(text)
            case "text":
                return re.sub(r"\\(['\"])", r"\1", text[1:-1])
            case "word":
                return self.called_or_plain(text)
            case _:
                raise Unreadable("unreadable_rule", f"unexpected {text}")

    def called_or_plain(self, text: str) -> Tree:
        if self.accept("("):
            return Call(f"{text.lower()}()", tuple(self.listed(")")))
        return {"true": True, "false": False, "null": None, "undefined": None}.get(
            text.lower(), text
        )

    def listed(self, end: str) -> list[Any]:
        found: list[Any] = []
        while not self.accept(end):
            if self.peek() is None and end == ")":
                break
            found.append(self.nested())
            if not self.accept(",") and self.peek() not in (end, None):
                raise Unreadable("unreadable_rule", f"{end} is missing")
            if self.peek() is None and end == "]":
                raise Unreadable("unreadable_rule", "] is missing")
        return found


def _number(text: str) -> int | float:
    if len(text) > MAX_DIGITS:
        raise Unreadable("unreadable_rule", text[:20])
    if text.startswith("0x"):
        return int(text, 16)
    return float(text) if "." in text else int(text)
