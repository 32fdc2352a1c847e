"""Reads the expressions of XLSForm workbooks (a part of XPath 1.0) into a tree.

`${name}` is a question, `.` the question itself, a bare word a column of the list of choices. What
the comparisons say follows XPath 1.0, section 3.4: no answer is the empty text, which as a number
is not one, so that `!=` holds and all else does not.
"""

import re
from typing import Any

from interchange.expression import Call, Name, Tree, Unreadable
from interchange.node import is_list, number_of
from interchange.refs import Language

SELF = "."
COLUMN = "column:"
MAX_TOKENS = 2000
MAX_DEPTH = 40
_TOKEN = re.compile(
    r"""\s*+(?:\$\{(?P<name>[^{}]++)\}|(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<text>'[^']*'|"[^"]*"|‘[^’]*’|“[^”]*”)
    |(?P<sign>!=|>=|<=|[=<>+*(),\-]|\.(?![\d/.]))
    |(?P<word>[A-Za-z_][\w:.-]*))""",
    re.VERBOSE,
)
_LEVELS = (
    {"or": "or"},
    {"and": "and"},
    {"=": "eq", "!=": "ne"},
    {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"},
    {"+": "+", "-": "-"},
    {"*": "*", "div": "/", "mod": "%"},
)
_RENAMED = {"min": "min()", "max": "max()", "if": "iif()", "today": "today()"}


def read(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        Unreadable: with what stands where it cannot.
    """
    reader = _Reader(_tokens(text))
    found = reader.level(0)
    if reader.peek() is not None:
        raise Unreadable("unreadable_rule", f"unexpected {reader.peek()}")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MAX_TOKENS:
            raise Unreadable("unreadable_rule", text[at : at + 20])
        kind = match.lastgroup or ""
        found.append((kind, match[kind].strip()))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def peek(self) -> str | None:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def accept(self, sign: str) -> bool:
        if self.peek() == sign and self.kind() == "sign":
            self.at += 1
            return True
        return False

    def level(self, number: int) -> Tree:
        if number == len(_LEVELS):
            return self.value()
        left = self.level(number + 1)
        while self.kind() in ("sign", "word") and self.peek() in _LEVELS[number]:
            op = _LEVELS[number][str(self.peek())]
            self.at += 1
            left = _compared(op, left, self.level(number + 1))
        return left

    def nested(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("unreadable_rule", "nested too deep")
        found = self.level(0)
        self.depth -= 1
        return found

    def value(self) -> Tree:
        if self.accept("("):
            inner = self.nested()
            if not self.accept(")"):
                raise Unreadable("unreadable_rule", ") is missing")
            return inner
        if self.accept("-"):
            number = self.value()
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise Unreadable("unreadable_rule", "a minus before what is no number")
            return -number
        if self.accept("."):
            return Name(SELF)
        kind, text = self.kind(), self.peek()
        if text is None:
            raise Unreadable("unreadable_rule", "the end comes too early")
        self.at += 1
        match kind:
            case "name":
                return Name(text)
            case "number":
                return number_of(text)
            case "text":
                return text[1:-1]
            case "word":
                return self.called(text)
            case _:
                raise Unreadable("unreadable_rule", f"unexpected {text}")

    def called(self, word: str) -> Tree:
        if not self.accept("("):
            truth = {"true": True, "false": False}.get(word.lower())
            return Name(COLUMN + word) if truth is None else truth
        args: list[Tree] = []
        while not self.accept(")"):
            args.append(self.nested())
            if not self.accept(",") and self.peek() != ")":
                raise Unreadable("unreadable_rule", ") is missing")
        return _function(word, args)


def _compared(op: str, left: Tree, right: Tree) -> Tree:
    """An operator with its operands; beside a truth value the other side counts as one too."""
    if op in ("eq", "ne"):
        for truth, other in ((right, left), (left, right)):
            if isinstance(truth, bool):
                return (
                    Call("and", (other, True)) if truth == (op == "eq") else Call("not", (other,))
                )
    return Call(op, (left, right))


def _function(word: str, args: list[Tree]) -> Tree:
    match word, args:
        case (("true" | "false"), []):
            return word == "true"
        case "not", [inner]:
            return Call("not", (inner,))
        case "selected", [where, what]:
            return Call("contains", (where, what))
        case "count-selected", [where]:
            return Call("size()", (where,))
        case (("number" | "decimal"), [inner]):
            return Call("number()", (inner,))
        case (("string" | "date" | "boolean" | "once"), [inner]):
            return inner
        case "coalesce", [inner, 0]:
            return Call("sum()", (inner,))
        case "coalesce", [first, second]:
            return Call("iif()", (Call("notempty", (first,)), first, second))
        case (("sum" | "count" | "avg"), _):
            raise Unreadable("function", f"{word} of the answers of a repeat")
        case _ if word in _RENAMED:
            return Call(_RENAMED[word], tuple(args))
        case _:
            return Call(f"{word}()", tuple(args))


# -- what comparisons say -------------------------------------------------------------------


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    number = number_of(value)
    return None if number is None else float(number)


def _equal(left: Any, right: Any) -> bool:
    one, two = ("" if v is None else v for v in (left, right))
    if isinstance(one, bool) or isinstance(two, bool):
        return bool(one) == bool(two)
    if isinstance(one, str) and isinstance(two, str):
        return one == two
    numbers = _number(one), _number(two)
    return numbers[0] is not None and numbers[0] == numbers[1]


def _greater(left: Any, right: Any) -> bool:
    one, two = _number(left), _number(right)
    return one is not None and two is not None and one > two


def _at_least(left: Any, right: Any) -> bool:
    one, two = _number(left), _number(right)
    return one is not None and two is not None and one >= two


def _contains(left: Any, right: Any) -> bool:
    """`selected`: one of the words of an answer."""
    has: list[Any] = left if is_list(left) else [left]
    return left is not None and any(str(item) == str(right) for item in has)


def _different(left: Any, right: Any) -> bool:
    return not _equal(left, right)


def _less(left: Any, right: Any) -> bool:
    return _greater(right, left)


def _at_most(left: Any, right: Any) -> bool:
    return _at_least(right, left)


def _itself(value: Any) -> Any:
    return value


def _words(value: Any) -> list[Any]:
    """Of several choices the source sees the text "a b": equal to a word means that word alone."""
    return value.split() if isinstance(value, str) else [value]


LANGUAGE = Language(
    comparisons={
        "eq": _equal, "ne": _different, "gt": _greater, "lt": _less, "ge": _at_least,
        "le": _at_most, "contains": _contains,
    },
    corrected=_itself,
    empty_is_zero=False,
    as_set=_words,
    is_true=bool,
    is_truthy=bool,
    nothing_spreads=True,
)  # fmt: skip
