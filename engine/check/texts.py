"""Texts: there in every language, not too long, and naming only what is known by then."""

from collections.abc import Iterator

from engine.check.subject import Subject
from engine.problems import Problem, pointer
from engine.questions.text import MAX_LENGTH
from engine.text import Text, placeholders


def texts(subject: Subject) -> Iterator[Problem]:
    """Of every text of the document."""
    for at, text, place in subject.scope.texts():
        if text is not None:
            yield from _versions(subject, at, text)
            for name in dict.fromkeys(placeholders(text)):
                yield from subject.reference(at, name, place)


def _versions(subject: Subject, at: str, text: Text) -> Iterator[Problem]:
    versions = {"": text} if isinstance(text, str) else text
    if isinstance(text, dict):
        for language in subject.document.languages:
            if language not in text:
                yield Problem("missing_text", at, {"language": language})
        for language in text.keys() - set(subject.document.languages):
            yield Problem("unknown_language", at + pointer(language), {"value": language})
    for language, version in versions.items():
        inner = at + pointer(language) if language else at
        if not version.strip():
            yield Problem("missing_text", inner, {"language": language or "*"})
        if len(version) > MAX_LENGTH:
            yield Problem("text_too_long", inner, {"max": MAX_LENGTH})
