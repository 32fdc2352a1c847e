"""What may stand in the bank: one question of any type, without rules, as the engine reads it."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec import Struct

from engine.check import check_parsed
from engine.parse import parse_value
from engine.problems import Problem
from engine.questions import Question
from engine.text import Text, localize
from runtime.bank.folding import bands, fold, grams

PAGE = "p" * 64
"""The page that a question stands on while it is checked; nobody gives this id to a question."""
NOT_KEPT = ("bank", "tags", "show_if")
"""Members that belong to a survey or stand beside the question in the bank."""
Tree = dict[str, Any]


class Content(Struct, frozen=True):
    """A checked question: its document form, and what lists and searches need of it."""

    question: Question
    data: bytes
    digest: bytes
    folded: str
    said: str
    sameness: bytes

    @property
    def grams(self) -> list[int]:
        """What the index of pairs holds of it."""
        return sorted(grams(self.folded))

    @property
    def bands(self) -> list[int]:
        """By what near duplicates of its own text are found."""
        return bands(grams(self.said))


class Refused(Struct, frozen=True):
    """Why a question cannot stand in the bank; pointers lead into the question."""

    problems: tuple[Problem, ...]


Checked = Content | Refused


def without_survey(question: Mapping[str, Any]) -> Tree:
    """The question as the bank keeps it: without the rules of the survey that it comes from."""
    kept = {name: value for name, value in question.items() if name not in NOT_KEPT}
    if isinstance(kept.get("required"), dict):
        kept.pop("required")
    for member in ("options", "rows"):
        if isinstance(kept.get(member), list):
            kept[member] = [_without_rule(part) for part in kept[member]]
    return kept


def _without_rule(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return {name: value for name, value in cast(Tree, part).items() if name != "show_if"}


def check_question(value: Any) -> Checked:
    """One question, as JSON values, checked by the engine."""
    own = tuple(_own_problems(value))
    if own:
        return Refused(own)
    parsed = parse_value(_document([value]))
    problems = check_parsed(parsed)
    if problems or parsed.document is None:
        return Refused(tuple(map(_of_question, problems)))
    return _content(parsed.document.pages[0].questions[0])


def check_questions(values: Sequence[Any]) -> list[Checked]:
    """Many questions with ids of their own, in the order given; the good ones at one stroke."""
    found: list[Checked | None] = [None] * len(values)
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, value in enumerate(values):
        if _stands_alone(value):
            groups.setdefault(tuple(languages_of(value)), []).append(place)
    for places in groups.values():
        parsed = parse_value(_document([values[place] for place in places]))
        if parsed.document is not None and not check_parsed(parsed):
            for place, question in zip(places, parsed.document.pages[0].questions, strict=True):
                found[place] = _content(question)
    return [one or check_question(values[place]) for place, one in enumerate(found)]


def _stands_alone(value: Any) -> bool:
    """Whether nothing in it could be taken for a reference to a neighbour."""
    if not isinstance(value, dict) or cast(Tree, value).get("type") == "staff":
        return False
    return b"{{" not in msgspec.json.encode(value) and not any(_own_problems(value))


def _own_problems(value: Any) -> Iterator[Problem]:
    """What a survey may hold and the bank may not."""
    if not isinstance(value, dict):
        return
    question = cast(Tree, value)
    for name in NOT_KEPT:
        if name in question:
            yield Problem(
                "bank_rule" if name == "show_if" else "bank_member", f"/{name}", {"member": name}
            )
    if isinstance(question.get("required"), dict):
        yield Problem("bank_rule", "/required", {"member": "required"})
    for member in ("options", "rows"):
        parts = question.get(member)
        for place, part in enumerate(cast(list[Any], parts) if isinstance(parts, list) else ()):
            if isinstance(part, dict) and "show_if" in part:
                yield Problem("bank_rule", f"/{member}/{place}/show_if", {"member": "show_if"})


def languages_of(value: Any) -> list[str]:
    """The languages of a question: those of its text; a plain string serves every language."""
    text = cast(Tree, value).get("text") if isinstance(value, dict) else None
    found = [str(one) for one in cast(Tree, text)] if isinstance(text, dict) else []
    return found or ["zh-CN"]


def _document(questions: list[Any]) -> Tree:
    return {
        "format": "huisheng.survey/1",
        "id": "bank",
        "title": "bank",
        "languages": languages_of(questions[0]),
        "kind": "survey",
        "pages": [{"id": PAGE, "questions": questions}],
    }


def as_document(data: bytes) -> Any:
    """A stored question as a survey of its own, for whoever compares or shows surveys."""
    document = parse_value(_document([msgspec.json.decode(data)])).document
    assert document is not None, "only what was checked is stored"
    return document


def _of_question(problem: Problem) -> Problem:
    at = problem.at.removeprefix("/pages/0/questions/0")
    return Problem(problem.code, at, problem.params, problem.severity)


def _content(question: Question) -> Content:
    data = msgspec.json.encode(question)
    folded = fold(" ".join(texts_of(question)))
    said = fold(localize(question.text, "zh-CN"))
    digest = hashlib.sha256(data).digest()
    return Content(question, data, digest, folded, said, sameness(question.type, said))


def sameness(type: str, folded: str) -> bytes:
    """The same for questions of one type that say the same."""
    return hashlib.sha256(f"{type} {folded}".encode()).digest()[:16]


def texts_of(question: Question) -> Iterator[str]:
    """Every text that a search should find the question by."""
    yield from _versions(question.text)
    yield from _versions(question.hint)
    for member in ("options", "rows", "nodes"):
        for part in getattr(question, member, ()):
            yield from _part_texts(part)


def _part_texts(part: Any) -> Iterator[str]:
    yield from _versions(part.text)
    for below in getattr(part, "nodes", ()):
        yield from _part_texts(below)


def _versions(text: Text | None) -> Iterator[str]:
    if text is not None:
        yield from (text,) if isinstance(text, str) else text.values()
