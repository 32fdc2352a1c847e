"""Texts that somebody could type to make a page, a cell or a log do something; none of them may."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

RUNS = "window.planted=1"
"""What every script of the corpus would do; a page on which it ran has `window.planted`."""

SPELLED = (
    f"<script>{RUNS}</script>",
    f"<ScRiPt >{RUNS}//<",
    f"</title><script>{RUNS}</script>",
    f"</textarea><script>{RUNS}</script>",
    f"</option></select><script>{RUNS}</script>",
    f"--><script>{RUNS}</script><!--",
    f"]]><script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"'><img src=x onerror='{RUNS}'>",
    f"`><img src=x onerror={RUNS}>",
    f'" autofocus onfocus="{RUNS}',
    f"' autofocus onfocus='{RUNS}",
    f"x onmouseover={RUNS} style=position:fixed;inset:0",
    f"<svg/onload={RUNS}>",
    f'<svg><animate onbegin="{RUNS}" attributeName=x dur=1s></svg>',
    f"<svg><style><img src=x onerror={RUNS}></style></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img src=x onerror={RUNS}>",
    f"<noscript><p title='</noscript><img src=x onerror={RUNS}>'>",
    f"<iframe srcdoc='<script>parent.{RUNS}</script>'></iframe>",
    f"<object data='data:text/html,<script>parent.{RUNS}</script>'></object>",
    f'<body onload="{RUNS}">',
    f"<details open ontoggle={RUNS}>",
    f"<video><source onerror={RUNS}></video>",
    f"<a href='javascript:{RUNS}'>hier</a>",
    f"javascript:{RUNS}",
    f"java\tscript:{RUNS}",
    f"data:text/html,<script>{RUNS}</script>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUNS}'>",
    "<base href=//evil.test/>",
    "<form action=//evil.test><input name=_csrf>",
    "<b hx-get=/staff/users hx-trigger=load>",
    "<link rel=stylesheet href=//evil.test/x.css>",
    "{{7*7}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "${7*7}#{7*7}<%= 7*7 %>",
    "&lt;script&gt; &#60;b&#62; &amp;amp;",
    f"\uff1cscript\uff1e{RUNS}\uff1c/script\uff1e",
    f"<scr\u0131pt>{RUNS}</scr\u0131pt>",
    f"<\u2028script>{RUNS}</script>",
    "\u202egpj.exe\u202c \u2067\u2066abc\u2069",
    "\u200b\u200d\ufeff<b>\u0301\u0301\u0301",
    "王\U0002a6a5\U0001f468\u200d\u2695\ufe0f <i>",
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    '=HYPERLINK("http://evil.test","hier")',
    "=cmd|' /C calc'!A0",
    "first\nsecond",
    "nul\x00here<b>",
    "\x1b[2J\x07<b>",
)
TEXTS = tuple(f"{text} zq{number:02}z" for number, text in enumerate(SPELLED))
"""Each text ends with a mark of its own, by which it is found again."""

ADDRESSES = "/staff", "/s/", "http://127.0.0.1"
"""How an attribute begins that holds texts in the spelling of addresses."""

LINKS_OF_SCRIPTS = "javascript:", "data:text/html", "//evil.test"
CONTROLS = {code: None for code in range(32) if code not in (9, 10, 13)}


def as_shown(text: str) -> str:
    """A text as a page shows it: without what no page can hold, runs of blanks as one."""
    return " ".join(text.translate(CONTROLS).replace("\x7f", "").replace("\ufffd", "").split())


MARKS = {f"zq{number:02}z": as_shown(text) for number, text in enumerate(TEXTS)}


def _spelled_out(text: str) -> str:
    """What an address, a document or the facts of an audit line say, in plain spelling."""
    if text.startswith(ADDRESSES) and "?" in text:
        return unquote_plus(text)
    try:
        value = json.loads(text) if text.lstrip().startswith(("{", "[")) else None
    except ValueError:
        value = None
    if value is None:
        return text
    spelled = " ".join(_strings(value))
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), spelled)


def _strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, one in value.items():
                yield name
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
        case _:
            pass


def broken(found: list[str]) -> list[str]:
    """The texts, out of those that hold a mark, in which the corpus's text is not as typed."""
    wrong: list[str] = []
    for text in found:
        shown = as_shown(_spelled_out(text))
        wrong += [
            f"{mark}: {shown[:160]!r}"
            for mark, whole in MARKS.items()
            if shown.count(mark) > _times(shown, whole)
        ]
    return wrong


def _times(shown: str, whole: str) -> int:
    """How often a text is shown as typed. A field of several words parts it where one ends, at a
    comma or an upright stroke: then each piece stands as typed, but for the blanks around it."""
    pieces = [piece.strip() for piece in re.split("[,|]", whole)]
    return min(shown.count(piece) for piece in pieces if piece)
