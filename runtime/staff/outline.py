"""What a document asks, page by page, as a page of the console lists it."""

from typing import Any

from msgspec import Struct

from builder.words import RuleWords
from engine.definition import Document
from engine.scope import Scope

OPTIONS_SHOWN = 30


class Asked(Struct, frozen=True):
    """A question; `rule` says in words when it is asked, "" always."""

    id: str
    text: str
    options: tuple[str, ...]
    more: int
    is_required: bool
    rule: str


class Sheet(Struct, frozen=True):
    """A page."""

    title: str
    rule: str
    questions: tuple[Asked, ...]


def outline(document: Document, lang: str) -> list[Sheet]:
    """The pages with their questions and options, and the rules of both in words."""
    words = RuleWords(Scope(document), lang)

    def rule(part: Any) -> str:
        return "" if part.show_if is None else words.sentence(part.show_if)

    def asked(question: Any) -> Asked:
        options = [words.text(one.text) for one in getattr(question, "options", ())]
        return Asked(
            question.id,
            words.text(question.text),
            tuple(options[:OPTIONS_SHOWN]),
            max(0, len(options) - OPTIONS_SHOWN),
            question.required is True,
            rule(question),
        )

    return [
        Sheet(words.text(page.title), rule(page), tuple(map(asked, page.questions)))
        for page in document.pages
    ]
