"""No pattern and no reader of ours takes time out of proportion to the text that it is given.

The patterns are found in the source, with the methods that are called on them; each is tried with
texts made of its own parts, repeated, since those are what makes a pattern look again.
"""

import ast
import gc
import importlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from builder.differences import reworded
from engine.check import check_parsed
from engine.notation import NotationError, parse_rule
from engine.parse import parse
from engine.text import fill
from interchange.conversion import convert
from interchange.expression import Unreadable
from interchange.texts import plain
from runtime.accounts import passwords
from runtime.accounts.browser import own_path
from runtime.accounts.devices import device_of
from runtime.kit.content import clean_name
from runtime.kit.http import is_too_deep
from runtime.org.tabular import TableRefused, read_table
from runtime.secrets.masks import mask, normalised
from runtime.staff.pages.search import contact_kind
from tests.runtime.conftest import SURVEY, survey_with

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "renderers", "builder", "interchange", "runtime")
CALLS = frozenset(("match", "search", "fullmatch", "sub", "findall", "split", "finditer"))
BOUNDED = {"runtime/accounts/weak.py": "passwords are 128 characters long at the most"}
"""Files whose patterns read short texts alone, and why."""

SMALL, LARGE = 2_000, 8_000
NOTICED_SECONDS = 0.004
MOST = 9.0
"""Four times the text may take so many times as long; what looks at each pair takes sixteen."""


class Found(NamedTuple):
    """A pattern of the source and how it is called."""

    file: str
    pattern: str | bytes
    flags: int
    calls: frozenset[str]


def _found_in(file: Path) -> Iterator[Found]:
    tree = ast.parse(file.read_text("utf-8"))
    named: dict[str, tuple[str | bytes, int]] = {}
    called: dict[str, set[str]] = {}
    name = str(file.relative_to(ROOT))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if ast.unparse(call.func) == "re.compile" and isinstance(node.targets[0], ast.Name):
                named[node.targets[0].id] = _constant(call)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            holder = ast.unparse(node.func.value)
            if node.func.attr in CALLS and holder != "re":
                called.setdefault(holder, set()).add(node.func.attr)
            elif node.func.attr in CALLS and isinstance(node.args[0], ast.Constant):
                yield Found(name, *_constant(node), frozenset((node.func.attr,)))
    for holder, (pattern, flags) in named.items():
        yield Found(name, pattern, flags, frozenset(called.get(holder, CALLS)))


def _constant(call: ast.Call) -> tuple[str | bytes, int]:
    """The pattern and the flags that a call writes down."""
    pattern = eval(compile(ast.Expression(call.args[0]), "pattern", "eval"), {"PREFIX": ""})
    flags = 0
    for one in call.args[1:]:
        with suppress(NameError, TypeError):
            flags |= eval(compile(ast.Expression(one), "flags", "eval"), {"re": re})
    return pattern, flags


def _patterns() -> list[Found]:
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [found for file in files for found in _found_in(file)]


def _parts(tree: Any, letters: list[str], words: list[str]) -> None:
    """One letter for each class of a pattern, and its runs of plain letters."""
    run = ""
    for kind, value in tree:
        match str(kind):
            case "LITERAL":
                run += chr(value)
                letters.append(chr(value))
                continue
            case "IN":
                letters.append(_letter_of(value))
            case "ANY" | "NOT_LITERAL":
                letters.append("x")
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                _parts(value[2], letters, words)
            case "SUBPATTERN":
                _parts(value[3], letters, words)
            case "BRANCH":
                for branch in value[1]:
                    _parts(branch, letters, words)
            case _:
                pass
        words.append(run)
        run = ""
    words.append(run)


