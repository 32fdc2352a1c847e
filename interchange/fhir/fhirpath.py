"""The small part of FHIRPath that calculated sums are written in, as a tree.

Paths that lead to the answers of one or more items (`…where(linkId = 'a' or linkId = 'b').answer
.value`, with `.ordinal()`, `.weight()`, `.sum()`, `.count()` behind), variables, numbers, `+ - *
/`, `iif`. Anything else is no tree: nothing is guessed.
"""

import re
from collections.abc import Sequence

from interchange.expression import Call, Name, Tree, Unreadable
from interchange.node import number_of

ORDINAL = "ordinal:"
MAX_TOKENS = 2000
MAX_DEPTH = 20
_LINK = re.compile(r"linkId\s*=\s*(?:'([^']*)'|\"([^\"]*)\")")
_PATH = re.compile(
    r"""(?:%(?:resource|context|questionnaire)|\$this|item|descendants\(\))
    (?:\.(?:item|descendants\(\)|repeat\(\s*item\s*\)
       |where\(\s*linkId\s*=\s*(?:'[^']*'|"[^"]*")(?:\s+or\s+linkId\s*=\s*(?:'[^']*'|"[^"]*"))*\s*\)))*
    \.answer(?:\.first\(\))?(?:\.value(?:Integer|Decimal|Coding)?(?:\.ofType\(\w+\))?)?
    (?P<scored>\.(?:ordinal|weight)\(\))?
    (?P<how>\.(?:sum|count|first|min|max|avg|total|chosen)\(\))?""",
    re.VERBOSE,
)
_ALL_WEIGHTS = re.compile(
    r"""(?P<path>%(?:resource|context|questionnaire)(?:\.(?:item|descendants\(\)|repeat\(\s*item\s*\)))+)
    (?:\.where\(\s*linkId\s*!=\s*'(?P<but>[^']*)'\s*\))?
    (?P<rest>\.answer(?:\.value)?\.(?:ordinal|weight)\(\)\.sum\(\))""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    r"\s*+(?:(?P<number>\d+(?:\.\d+)?)|(?P<variable>%[A-Za-z_]\w*)|(?P<sign>[-+*/(),])"
    r"|(?P<word>iif|sum|true|false))"
)
_HOW = {"": "", ".sum()": "sum()", ".count()": "count()", ".first()": "", ".min()": "min()",
        ".max()": "max()", ".avg()": "avg()", ".total()": "total()",
        ".chosen()": "chosen()"}  # fmt: skip
_OR_NOTHING = {".sum()": ".total()", ".count()": ".chosen()"}


def spelt_out(text: str, weighed: Sequence[str]) -> str:
    """The expression with a sum over the weights of all answers (or of all but one) as one over
    the items that have weights."""

    def named(match: re.Match[str]) -> str:
        links = [f"linkId='{name}'" for name in weighed if name != match["but"] and "'" not in name]
        where = f".where({' or '.join(links)})" if links else ""
        return match["path"] + where + match["rest"]

    return _ALL_WEIGHTS.sub(named, text)


def read(text: str) -> Tree:
    """The tree of an expression; raises Unreadable."""
    reader = _Reader(_tokens(_summed(text.strip())))
    found = reader.sum()
    if reader.at < len(reader.tokens):
        raise Unreadable("fhirpath", text)
    return found


def _summed(text: str) -> str:
    """`iif(a.exists(), a.sum(), {})`, as we write a sum that is nothing of nothing, in one step, as
    if there were a function for it; the same of a count."""
    first, *others = text.split("iif(")
    found = [first]
    for other in others:
        answers, asked, rest = other.partition(".exists(), ")
        how = next((how for how in _OR_NOTHING if asked
                    and rest.startswith(f"{answers}{how}, {{}})")), None)  # fmt: skip
        if how is None:
            found.append(f"iif({other}")
        else:
            found.append(answers + _OR_NOTHING[how] + rest[len(answers) + len(how) + 5 :])
    return "".join(found)


def _tokens(text: str) -> list[Tree | str]:
    """Numbers and trees as they are, signs and words as marked text."""
    found: list[Tree | str] = []
    at = 0
    while at < len(text):
        at += len(text[at:]) - len(text[at:].lstrip())
        path = _PATH.match(text, at)
        if path is not None and (links := _LINK.findall(path[0])):
            found.append(_answers([one or two for one, two in links], path))
            at = path.end()
            continue
        match = _TOKEN.match(text, at)
        if match is None or len(found) >= MAX_TOKENS:
            raise Unreadable("fhirpath", text[at : at + 40])
        if match["number"]:
            found.append(number_of(match["number"]))
        elif match["variable"]:
            found.append(Name(match["variable"]))
        else:
            found.append("\0" + match[match.lastgroup or 0])
        at = match.end()
    return found


def _answers(links: list[str], path: re.Match[str]) -> Tree:
    prefix = ORDINAL if path["scored"] else ""
    names = [Name(prefix + link) for link in links]
    how = _HOW[path["how"] or ""]
    if not how and len(names) > 1:
        raise Unreadable("fhirpath", path[0])
    return Call(how, tuple(names)) if how else names[0]


class _Reader:
    def __init__(self, tokens: list[Tree | str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def accept(self, sign: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == "\0" + sign:
            self.at += 1
            return True
        return False

    def sum(self) -> Tree:
        left = self.product()
        while True:
            op = next((sign for sign in "+-" if self.accept(sign)), None)
            if op is None:
                return left
            left = Call(op, (left, self.product()))

    def product(self) -> Tree:
        left = self.value()
        while True:
            op = next((sign for sign in "*/" if self.accept(sign)), None)
            if op is None:
                return left
            left = Call(op, (left, self.value()))

    def value(self) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH * 10 or self.at >= len(self.tokens):
            raise Unreadable("fhirpath", "the end comes too early")
        if self.accept("("):
            inner = self.sum()
            if not self.accept(")"):
                raise Unreadable("fhirpath", ") is missing")
            return inner
        token = self.tokens[self.at]
        if isinstance(token, str):
            raise Unreadable("fhirpath", token[1:])
        self.at += 1
        return token
