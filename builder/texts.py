"""Every text of a survey with the address under which an edit sets it; what a translator needs."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from builder.declared import address_of
from builder.tree import INNER
from engine.definition import Document
from engine.scope import Scope
from engine.text import Text


class TextPlace(Struct, frozen=True):
    """A text: `of` and `member` are those of a `SetMember`; `owner` is the page, question, score …
    that it belongs to."""

    of: str
    member: str
    owner: str
    text: Text


def texts_of(document: Document) -> Iterator[TextPlace]:
    """The texts that stand somewhere, in the order of the document, titles of the context last."""
    for at, text, _ in Scope(document).texts():
        steps = [step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:]]
        if text is not None:
            of, member, owner = _address(document, steps)
            yield TextPlace(of, member, owner, text)
    for name, field in document.context.items():
        if field.title is not None:
            of = address_of(name)
            yield TextPlace(of, "title", of, field.title)


def _address(document: Document, steps: list[str]) -> tuple[str, str, str]:
    """The part that holds what a pointer leads to, the member of it, and its owner."""
    node: Any = document
    of = owner = ""
    position = 0
    while position + 1 < len(steps) and isinstance(getattr(node, steps[position], None), tuple):
        name = steps[position]
        node = getattr(node, name)[int(steps[position + 1])]
        if name == "media":
            return of, "/".join((name, node.asset, *steps[position + 2 :])), owner
        if name in INNER:
            of = f"{owner}/{name}/{node.id}"
        else:
            of = owner = node.id
        position += 2
    return of, "/".join(steps[position:]), owner


def missing(place: TextPlace, languages: tuple[str, ...]) -> tuple[str, ...]:
    """The languages in which a text is still to be written; one string serves them all."""
    if isinstance(place.text, str):
        return () if place.text.strip() else languages
    return tuple(one for one in languages if not place.text.get(one, "").strip())
