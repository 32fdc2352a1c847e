"""What a document's shape alone tells: which pages can follow, which answers redraw their page."""

from collections.abc import Iterator

from engine.definition import Document
from engine.ruletree import refs
from engine.scope import Scope, question_rules
from engine.text import placeholders


def pages_from(document: Document) -> dict[str, int]:
    """How many pages with questions can still be shown from each page on, itself included."""
    pages = document.pages
    index = {page.id: i for i, page in enumerate(pages)}
    reached: list[set[int]] = [set() for _ in range(len(pages) + 1)]
    for i in reversed(range(len(pages))):
        targets = {
            len(pages) if jump.to == "end" or jump.to.startswith("end:") else index[jump.to]
            for jump in pages[i].next
        }
        if all(jump.if_ is not None for jump in pages[i].next):
            targets.add(i + 1)
        found = {i} if pages[i].questions else set[int]()
        for target in targets:
            found |= _arrive(document, reached, target)
        reached[i] = found
    return {page.id: max(1, len(reached[i])) for i, page in enumerate(pages)}


def _arrive(document: Document, reached: list[set[int]], target: int) -> set[int]:
    """What is reached from a target: a page with a rule may be passed over."""
    found = set(reached[target])
    while target < len(document.pages) and document.pages[target].show_if is not None:
        target += 1
        found |= reached[target]
    return found


def refreshing(scope: Scope) -> frozenset[str]:
    """Questions whose answers can change what their own page shows, its button included."""
    found: set[str] = set()
    for p in range(len(scope.document.pages)):
        here = {q.id for q in scope.document.pages[p].questions}
        for name in _read_on_page(scope, p):
            found |= here & scope.questions_behind(name)
    return frozenset(found)


def _read_on_page(scope: Scope, p: int) -> Iterator[str]:
    page = scope.document.pages[p]
    for jump in page.next:
        if jump.if_ is not None:
            yield from refs(jump.if_)
    for question in page.questions:
        for placed in question_rules(question, "", 0):
            yield from refs(placed.rule)
        for text in (question.text, question.hint, *(t for _, t in question.texts())):
            yield from placeholders(text)
        if of := getattr(question, "of", None):
            yield of
    later = scope.document.pages[p + 1 :]
    if all(page.show_if is not None for page in later):
        for following in later:
            if following.show_if is not None:
                yield from refs(following.show_if)