def _letter_of(members: Any) -> str:
    kind, value = members[0]
    match str(kind):
        case "LITERAL":
            return chr(value)
        case "RANGE":
            return chr(value[0])
        case "CATEGORY":
            return {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1"}.get(str(value), "a")
        case _:
            return "z"


def _texts(found: Found) -> Iterator[tuple[str, str]]:
    """What to begin with and what to repeat, made of the pattern's own parts."""
    letters: list[str] = []
    words: list[str] = []
    _parts(importlib.import_module("re._parser").parse(found.pattern, found.flags), letters, words)
    letters = list(dict.fromkeys([*letters, " ", "a", "1"]))[:14]
    words = [word for word in dict.fromkeys(words) if word][:6]
    pumps = [*letters, *words, *("".join(two) for two in product(letters[:8], repeat=2))]
    pumps += [word + letter for word in words for letter in letters]
    pumps += ["<" + word + " " for word in words]
    begins = ["", *words, *letters[:6]]
    yield from dict.fromkeys(product(begins, pumps))


@pytest.fixture(autouse=True)
def _undisturbed() -> Iterator[None]:
    """What other tests left in memory is no matter of these texts: it is not collected here."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def _seconds(found: Found, begin: str, pump: str, size: int) -> float:
    text: Any = begin + pump * (size // len(pump)) + "\x01"
    if isinstance(found.pattern, bytes):
        text = text.encode()
    pattern: Any = re.compile(found.pattern, found.flags)
    began = time.thread_time()
    for call in found.calls:
        if call in ("sub", "split", "findall", "finditer"):
            for _ in pattern.finditer(text):
                pass
        else:
            getattr(pattern, call)(text)
    return time.thread_time() - began


def _growth(cost: Callable[[int], float]) -> float:
    """How many times as long four times the text takes; 0 where neither is noticed."""
    if cost(1_000) > 0.25 and cost(1_000) > 0.25:
        return 16.0  # so slow that the larger ones would keep us for minutes
    large = cost(LARGE)
    if NOTICED_SECONDS <= large < 0.1:  # it may have been the machine that was noticed
        large = min(large, cost(LARGE), cost(LARGE))
    if large < NOTICED_SECONDS:
        return 0.0
    return large / max(min(cost(SMALL) for _ in range(3)), 1e-5)


@pytest.mark.slow
def test_no_pattern_takes_time_out_of_proportion() -> None:
    """Every pattern of the source, as it is called; long texts of its own parts. # S67 (part)"""
    patterns = _patterns()
    assert len(patterns) >= 50
    slow: list[str] = []
    for found in patterns:
        if found.file in BOUNDED:
            continue
        for begin, pump in _texts(found):
            growth = _growth(lambda size: _seconds(found, begin, pump, size))  # noqa: B023
            if growth > MOST:
                slow.append(f"{found.file} {found.pattern!r}: {begin!r} + {pump!r}: {growth:.0f}")
                break
    assert slow == [], "\n".join(slow)


def test_the_growth_of_a_slow_pattern_is_seen() -> None:
    """Two that look at each pair of places, one that does not."""

    def grows(pattern: str, call: str, begin: str, pump: str) -> bool:
        found = Found("x", pattern, 0, frozenset((call,)))
        return _growth(lambda size: _seconds(found, begin, pump, size)) > MOST

    assert grows(r"\{\{\s*([^{}]*?)\s*\}\}", "search", "{{", " ")
    assert grows(r"[(].*?[)]", "sub", "", "(")
    assert not grows(r"\{\{([^{}]*+)\}\}", "search", "{{", " ")


def _survey_saying(text: str) -> bytes:
    document = survey_with(title={"zh-CN": text, "en": text})
    document["pages"][0]["questions"][0]["text"] = {"zh-CN": text, "en": text}
    return json.dumps(document).encode()


def _checked(text: str) -> None:
    check_parsed(parse(_survey_saying(text)))


def _converted(source: str, of: Callable[[str], Any]) -> Callable[[str], None]:
    return lambda text: (convert(json.dumps(of(text)).encode(), source, "huisheng"), None)[1]


def _surveyjs(text: str) -> Any:
    question = {"type": "text", "name": "a", "title": text, "visibleIf": text}
    return {"title": text, "pages": [{"name": "p", "elements": [question]}]}


def _fhir(text: str) -> Any:
    calculated = {
        "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
        "valueExpression": {"language": "text/fhirpath", "expression": text},
    }
    item = {"linkId": "a", "type": "string", "text": text, "extension": [calculated]}
    return {"resourceType": "Questionnaire", "status": "active", "title": text, "item": [item]}


def _answered(text: str) -> None:
    from engine import compile_survey

    questions = [
        {"id": name, "type": "text", "text": "x", "max_length": 2000, **more}
        for name, more in {
            "phone": {"format": "phone_cn"}, "card": {"format": "id_card_cn"},
            "mail": {"format": "email"}, "own": {"pattern": "(a+)+b"}, "free": {},
        }.items()
    ]  # fmt: skip
    page = {"id": "p", "title": "x", "questions": questions}
    parsed = parse(json.dumps(SURVEY | {"pages": [page], "scores": [], "alerts": []}).encode())
    assert parsed.document is not None
    survey = compile_survey(parsed.document)
    survey.evaluate(dict.fromkeys(("phone", "card", "mail", "own", "free"), text), {}, None)


READERS: dict[str, Callable[[str], Any]] = {
    "a survey's texts": _checked,
    "placeholders": lambda text: fill(text, lambda ref: ref),
    "a rule in one line": parse_rule,
    "a number of a rule": lambda text: parse_rule(f"a == {text}"),
    "SurveyJS": _converted("surveyjs", _surveyjs),
    "FHIR": _converted("fhir", _fhir),
    "plain text out of markup": plain,
    "the depth of a body": lambda text: is_too_deep(b"[" * 40 + b'"' + text.encode()),
    "a table": lambda text: [*read_table(text.encode())],
    "what changed in a text": lambda text: reworded(text, text[::-1]),
    "a password": lambda text: passwords.faults_of(text, passwords.Owner("nurse.li", "李护士")),
    "a file's name": clean_name,
    "a browser's name": device_of,
    "an address of ours": own_path,
    "a contact to search for": contact_kind,
    "a mask": lambda text: [mask(kind, text) for kind in ("phone", "name", "id_card", "email")],
    "one spelling": lambda text: [normalised(kind, text) for kind in ("phone", "id_card", "email")],
    "answers": _answered,
}
PUMPS = ("a", "1", " ", "{{", "{{ ", "${", "(", "<a", '\\"', "'", "a.", "a@", "1,", "\n", "王",
         "not ", "&& ", "a1 ", "（", ",\"")  # fmt: skip
HUNDRED_KB = 100_000


@pytest.mark.parametrize("name", READERS)
def test_a_hundred_kilobytes_are_read_in_proportion(name: str) -> None:
    """Each reader of what people write; what is refused is refused quickly. # S67"""
    read = READERS[name]

    def seconds(pump: str, size: int) -> float:
        text = pump * (size // len(pump))
        gc.collect()
        gc.disable()
        began = time.thread_time()
        with suppress(NotationError, Unreadable, TableRefused, RecursionError):
            read(text)
        spent = time.thread_time() - began
        gc.enable()
        return spent

    seconds("a", 100)
    for pump in PUMPS:
        tenth = seconds(pump, HUNDRED_KB // 10)
        assert tenth < 2, (pump, tenth)
        whole = seconds(pump, HUNDRED_KB)
        if whole > 0.05:
            assert min(whole, seconds(pump, HUNDRED_KB)) / max(tenth, 0.001) < 40, (pump, whole)
