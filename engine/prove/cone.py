"""All that decides whether a question is asked: the cone above it in the document."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from engine.prove.plan import Plan
from engine.ruletree import Rule, refs


def cone(plan: Plan, question: str) -> set[bytes]:
    """All that decides whether a question is asked, as bytes: where two versions have the same,
    they ask the same patients."""
    document, scope = plan.document, plan.scope
    found: set[bytes] = set()
    seen: set[str] = set()
    todo = [question]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        ref = scope.refs.get(name)
        source, owner = (ref.source, ref.id) if ref else ("question", name)
        match source:
            case "score" | "computed":
                definition: Any = scope.scores if source == "score" else scope.computed
                found.add(_bytes(definition[owner]))
                todo.extend(scope.members(name))
            case "context":
                found.add(_bytes(name, document.context[name]))
            case "question":
                if name != question:
                    found.add(_bytes(scope.questions[owner]))
                    todo.extend(_refs(c.show_if for c in scope.questions[owner].choices()))
                todo.extend(_gates(plan, owner, found))
            case _:
                pass
    return found


def _gates(plan: Plan, question: str, found: set[bytes]) -> Iterator[str]:
    """Notes the rules that decide whether a question is asked; gives the refs they read."""
    p = plan.scope.page_of[question]
    *before, page = plan.document.pages[: p + 1]
    own = plan.scope.questions[question].show_if
    found.add(_bytes("question", question, page.id, page.show_if, own))
    yield from _refs((page.show_if, own))
    for earlier in before:
        if earlier.next:
            found.add(_bytes("page", earlier.id, earlier.show_if, earlier.next))
            yield from _refs((earlier.show_if, *(jump.if_ for jump in earlier.next)))
    if any(earlier.next for earlier in before):
        found.add(_bytes("order", [earlier.id for earlier in before]))


def _refs(rules: Iterable[Rule | None]) -> Iterator[str]:
    for rule in rules:
        if rule is not None:
            yield from refs(rule)


def _bytes(*parts: Any) -> bytes:
    return msgspec.json.encode(parts)
