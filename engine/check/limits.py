"""What is larger than any survey needs."""

import json
from collections.abc import Iterator, Sized
from typing import Any

from engine.check.subject import Subject
from engine.definition import (
    MAX_COMPARISONS,
    MAX_ENTRIES,
    MAX_EXT_BYTES,
    MAX_QUESTIONS,
    MAX_RULE_DEPTH,
    MAX_RULES,
    Document,
)
from engine.problems import Problem
from engine.ruletree import depth, leaves


def crowded(document: Document) -> Iterator[Problem]:
    """Lists that are longer than any survey needs; the other checks assume that they are not."""
    count = sum(len(page.questions) for page in document.pages)
    if count > MAX_QUESTIONS:
        yield Problem("too_many_questions", "/pages", {"count": count, "max": MAX_QUESTIONS})
    members: dict[str, Sized] = {
        name: getattr(document, name)
        for name in ("computed", "scores", "endings", "alerts", "walks", "languages", "context")
    }
    members["pages"] = range(0) if len(document.pages) <= MAX_QUESTIONS else document.pages
    members |= {f"scores/{i}/of": score.of for i, score in enumerate(document.scores)}
    for name, entries in members.items():
        most = MAX_QUESTIONS if name.endswith("of") else MAX_ENTRIES
        if len(entries) > most:
            params = {"member": name, "count": len(entries), "max": most}
            yield Problem("too_many_entries", f"/{name}", params)


def rules(subject: Subject) -> Iterator[Problem]:
    """Too many rules, or rules that nobody can follow."""
    every = list(subject.scope.rules())
    if len(every) > MAX_RULES:
        yield Problem("too_many_rules", "", {"count": len(every), "max": MAX_RULES})
    for placed in every:
        if depth(placed.rule) > MAX_RULE_DEPTH:
            yield Problem("rule_too_deep", placed.at, {"max": MAX_RULE_DEPTH})
        if sum(1 for _ in leaves(placed.rule)) > MAX_COMPARISONS:
            yield Problem("too_many_comparisons", placed.at, {"max": MAX_COMPARISONS})


def extras(subject: Subject) -> Iterator[Problem]:
    """What others keep with a part in `ext`."""
    for at, part in _carriers(subject):
        if part.ext and len(json.dumps(part.ext, ensure_ascii=False).encode()) > MAX_EXT_BYTES:
            yield Problem("ext_too_large", f"{at}/ext", {"max": MAX_EXT_BYTES})


def _carriers(subject: Subject) -> Iterator[tuple[str, Any]]:
    yield "", subject.document
    for p, page in enumerate(subject.document.pages):
        yield f"/pages/{p}", page
    for at, question in subject.placed_questions():
        yield at, question
        for member in ("options", "rows"):
            for i, part in enumerate(getattr(question, member, ())):
                yield f"{at}/{member}/{i}", part
    for i, score in enumerate(subject.document.scores):
        yield f"/scores/{i}", score
