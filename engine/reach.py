"""What a document's shape alone tells: which pages can follow, which answers redraw their page."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple, Self

from engine.definition import Document, Page
from engine.ruletree import Rule, refs
from engine.scope import Scope, question_rules
from engine.text import placeholders


def pages_from(document: Document) -> dict[str, int]:
    """How many pages with questions can still be shown from each page on, itself included."""
    pages = document.pages
    exits = _exits(document)
    reached: list[set[int]] = [set() for _ in range(len(pages) + 1)]
    for i in reversed(range(len(pages))):
        found = {i} if pages[i].questions else set[int]()
        for target in exits[i]:
            found |= _arrive(document, reached, target)
        reached[i] = found
    return {page.id: max(1, len(reached[i])) for i, page in enumerate(pages)}


def _exits(document: Document) -> list[set[int]]:
    """Where each page can lead, by places; the place behind the last page is the end."""
    index = {page.id: i for i, page in enumerate(document.pages)}
    exits: list[set[int]] = []
    for i, page in enumerate(document.pages):
        targets = {index.get(jump.to, len(document.pages)) for jump in page.next}
        if all(jump.if_ is not None for jump in page.next):
            targets.add(i + 1)
        exits.append(targets)
    return exits


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
    answers = cache(scope.questions_behind)
    exits = _exits(scope.document)
    passing = [_Passing.over(page, i, exits[i]) for i, page in enumerate(scope.document.pages)]
    for p, page in enumerate(scope.document.pages):
        here = {q.id for q in page.questions}
        for name in {*_read_on_page(page), *_read_behind(passing, exits[p])}:
            found |= here & answers(name)
    return frozenset(found)


def _read_on_page(page: Page) -> Iterator[str]:
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


class _Passing(NamedTuple):
    """How a page may turn out to show nothing: by which refs, and what comes then."""

    names: frozenset[str]
    targets: tuple[int, ...]

    @classmethod
    def over(cls, page: Page, place: int, exits: set[int]) -> Self:
        """Its own rule does not hold, or none of its questions' rules does."""
        rules: list[Rule | None] = [page.show_if]
        targets = set[int]() if page.show_if is None else {place + 1}
        if all(question.show_if is not None for question in page.questions):
            rules += [*(q.show_if for q in page.questions), *(jump.if_ for jump in page.next)]
            targets |= exits
        names = frozenset(name for rule in rules if rule is not None for name in refs(rule))
        return cls(names, tuple(targets))


def _read_behind(passing: list[_Passing], exits: set[int]) -> set[str]:
    """What decides whether anything is shown behind a page, which its button says; nothing where
    something always is."""
    names: set[str] = set()
    end, waiting, seen = len(passing), list(exits), set[int]()
    while waiting:
        place = waiting.pop()
        if place not in seen and place != end:
            names |= passing[place].names
            waiting += passing[place].targets
        seen.add(place)
    return names if end in seen else set()
